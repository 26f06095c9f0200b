//! Calls of the API.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use avala_transport::CallOptions;
use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::avala::Avala;
use crate::decode;
use crate::decode::Decoder;
use crate::decode::models::Decoded;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::meta::{Meta, Response};
use crate::options::{call_options, call_timeout};
use crate::request::Request;
use crate::sending::Sending;

/// Creates calls.
impl Avala {
    /// Creates a call that returns a value.
    pub(crate) fn call<T: Decoded, F>(&self, endpoint: Endpoint, segments: &[&str]) -> Call<T, F> {
        Call::new(self, Request::new(endpoint, segments), Decoder::Plain(T::value))
    }

    /// Creates a call without a value.
    pub(crate) fn command(&self, endpoint: Endpoint, segments: &[&str]) -> Call<()> {
        Call::new(self, Request::new(endpoint, segments), Decoder::Plain(decode::nothing))
    }
}

/// A call of the API, sent when it is awaited.
///
/// A call is data: it can be stored, cloned, sent to another task, inspected with [`to_http`](Call::to_http), and
/// awaited more than once by cloning. An invalid argument, such as an empty ID, is reported when the call is awaited.
///
/// ```
/// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
/// use std::time::Duration;
///
/// let dataset = avala.datasets().get("d1").await?;
/// let response = avala.datasets().get("d1").timeout(Duration::from_secs(5)).with_meta().await?;
/// println!("{} after {} attempts", response.value.name, response.meta.attempts);
///
/// #[derive(serde::Deserialize)]
/// struct Mine { name: String, score: f32 }
/// let mine: Mine = avala.datasets().get("d1").decode_as().await?;
/// # Ok(())
/// # }
/// ```
///
/// `F` selects the filters of the call, as that of a [`List`](crate::List) does; each filter is a method. Most calls
/// have none.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<T, F = ()> {
    pub(crate) avala: Avala,
    pub(crate) request: Request,
    decoder: Decoder<T>,
    filters: PhantomData<fn() -> F>,
}

impl<T, F> Call<T, F> {
    pub(crate) fn new(avala: &Avala, request: Request, decoder: Decoder<T>) -> Self {
        Self { avala: avala.clone(), request, decoder, filters: PhantomData }
    }

    /// Returns the same call without filters.
    pub(crate) fn filtered(self) -> Call<T> {
        Call { avala: self.avala, request: self.request, decoder: self.decoder, filters: PhantomData }
    }

    /// Sets a JSON payload.
    pub(crate) fn json<P: serde::Serialize + ?Sized>(mut self, payload: &P) -> Self {
        self.request.json(payload);
        self
    }

    /// Sets a query parameter.
    pub(crate) fn param(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.request.param(name, value.into());
        self
    }

    /// Sets a parameter of the query to several values, each of which is sent under the same name.
    pub(crate) fn params(mut self, name: &'static str, values: impl Iterator<Item = String>) -> Self {
        self.request.params(name, values);
        self
    }

    /// Sets transport options of this call.
    pub(crate) fn options(mut self, set: impl FnOnce(&mut CallOptions)) -> Self {
        set(&mut self.request.options);
        self
    }

    #[doc(hidden)] // The former name of `timeout`.
    pub fn deadline(self, time: Duration) -> Self {
        self.timeout(time)
    }

    pub(crate) fn request_mut(&mut self) -> &mut Request {
        &mut self.request
    }

    /// Returns the same call with another decoder.
    pub(crate) fn with_decoder<U>(self, decoder: Decoder<U>) -> Call<U, F> {
        Call { avala: self.avala, request: self.request, decoder, filters: PhantomData }
    }

    /// Starts the call when it is first polled.
    pub(crate) fn send(self) -> Sending<T> {
        Sending::new(self.avala, self.request, self.decoder)
    }

    /// Makes a field of an unexpected form an error: see [`Avala::strict_decoding`].
    pub fn strict(mut self) -> Self {
        self.avala = self.avala.strict_decoding(true);
        self
    }

    /// Decodes the response into another type.
    pub fn decode_as<U: DeserializeOwned>(self) -> Call<U, F> {
        self.with_decoder(Decoder::Plain(decode::foreign::<U>))
    }

    /// Returns the same call with response metadata: status, request ID, rate limit and attempts.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let response = avala.datasets().get("d1").with_meta().max_attempts(1).await?;
    /// println!("{}: {:?}", response.value.name, response.meta.request_id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_meta(self) -> Call<Response<T>, F>
    where
        T: 'static,
    {
        let decoder = self.decoder.clone();
        self.with_decoder(Decoder::Derived(Arc::new(move |source| {
            Ok(Response { value: decoder.decode(source)?, meta: Meta::of(source.parts) })
        })))
    }

    /// Returns the request that would be sent, without credentials.
    ///
    /// Its URI is absolute if the client knows its [base URL](Avala::base_url), and a path otherwise. A body that is
    /// not in memory, such as that of a file, is left out.
    ///
    /// ```
    /// # fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let request = avala.tasks().list().limit(5).to_http()?;
    /// assert_eq!(request.uri(), "https://api.avala.ai/api/v1/tasks/?limit=5");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) if the arguments do not form a request.
    pub fn to_http(&self) -> Result<http::Request<Bytes>, Error> {
        let mut http_request = self.request.preview()?;
        if let Some(base_url) = self.avala.base_url() {
            let target = base_url.join(&self.request.target()?);
            *http_request.uri_mut() = target.map_err(|error| Error::transport(Some(&self.request.endpoint), error))?;
        }
        Ok(http_request)
    }
}

call_options!(Call<T, F>);
call_timeout!(Call<T, F>, "the call");

impl<T, F> Clone for Call<T, F> {
    fn clone(&self) -> Self {
        Self::new(&self.avala, self.request.clone(), self.decoder.clone())
    }
}

impl<T, F> fmt::Debug for Call<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.request.debug("Call", f)
    }
}

impl<T, F> IntoFuture for Call<T, F> {
    type Output = Result<T, Error>;
    type IntoFuture = CallFuture<T>;

    fn into_future(self) -> CallFuture<T> {
        CallFuture(self.send())
    }
}

/// A [`Call`] that returns its value with response metadata: [`Call::with_meta`].
pub type CallWithMeta<T> = Call<Response<T>>;

/// The future of a [`Call`].
#[must_use = "futures do nothing unless polled"]
pub struct CallFuture<T>(Sending<T>);

impl<T> Future for CallFuture<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(cx).map(|result| result.map(|(value, _)| value))
    }
}

/// The future of a [`CallWithMeta`].
pub type ResponseFuture<T> = CallFuture<Response<T>>;

impl<T> fmt::Debug for CallFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallFuture")
    }
}
