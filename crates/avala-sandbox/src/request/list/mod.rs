//! Filters, order and pages of lists, for every resource.

mod cursor;
mod query;

use avala_types::Timestamp;
use http::StatusCode;

use crate::error::{ApiError, ApiResult};
use crate::response::Json;
use crate::schema::Page;
use cursor::{Cursor, Position};

pub(crate) use query::ListQuery;

/// The rows that a list may show, before they are cut into pages.
pub(crate) struct List<'a, T> {
    query: &'a ListQuery,
    rows: Vec<(Position, &'a T)>,
    descending: bool,
}

impl<'a, T> List<'a, T> {
    fn new(query: &'a ListQuery, rows: impl Iterator<Item = (u64, &'a T)>) -> Self {
        let rows = rows.map(|(number, row)| (Position { key: String::new(), number }, row)).collect();
        Self { query, rows, descending: false }
    }

    /// Keeps the rows that a predicate accepts.
    pub(crate) fn filter(mut self, fits: impl Fn(&T) -> bool) -> Self {
        self.rows.retain(|(_, row)| fits(row));
        self
    }

    /// Orders the rows by the query's `ordering`: a field, with a minus for the largest first.
    ///
    /// `key` returns text that sorts like the field, and `None` for a field that the list cannot be ordered by.
    /// Such an `ordering` is ignored.
    pub(crate) fn order_by(mut self, key: impl Fn(&T, &str) -> Option<String>) -> Self {
        let ordering = self.query.get("ordering").unwrap_or_default();
        let field = ordering.strip_prefix('-').unwrap_or(ordering);
        for (position, row) in &mut self.rows {
            match key(row, field) {
                Some(key) => position.key = key,
                None => return self,
            }
        }
        self.descending = ordering.starts_with('-');
        self
    }

    /// Returns the page of the query's `cursor`, with each row converted by `view`.
    pub(crate) fn cursor_page<V>(mut self, view: impl Fn(&T) -> V) -> ApiResult<Page<V>> {
        let scope = self.query.scope();
        let cursor = self.query.get("cursor").map(|text| Cursor::decode(text, scope)).transpose()?;
        let limit = self.query.limit();
        self.sort();

        let (start, end) = match &cursor {
            None => (0, limit),
            Some(Cursor::After(position)) => {
                let start = self.count_until(position, true);
                (start, start + limit)
            }
            Some(Cursor::Before(position)) => {
                let end = self.count_until(position, false);
                (end.saturating_sub(limit), end)
            }
        };
        let end = end.min(self.rows.len());
        let shown = self.rows.get(start..end).unwrap_or_default();

        let link = |cursor: Cursor| self.query.link(Some(("cursor", &cursor.encode(scope))));
        let mut page = Page::new(shown.iter().map(|(_, row)| view(row)).collect());
        if let Some((last, _)) = shown.last().filter(|_| end < self.rows.len()) {
            page.next = Some(link(Cursor::After(last.clone())));
        }
        if let Some((first, _)) = shown.first().filter(|_| start > 0) {
            page.previous = Some(link(Cursor::Before(first.clone())));
        }
        Ok(Json(page))
    }

    /// Returns the page of the query's `page`, counted from 1, with each row converted by `view`.
    pub(crate) fn numbered_page<V>(mut self, view: impl Fn(&T) -> V) -> ApiResult<Page<V>> {
        self.sort();
        let mut pages = self.rows.chunks(self.query.limit());
        let last = pages.len().max(1);
        let number = self.query.get("page").map_or(Some(1), |text| text.parse().ok());
        let number: usize = number
            .filter(|number| (1..=last).contains(number))
            .ok_or_else(|| ApiError::detail(StatusCode::NOT_FOUND, "Invalid page."))?;
        let shown = pages.nth(number - 1).unwrap_or_default();

        let link = |number: usize| self.query.link(Some(("page", &number.to_string())));
        let mut page = Page::new(shown.iter().map(|(_, row)| view(row)).collect());
        page.count = Some(self.rows.len() as u64);
        page.next = (number < last).then(|| link(number + 1));
        page.previous = match number {
            1 => None,
            // The real server omits the number in links to the first page.
            2 => Some(self.query.link(None)),
            _ => Some(link(number - 1)),
        };
        Ok(Json(page))
    }

    /// Returns all rows, for lists that have no pages.
    pub(crate) fn all<V>(mut self, view: impl Fn(&T) -> V) -> Vec<V> {
        self.sort();
        self.rows.iter().map(|(_, row)| view(row)).collect()
    }

    fn sort(&mut self) {
        let descending = self.descending;
        self.rows.sort_by(|(left, _), (right, _)| if descending { right.cmp(left) } else { left.cmp(right) });
    }

    /// Returns the number of rows before a position, or up to it if `inclusive`. The row itself may have been removed.
    fn count_until(&self, position: &Position, inclusive: bool) -> usize {
        self.rows.partition_point(|(other, _)| {
            let order = if self.descending { position.cmp(other) } else { other.cmp(position) };
            order.is_lt() || (inclusive && order.is_eq())
        })
    }
}

