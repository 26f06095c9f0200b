//! Each layer alone over a service that responds immediately; its cost is the difference to "no layer".

use std::future::{Ready, ready};
use std::hint::black_box;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use avala_transport::layer::{
    AttemptTimeoutLayer, AuthLayer, CallTimeoutLayer, CollectLayer, ConcurrencyLimitLayer, IdleTimeoutLayer,
    RateLimitLayer, RejectRedirectsLayer, ResolveLayer, RetryLayer,
};
use avala_transport::{
    ApiKey, BaseUrl, Body, CallOptions, RateLimit, RateLimiter, RetryPolicy, TransportBuilder, TransportError,
};
use criterion::{Criterion, criterion_group, criterion_main};
use http::{Request, Response};
use tower::{Layer, Service, ServiceExt as _};

const MINUTE: Duration = Duration::from_secs(60);

/// Responds immediately.
#[derive(Clone)]
struct ApiResult;

impl Service<Request<Body>> for Response {
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = Ready<Result<Response<Body>, TransportError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        ready(Ok(Response::new(Body::from("{}"))))
    }
}

fn request() -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = http::Uri::from_static("/datasets/d1/");
    let mut options = CallOptions::default();
    options.operation = Some("datasets.get");
    options.route = Some("/datasets/{uid}/");
    request.extensions_mut().insert(options);
    request
}

/// Calls a new clone each time, as the client does, inside one runtime.
fn measure<S>(criterion: &mut Criterion, name: &str, service: &S)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError> + Clone,
{
    criterion.bench_function(name, |b| {
        b.iter_custom(|times| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
            // Without a runtime nothing can be measured; zero is a visible error.
            runtime.map_or(Duration::ZERO, |runtime| {
                runtime.block_on(async {
                    let start = Instant::now();
                    for _ in 0..times {
                        drop(black_box(service.clone().oneshot(request()).await));
                    }
                    start.elapsed()
                })
            })
        });
    });
}

fn layers(criterion: &mut Criterion) {
    let limiter = RateLimiter::new(RateLimit::per_minute(u32::MAX).burst(u32::MAX));
    measure(criterion, "no layer", &Response);
    measure(criterion, "deadline", &CallTimeoutLayer::new(MINUTE).layer(Response));
    measure(criterion, "retry", &RetryLayer::new(RetryPolicy::default()).layer(Response));
    measure(criterion, "concurrency", &ConcurrencyLimitLayer::default().layer(Response));
    measure(criterion, "rate limit", &RateLimitLayer::new(limiter.clone()).layer(Response));
    if let Ok(key) = ApiKey::new("avk_bench") {
        measure(criterion, "auth", &AuthLayer::new(key).layer(Response));
    }
    measure(criterion, "attempt timeout", &AttemptTimeoutLayer::new(MINUTE).layer(Response));
    measure(criterion, "idle timeout", &IdleTimeoutLayer::new(MINUTE).layer(Response));
    measure(criterion, "collect", &CollectLayer::new(1 << 20).layer(Response));
    measure(criterion, "address", &ResolveLayer::new(BaseUrl::default()).layer(Response));
    measure(criterion, "redirect", &RejectRedirectsLayer::new().layer(Response));
    if let Ok(transport) = TransportBuilder::new().rate_limiter(limiter).service(Response).build() {
        measure(criterion, "all layers", &transport);
    }
}

criterion_group!(benches, layers);
criterion_main!(benches);
