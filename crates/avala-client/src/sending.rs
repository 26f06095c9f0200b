//! Sends calls and reads their responses.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use avala_transport::{Body, CutBody, TimeoutPhase, TransportError, TransportErrorKind};
use bytes::Bytes;
use http::StatusCode;
use http::response::Parts;
use tokio::time::Instant;
use tower::Service as _;

use crate::avala::Avala;
use crate::decode::{Decoder, Source};
use crate::endpoint::Endpoint;
use crate::error::{Error, limits};
use crate::own_uid;
use crate::request::Request;

/// A call that is sent when it is first polled.
///
/// Until the body is read it is one boxed future for all types of value, so that a user's crate compiles only
/// this wrapper.
pub(crate) struct Sending<T> {
    /// Whether it was moved to a runtime already.
    #[cfg(feature = "blocking")]
    is_spawned: bool,
    bytes: Pin<Box<dyn Future<Output = Result<RawResponse, Error>> + Send>>,
    decoder: Decoder<T>,
    is_strict: bool,
}

impl<T> Sending<T> {
    pub(crate) fn new(avala: Avala, request: Request, decoder: Decoder<T>) -> Self {
        Self {
            #[cfg(feature = "blocking")]
            is_spawned: false,
            is_strict: avala.is_strict(),
            bytes: Box::pin(send(avala, request)),
            decoder,
        }
    }

    /// Returns whether the call was moved to a runtime, which runs it also while it is not polled.
    pub(crate) fn is_spawned(&self) -> bool {
        #[cfg(feature = "blocking")]
        let is_spawned = self.is_spawned;
        #[cfg(not(feature = "blocking"))]
        let is_spawned = false;
        is_spawned
    }

    /// Moves the call to a runtime, unless it is there already.
    #[cfg(feature = "blocking")]
    pub(crate) fn spawn_on(&mut self, runtime: &tokio::runtime::Handle) {
        if !std::mem::replace(&mut self.is_spawned, true) {
            let bytes = std::mem::replace(&mut self.bytes, Box::pin(std::future::pending()));
            self.bytes = Box::pin(Spawned(runtime.spawn(bytes)));
        }
    }

    /// Polls for the value and the head of the response.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(T, Parts), Error>> {
        let RawResponse { endpoint, path, parts, body } = ready!(self.bytes.as_mut().poll(cx))?;
        let own_uid = own_uid::in_path(endpoint.route, &path);
        let source = Source { body: &body, path: &path, own_uid, is_strict: self.is_strict, parts: &parts };
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

/// A successful response, not decoded yet.
struct RawResponse {
    endpoint: Endpoint,
    path: String,
    parts: Parts,
    body: Bytes,
}

/// The part of a request that is kept while it is sent. Small, because every call has one.
struct Prepared {
    request: http::Request<Body>,
    endpoint: Endpoint,
    path: String,
    timeout: Duration,
    has_scope: bool,
}

fn prepare(avala: &Avala, request: Request) -> Result<Prepared, Error> {
    let http_request = request.to_http()?;
    let timeout = request.options.timeout.unwrap_or(avala.timeout());
    let has_scope = request.options.rate_scope.is_some();
    let (endpoint, path) = request.into_parts();
    Ok(Prepared { request: http_request, endpoint, path, timeout, has_scope })
}

async fn send(avala: Avala, request: Request) -> Result<RawResponse, Error> {
    let started = Instant::now();
    let Prepared { request, endpoint, path, timeout, has_scope } = prepare(&avala, request)?;
    let mut transport = avala.transport();
    let response = match poll_fn(|cx| transport.poll_ready(cx)).await {
        Ok(()) => transport.call(request).await,
        Err(error) => Err(error),
    };
    let response = response.map_err(|error| Error::transport(Some(&endpoint), error))?;
    let (parts, body) = response.into_parts();
    avala.observe(&parts, has_scope);
    let is_success = is_success(parts.status);
    let cap = if is_success { avala.max_body_bytes() } else { limits::READ };
    let read = match body.as_bytes() {
        Some(bytes) if bytes.len() <= cap => Ok((bytes.clone(), false)),
        // The transport has already read the body, unless a layer or service of the user replaced it. Then
        // the same cap holds, and the rest of the call's timeout. Boxed, because it is large and rare.
        _ => {
            let read = async {
                if is_success { Ok((body.read_to_bytes(cap).await?, false)) } else { body.read_start(cap).await }
            };
            let left = timeout.saturating_sub(started.elapsed());
            Box::pin(within(left, read)).await.unwrap_or_else(|| {
                let message = format!("call timed out after {:.1} s while the body was read", timeout.as_secs_f64());
                let error = TransportError::new(TransportErrorKind::Timeout, message);
                Err(error.with_timeout_phase(TimeoutPhase::Total))
            })
        }
    };
    let (body, was_cut) = read.map_err(|error| Error::unread(&endpoint, &parts, error))?;
    if is_success {
        return Ok(RawResponse { endpoint, path, parts, body });
    }
    let was_cut = was_cut || parts.extensions.get::<CutBody>().is_some();
    Err(Error::response(&endpoint, &parts, &body, was_cut))
}

/// Returns whether the body is a value. A proxy that changes bodies turns 200 into 203; the bodies of 206 and 226 are
/// only a part of a resource.
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