/// Returns a key for [`List::order_by`] that sorts like the time.
pub(crate) fn time_key(time: Option<Timestamp>) -> String {
    time.map_or_else(String::new, |time| format!("{:020}", time.unix_seconds()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the numbers on a page of the rows 1 to 9, without removed ones.
    fn page(query: &str, removed: &[u64]) -> Page<u64> {
        let rows: Vec<u64> = (1..=9).collect();
        let query = ListQuery::of(query);
        let list = List::new(&query, rows.iter().map(|row| (*row, row))).filter(|row| !removed.contains(row));
        list.order_by(|row, field| (field == "last_digit_of_square").then(|| (row * row % 10).to_string()))
            .cursor_page(|row| *row)
            .unwrap()
            .0
    }

    fn query_of(link: Option<String>) -> String {
        link.unwrap().split_once('?').unwrap().1.to_owned()
    }

    #[test]
    fn pages_lead_forward_and_back() {
        let first = page("limit=4&a=%26+b", &[]);
        assert_eq!((first.results, first.previous), (vec![1, 2, 3, 4], None));
        let second = page(&query_of(first.next), &[]);
        assert_eq!(second.results, [5, 6, 7, 8]);
        let third = page(&query_of(second.next), &[]);
        assert_eq!((third.results, third.next), (vec![9], None));
        let back = page(&query_of(third.previous), &[]);
        assert_eq!(back.results, [5, 6, 7, 8]);
        assert!(back.next.unwrap().ends_with("&limit=4&a=%26+b"));
    }

    #[test]
    fn a_cursor_outlives_the_row_that_it_points_to() {
        let next = query_of(page("limit=4", &[]).next);
        assert_eq!(page(&next, &[2, 4, 5]).results, [6, 7, 8, 9]);
        let previous = query_of(page(&next, &[]).previous);
        assert_eq!(page(&previous, &[5, 3]).results, [1, 2, 4]);
    }

    #[test]
    fn rows_that_are_equal_in_the_order_are_not_lost_between_pages() {
        for (ordering, expected) in [
            ("last_digit_of_square", [1, 9, 2, 8, 5, 4, 6, 3, 7]),
            ("-last_digit_of_square", [7, 3, 6, 4, 5, 8, 2, 9, 1]),
            ("unknown", [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ] {
            let mut walked = Vec::new();
            let mut query = format!("limit=1&ordering={ordering}");
            loop {
                let page = page(&query, &[]);
                walked.extend(page.results);
                assert!(walked.len() <= 9, "{walked:?}");
                match page.next {
                    Some(next) => query = query_of(Some(next)),
                    None => break,
                }
            }
            assert_eq!(walked, expected, "{ordering}");
        }
    }

    #[test]
    fn a_limit_is_a_positive_integer_or_nothing() {
        for (query, limit) in [("", 100), ("limit=", 100), ("limit=0", 100), ("limit=-3", 100), ("limit=x", 100)] {
            assert_eq!(ListQuery::of(query).limit(), limit, "{query}");
        }
        assert_eq!(ListQuery::of("limit=7").limit(), 7);
        assert_eq!(ListQuery::of("limit=5000").limit(), 1000);
    }
}
