//! Paginated list calls.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use avala_types::{Cursor, CursorPage};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::avala::Avala;
use crate::call::{Call, CallFuture};
use crate::decode;
use crate::decode::models::Decoded;
use crate::decode::{Decoder, Records, Source};
use crate::endpoint::Endpoint;
use crate::error::{Error, Failure};
use crate::meta::Response;
use crate::options::{call_options, call_timeout};
use crate::pages::{Items, Pages};
use crate::request::Request;

/// Decodes a page whose records may fail one by one.
type DecodeRecords<T> = fn(Source<'_>) -> Result<Records<T>, Failure>;

impl Avala {
    /// Creates a paginated list call.
    pub(crate) fn list<T: Decoded, F>(&self, endpoint: Endpoint, segments: &[&str]) -> List<T, F> {
        List::new(self, Request::new(endpoint, segments))
    }
}

/// A paginated list call: returns one page when awaited, or streams all [`items`](List::items) or
/// [`pages`](List::pages).
///
/// `F` selects the filters of the list; each filter is a method.
///
/// ```
/// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
/// let page = avala.tasks().list().project("p1").limit(50).await?;
/// println!("{} of them, and there is more: {}", page.items.len(), page.has_more());
///
/// let mut tasks = avala.tasks().list().project("p1").items();
/// while let Some(task) = tasks.next().await {
///     println!("{}", task?.uid);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a list does nothing until it is awaited or streamed"]
pub struct List<T, F = ()> {
    /// The call for one page, which fails if one of its records fails.
    call: Call<CursorPage<T>>,
    decode_records: DecodeRecords<T>,
    filters: PhantomData<fn() -> F>,
}

impl<T, F> List<T, F> {
    pub(crate) fn new(avala: &Avala, request: Request) -> Self
    where
        T: Decoded,
    {
        let call = Call::new(avala, request, Decoder::Plain(T::page));
        Self { call, decode_records: T::records, filters: PhantomData }
    }

    /// Sets a query parameter.
    pub(crate) fn param(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.call = self.call.param(name, value);
        self
    }

    /// Sets a parameter to several values, separated by commas. Without a value the list is not filtered.
    pub(crate) fn any_of(self, name: &'static str, values: impl Iterator<Item = String>) -> Self {
        let values: Vec<_> = values.collect();
        if values.is_empty() { self } else { self.param(name, values.join(",")) }
    }

    /// Sets the page size; the server's default is 100.
    pub fn limit(self, items: u32) -> Self {
        self.param("limit", items.to_string())
    }

    /// Starts at a cursor of an earlier page or stream.
    ///
    /// A cursor contains the filters that it was made with. If this call sets none, those of the cursor are kept, so
    /// that a list can be resumed with only its cursor. If it sets some, they apply: one that the cursor lacks is
    /// added, and a cursor with another value for it is an error of the kind [`Request`](crate::ErrorKind::Request),
    /// because it may have been changed. [`limit`](Self::limit) is not a filter; its value replaces that of the
    /// cursor.
    ///
    /// The cursor of a page whose link is broken is an error of the kind
    /// [`Pagination`](crate::ErrorKind::Pagination) when the call is awaited.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala, noted: String) -> Result<(), Box<dyn std::error::Error>> {
    /// use avala_client::types::Cursor;
    ///
    /// let page = avala.tasks().list().cursor(noted.parse::<Cursor>()?).await?;
    /// let page = avala.tasks().list().cursor(Cursor::new("cD0yMDI1")).await?; // a bare value of another client
    /// # Ok(())
    /// # }
    /// ```
    pub fn cursor(mut self, cursor: impl Into<Cursor>) -> Self {
        self.call.request.cursor = Some(cursor.into());
        self
    }

    #[doc(hidden)] // The former name of `timeout`.
    pub fn deadline(self, time: Duration) -> Self {
        self.timeout(time)
    }

    /// Continues with the link of an earlier page of this list.
    pub(crate) fn follow(mut self, link: Cursor) -> Self {
        self.call.request.follow(link);
        self
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.call.request.endpoint
    }

    fn request_mut(&mut self) -> &mut Request {
        &mut self.call.request
    }

    /// Decodes the items of the list into another type.
    pub fn decode_as<U: DeserializeOwned>(self) -> List<U, F> {
        List {
            call: self.call.with_decoder(Decoder::Plain(|source| decode::json_records::<U>(source)?.complete())),
            decode_records: decode::json_records::<U>,
            filters: PhantomData,
        }
    }

    /// Makes a field of an unexpected form an error, as [`Call::strict`] does.
    pub fn strict(mut self) -> Self {
        self.call = self.call.strict();
        self
    }

    /// Returns the call for one page with response metadata: status, request ID, rate limit and attempts.
    pub fn with_meta(self) -> Call<Response<CursorPage<T>>>
    where
        T: 'static,
    {
        self.call.with_meta()
    }

    /// Streams the pages of the list. The next page is prefetched while one is processed.
    ///
    /// A page with a record that cannot be decoded is an error that names the record, and the pages after it follow.
    pub fn pages(self) -> Pages<T> {
        Pages::new(self.call.with_decoder(Decoder::Plain(self.decode_records)))
    }

    /// Streams the items of the list. The next page is prefetched while one is processed.
    ///
    /// A record that cannot be decoded, for example because it has no identity, is an error in its position, and the
    /// items after it follow. [`Error::raw_record`] has its text.
    pub fn items(self) -> Items<T> {
        Items::new(self.pages())
    }

    /// Returns the request for the first page, as [`Call::to_http`] does.
    ///
    /// # Errors
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) if the arguments do not form a request.
    pub fn to_http(&self) -> Result<http::Request<Bytes>, Error> {
        self.call.to_http()
    }
}

/// Filters of a list with numbered pages, which has [`List::page`].
#[diagnostic::on_unimplemented(
    message = "the pages of this list have no numbers",
    note = "start at the `cursor` of an earlier page or stream; only lists whose filters are `Numbered` have `page`"
)]
pub trait Numbered {}

/// Numbered pages.
impl<T, F> List<T, F> {
    /// Starts at this page, instead of a [`cursor`](List::cursor); the first page is 1.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let third = avala.datasets().list_by_owner("acme").limit(50).page(3).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn page(self, number: u64) -> Self
    where
        F: Numbered,
    {
        self.cursor(Cursor::page(number))
    }
}

call_options!(List<T, F>);
call_timeout!(List<T, F>, "the call for each page");

impl<T, F> Clone for List<T, F> {
    fn clone(&self) -> Self {
        Self { call: self.call.clone(), decode_records: self.decode_records, filters: PhantomData }
    }
}

impl<T, F> fmt::Debug for List<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.call.request.debug("List", f)
    }
}

impl<T, F> IntoFuture for List<T, F> {
    type Output = Result<CursorPage<T>, Error>;
    type IntoFuture = CallFuture<CursorPage<T>>;

    fn into_future(self) -> Self::IntoFuture {
        self.call.into_future()
    }
}
