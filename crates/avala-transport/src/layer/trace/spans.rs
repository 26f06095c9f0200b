//! Spans (feature `tracing`).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use tracing::field::Empty;
use tracing::{Span, info_span};

use crate::base_url::BaseUrl;
use crate::body::Body;
use crate::context::CallState;
use crate::context::options::CallOptions;
use crate::context::report::CallReport;
use crate::error::{TransportError, TransportErrorKind};

/// Creates a span for each call or each attempt.
///
/// Names and values follow the [HTTP conventions of OpenTelemetry][otel]. Spans contain no IDs, queries, headers or
/// bodies: the path is the route with its placeholders, from [`CallOptions::route`].
///
/// | Field | Call | Attempt | |
/// |---|---|---|---|
/// | `otel.kind` | `internal` | `client` | an attempt is one request over the network |
/// | `otel.name` | yes | yes | such as `GET /datasets/{uid}/` |
/// | `http.request.method` | yes | yes | |
/// | `url.template` | yes | yes | the route; empty without [`CallOptions`] |
/// | `server.address`, `server.port` | yes | yes | of the [base URL](Self::server) |
/// | `avala.operation` | yes | no | such as `datasets.get` |
/// | `http.request.resend_count` | no | from the second on | 1 for the second attempt |
/// | `http.response.status_code` | yes | yes | if there was a response |
/// | `error.type` | yes | yes | the status from 400 on, or the [kind](TransportErrorKind) of the error |
/// | `attempts` | yes | no | number of attempts |
///
/// The spans are named `avala.call` and `avala.attempt`, at the level `INFO`.
///
/// [otel]: https://opentelemetry.io/docs/specs/semconv/http/http-spans/
///
/// ```
/// use avala_transport::{BaseUrl, Body};
/// use avala_transport::layer::{AdaptLayer, TraceLayer};
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let service = ServiceBuilder::new()
///     .layer(TraceLayer::attempt().server(&BaseUrl::default()))
///     .layer(AdaptLayer::new())
///     .service(service_fn(|_: Request<Body>| async { Ok::<_, std::io::Error>(Response::new(Body::empty())) }));
/// service.oneshot(Request::new(Body::empty())).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TraceLayer {
    scope: Scope,
    server: Option<Arc<BaseUrl>>,
}

#[derive(Debug, Clone, Copy)]
enum Scope {
    Call,
    Attempt,
}

impl TraceLayer {
    /// Creates a layer for the span of a call, to be placed outermost in the stack.
    #[must_use]
    pub fn call() -> Self {
        Self { scope: Scope::Call, server: None }
    }

    /// Creates a layer for the span of an attempt, to be placed inside the retry layer.
    #[must_use]
    pub fn attempt() -> Self {
        Self { scope: Scope::Attempt, server: None }
    }

    /// Sets the server that spans name: at this position in the stack, request URIs are still relative.
    #[must_use]
    pub fn server(mut self, base_url: &BaseUrl) -> Self {
        self.server = Some(Arc::new(base_url.clone()));
        self
    }

    fn span(&self, request: &Request<Body>) -> Span {
        let options = request.extensions().get::<CallOptions>();
        let method = request.method().as_str();
        let route = options.and_then(|options| options.route).unwrap_or_default();
        let name = format_args!("{method}{}{route}", if route.is_empty() { "" } else { " " });
        let address = self.server.as_deref().map(BaseUrl::host);
        let port = self.server.as_deref().map(BaseUrl::port_or_default);
        match self.scope {
            Scope::Call => info_span!(
                "avala.call",
                otel.kind = "internal",
                otel.name = %name,
                http.request.method = method,
                url.template = route,
                server.address = address,
                server.port = port,
                avala.operation = options.and_then(|options| options.operation).unwrap_or_default(),
                http.response.status_code = Empty,
                "error.type" = Empty,
                attempts = Empty,
            ),
            Scope::Attempt => info_span!(
                "avala.attempt",
                otel.kind = "client",
                otel.name = %name,
                http.request.method = method,
                url.template = route,
                server.address = address,
                server.port = port,
                http.request.resend_count = resend_count(request),
                http.response.status_code = Empty,
                "error.type" = Empty,
            ),
        }
    }
}

/// Returns the number of this retry; `None` for a first attempt, as the conventions require.
fn resend_count(request: &Request<Body>) -> Option<u32> {
    let attempts = request.extensions().get::<CallState>().map(CallState::attempts);
    attempts.and_then(|attempts| attempts.checked_sub(1)).filter(|resent| *resent > 0)
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Trace<S> {
        Trace { inner, layer: self.clone() }
    }
}

/// The service of [`TraceLayer`].
#[derive(Debug, Clone)]
pub struct Trace<S> {
    inner: S,
    layer: TraceLayer,
}

impl<S> Service<Request<Body>> for Trace<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError>,
{
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = TraceFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let span = self.layer.span(&request);
        let future = span.in_scope(|| self.inner.call(request));
        TraceFuture { future, span }
    }
}

pin_project! {
    /// The future of [`Trace`].
    #[derive(Debug)]
    pub struct TraceFuture<F> {
        #[pin]
        future: F,
        span: Span,
    }
}

impl<F> Future for TraceFuture<F>
where
    F: Future<Output = Result<Response<Body>, TransportError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.span.enter();
        let result = ready!(this.future.poll(cx));
        record(this.span, &result);
        Poll::Ready(result)
    }
}

/// Fields that the span does not declare are ignored by `record`, so both kinds of span share this function.
fn record(span: &Span, result: &Result<Response<Body>, TransportError>) {
    match result {
        Ok(response) => {
            let status = response.status();
            span.record("http.response.status_code", status.as_u16());
            if status.is_client_error() || status.is_server_error() {
                span.record("error.type", status.as_str());
            }
            if let Some(report) = response.extensions().get::<CallReport>() {
                span.record("attempts", report.attempts());
            }
        }
        Err(error) => {
            span.record("error.type", name(error.kind()));
            span.record("attempts", error.attempts());
            if let Some(status) = error.status() {
                span.record("http.response.status_code", status.as_u16());
            }
        }
    }
}

fn name(kind: TransportErrorKind) -> &'static str {
    match kind {
        TransportErrorKind::Configuration => "configuration",
        TransportErrorKind::Request => "request",
        TransportErrorKind::Connect => "connect",
        TransportErrorKind::Tls => "tls",
        TransportErrorKind::Timeout => "timeout",
        TransportErrorKind::ConnectionLost => "connection",
        TransportErrorKind::RateLimited => "rate_limited",
        TransportErrorKind::Redirect => "redirect",
        TransportErrorKind::BodyTooLarge => "body_too_large",
        TransportErrorKind::MemoryBudget => "memory_budget",
        TransportErrorKind::Layer => "layer",
    }
}
