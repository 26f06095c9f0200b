//! What the types promise.

use avala_transport::{
    ApiKey, BaseUrl, Body, CallOptions, CallReport, ConcurrencyLayer, RateLimiter, RetryLayer, RetryPolicy, Transport,
    TransportBuilder, TransportError,
};

fn shared<T: Clone + Send + Sync + 'static>() {}
fn sent<T: Send + 'static>() {}

#[test]
fn a_transport_can_be_cloned_sent_and_shared() {
    shared::<Transport>();
    shared::<RateLimiter>();
    shared::<RetryPolicy>();
    shared::<BaseUrl>();
    shared::<ApiKey>();
    shared::<CallOptions>();
    shared::<CallReport>();
    shared::<ConcurrencyLayer>();
    shared::<RetryLayer>();
    sent::<Body>();
    sent::<TransportBuilder>();
    fn error<T: std::error::Error + Send + Sync + 'static>() {}
    error::<TransportError>();
}

#[test]
fn an_error_is_one_pointer_wide() {
    assert_eq!(size_of::<TransportError>(), size_of::<usize>());
    assert_eq!(size_of::<Result<(), TransportError>>(), size_of::<usize>());
}

#[test]
fn a_builder_shows_no_key() {
    let builder = TransportBuilder::new().api_key(ApiKey::new("avk_hunter2").unwrap());
    assert!(!format!("{builder:?}").contains("hunter2"));
}
