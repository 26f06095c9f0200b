//! Shows layers of the user the URL and the headers that their request gets below them.

use std::task::{Context, Poll};

use http::header::{ACCEPT_ENCODING, HOST, HeaderMap, HeaderValue, USER_AGENT};
use http::{Request, Uri};
use tower::{Layer, Service};

use crate::body::Body;
use crate::layer::decompress;
use crate::layer::resolve::ResolveLayer;

/// The absolute URL that the request is sent to; an extension of every request that a
/// [layer per attempt](crate::TransportBuilder::layer_per_attempt) receives.
///
/// For layers that sign requests. It is of the request as it enters the outermost of these layers, and read-only: a
/// changed extension changes nothing, and a changed URI of another origin is refused.
///
/// ```
/// use avala_transport::{Body, FinalHeaders, ResolvedUrl, TransportBuilder};
/// use http::{HeaderValue, Request};
/// use tower::util::MapRequestLayer;
///
/// let sign = MapRequestLayer::new(|mut request: Request<Body>| {
///     let url = request.extensions().get::<ResolvedUrl>().map(|url| url.uri().to_string());
///     let agent = request.extensions().get::<FinalHeaders>().and_then(|all| all.headers().get("user-agent").cloned());
///     let signature = format!("{}+{agent:?}", url.unwrap_or_default()).len().to_string(); // or an HMAC
///     if let Ok(signature) = HeaderValue::try_from(signature) {
///         request.headers_mut().insert("x-signature", signature);
///     }
///     request
/// });
/// let builder = TransportBuilder::new().layer_per_attempt(sign);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedUrl(Uri);

impl ResolvedUrl {
    /// Returns the URL: scheme, host, port if it is not the default, path and query.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.0
    }
}

/// The headers that the request is sent with; an extension of every request that a
/// [layer per attempt](crate::TransportBuilder::layer_per_attempt) receives.
///
/// They are those of the request, the API key included, and those that are added below: `host`, `user-agent` and, if a
/// compressed response is asked for, `accept-encoding`. What frames the body on the connection (`content-length`,
/// `transfer-encoding`, `connection`) is not among them. With HTTP/2, `host` is sent as `:authority`.
///
/// It is of the request as it enters the outermost of these layers; headers that a layer adds are not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinalHeaders(HeaderMap);

impl FinalHeaders {
    /// Returns all of the headers. The value of the API key is marked as sensitive.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.0
    }
}

/// Adds [`ResolvedUrl`] and [`FinalHeaders`] to requests. Only in stacks that have layers per attempt.
#[derive(Debug, Clone)]
pub(crate) struct OutgoingLayer {
    address: ResolveLayer,
}

impl OutgoingLayer {
    pub(crate) fn new(address: ResolveLayer) -> Self {
        Self { address }
    }
}

impl<S> Layer<S> for OutgoingLayer {
    type Service = Outgoing<S>;

    fn layer(&self, inner: S) -> Outgoing<S> {
        Outgoing { inner, address: self.address.clone() }
    }
}

/// The service of [`OutgoingLayer`].
#[derive(Debug, Clone)]
pub(crate) struct Outgoing<S> {
    inner: S,
    address: ResolveLayer,
}

impl<S: Service<Request<Body>>> Service<Request<Body>> for Outgoing<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // A URI that cannot be resolved is refused below, where it is an error.
        if let Ok(uri) = self.address.resolve(request.uri()) {
            let mut headers = request.headers().clone();
            headers.remove(HOST);
            if let Some(host) = host(&uri) {
                headers.insert(HOST, host);
            }
            headers.entry(USER_AGENT).or_insert_with(|| self.address.user_agent_value().clone());
            if let Some(encoding) = decompress::added_encoding(&request) {
                headers.insert(ACCEPT_ENCODING, encoding);
            }
            request.extensions_mut().insert(FinalHeaders(headers));
            request.extensions_mut().insert(ResolvedUrl(uri));
        }
        self.inner.call(request)
    }
}

/// The `host` header for a URL: without the default port of its scheme.
fn host(uri: &Uri) -> Option<HeaderValue> {
    let default = if uri.scheme_str() == Some("http") { 80 } else { 443 };
    let host = uri.host()?;
    match uri.port_u16() {
        Some(port) if port != default => HeaderValue::try_from(format!("{host}:{port}")).ok(),
        _ => HeaderValue::from_str(host).ok(),
    }
}
