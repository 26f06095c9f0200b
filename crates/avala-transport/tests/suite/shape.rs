//! Properties of the public types.

use avala_transport::layer::{ConcurrencyLimitLayer, RateLimitLayer, RetryLayer};
use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{
    ApiKey, BaseUrl, Body, CallOptions, CallReport, RateLimiter, RetryPolicy, Transport, TransportBuilder,
    TransportError,
};
use tower::{Layer, Service};

use crate::support::get;

fn shared<T: Clone + Send + Sync + 'static>() {}
fn sent<T: Send + 'static>() {}

#[test]
fn transport_can_be_cloned_sent_and_shared() {
    shared::<Transport>();
    shared::<RateLimiter>();
    shared::<RetryPolicy>();
    shared::<BaseUrl>();
    shared::<ApiKey>();
    shared::<CallOptions>();
    shared::<CallReport>();
    shared::<ConcurrencyLimitLayer>();
    shared::<RetryLayer>();
    sent::<Body>();
    sent::<TransportBuilder>();
    fn error<T: std::error::Error + Send + Sync + 'static>() {}
    error::<TransportError>();
}

#[test]
fn error_is_one_pointer_wide() {
    assert_eq!(size_of::<TransportError>(), size_of::<usize>());
    assert_eq!(size_of::<Result<(), TransportError>>(), size_of::<usize>());
}

#[test]
fn builder_debug_hides_the_key() {
    let builder = TransportBuilder::new().api_key(ApiKey::new("avk_hunter2").unwrap());
    assert!(!format!("{builder:?}").contains("hunter2"));
}

#[test]
fn future_debug_hides_the_request() {
    let service = ScriptedService::always(Step::respond(200));
    let limited = RateLimitLayer::new(RateLimiter::default()).layer(service.clone()).call(get("/hunter2/"));
    assert_eq!(format!("{limited:?}"), "RateLimitFuture");
    let held = ConcurrencyLimitLayer::default().layer(service).call(get("/hunter2/"));
    assert_eq!(format!("{held:?}"), "ConcurrencyLimitFuture");
}
