//! Paginated list calls.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use avala_types::{Cursor, CursorPage};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::avala::Avala;
use crate::call;
use crate::call::{Call, CallFuture, CallWithMeta};
use crate::decode;
use crate::decode::{Decoder, Records, Source};
use crate::decoded::Decoded;
use crate::error::{Error, Failure, Invalid};
use crate::options::{call_options, call_timeout};
use crate::pages::{Items, Pages};
use crate::request::Request;

/// A decoder without arguments.
type Decode<T> = fn(Source<'_>) -> Result<T, Failure>;

/// A paginated list call: returns one page when awaited, or streams all [`items`](List::items) or [`pages`](List::pages).
///
/// `F` selects the filters of the list; each filter is a method.
///
/// ```
/// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
/// let page = avala.tasks().list().project("p1").limit(50).await?;
/// println!("{} of them, and there is more: {}", page.items.len(), page.has_more);
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
    avala: Avala,
    request: Result<Request, Invalid>,
    decode: Decode<CursorPage<T>>,
    /// Decodes a page whose records may fail one by one.
    decode_records: Decode<Records<T>>,
    filters: PhantomData<fn() -> F>,
}

impl<T, F> List<T, F> {
    pub(crate) fn new(avala: &Avala, request: Result<Request, Invalid>) -> Self
    where
        T: Decoded,
    {
        Self { avala: avala.clone(), request, decode: T::page, decode_records: T::records, filters: PhantomData }
    }

    /// Sets a query parameter.
    pub(crate) fn param(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Ok(request) = &mut self.request {
            request.param(name, value.into());
        }
        self
    }

    /// Sets the page size; the server's default is 100.
    pub fn limit(self, items: u32) -> Self {
        self.param("limit", items.to_string())
    }

    /// Starts at a cursor that an earlier page or stream gave.
    ///
    /// A cursor contains the filters that it was made with. If this call sets none, those of the cursor are kept, so that
    /// a list can be resumed by its cursor alone. If it sets some, they win: one that the cursor lacks is added, and a
    /// cursor with another value for it is an error of the kind [`Request`](crate::ErrorKind::Request), because it may
    /// have been changed on its way. [`limit`](Self::limit) is no filter; its value replaces that of the cursor.
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
        if let Ok(request) = &mut self.request {
            request.cursor = Some(cursor.into());
        }
        self
    }

    #[doc(hidden)] // The former name of `timeout`.
    pub fn deadline(self, time: Duration) -> Self {
        self.timeout(time)
    }

    /// Continues with the link of an earlier page of this list.
    pub(crate) fn follow(mut self, link: Cursor) -> Self {
        if let Ok(request) = &mut self.request {
            request.follow(link);
        }
        self
    }

    fn request_mut(&mut self) -> &mut Result<Request, Invalid> {
        &mut self.request
    }

    /// Decodes the items of the list into another type.
    pub fn decode_as<U: DeserializeOwned>(self) -> List<U, F> {
        List {
            avala: self.avala,
            request: self.request,
            decode: |source| decode::json_records::<U>(source)?.complete(),
            decode_records: decode::json_records::<U>,
            filters: PhantomData,
        }
    }

    /// The call for one page, which fails if one of its records does.
    pub(crate) fn one_page(self) -> Call<CursorPage<T>> {
        Call::new(&self.avala, self.request, Decoder::Plain(self.decode))
    }

    /// The call for one page, with the records that could not be decoded.
    fn records(self) -> Call<Records<T>> {
        Call::new(&self.avala, self.request, Decoder::Plain(self.decode_records))
    }

    /// Makes a field of an unexpected form an error, as [`Call::strict`] does.
    pub fn strict(mut self) -> Self {
        self.avala = self.avala.strict_decoding(true);
        self
    }

    /// Returns one page with response metadata: status, request ID, rate limit and attempts.
    pub fn with_meta(self) -> CallWithMeta<CursorPage<T>> {
        self.one_page().with_meta()
    }

    /// Streams the pages of the list. The next page is prefetched while one is processed.
    ///
    /// A page with a record that cannot be decoded is an error that names the record, and the pages after it follow.
    pub fn pages(self) -> Pages<T> {
        Pages::new(self.records())
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
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) when no request can be made of the arguments.
    pub fn to_http(&self) -> Result<http::Request<Bytes>, Error> {
        call::to_http(&self.avala, &self.request)
    }
}

call_options!(List<T, F>);
call_timeout!(List<T, F>, "the call for each page");

impl<T, F> Clone for List<T, F> {
    fn clone(&self) -> Self {
        Self {
            avala: self.avala.clone(),
            request: self.request.clone(),
            decode: self.decode,
            decode_records: self.decode_records,
            filters: PhantomData,
        }
    }
}

impl<T, F> fmt::Debug for List<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        call::debug_request("List", &self.request, f)
    }
}

impl<T, F> IntoFuture for List<T, F> {
    type Output = Result<CursorPage<T>, Error>;
    type IntoFuture = CallFuture<CursorPage<T>>;

    fn into_future(self) -> Self::IntoFuture {
        self.one_page().into_future()
    }
}
