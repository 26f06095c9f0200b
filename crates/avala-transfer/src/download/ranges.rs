//! Byte ranges of a file: the received ranges, and the queue of missing ranges.

use std::collections::VecDeque;
use std::ops::Range;

/// Minimum range of a parallel download. Smaller ranges would cost more in round trips than they gain.
pub(crate) const SMALLEST_RANGE: u64 = 4 << 20;
/// Maximum range of one request, which limits the bytes that a failure repeats, and keeps all connections busy at the
/// end.
pub(crate) const LARGEST_RANGE: u64 = 256 << 20;

/// Set of bytes: ascending ranges that do not touch each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RangeSet(Vec<Range<u64>>);

impl RangeSet {
    /// Creates a set from pairs of a start and an exclusive end. `None` if the pairs are not ascending, overlap, or
    /// exceed `total`, which means that they were not written by this code.
    pub(crate) fn from_pairs(pairs: &[[u64; 2]], total: u64) -> Option<Self> {
        let mut set = Self::default();
        let mut last_end = None;
        for [start, end] in pairs.iter().copied() {
            if start >= end || end > total || last_end.is_some_and(|last| start <= last) {
                return None;
            }
            last_end = Some(end);
            set.0.push(start..end);
        }
        Some(set)
    }

    /// Returns the ranges as pairs of a start and an exclusive end.
    pub(crate) fn to_pairs(&self) -> Vec<[u64; 2]> {
        self.0.iter().map(|range| [range.start, range.end]).collect()
    }

    /// Adds a range.
    pub(crate) fn insert(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        let first = self.0.partition_point(|known| known.end < range.start);
        let after = self.0.partition_point(|known| known.start <= range.end);
        let touched = self.0.get(first..after).unwrap_or_default();
        let start = touched.first().map_or(range.start, |known| known.start.min(range.start));
        let end = touched.last().map_or(range.end, |known| known.end.max(range.end));
        self.0.splice(first..after, std::iter::once(start..end));
    }

    /// Adds all ranges of another set.
    pub(crate) fn extend(&mut self, other: &Self) {
        for range in &other.0 {
            self.insert(range.clone());
        }
    }

    /// Returns the number of bytes in the set.
    pub(crate) fn len(&self) -> u64 {
        self.0.iter().map(|range| range.end - range.start).sum()
    }

    /// Returns the ranges of `0..total` that are not in the set, in ascending order.
    pub(crate) fn missing(&self, total: u64) -> Vec<Range<u64>> {
        let mut missing = Vec::new();
        let mut position = 0;
        for range in &self.0 {
            if position < range.start.min(total) {
                missing.push(position..range.start.min(total));
            }
            position = position.max(range.end);
        }
        if position < total {
            missing.push(position..total);
        }
        missing
    }
}

/// Queue of missing ranges of a file.
///
/// Each claim is a share of the remaining bytes, so that ranges are large at the start and small at the end, where the
/// last connection would otherwise run alone.
#[derive(Debug)]
pub(crate) struct RangeQueue {
    missing: VecDeque<Range<u64>>,
    connections: u64,
}

impl RangeQueue {
    /// Creates a queue of `missing` for this many connections.
    pub(crate) fn new(missing: Vec<Range<u64>>, connections: usize) -> Self {
        Self { missing: missing.into(), connections: connections.max(1) as u64 }
    }

    /// Takes the next range.
    pub(crate) fn claim(&mut self) -> Option<Range<u64>> {
        let left = self.left();
        let first = self.missing.front_mut()?;
        let share = (left / (2 * self.connections)).clamp(SMALLEST_RANGE, LARGEST_RANGE);
        let end = first.end.min(first.start.saturating_add(share));
        // A remainder below the minimum is added to the claim.
        let end = if first.end - end < SMALLEST_RANGE / 2 { first.end } else { end };
        let claimed = first.start..end;
        first.start = end;
        if first.is_empty() {
            self.missing.pop_front();
        }
        Some(claimed)
    }

