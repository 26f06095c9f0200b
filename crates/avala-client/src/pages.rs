//! Streams of the pages and items of a list.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::hash::{BuildHasher as _, Hasher as _};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker, ready};

use avala_transport::{Background, Sent};
use avala_types::{Cursor, CursorPage};
use futures_core::Stream;
use http::response::Parts;
use percent_encoding::percent_decode_str;
use tokio::runtime::{self, Handle};

use crate::call::Call;
use crate::decode::Records;
use crate::error::{Error, Failure};
use crate::meta::Meta;
use crate::sending::Sending;

/// Maximum number of empty pages that one poll reads before it yields to other tasks.
const MOST_PAGES: usize = 16;

/// A stream of the pages of a list. Returned by [`List::pages`](crate::List::pages).
///
/// The stream is `'static`. As soon as a page arrives, the next one is requested, so that its time on the
/// network and the work on this page overlap. That request is sent only if it takes no token of the rate limiter and no
/// permit that a call of the consumer may need; otherwise it is sent when the next page is awaited. What the consumer
/// does between two pages does not count against any timeout. A stream may be moved to another
/// runtime, where a page that was requested already is requested again.
///
/// A page with a record that cannot be decoded is an error, and the next page follows. After any other error the stream
/// ends; [`cursor`](Pages::cursor) is the position to resume at.
#[must_use = "a stream does nothing until it is polled"]
pub struct Pages<T> {
    /// The call for the next page. Boxed to keep the futures of streams small.
    call: Box<Call<Records<T>>>,
    state: State<T>,
    /// The cursor of the next page; `None` for the first one.
    cursor: Option<Cursor>,
    seen: Seen,
    /// The runtime that polled the pending page. Its timers and its connection make progress only there.
    runtime: Option<runtime::Id>,
}

enum State<T> {
    Start,
    /// The next page is in flight, or waits in the background until it is awaited.
    Pending(Sending<Records<T>>, Background),
    /// The next page arrived, or failed, before it was awaited.
    Ready(Box<Result<(Records<T>, Parts), Error>>),
    Done,
}

impl<T> Pages<T> {
    pub(crate) fn new(call: Call<Records<T>>) -> Self {
        let cursor = call.request.cursor.clone();
        let mut seen = Seen::default();
        // A list without a cursor starts at its first page, which has the number 1 in some lists.
        let _ = seen.insert(cursor.as_ref().map_or("page=1", Cursor::as_query));
        Self { call: Box::new(call), state: State::Start, cursor, seen, runtime: None }
    }

    /// Returns the next page, or `None` after the last one.
    pub async fn next(&mut self) -> Option<Result<CursorPage<T>, Error>> {
        let pages = Awaited(self);
        poll_fn(|cx| Pin::new(&mut *pages.0).poll_next(cx)).await
    }

    /// Returns the cursor of the next page, to resume there later with [`List::cursor`](crate::List::cursor).
    ///
    /// After an error that ends the stream it is that of the page that failed. `None` is the first page.
    #[must_use]
    pub fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    /// Requests the pending page again if the stream was moved to another runtime, because the former one may be idle
    /// or have ended.
    fn settle(&mut self) {
        let runtime = Handle::try_current().ok().map(|handle| handle.id());
        if std::mem::replace(&mut self.runtime, runtime) != runtime
            && let State::Pending(future, _) = &self.state
            && !future.is_spawned()
        {
            self.request();
        }
    }

    /// Polls the pending page in the background, where it takes nothing that a call of the consumer may need.
    fn drive(&mut self, cx: &mut Context<'_>) {
        self.settle();
        if let State::Pending(future, background) = &mut self.state {
            background.resume();
            if let Poll::Ready(result) = future.poll(cx) {
                self.state = State::Ready(Box::new(result));
            } else {
                background.pause();
            }
        }
    }

    /// Stops the timeouts of the pending page: what the consumer does now must not count against them.
    fn pause(&self) {
        if let State::Pending(_, background) = &self.state {
            background.pause();
        }
    }

