//! Decides where a walk through the list starts, and whether it may end early, from the order of earlier walks.
//!
//! The order of the list is not documented. Until it is known, and periodically afterwards, all pages are
//! read, because any page could have the oldest execution. With a known order, only the pages of the oldest executions
//! are read, so that a long backlog is not listed completely by each poll.

use std::time::Duration;

use avala_client::types::{Cursor, Timestamp};
use tokio::time::Instant;

/// Minimum number of pages of a list that is not read completely.
const FEW_PAGES: usize = 4;
/// Interval at which all pages are read: at least this time, and at least a time per page.
const COMPLETE: Duration = Duration::from_secs(600);
const COMPLETE_PER_PAGE: Duration = Duration::from_secs(6);
/// Maximum number of pages whose positions are kept.
const MOST_MARKS: usize = 256;

/// Start of a walk.
#[derive(Clone, Debug, Default)]
pub(super) enum Start {
    /// At the first page; reads all pages.
    #[default]
    Complete,
    /// At the first page of a list with the oldest executions first; ends when there is enough to do.
    Oldest,
    /// At a later page of a list with the newest executions first; reads the following pages.
    From(Cursor),
}

/// The order of a list, as far as it was read.
#[derive(Debug)]
pub(super) struct Order {
    last: Option<Option<Timestamp>>,
    rises: bool,
    falls: bool,
}

impl Default for Order {
    fn default() -> Self {
        Self { last: None, rises: true, falls: true }
    }
}

impl Order {
    pub(super) fn add(&mut self, created: Option<Timestamp>) {
        if let Some(last) = self.last.replace(created) {
            self.rises &= last <= created;
            self.falls &= last >= created;
        }
    }

    /// Returns whether no execution was older than its predecessor.
    pub(super) fn rises(&self) -> bool {
        self.rises
    }

    /// Returns whether the order that was read so far allows this start.
    pub(super) fn fits(&self, start: &Start) -> bool {
        match start {
            Start::Complete => true,
            Start::Oldest => self.rises,
            Start::From(_) => self.falls,
        }
    }
}

/// The pages of a walk: the start of each, and the number of executions before it that could start.
#[derive(Debug, Default)]
pub(super) struct Pages {
    marks: Vec<(Option<Cursor>, usize)>,
    /// Number of pages per stored position.
    spacing: usize,
    pub(super) count: usize,
}

impl Pages {
    /// Records the start of a page.
    pub(super) fn begin(&mut self, cursor: Option<&Cursor>, before: usize) {
        self.spacing = self.spacing.max(1);
        if self.count.is_multiple_of(self.spacing) {
            self.marks.push((cursor.cloned(), before));
        }
        self.count += 1;
        if self.marks.len() > MOST_MARKS {
            let mut index = 0;
            self.marks.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.spacing *= 2;
        }
    }
}

/// Knowledge from the last complete walk.
#[derive(Debug)]
pub(super) struct Course {
    order: Order,
    pages: Pages,
    /// Number of executions that could start, and number of executions started since.
    startable: usize,
    started: usize,
    next_complete: Instant,
}

impl Course {
    pub(super) fn new(now: Instant) -> Self {
        Self { order: Order::default(), pages: Pages::default(), startable: 0, started: 0, next_complete: now }
    }

    /// Returns the start of the next walk, which should find `wanted` executions.
    pub(super) fn start(&self, now: Instant, wanted: usize) -> Start {
        let left = self.startable.saturating_sub(self.started);
        if now >= self.next_complete || self.pages.count < FEW_PAGES || left <= wanted {
            return Start::Complete;
        }
        if self.order.rises {
            return Start::Oldest;
        }
        let is_enough = |before: usize| self.startable.saturating_sub(before) >= wanted + self.started;
        let mark = self.pages.marks.iter().rev().find(|(_, before)| is_enough(*before));
        let cursor = mark.filter(|_| self.order.falls).and_then(|(cursor, _)| cursor.clone());
        cursor.map_or(Start::Complete, Start::From)
    }

    /// Counts an execution that starts.
    pub(super) fn count_start(&mut self) {
        self.started += 1;
    }

    /// Updates the knowledge after a complete walk that found this many executions that could start.
    pub(super) fn learn(&mut self, order: Order, pages: Pages, startable: usize, now: Instant) {
        let per_page =
            u32::try_from(pages.count).map_or(Duration::MAX, |pages| COMPLETE_PER_PAGE.saturating_mul(pages));
        self.next_complete = now.checked_add(COMPLETE.max(per_page)).unwrap_or(now);
        (self.order, self.pages, self.startable, self.started) = (order, pages, startable, 0);
    }

    /// Makes the next walk a complete one.
    pub(super) fn forget(&mut self) {
        self.pages = Pages::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(times: impl Iterator<Item = i64>) -> (Course, Instant) {
        let (mut order, mut pages, mut count) = (Order::default(), Pages::default(), 0);
        for seconds in times {
            if count % 10 == 0 {
                let cursor = (count > 0).then(|| Cursor::new(&count.to_string()));
                pages.begin(cursor.as_ref(), count);
            }
            order.add(Timestamp::from_unix_seconds(seconds));
            count += 1;
        }
        let (mut course, now) = (Course::new(Instant::now()), Instant::now());
        course.learn(order, pages, count, now);
        (course, now)
    }

    fn from(course: &Course, now: Instant) -> Option<String> {
        match course.start(now, 50) {
            Start::From(cursor) => Some(cursor.to_string()),
            start => {
                assert!(matches!(start, Start::Complete), "{start:?}");
                None
            }
        }
    }

    #[test]
    fn list_with_the_newest_first_is_read_from_its_end() {
        let (mut course, now) = course((0..10_000).rev());
        let start =
            |course: &Course| from(course, now).unwrap().trim_start_matches("cursor=").parse::<usize>().unwrap();
        let first = start(&course);
        assert!((9_800..=9_950).contains(&first), "{first}");
        (0..5_000).for_each(|_| course.count_start());
        let later = start(&course);
        assert!((4_800..=4_950).contains(&later), "{later}");
        (0..4_960).for_each(|_| course.count_start());
        assert_eq!(from(&course, now), None, "little is left");
    }

    #[test]
    fn list_with_the_oldest_first_is_read_from_its_start() {
        let (course, now) = course(0..1_000);
        assert!(matches!(course.start(now, 50), Start::Oldest));
        assert!(matches!(course.start(now + COMPLETE, 50), Start::Complete), "from time to time");
        let (equal, now) = self::course(std::iter::repeat_n(7, 1_000));
        assert!(matches!(equal.start(now, 50), Start::Oldest), "any is the oldest");
    }

    #[test]
    fn short_lists_and_those_without_an_order_are_read_completely() {
        let (short, now) = course(0..30);
        assert_eq!(from(&short, now), None);
        let (mixed, now) = course((0..1_000).map(|index| index ^ 5));
        assert_eq!(from(&mixed, now), None);
        let (mut forgotten, now) = course((0..10_000).rev());
        forgotten.forget();
        assert_eq!(from(&forgotten, now), None);
    }
}
