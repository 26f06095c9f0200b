//! Times and numbers of the demo data.

use avala_types::Timestamp;

/// Returns the time this many minutes after the start of the demo, 2025-01-15T08:00:00Z.
pub(super) fn minutes(count: usize) -> Option<Timestamp> {
    Timestamp::from_unix_seconds(1_736_928_000 + i64::try_from(count).ok()? * 60)
}

/// Returns a pseudorandom number below `bound`, the same in every run.
pub(super) fn scatter(index: usize, bound: usize) -> usize {
    let hash = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    hash as usize % bound
}
