//! Adds credentials to requests: an API key or an access token.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::BoxError;
use tower::{Layer, Service};

use crate::body::Body;
use crate::context::options::CallOptions;
use crate::credentials::access_token::AccessTokenProvider;
use crate::credentials::api_key_provider::{ApiKeyProvider, Provided};
use crate::error::TransportError;

const API_KEY_HEADER: HeaderName = HeaderName::from_static("x-avala-api-key");

/// Adds credentials to every request: an API key as `x-avala-api-key`, or an access token as `authorization: Bearer`,
/// marked as sensitive.
///
/// Headers of these names that the caller set are replaced; with an access token, `x-avala-api-key` is removed. Calls
/// whose [`CallOptions`] are `anonymous` are sent without both headers.
///
/// ```
/// use avala_transport::{ApiKey, Body};
/// use avala_transport::layer::{AdaptLayer, AuthLayer};
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
    provider: Provider,
}

#[derive(Clone)]
enum Provider {
    Key(Arc<dyn ApiKeyProvider>),
    Token(Arc<dyn AccessTokenProvider>),
}

/// Header that carries the credentials.
#[derive(Clone, Copy)]
enum Header {
    ApiKey,
    Authorization,
}

impl AuthLayer {
    /// Creates a layer that gets the API key of each request from `provider`, such as an [`ApiKey`](crate::ApiKey).
    #[must_use]
    pub fn new(provider: impl ApiKeyProvider) -> Self {
        Self { provider: Provider::Key(Arc::new(provider)) }
    }

    /// Creates a layer that gets the access token of each request from `provider`, such as an
    /// [`AccessToken`](crate::AccessToken).
    #[must_use]
    pub fn bearer(provider: impl AccessTokenProvider) -> Self {
        Self { provider: Provider::Token(Arc::new(provider)) }
    }
}

/// Shows nothing of the credentials.
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
            request.headers_mut().remove(AUTHORIZATION);
            return AuthFuture { state: State::Sent { future: self.inner.call(request) } };
        }
        let state = match &self.layer.provider {
            Provider::Key(provider) => match provider.api_key() {
                Provided::Now(Ok(key)) => self.send(request, Header::ApiKey, key.header_value()),
                Provided::Now(Err(error)) => State::Refused { error: Some(no_key(error)) },
                Provided::Later(key) => {
                    let value = async move { key.await.map(|key| key.header_value()).map_err(no_key) };
                    self.send_later(request, Header::ApiKey, value)
                }
            },
            Provider::Token(provider) => match provider.access_token() {
                Provided::Now(Ok(token)) => self.send(request, Header::Authorization, token.header_value()),
                Provided::Now(Err(error)) => State::Refused { error: Some(no_token(error)) },
                Provided::Later(token) => {
                    let value = async move { token.await.map(|token| token.header_value()).map_err(no_token) };
                    self.send_later(request, Header::Authorization, value)
                }
            },
        };
        AuthFuture { state }
    }
}

impl<S> Auth<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError> + Clone + Send + 'static,
    S::Future: Send,
{
    fn send(&mut self, request: Request<Body>, header: Header, value: HeaderValue) -> State<S::Future> {
        State::Sent { future: self.inner.call(with_credentials(request, header, value)) }
    }

    fn send_later(
        &mut self,
        request: Request<Body>,
        header: Header,
        value: impl Future<Output = Result<HeaderValue, TransportError>> + Send + 'static,
    ) -> State<S::Future> {
        // The service that was polled ready must be called, and not its clone.
        let spare = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, spare);
        let future = Box::pin(async move {
            let value = value.await?;
            ready.call(with_credentials(request, header, value)).await
        });
        State::Later { future }
    }
}

fn with_credentials(mut request: Request<Body>, header: Header, value: HeaderValue) -> Request<Body> {
    let headers = request.headers_mut();
    match header {
        Header::ApiKey => headers.insert(API_KEY_HEADER, value),
        Header::Authorization => {
            // The server accepts one of the two; which one takes precedence is not documented.
            headers.remove(API_KEY_HEADER);
            headers.insert(AUTHORIZATION, value)
        }
    };
    request
}

fn no_token(error: BoxError) -> TransportError {
    TransportError::configuration(format!("no access token for the request: {error}")).with_source(error)
}

fn no_key(error: BoxError) -> TransportError {
    TransportError::configuration(format!("no API key for the request: {error}")).with_source(error)
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
