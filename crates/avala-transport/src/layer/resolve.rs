//! Resolves request URIs against the base URL.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{CONTENT_LENGTH, HOST, HeaderValue, TRANSFER_ENCODING, USER_AGENT};
use http::{Method, Request, Response, Uri};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::base_url::BaseUrl;
use crate::body::Body;
use crate::error::{TransportError, TransportErrorKind};

const DEFAULT_USER_AGENT: &str = concat!("avala-rust/", env!("CARGO_PKG_VERSION"));

/// Resolves the URI of each request against the base URL, and rejects other origins.
///
/// The layers above see relative URIs, such as `/datasets/?limit=5`. An absolute URI with another origin than the base
/// URL fails with [`TransportErrorKind::Request`], so that the API key is never sent to another host. The layer also
/// sets `user-agent`, unless the request has one, and removes `host`: a server with several hosts at one address would
/// otherwise route the request, and the key, by that header.
///
/// ```
/// use avala_transport::{BaseUrl, Body};
/// use avala_transport::layer::{AdaptLayer, ResolveLayer};
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let service = ServiceBuilder::new()
///     .layer(ResolveLayer::new(BaseUrl::parse("https://eu.api.avala.ai")?))
///     .layer(AdaptLayer::new())
///     .service(service_fn(|request: Request<Body>| async move {
///         assert_eq!(request.uri(), "https://eu.api.avala.ai/api/v1/datasets/");
///         Ok::<_, std::io::Error>(Response::new(Body::empty()))
///     }));
/// service.oneshot(Request::get("/datasets/").body(Body::empty())?).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ResolveLayer {
    base_url: Arc<BaseUrl>,
    user_agent: HeaderValue,
}

impl ResolveLayer {
    /// Creates a layer that sends requests to `base_url`.
    #[must_use]
    pub fn new(base_url: BaseUrl) -> Self {
        Self { base_url: Arc::new(base_url), user_agent: HeaderValue::from_static(DEFAULT_USER_AGENT) }
    }

    /// Sets the `user-agent`. Default: `avala-rust/` and the version of this crate.
    #[must_use]
    pub fn user_agent(mut self, value: HeaderValue) -> Self {
        self.user_agent = value;
        self
    }

    pub(crate) fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    pub(crate) fn user_agent_value(&self) -> &HeaderValue {
        &self.user_agent
    }

    /// Returns the absolute URI that a request to `uri` is sent to.
    pub(crate) fn resolve(&self, uri: &Uri) -> Result<Uri, TransportError> {
        absolute(&self.base_url, uri)
    }
}

impl<S> Layer<S> for ResolveLayer {
    type Service = Resolve<S>;

    fn layer(&self, inner: S) -> Resolve<S> {
        Resolve { inner, config: self.clone() }
    }
}

/// The service of [`ResolveLayer`].
#[derive(Debug, Clone)]
pub struct Resolve<S> {
    inner: S,
    config: ResolveLayer,
}

impl<S> Service<Request<Body>> for Resolve<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError>,
{
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = ResolveFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        match self.config.resolve(request.uri()) {
            Ok(uri) => *request.uri_mut() = uri,
            Err(error) => return ResolveFuture { sent: None, refused: Some(error) },
        }
        request.headers_mut().remove(HOST);
        say_that_there_is_no_body(&mut request);
        request.headers_mut().entry(USER_AGENT).or_insert_with(|| self.config.user_agent.clone());
        ResolveFuture { sent: Some(self.inner.call(request)), refused: None }
    }
}

pin_project! {
    /// The future of [`Resolve`].
    #[derive(Debug)]
    pub struct ResolveFuture<F> {
        #[pin]
        sent: Option<F>,
        refused: Option<TransportError>,
    }
}

impl<F> Future for ResolveFuture<F>
where
    F: Future<Output = Result<Response<Body>, TransportError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if let Some(error) = this.refused.take() {
            return Poll::Ready(Err(error));
        }
        this.sent.as_pin_mut().map_or(Poll::Pending, |future| future.poll(cx))
    }
}

/// Adds `Content-Length: 0` to a request without a body if its method usually has one: servers may respond 411
/// otherwise. Other methods without a body get no length (RFC 9110, section 8.6).
fn say_that_there_is_no_body(request: &mut Request<Body>) {
    let usually_has_one = matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH);
    if usually_has_one && http_body::Body::is_end_stream(request.body()) {
        let headers = request.headers_mut();
        if !headers.contains_key(TRANSFER_ENCODING) {
            headers.entry(CONTENT_LENGTH).or_insert(HeaderValue::from_static("0"));
        }
    }
}

fn absolute(base_url: &BaseUrl, uri: &Uri) -> Result<Uri, TransportError> {
    if uri.scheme().is_none() && uri.authority().is_none() {
        return base_url.join(uri.path_and_query().map_or("", |path| path.as_str()));
    }
    if base_url.same_origin(uri) {
        return Ok(uri.clone());
    }
    let host = uri.host().unwrap_or("an unnamed host");
    Err(TransportError::new(
        TransportErrorKind::Request,
        format!(
            "a request to {host} was refused: only requests to {base_url} are sent; give a path that starts with a slash"
        ),
    ))
}
