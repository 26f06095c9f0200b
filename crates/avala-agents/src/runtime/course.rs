//! Decides where a walk through the list starts, and whether it may end early, from the order of earlier walks.
//!
//! The order of the list is not documented. Until it is known, and periodically afterwards, all pages are
//! read, because any page could have the oldest execution. With a known order, only the pages of the oldest executions
//! are read, so that a long backlog is not listed completely by each poll.

use std::sync::Arc;
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

/// Where a page begins.
#[derive(Debug)]
struct Mark {
    cursor: Option<Cursor>,
    /// How many executions that could start are on the pages before.
    before: usize,
    /// When its first execution was created.
    first: Option<Timestamp>,
}

/// The pages of a walk.
#[derive(Debug, Default)]
pub(super) struct Pages {
    marks: Vec<Mark>,
    /// One page in so many has a mark.
    spacing: usize,
    /// Whether the page that was read last has a mark, and no execution yet.
    is_marked: bool,
    pub(super) count: usize,
}

impl Pages {
    /// Records the start of a page.
    pub(super) fn begin(&mut self, cursor: Option<&Cursor>, before: usize) {
        self.spacing = self.spacing.max(1);
        self.is_marked = self.count.is_multiple_of(self.spacing);
        if self.is_marked {
            self.marks.push(Mark { cursor: cursor.cloned(), before, first: None });
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

    /// Records an execution of the page that began last.
    pub(super) fn add(&mut self, created: Option<Timestamp>) {
        if std::mem::take(&mut self.is_marked)
            && let Some(mark) = self.marks.last_mut()
        {
            mark.first = created;
        }
    }
}

/// The list as the last complete walk found it.
#[derive(Debug, Default)]
pub(super) struct KnownList {
    order: Order,
    pages: Pages,
}

impl KnownList {
    /// Returns the first page that begins behind an execution created at `last`, or behind the first page if that is
    /// `None`, and when its first execution was created.
    pub(super) fn page_behind(&self, last: Option<Option<Timestamp>>) -> Option<(Cursor, Option<Timestamp>)> {
        let is_behind = |first: Option<Timestamp>| {
            last.is_none_or(|last| (self.order.rises && first > last) || (self.order.falls && first < last))
        };
        let mut behind = self.pages.marks.iter().filter(|mark| is_behind(mark.first));
        behind.find_map(|mark| Some((mark.cursor.clone()?, mark.first)))
    }
}

/// Knowledge from the last complete walk.
#[derive(Debug)]
pub(super) struct Course {
    list: Arc<KnownList>,
    /// Whether walks may rely on it.
    is_current: bool,
    /// Executions that could start, and how many were started since.
    startable: usize,
    started: usize,
    next_complete: Instant,
}

impl Course {
    pub(super) fn new(now: Instant) -> Self {
        Self { list: Arc::default(), is_current: false, startable: 0, started: 0, next_complete: now }
    }

    /// Returns the start of the next walk, which should find `wanted` executions.
    pub(super) fn start(&self, now: Instant, wanted: usize) -> Start {
        let left = self.startable.saturating_sub(self.started);
        let KnownList { order, pages } = &*self.list;
        if now >= self.next_complete || !self.is_current || pages.count < FEW_PAGES || left <= wanted {
            return Start::Complete;
        }
        if order.rises {
            return Start::Oldest;
        }
        let is_enough = |before: usize| self.startable.saturating_sub(before) >= wanted + self.started;
        let mark = pages.marks.iter().rev().find(|mark| is_enough(mark.before));
        let cursor = mark.filter(|_| order.falls).and_then(|mark| mark.cursor.clone());
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
        self.list = Arc::new(KnownList { order, pages });
        (self.is_current, self.startable, self.started) = (true, startable, 0);
    }

    /// Returns the list as the last complete walk found it.
    pub(super) fn list(&self) -> Arc<KnownList> {
        Arc::clone(&self.list)
    }

    /// Makes the next walk a complete one.
    pub(super) fn forget(&mut self) {
        self.is_current = false;
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
            pages.add(Timestamp::from_unix_seconds(seconds));
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

    #[test]
    fn page_behind_is_the_next_one_in_the_order_of_the_list() {
        let behind = |course: &Course, last: Option<i64>| {
            let page = course.list.page_behind(last.map(Timestamp::from_unix_seconds));
            page.map(|(cursor, first)| (cursor.to_string(), first))
        };
        let expected =
            |cursor: usize, first: i64| Some((format!("cursor={cursor}"), Timestamp::from_unix_seconds(first)));
        let (rising, _) = course(0..100);
        assert_eq!(behind(&rising, None), expected(10, 10), "the second page");
        assert_eq!(behind(&rising, Some(34)), expected(40, 40));
        assert_eq!(behind(&rising, Some(40)), expected(50, 50), "behind the page that begins there");
        assert_eq!(behind(&rising, Some(95)), None);
        let (falling, _) = course((0..100).rev());
        assert_eq!(behind(&falling, Some(65)), expected(40, 59));
        let (mixed, _) = course((0..100).map(|index| index ^ 5));
        assert_eq!(behind(&mixed, Some(34)), None, "the order is not known");
        let (equal, _) = course(std::iter::repeat_n(7, 100));
        assert_eq!(behind(&equal, Some(7)), None);
    }
}
