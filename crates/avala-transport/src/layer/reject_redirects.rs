//! Rejects redirects.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::{HeaderValue, LOCATION};
use http::uri::Authority;
use http::{Request, Response, StatusCode, Uri};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::body::Body;
use crate::error::{Sent, TransportError, TransportErrorKind};
use crate::redact;

/// Rejects redirects (301, 302, 303, 307 and 308) with an error of the kind
/// [`Redirect`](crate::TransportErrorKind::Redirect). Other responses pass.
///
/// Following a redirect would send the API key, or a password, to another host. The error names the status and the
/// target's host, but not its path and query, because they may contain secrets.
///
/// ```
/// use avala_transport::{Body, TransportErrorKind};
/// use avala_transport::layer::{AdaptLayer, RejectRedirectsLayer};
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// let service = ServiceBuilder::new().layer(RejectRedirectsLayer::new()).layer(AdaptLayer::new()).service(service_fn(
///     |_: Request<Body>| async {
///         Response::builder().status(302).header("location", "https://evil.example/?key=1").body(Body::empty())
///     },
/// ));
/// let error = service.oneshot(Request::new(Body::empty())).await.unwrap_err();
/// assert_eq!((error.kind(), error.redirect_host()), (TransportErrorKind::Redirect, Some("evil.example")));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct RejectRedirectsLayer;

impl RejectRedirectsLayer {
    /// Creates the layer; it has no settings.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for RejectRedirectsLayer {
    type Service = RejectRedirects<S>;

    fn layer(&self, inner: S) -> RejectRedirects<S> {
        RejectRedirects { inner }
    }
}

/// The service of [`RejectRedirectsLayer`].
#[derive(Debug, Clone)]
pub struct RejectRedirects<S> {
    inner: S,
}

impl<S> Service<Request<Body>> for RejectRedirects<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError>,
{
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = RejectRedirectsFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let asked = request.uri().authority().cloned();
        RejectRedirectsFuture { future: self.inner.call(request), asked }
    }
}

pin_project! {
    /// The future of [`RejectRedirects`].
    #[derive(Debug)]
    pub struct RejectRedirectsFuture<F> {
        #[pin]
        future: F,
        asked: Option<Authority>,
    }
}

impl<F> Future for RejectRedirectsFuture<F>
where
    F: Future<Output = Result<Response<Body>, TransportError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let response = ready!(this.future.poll(cx))?;
        let status = response.status();
        if !is_redirect(status) {
            return Poll::Ready(Ok(response));
        }
        let target = response.headers().get(LOCATION).and_then(|location| Target::of(location, this.asked.as_ref()));
        Poll::Ready(Err(rejected(status, target)))
    }
}

fn rejected(status: StatusCode, target: Option<Target>) -> TransportError {
    let place = target.as_ref().map_or("an unnamed host".to_owned(), ToString::to_string);
    let message = format!(
        "the server responded {} and redirects to {place}; redirects are not followed, because they would send the API \
         key to another URL: check the base URL",
        status.as_u16()
    );
    let error = TransportError::new(TransportErrorKind::Redirect, message).with_sent(Sent::Yes).with_status(status);
    match target {
        Some(target) => error.with_redirect_host(target.host),
        None => error,
    }
}

/// Returns whether this status requests the same call at another URL.
fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Target of a redirect, without user information, path and query, which may contain secrets.
#[derive(Debug, PartialEq)]
struct Target {
    host: String,
    port: Option<u16>,
}

impl Target {
    /// Reads the target from a `Location` header. A relative location stays on the host of the request.
    fn of(location: &HeaderValue, asked: Option<&Authority>) -> Option<Self> {
        let location = location.to_str().ok()?;
        let target = match location.strip_prefix("//") {
            Some(rest) => Uri::try_from(format!("https://{rest}")).ok()?,
            None => Uri::try_from(location).ok()?,
        };
        let authority = if target.scheme().is_some() { target.authority() } else { asked };
        authority.map(|authority| Self {
            host: redact::one_line(&redact::text(authority.host())),
            port: authority.port_u16(),
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}
