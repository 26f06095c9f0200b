//! Whole lists at once: collecting, counting, and numbered pages in parallel.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use avala_types::{Cursor, CursorPage};

use crate::call::CallFuture;
use crate::error::{Error, ErrorKind};
use crate::list::List;

/// Maximum number of pages that are requested at once.
const MAX_AT_ONCE: usize = 16;

impl<T, F> List<T, F> {
    /// Collects all items of the list, page after page. The first error ends it.
    ///
    /// All items are in memory at once; [`items`](Self::items) needs two pages.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let tasks: Vec<_> = avala.tasks().list().project("p1").try_collect().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The error of the first page or record that fails.
    pub async fn try_collect<C: Default + Extend<T>>(self) -> Result<C, Error> {
        let mut all = C::default();
        let mut items = self.items();
        while let Some(item) = items.next().await {
            all.extend([item?]);
        }
        Ok(all)
    }

    /// Gets the number of items in the whole list, if the server counts them: lists with numbered pages do.
    ///
    /// It requests one page with one item.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// if let Some(count) = avala.datasets().list_by_owner("acme").count().await? {
    ///     println!("{count} datasets");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The error of the call.
    pub async fn count(self) -> Result<Option<u64>, Error> {
        Ok(self.limit(1).await?.count)
    }

    /// Collects all items of the list in order, and requests up to `at_once` numbered pages at the same time; at most
    /// 16.
    ///
    /// The rate limit and the concurrency limits of the client apply to these calls as to all others. A list without
    /// numbered pages is collected page after page, because only a page has the link to the next one.
    ///
    /// Items that are created or deleted meanwhile may be missing or repeated, as in any list with numbered pages.
    /// All items are in memory at once, and up to 16 pages that are not decoded yet.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let datasets: Vec<_> = avala.datasets().list_by_owner("acme").try_collect_parallel(4).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The error of the first page that fails.
    pub async fn try_collect_parallel<C: Default + Extend<T>>(self, at_once: usize) -> Result<C, Error> {
        let mut all = C::default();
        let template = self.clone();
        let page = self.await?;
        let plan = Plan::of(&page);
        let mut rest = page.next_cursor;
        all.extend(page.items);
        if let Some(plan) = plan {
            rest = plan.fetch(&template, at_once, &mut all).await?;
        }
        // Pages without numbers, and pages that were added since the first page returned the count.
        if let Some(next) = rest {
            let mut items = template.follow(next).items();
            while let Some(item) = items.next().await {
                all.extend([item?]);
            }
        }
        Ok(all)
    }
}

/// The numbered pages that follow the first one.
struct Plan {
    /// The query of the link to the next page.
    query: String,
    numbers: std::ops::RangeInclusive<u64>,
}

impl Plan {
    /// Plans the pages after this one; `None` if the pages have no numbers or their count is unknown.
    fn of<T>(page: &CursorPage<T>) -> Option<Self> {
        let link = page.next_cursor.as_ref()?;
        let (query, next) = (link.query().ok()?, page_number(link)?);
        let size = u64::try_from(page.items.len()).ok().filter(|size| *size > 0)?;
        let last = page.count?.div_ceil(size);
        (next <= last).then(|| Self { query: query.to_owned(), numbers: next..=last })
    }

    /// Returns the cursor of a page: the server's link with another number.
    fn cursor(&self, number: u64) -> Option<Cursor> {
        let pairs = self.query.split('&').map(|pair| match pair.strip_prefix("page=") {
            Some(_) => format!("page={number}"),
            None => pair.to_owned(),
        });
        pairs.collect::<Vec<_>>().join("&").parse().ok()
    }

    /// Fetches the pages in order, and returns the link that the last one has.
    ///
    /// Ends early if the list has become shorter: at a page without a link to the next one, or one that does not exist.
    /// Fails if a link does not lead to a later page, because such a list never ends.
    async fn fetch<T, F, C: Extend<T>>(
        mut self,
        list: &List<T, F>,
        at_once: usize,
        all: &mut C,
    ) -> Result<Option<Cursor>, Error> {
        let mut pending = VecDeque::new();
        let mut next = None;
        for number in self.numbers.clone() {
            while pending.len() < at_once.clamp(1, MAX_AT_ONCE)
                && let Some(cursor) = self.numbers.next().and_then(|number| self.cursor(number))
            {
                pending.push_back(Slot::Pending(list.clone().follow(cursor).into_future()));
            }
            match front(&mut pending).await {
                Some(Ok(page)) => {
                    all.extend(page.items);
                    let Some(link) = page.next_cursor else { return Ok(None) };
                    if page_number(&link).is_some_and(|next| next <= number) {
                        return Err(Error::repeated_page(list.endpoint(), &link));
                    }
                    next = Some(link);
                }
                Some(Err(error)) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Some(Err(error)) => return Err(error),
                None => return Ok(next),
            }
        }
        Ok(next)
    }
}

/// Returns the number of the page that a link leads to, if it has one.
fn page_number(link: &Cursor) -> Option<u64> {
    link.query().ok()?.split('&').find_map(|pair| pair.strip_prefix("page="))?.parse().ok()
}

/// The call for a page, and its result until the pages before it have arrived.
enum Slot<T> {
    Pending(CallFuture<CursorPage<T>>),
    Ready(Result<CursorPage<T>, Error>),
}

/// Waits for the first call of the queue, and polls all others meanwhile. `None` if the queue is empty.
async fn front<T>(queue: &mut VecDeque<Slot<T>>) -> Option<Result<CursorPage<T>, Error>> {
    poll_fn(|cx| {
        for slot in queue.iter_mut() {
            if let Slot::Pending(call) = slot
                && let Poll::Ready(result) = Pin::new(call).poll(cx)
            {
                *slot = Slot::Ready(result);
            }
        }
        match queue.pop_front() {
            Some(Slot::Ready(result)) => Poll::Ready(Some(result)),
            Some(pending) => {
                queue.push_front(pending);
                Poll::Pending
            }
            None => Poll::Ready(None),
        }
    })
    .await
}
