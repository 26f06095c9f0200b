//! Calls of the API.

use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use avala_transport::{CallOptions, CutBody, Sent, TimeoutPhase, TransportError, TransportErrorKind};
use bytes::Bytes;
use http::StatusCode;
use http::response::Parts;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use tower::ServiceExt as _;

use crate::avala::Avala;
use crate::decode;
use crate::decode::{Decoder, Source};
use crate::endpoint::Endpoint;
use crate::error::{Error, Invalid, limits};
use crate::meta::{Meta, Response};
use crate::options::{call_options, call_timeout};
use crate::own_uid;
use crate::request::Request;

/// A call of the API, sent when it is awaited.
///
/// A call is data: it can be stored, cloned, sent to another task, inspected with [`to_http`](Call::to_http), and awaited
/// more than once by cloning. An invalid argument, such as an empty ID, is reported when the call is awaited.
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
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<T> {
    pub(crate) avala: Avala,
    pub(crate) request: Result<Request, Invalid>,
    decoder: Decoder<T>,
}

impl<T> Call<T> {
    pub(crate) fn new(avala: &Avala, request: Result<Request, Invalid>, decoder: Decoder<T>) -> Self {
        Self { avala: avala.clone(), request, decoder }
    }

    /// Sets a JSON payload.
    pub(crate) fn json<P: serde::Serialize + ?Sized>(mut self, payload: &P) -> Self {
        self.request = self.request.and_then(|mut request| {
            request.json(payload)?;
            Ok(request)
        });
        self
    }

    /// Sets a query parameter.
    pub(crate) fn param(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Ok(request) = &mut self.request {
            request.param(name, value.into());
        }
        self
    }

    /// Sets a parameter of the query to several values, each of which is sent under the same name.
    pub(crate) fn params(mut self, name: &'static str, values: impl Iterator<Item = String>) -> Self {
        if let Ok(request) = &mut self.request {
            request.params(name, values);
        }
        self
    }

    /// Sets transport options of this call.
    pub(crate) fn options(mut self, set: impl FnOnce(&mut CallOptions)) -> Self {
        if let Ok(request) = &mut self.request {
            set(&mut request.options);
        }
        self
    }

    #[doc(hidden)] // The former name of `timeout`.
    pub fn deadline(self, time: Duration) -> Self {
        self.timeout(time)
    }

    pub(crate) fn request_mut(&mut self) -> &mut Result<Request, Invalid> {
        &mut self.request
    }

    /// Makes a field of an unexpected form an error: see [`Avala::strict_decoding`].
    pub fn strict(mut self) -> Self {
        self.avala = self.avala.strict_decoding(true);
        self
    }

    /// Decodes the response into another type.
    pub fn decode_as<U: DeserializeOwned>(self) -> Call<U> {
        Call { avala: self.avala, request: self.request, decoder: Decoder::Plain(decode::foreign::<U>) }
    }

    /// Returns the value with response metadata: status, request ID, rate limit and attempts.
    pub fn with_meta(self) -> CallWithMeta<T> {
        CallWithMeta(self)
    }

    /// Returns the request that would be sent, without credentials.
    ///
    /// Its URI is absolute if the client knows its [base URL](Avala::base_url), and a path otherwise. A body that is not in
    /// memory, such as that of a file, is left out.
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
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) when no request can be made of the arguments.
    pub fn to_http(&self) -> Result<http::Request<Bytes>, Error> {
        to_http(&self.avala, &self.request)
    }
}

pub(crate) fn to_http(avala: &Avala, request: &Result<Request, Invalid>) -> Result<http::Request<Bytes>, Error> {
    let request = request.as_ref().map_err(|invalid| Error::from(invalid.clone()))?;
    let mut http_request = request.preview()?;
    if let Some(base_url) = avala.base_url() {
        let target = base_url.join(&request.target()?);
        *http_request.uri_mut() = target.map_err(|error| Error::transport(Some(&request.endpoint), error))?;
    }
    Ok(http_request)
}

call_options!(Call<T>);
call_timeout!(Call<T>, "the call");

impl<T> Clone for Call<T> {
    fn clone(&self) -> Self {
        Self { avala: self.avala.clone(), request: self.request.clone(), decoder: self.decoder.clone() }
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_request("Call", &self.request, f)
    }
}

/// Returns the endpoint of a request, valid or not.
pub(crate) fn endpoint(request: &Result<Request, Invalid>) -> &Endpoint {
    match request {
        Ok(request) => &request.endpoint,
        Err(invalid) => &invalid.endpoint,
    }
}

/// Prints method and route only: a body may hold secrets.
pub(crate) fn debug_request(name: &str, request: &Result<Request, Invalid>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let endpoint = endpoint(request);
    write!(f, "{name}({} {})", endpoint.method, endpoint.route)
}

impl<T> IntoFuture for Call<T> {
    type Output = Result<T, Error>;
    type IntoFuture = CallFuture<T>;

    fn into_future(self) -> CallFuture<T> {
        CallFuture(Sending::new(self))
    }
}

/// A [`Call`] that returns its value with response metadata.
#[must_use = "a call does nothing until it is awaited"]
#[derive(Clone, Debug)]
pub struct CallWithMeta<T>(Call<T>);

impl<T> CallWithMeta<T> {
    fn request_mut(&mut self) -> &mut Result<Request, Invalid> {
        self.0.request_mut()
    }
}

call_options!(CallWithMeta<T>);
call_timeout!(CallWithMeta<T>, "the call");

