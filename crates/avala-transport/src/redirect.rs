//! Redirects are errors.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::{HeaderValue, LOCATION};
use http::uri::Authority;
use http::{Request, Response, StatusCode, Uri};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::{Body, TransportError};

/// Turns every redirect into an error of the kind [`Redirect`](crate::TransportErrorKind::Redirect).
///
/// Following one would carry the API key, or a password, to wherever it points. The error names the status and the
/// target's host; the path and the query of the target are left out, because they can hold secrets.
///
/// ```
/// use avala_transport::{AdaptLayer, Body, RedirectLayer, TransportErrorKind};
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// let service = ServiceBuilder::new().layer(RedirectLayer::new()).layer(AdaptLayer::new()).service(service_fn(
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
pub struct RedirectLayer;

impl RedirectLayer {
    /// The layer; it has no settings.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for RedirectLayer {
    type Service = Redirect<S>;

    fn layer(&self, inner: S) -> Redirect<S> {
        Redirect { inner }
    }
}

/// The service of [`RedirectLayer`].
#[derive(Debug, Clone)]
pub struct Redirect<S> {
    inner: S,
}

impl<S> Service<Request<Body>> for Redirect<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError>,
{
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = RedirectFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let asked = request.uri().authority().cloned();
        RedirectFuture { future: self.inner.call(request), asked }
    }
}

pin_project! {
    /// The future of [`Redirect`].
    #[derive(Debug)]
    pub struct RedirectFuture<F> {
        #[pin]
        future: F,
        asked: Option<Authority>,
    }
}

impl<F> Future for RedirectFuture<F>
where
    F: Future<Output = Result<Response<Body>, TransportError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let response = ready!(this.future.poll(cx))?;
        let status = response.status();
        if !status.is_redirection() || status == StatusCode::NOT_MODIFIED {
            return Poll::Ready(Ok(response));
        }
        let host = response.headers().get(LOCATION).and_then(|location| target_host(location, this.asked.as_ref()));
        Poll::Ready(Err(TransportError::redirect(status, host.as_deref())))
    }
}

/// The host that `location` points to; a relative one stays on the host that was asked.
fn target_host(location: &HeaderValue, asked: Option<&Authority>) -> Option<String> {
    let location = location.to_str().ok()?;
    let target = match location.strip_prefix("//") {
        Some(rest) => Uri::try_from(format!("https://{rest}")).ok()?,
        None => Uri::try_from(location).ok()?,
    };
    match target.scheme() {
        Some(_) => target.host().map(str::to_owned),
        None => asked.map(|authority| authority.host().to_owned()),
    }
}
