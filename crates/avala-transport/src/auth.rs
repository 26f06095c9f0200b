//! The API key on every request.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::HeaderName;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::{ApiKey, ApiKeyProvider, Body, BoxError, CallOptions, ProvidedKey, TransportError};

const API_KEY_HEADER: HeaderName = HeaderName::from_static("x-avala-api-key");

/// Puts the API key on every request, as the header `x-avala-api-key` marked as sensitive.
///
/// A header of that name that the caller set is replaced. A call whose [`CallOptions`] say `anonymous` goes without it.
///
/// ```
/// use avala_transport::{AdaptLayer, ApiKey, AuthLayer, Body};
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let service = ServiceBuilder::new()
///     .layer(AuthLayer::new(ApiKey::new("avk_example")?))
///     .layer(AdaptLayer::new())
///     .service(service_fn(|request: Request<Body>| async move {
///         assert!(request.headers().contains_key("x-avala-api-key"));
///         Ok::<_, std::io::Error>(Response::new(Body::empty()))
///     }));
/// service.oneshot(Request::new(Body::empty())).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AuthLayer {
    provider: Arc<dyn ApiKeyProvider>,
}

impl AuthLayer {
    /// A layer that asks `provider` for the key of each request; an [`ApiKey`] is one.
    #[must_use]
    pub fn new(provider: impl ApiKeyProvider) -> Self {
        Self { provider: Arc::new(provider) }
    }
}

/// Shows nothing of the key or its provider.
impl fmt::Debug for AuthLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthLayer(redacted)")
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Auth<S>;

    fn layer(&self, inner: S) -> Auth<S> {
        Auth { inner, layer: self.clone() }
    }
}

/// The service of [`AuthLayer`].
#[derive(Debug, Clone)]
pub struct Auth<S> {
    inner: S,
    layer: AuthLayer,
}

impl<S> Service<Request<Body>> for Auth<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = AuthFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if request.extensions().get::<CallOptions>().is_some_and(|options| options.anonymous) {
            request.headers_mut().remove(API_KEY_HEADER);
            return AuthFuture { state: State::Sent { future: self.inner.call(request) } };
        }
        let state = match self.layer.provider.api_key() {
            ProvidedKey::Now(Ok(key)) => State::Sent { future: self.inner.call(with_key(request, &key)) },
            ProvidedKey::Now(Err(error)) => State::Refused { error: Some(no_key(error)) },
            ProvidedKey::Later(key) => {
                // The service that was polled ready is the one that has to be called.
                let spare = self.inner.clone();
                let mut ready = std::mem::replace(&mut self.inner, spare);
                let future = Box::pin(async move {
                    let key = key.await.map_err(no_key)?;
                    ready.call(with_key(request, &key)).await
                });
                State::Later { future }
            }
        };
        AuthFuture { state }
    }
}

fn with_key(mut request: Request<Body>, key: &ApiKey) -> Request<Body> {
    request.headers_mut().insert(API_KEY_HEADER, key.header_value());
    request
}

fn no_key(error: BoxError) -> TransportError {
    TransportError::configuration(format!("there is no API key for the request: {error}")).with_source(error)
}

pin_project! {
    /// The future of [`Auth`].
    pub struct AuthFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<F> {
        Sent { #[pin] future: F },
        Later { future: BoxFuture },
        Refused { error: Option<TransportError> },
    }
}

type BoxFuture = Pin<Box<dyn Future<Output = Result<Response<Body>, TransportError>> + Send>>;

impl<F> Future for AuthFuture<F>
where
    F: Future<Output = Result<Response<Body>, TransportError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project().state.project() {
            Projected::Sent { future } => future.poll(cx),
            Projected::Later { future } => future.as_mut().poll(cx),
            Projected::Refused { error } => error.take().map_or(Poll::Pending, |error| Poll::Ready(Err(error))),
        }
    }
}