impl<T> IntoFuture for CallWithMeta<T> {
    type Output = Result<Response<T>, Error>;
    type IntoFuture = ResponseFuture<T>;

    fn into_future(self) -> ResponseFuture<T> {
        ResponseFuture(Sending::new(self.0))
    }
}

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
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture<T>(Sending<T>);

#[cfg(feature = "blocking")]
impl<T> ResponseFuture<T> {
    /// Moves the call to a runtime, unless it is there already.
    pub(crate) fn spawn_on(&mut self, runtime: &tokio::runtime::Handle) {
        self.0.spawn_on(runtime);
    }
}

impl<T> Future for ResponseFuture<T> {
    type Output = Result<Response<T>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(cx).map(|result| result.map(|(value, parts)| Response { value, meta: Meta::of(&parts) }))
    }
}

/// The common part of both futures.
///
/// Until the bytes are there it is one boxed future for all types of value, so that a user's crate compiles nothing of
/// it but this wrapper.
struct Sending<T> {
    /// Whether a runtime drives it already.
    #[cfg(feature = "blocking")]
    is_spawned: bool,
    bytes: Pin<Box<dyn Future<Output = Result<RawResponse, Error>> + Send>>,
    decoder: Decoder<T>,
    is_strict: bool,
}

impl<T> Sending<T> {
    fn new(Call { avala, request, decoder }: Call<T>) -> Self {
        Self {
            #[cfg(feature = "blocking")]
            is_spawned: false,
            is_strict: avala.is_strict(),
            bytes: Box::pin(send(avala, request)),
            decoder,
        }
    }

    #[cfg(feature = "blocking")]
    fn spawn_on(&mut self, runtime: &tokio::runtime::Handle) {
        if !std::mem::replace(&mut self.is_spawned, true) {
            let bytes = std::mem::replace(&mut self.bytes, Box::pin(std::future::pending()));
            self.bytes = Box::pin(Spawned(runtime.spawn(bytes)));
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(T, Parts), Error>> {
        let RawResponse { endpoint, path, parts, body } = ready!(self.bytes.as_mut().poll(cx))?;
        let own_uid = own_uid::in_path(endpoint.route, &path);
        let source = Source { body: &body, path: &path, own_uid, is_strict: self.is_strict, headers: &parts.headers };
        Poll::Ready(match self.decoder.decode(source) {
            Ok(value) => Ok((value, parts)),
            Err(failure) => Err(Error::decoding(&endpoint, &parts, &body, failure)),
        })
    }
}

/// A call on a runtime. Dropping it cancels the call.
#[cfg(feature = "blocking")]
struct Spawned(tokio::task::JoinHandle<Result<RawResponse, Error>>);

#[cfg(feature = "blocking")]
impl Future for Spawned {
    type Output = Result<RawResponse, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match ready!(Pin::new(&mut self.0).poll(cx)) {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Error::configuration("the runtime stopped before the call was done")),
            },
        })
    }
}

#[cfg(feature = "blocking")]
impl Drop for Spawned {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<T> fmt::Debug for CallFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallFuture")
    }
}

impl<T> fmt::Debug for ResponseFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}

/// A successful response, not decoded yet.
struct RawResponse {
    endpoint: Endpoint,
    path: String,
    parts: Parts,
    body: Bytes,
}

async fn send(avala: Avala, request: Result<Request, Invalid>) -> Result<RawResponse, Error> {
    let request = request?;
    let started = Instant::now();
    let timeout = request.options.timeout.unwrap_or(avala.timeout());
    let http_request = request.to_http()?;
    let has_scope = request.options.rate_scope.is_some();
    let (endpoint, path) = request.into_parts();
    let response = avala.transport().oneshot(http_request).await;
    let response = response.map_err(|error| Error::transport(Some(&endpoint), error))?;
    let (parts, body) = response.into_parts();
    avala.observe(&parts, has_scope);
    let is_success = is_success(parts.status);
    let read = async {
        if is_success {
            Ok((body.read_to_bytes(avala.max_body_bytes()).await?, false))
        } else {
            body.read_start(limits::READ).await
        }
    };
    // The transport has read the body already, unless a layer or service of the user put another in its place. Then the
    // same cap holds, and the rest of the call's timeout.
    let left = timeout.saturating_sub(started.elapsed());
    let read = within(left, read).await.unwrap_or_else(|| {
        let message = format!("call timed out after {:.1} s while the body was read", timeout.as_secs_f64());
        let error = TransportError::new(TransportErrorKind::Timeout, message);
        Err(error.with_timeout_phase(TimeoutPhase::Total).with_status(parts.status).with_sent(Sent::Yes))
    });
    let (body, was_cut) = read.map_err(|error| Error::transport(Some(&endpoint), error))?;
    if is_success {
        return Ok(RawResponse { endpoint, path, parts, body });
    }
    let was_cut = was_cut || parts.extensions.get::<CutBody>().is_some();
    Err(Error::response(&endpoint, &parts, &body, was_cut))
}

/// 203 is what a proxy that changes bodies makes of 200. 206 and 226 hold a part of a resource, and not the resource.
fn is_success(status: StatusCode) -> bool {
    matches!(status.as_u16(), 200..=204)
}

/// Waits for `future`, but not longer than `time`. No timer is made for a future that is ready at once, so that a fake
/// needs no runtime.
async fn within<F: Future>(time: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    if let Poll::Ready(output) = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await {
        return Some(output);
    }
    tokio::time::timeout(time, future).await.ok()
}