    /// Moves a pending page to a runtime, which fetches it while the stream is not polled.
    #[cfg(feature = "blocking")]
    fn drive_on(&mut self, runtime: &Handle) {
        if let State::Pending(future, background) = &mut self.state {
            // The runtime polls it continuously, so its timeouts count.
            background.resume();
            future.spawn_on(runtime);
        }
    }

    fn request(&mut self) {
        let background = Background::new();
        let call = Call::clone(&self.call).options(|options| options.background = Some(background.clone()));
        self.state = State::Pending(call.send(), background);
    }

    /// Requests the page after this one, or ends the stream.
    fn advance(&mut self, page: &CursorPage<T>, cx: &mut Context<'_>) {
        let Some(next) = page.next_cursor.clone() else {
            self.state = State::Done;
            return;
        };
        let error = match next.query() {
            Ok(query) if self.seen.insert(query) => {
                self.call.request.follow(next.clone());
                self.cursor = Some(next);
                self.request();
                // A call starts when it is first polled, and that should not wait until this page is consumed.
                self.drive(cx);
                return;
            }
            Ok(_) => Error::repeated_page(&self.call.request.endpoint, &next),
            Err(error) => Error::link(&self.call.request.endpoint, &error, Sent::Yes),
        };
        // After the items, which are valid also if an error follows them.
        self.state = State::Ready(Box::new(Err(error)));
    }
}

/// Cursors of all visited pages: a list that returns to one of them would never end.
///
/// Stored as hashes, so that a list of a million items needs little memory; that two of a million cursors share
/// a hash of 64 bits has a probability of one in thirty million.
#[derive(Default)]
struct Seen(HashSet<u64>);

impl Seen {
    /// Returns `false` if the page was visited. Filters are ignored, as are parameters that a
    /// server adds to each link, such as the time.
    fn insert(&mut self, query: &str) -> bool {
        let is_place = |pair: &&str| pair.starts_with("cursor=") || pair.starts_with("page=");
        let mut hasher = self.0.hasher().build_hasher();
        for pair in query.split('&').filter(is_place) {
            percent_decode_str(pair).for_each(|byte| hasher.write_u8(byte));
            hasher.write_u8(b'&');
        }
        self.0.insert(hasher.finish())
    }
}

impl<T> Pages<T> {
    /// Polls for the next page, whose records may have failed one by one.
    fn poll_records(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<PageOfItems<T>, Error>>> {
        self.settle();
        if let State::Start = self.state {
            self.request();
        }
        let result = match std::mem::replace(&mut self.state, State::Done) {
            State::Start | State::Done => return Poll::Ready(None),
            State::Ready(result) => *result,
            State::Pending(mut future, background) => {
                background.resume();
                background.end();
                let waker = Attention::of(&background, cx.waker());
                match future.poll(&mut Context::from_waker(&waker)) {
                    Poll::Ready(result) => result,
                    Poll::Pending => {
                        self.state = State::Pending(future, background);
                        return Poll::Pending;
                    }
                }
            }
        };
        Poll::Ready(Some(result.map(|(Records { page, failed }, parts)| {
            self.advance(&page, cx);
            let endpoint = &self.call.request.endpoint;
            let error =
                |(position, failure): (usize, Failure)| (position, Error::record(endpoint, Meta::of(&parts), failure));
            PageOfItems { page, failed: failed.into_iter().map(error).collect() }
        })))
    }
}

/// A page, and the errors of its records that could not be decoded, by their position.
struct PageOfItems<T> {
    page: CursorPage<T>,
    failed: VecDeque<(usize, Error)>,
}

impl<T> Stream for Pages<T> {
    type Item = Result<CursorPage<T>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let page = ready!(self.poll_records(cx));
        Poll::Ready(page.map(|page| {
            let PageOfItems { page, mut failed } = page?;
            failed.pop_front().map_or(Ok(page), |(_, error)| Err(error))
        }))
    }
}

impl<T> Unpin for Pages<T> {}

