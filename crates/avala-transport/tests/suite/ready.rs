//! No layer calls a service that it did not poll ready.

use avala_transport::layer::{
    AdaptLayer, AttemptTimeoutLayer, AuthLayer, CallTimeoutLayer, CollectLayer, ConcurrencyLimitLayer, DecompressLayer,
    IdleTimeoutLayer, RateLimitLayer, RejectRedirectsLayer, ResolveLayer, RetryLayer, TraceLayer,
};
use avala_transport::testing::{ReadyProbe, ReadyProbeLayer, ScriptedService, Step};
use avala_transport::{ApiKey, BaseUrl, BoxError, ConcurrencyLimits, ProvidedKey, RateLimit, RateLimiter, RetryPolicy};
use tower::{Layer, Service};

use crate::support::{get, secs, send};

async fn check<L>(layer: L)
where
    L: Layer<ReadyProbe<ScriptedService>>,
    L::Service: Service<
            http::Request<avala_transport::Body>,
            Response = http::Response<avala_transport::Body>,
            Error = avala_transport::TransportError,
        > + Clone,
{
    let busy_once = ScriptedService::always(Step::respond(200)).then(Step::respond(503));
    let service = layer.layer(ReadyProbeLayer::new().layer(busy_once));
    for _ in 0..2 {
        send(&service, get("/x/")).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn every_layer_polls_its_inner_service_ready() {
    check(AdaptLayer::new()).await;
    check(ResolveLayer::new(BaseUrl::default())).await;
    check(AttemptTimeoutLayer::new(secs(5))).await;
    check(AuthLayer::new(ApiKey::new("avk_1").unwrap())).await;
    check(AuthLayer::new(|| {
        ProvidedKey::later(async {
            tokio::time::sleep(secs(1)).await;
            Ok::<_, BoxError>(ApiKey::new("avk_1")?)
        })
    }))
    .await;
    check(CollectLayer::new(100)).await;
    check(ConcurrencyLimitLayer::new(ConcurrencyLimits::default().default_group(1))).await;
    check(CallTimeoutLayer::new(secs(5))).await;
    check(DecompressLayer::new(100)).await;
    check(IdleTimeoutLayer::new(secs(5))).await;
    check(RateLimitLayer::new(RateLimiter::new(RateLimit::per_minute(60).burst(1)))).await;
    check(RejectRedirectsLayer::new()).await;
    check(RetryLayer::new(RetryPolicy::default())).await;
    check(TraceLayer::call()).await;
    check(TraceLayer::attempt()).await;
}

#[test]
#[should_panic(expected = "a layer called a service that was not ready")]
fn readiness_of_a_clone_is_its_own() {
    let mut probe = ReadyProbeLayer::new().layer(ScriptedService::always(Step::respond(200)));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(Service::<http::Request<avala_transport::Body>>::poll_ready(&mut probe, &mut cx).is_pending());
    assert!(Service::<http::Request<avala_transport::Body>>::poll_ready(&mut probe, &mut cx).is_ready());
    drop(probe.clone().call(get("/x/")));
}
