//! Spans for calls and attempts.

#[cfg(feature = "tracing")]
pub use self::spans::{Trace, TraceFuture, TraceLayer};

/// The layer around a whole call: nothing at all without the feature `tracing`.
#[cfg(not(feature = "tracing"))]
pub(crate) fn call() -> tower::layer::util::Identity {
    tower::layer::util::Identity::new()
}

/// The layer around one attempt: nothing at all without the feature `tracing`.
#[cfg(not(feature = "tracing"))]
pub(crate) fn attempt() -> tower::layer::util::Identity {
    tower::layer::util::Identity::new()
}

#[cfg(feature = "tracing")]
pub(crate) fn call() -> TraceLayer {
    TraceLayer::call()
}

#[cfg(feature = "tracing")]
pub(crate) fn attempt() -> TraceLayer {
    TraceLayer::attempt()
}

#[cfg(feature = "tracing")]
mod spans {
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    use http::{Request, Response};
    use pin_project_lite::pin_project;
    use tower::{Layer, Service};
    use tracing::field::Empty;
    use tracing::{Span, info_span};

    use crate::call::CallState;
    use crate::{Body, CallOptions, CallReport, TransportError, TransportErrorKind};

    /// Makes a span for each call, or for each attempt.
    ///
    /// Names follow OpenTelemetry. No span holds an id, a query, a header or a body: the path is the route with its
    /// placeholders, from [`CallOptions::route`].
    ///
    /// - `avala.call`: `http.request.method`, `url.template`, `avala.operation`, `http.response.status_code`,
    ///   `attempts`, `error.type`.
    /// - `avala.attempt`: `attempt` (counted from 1), `http.response.status_code`, `error.type`.
    #[derive(Debug, Clone)]
    pub struct TraceLayer {
        scope: Scope,
    }

    #[derive(Debug, Clone, Copy)]
    enum Scope {
        Call,
        Attempt,
    }

    impl TraceLayer {
        /// A span for each call; it belongs at the outside of the stack.
        #[must_use]
        pub fn call() -> Self {
            Self { scope: Scope::Call }
        }

        /// A span for each attempt; it belongs inside the retry layer.
        #[must_use]
        pub fn attempt() -> Self {
            Self { scope: Scope::Attempt }
        }
    }

    impl<S> Layer<S> for TraceLayer {
        type Service = Trace<S>;

        fn layer(&self, inner: S) -> Trace<S> {
            Trace { inner, scope: self.scope }
        }
    }

    /// The service of [`TraceLayer`].
    #[derive(Debug, Clone)]
    pub struct Trace<S> {
        inner: S,
        scope: Scope,
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
            let span = match self.scope {
                Scope::Call => call_span(&request),
                Scope::Attempt => attempt_span(&request),
            };
            let future = span.in_scope(|| self.inner.call(request));
            TraceFuture { future, span }
        }
    }

    fn call_span(request: &Request<Body>) -> Span {
        let options = request.extensions().get::<CallOptions>();
        info_span!(
            "avala.call",
            otel.kind = "client",
            http.request.method = request.method().as_str(),
            url.template = options.map_or("", |options| options.route),
            avala.operation = options.map_or("", |options| options.operation),
            http.response.status_code = Empty,
            attempts = Empty,
            "error.type" = Empty,
        )
    }

    fn attempt_span(request: &Request<Body>) -> Span {
        let attempt = request.extensions().get::<CallState>().map(CallState::attempts);
        info_span!("avala.attempt", attempt, http.response.status_code = Empty, "error.type" = Empty)
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

    /// A field that the span does not have is left out by `record`, so both spans share this.
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
            TransportErrorKind::Connection => "connection",
            TransportErrorKind::RateLimited => "rate_limited",
            TransportErrorKind::Redirect => "redirect",
            TransportErrorKind::BodyTooLarge => "body_too_large",
            TransportErrorKind::Layer => "layer",
        }
    }
}