/// A stream whose next page is awaited. Dropping this value, as `select!` does, ends the wait.
struct Awaited<'a, T>(&'a mut Pages<T>);

impl<T> Drop for Awaited<'_, T> {
    fn drop(&mut self) {
        self.0.pause();
    }
}

/// Wakes a task, and pauses the call until the task polls it, because the task may have other work to do first.
struct Attention {
    background: Background,
    waker: Waker,
}

impl Attention {
    fn of(background: &Background, waker: &Waker) -> Waker {
        Waker::from(Arc::new(Self { background: background.clone(), waker: waker.clone() }))
    }
}

impl Wake for Attention {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.background.pause();
        self.waker.wake_by_ref();
    }
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A cursor is the query of a server's link.
        let cursor = self.cursor.as_ref().map(|cursor| avala_transport::redact::shorten(cursor.as_query(), 256));
        f.debug_struct("Pages").field("call", &self.call).field("cursor", &cursor).finish_non_exhaustive()
    }
}

/// A stream of the items of a list. Returned by [`List::items`](crate::List::items).
///
/// At most two pages are in memory: the one that is consumed, and the next one. It is a
/// [`Stream`](https://docs.rs/futures-core/0.3/futures_core/stream/trait.Stream.html), for which crates such as
/// `futures` have many adapters, and has [`next`](Items::next) for a plain loop.
#[must_use = "a stream does nothing until it is polled"]
pub struct Items<T> {
    pages: Pages<T>,
    current: Current<T>,
}

/// The page whose items are consumed.
struct Current<T> {
    items: std::vec::IntoIter<T>,
    /// The records of the page that could not be decoded.
    failed: VecDeque<(usize, Error)>,
    /// The position of the next item.
    position: usize,
    /// The cursor of the page.
    cursor: Option<Cursor>,
}

impl<T> Items<T> {
    pub(crate) fn new(pages: Pages<T>) -> Self {
        let cursor = pages.cursor.clone();
        let current = Current { items: Vec::new().into_iter(), failed: VecDeque::new(), position: 0, cursor };
        Self { pages, current }
    }

    /// Returns the next item, or `None` after the last one.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        let pages = Awaited(&mut self.pages);
        poll_fn(|cx| self.current.poll_item(pages.0, cx)).await
    }

    /// Moves a pending page to a runtime, which fetches it while the stream is not polled.
    #[cfg(feature = "blocking")]
    pub(crate) fn drive_on(&mut self, runtime: &Handle) {
        self.pages.drive_on(runtime);
    }

    /// Returns the cursor of the page of the next item, to resume there later with
    /// [`List::cursor`](crate::List::cursor).
    ///
    /// Resuming returns the items of that page from its start, so that none is missed and some may be repeated. After
    /// an error it is that of the page that failed. `None` is the first page.
    #[must_use]
    pub fn cursor(&self) -> Option<&Cursor> {
        let Current { items, failed, cursor, .. } = &self.current;
        if items.len() + failed.len() > 0 { cursor.as_ref() } else { self.pages.cursor() }
    }
}

impl<T> Stream for Items<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { pages, current } = &mut *self;
        current.poll_item(pages, cx)
    }
}

impl<T> Current<T> {
    fn poll_item(&mut self, pages: &mut Pages<T>, cx: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        for _ in 0..MOST_PAGES {
            let position = self.position;
            let failed = self.failed.pop_front_if(|(failed, _)| *failed == position).map(|(_, error)| Err(error));
            if let Some(item) = failed.or_else(|| self.items.next().map(Ok)) {
                self.position += 1;
                pages.drive(cx);
                return Poll::Ready(Some(item));
            }
            let cursor = pages.cursor.clone();
            match ready!(pages.poll_records(cx)) {
                Some(Ok(PageOfItems { page, failed })) => {
                    *self = Self { items: page.items.into_iter(), failed, position: 0, cursor };
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<T> Unpin for Items<T> {}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("pages", &self.pages)
            .field("in_page", &self.current.items.len())
            .finish_non_exhaustive()
    }
}