    /// Puts back bytes that a connection did not receive, so that they are requested next.
    pub(crate) fn put_back(&mut self, range: Range<u64>) {
        if !range.is_empty() {
            self.missing.push_front(range);
        }
    }

    /// Returns the number of unclaimed bytes.
    pub(crate) fn left(&self) -> u64 {
        self.missing.iter().map(|range| range.end - range.start).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ranges: &[Range<u64>]) -> RangeSet {
        let mut set = RangeSet::default();
        for range in ranges {
            set.insert(range.clone());
        }
        set
    }

    #[test]
    fn touching_and_overlapping_ranges_are_joined() {
        let joined = set(&[10..20, 30..40, 20..30, 0..5, 4..11, 50..50]);
        assert_eq!(joined.to_pairs(), [[0, 40]]);
        assert_eq!(joined.len(), 40);
        assert_eq!(set(&[30..40, 0..10, 12..14]).to_pairs(), [[0, 10], [12, 14], [30, 40]]);
    }

    #[test]
    fn set_agrees_with_a_bitmap() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..200 {
            let (mut ranges, mut bits) = (RangeSet::default(), [false; 64]);
            for _ in 0..random.usize(0..12) {
                let start = random.usize(0..64);
                let end = random.usize(start..=64);
                ranges.insert(start as u64..end as u64);
                bits.get_mut(start..end).unwrap().fill(true);
            }
            assert_eq!(ranges.len(), bits.iter().filter(|bit| **bit).count() as u64);
            let mut missing = [false; 64];
            for range in ranges.missing(64) {
                missing.get_mut(range.start as usize..range.end as usize).unwrap().fill(true);
            }
            assert!(missing.iter().zip(bits).all(|(missing, there)| *missing != there));
            assert_eq!(RangeSet::from_pairs(&ranges.to_pairs(), 64), Some(ranges));
        }
    }

    #[test]
    fn foreign_pairs_are_rejected() {
        for pairs in [&[[5, 5]][..], &[[6, 5]], &[[0, 101]], &[[0, 5], [5, 9]], &[[10, 20], [0, 5]]] {
            assert_eq!(RangeSet::from_pairs(pairs, 100), None, "{pairs:?}");
        }
        assert_eq!(
            RangeSet::from_pairs(&[[0, 5], [6, 100]], 100).unwrap().missing(100).as_slice(),
            std::slice::from_ref(&(5..6))
        );
    }

    #[test]
    fn claims_cover_everything_once() {
        let total = (3 << 30) + 12_345;
        let present = set(&[0..5, 1_000_000_000..1_200_000_000]);
        let mut queue = RangeQueue::new(present.missing(total), 4);
        let mut received = present.clone();
        let mut expected = present.len();
        let mut claims = 0;
        while let Some(range) = queue.claim() {
            claims += 1;
            // A connection that fails in the middle puts the remaining bytes back.
            let end = if claims % 7 == 0 { range.start + (range.end - range.start) / 2 } else { range.end };
            queue.put_back(end..range.end);
            expected += end - range.start;
            received.insert(range.start..end);
            assert!(range.end - range.start <= LARGEST_RANGE + SMALLEST_RANGE);
        }
        assert_eq!((received.len(), expected), (total, total));
        assert!(claims < 400, "{claims} requests");
    }

    #[test]
    fn ranges_shrink_towards_the_end() {
        let mut queue = RangeQueue::new(RangeSet::default().missing(1 << 30), 4);
        let sizes: Vec<_> = std::iter::from_fn(|| queue.claim()).map(|range| range.end - range.start).collect();
        assert_eq!(sizes.first(), Some(&(128 << 20)));
        assert!(sizes.last().is_some_and(|last| *last <= 2 * SMALLEST_RANGE), "{sizes:?}");
    }
}
