//! Shared helpers of the tests.

use avala_transport::layer::{CallTimeoutLayer, RateLimitLayer, RetryLayer};
use avala_transport::{
    BaseUrl, Body, CallOptions, CallReport, RateLimit, RateLimiter, RetryPolicy, Transport, TransportBuilder,
    TransportError,
};
use http::{Method, Request, Response};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceBuilder, ServiceExt};

pub(crate) fn request(method: Method, path: &str) -> Request<Body> {
    Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
}

pub(crate) fn get(path: &str) -> Request<Body> {
    request(Method::GET, path)
}

pub(crate) fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    request(Method::POST, path).map(|_| body.into())
}

/// Returns the request with call options that `change` has set.
pub(crate) fn with_options(mut request: Request<Body>, change: impl FnOnce(&mut CallOptions)) -> Request<Body> {
    let mut options = CallOptions::default();
    change(&mut options);
    request.extensions_mut().insert(options);
    request
}

/// Sends a request. A call that never ends fails the test.
pub(crate) async fn send<S>(service: &S, request: Request<Body>) -> Result<Response<Body>, TransportError>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError> + Clone,
{
    bounded(service.clone().oneshot(request)).await
}

/// The longest that a test waits by tokio's clock, paused or not, and by the clock of the machine.
const LONGEST_WAIT: Duration = secs(10 * 365 * 24 * 3_600);
const LONGEST_REAL_WAIT: Duration = secs(180);

/// Awaits `future`, and panics if it hangs: a test that breaks must fail instead of waiting forever.
///
/// It wakes up after 30 s, 90 s, 210 s and so on. A paused clock gets there at once if nothing else happens, and a running
/// one in a real time that no test needs.
pub(crate) async fn bounded<F: Future>(future: F) -> F::Output {
    let (started, really_started) = (Instant::now(), std::time::Instant::now());
    let hang = async {
        let mut pause = secs(30);
        while started.elapsed() < LONGEST_WAIT && really_started.elapsed() < LONGEST_REAL_WAIT {
            sleep(pause).await;
            pause *= 2;
        }
    };
    tokio::select! {
        biased;
        output = future => output,
        () = hang => panic!("it hangs: nothing happened for {:?}", started.elapsed()),
    }
}

pub(crate) fn report(response: &Response<Body>) -> &CallReport {
    response.extensions().get::<CallReport>().expect("every response has a report")
}

pub(crate) fn text(response: &Response<Body>) -> &str {
    response.body().as_bytes().map_or("", |bytes| std::str::from_utf8(bytes).unwrap())
}

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Returns a deadline and retries over a service, without the rest of the stack.
pub(crate) fn retrying<S>(policy: RetryPolicy, service: S) -> Transport
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let stack =
        ServiceBuilder::new().layer(CallTimeoutLayer::new(secs(300))).layer(RetryLayer::new(policy)).service(service);
    BoxCloneSyncService::new(stack)
}

/// Returns a deadline and a rate limiter over a service, without the rest of the stack.
pub(crate) fn limited<S>(limiter: &RateLimiter, service: S) -> Transport
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let stack = ServiceBuilder::new()
        .layer(CallTimeoutLayer::new(Duration::MAX))
        .layer(RateLimitLayer::new(limiter.clone()))
        .service(service);
    BoxCloneSyncService::new(stack)
}

/// Returns a builder without a rate limit.
pub(crate) fn builder() -> TransportBuilder {
    TransportBuilder::new().rate_limiter(RateLimiter::new(RateLimit::per_minute(1_000_000).burst(1_000_000)))
}

/// Returns the text, compressed.
pub(crate) fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Returns a transport for a plain server at this address, with short backoffs.
pub(crate) fn quick(address: SocketAddr) -> TransportBuilder {
    let url = BaseUrl::parse_insecure_loopback(&format!("http://{address}")).unwrap();
    builder().base_url(url).retry(RetryPolicy::default().base_delay(millis(1)))
}
