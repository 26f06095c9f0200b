//! Shows user layers the final URL and headers of their request.

use std::task::{Context, Poll};

use http::header::{ACCEPT_ENCODING, HOST, HeaderMap, HeaderValue, USER_AGENT};
use http::{Request, Uri};
use tower::{Layer, Service};

use crate::body::Body;
use crate::layer::decompress;
use crate::layer::resolve::ResolveLayer;

/// Absolute URL that a request is sent to; an extension of every request that a [per-attempt
/// layer](crate::TransportBuilder::layer_per_attempt) receives.
///
/// Useful for layers that sign requests. It describes the request as it enters the outermost per-attempt layer.
/// Changing the extension has no effect, and changing the URI to another origin is rejected.
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
    /// Returns the URL: scheme, host, port unless it is the default, path and query.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.0
    }
}

/// Headers that a request is sent with; an extension of every request that a [per-attempt
/// layer](crate::TransportBuilder::layer_per_attempt) receives.
///
/// They include the headers of the request, the API key, and headers that are added below: `host`, `user-agent` and, if
/// a compressed response is requested, `accept-encoding`. Headers that frame the body on the connection
/// (`content-length`, `transfer-encoding`, `connection`) are not included. With HTTP/2, `host` is sent as `:authority`.
///
/// They describe the request as it enters the outermost per-attempt layer. Headers that a per-attempt layer adds are
/// not included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinalHeaders(HeaderMap);

impl FinalHeaders {
    /// Returns all headers. The value of the API key is marked as sensitive.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.0
    }
}

/// Adds [`ResolvedUrl`] and [`FinalHeaders`] to requests. Used only in stacks with per-attempt layers.
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
        // A URI that cannot be resolved is rejected by the resolve layer below.
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

/// Returns the `host` header of a URL, without the default port of its scheme.
fn host(uri: &Uri) -> Option<HeaderValue> {
    let default = if uri.scheme_str() == Some("http") { 80 } else { 443 };
    let host = uri.host()?;
    match uri.port_u16() {
        Some(port) if port != default => HeaderValue::try_from(format!("{host}:{port}")).ok(),
        _ => HeaderValue::from_str(host).ok(),
    }
}
