//! Constructors for unit tests of users, and clients on fakes.

use std::time::Duration;

use avala_client::testing::{self, ErrorBuilder};
use avala_client::{ErrorKind, Method, Sent, TimeoutPhase};

#[test]
fn errors_and_responses_can_be_constructed() {
    let builder = ErrorBuilder::new(ErrorKind::RateLimited, "slow down").status(429).code("busy").request_id("r1");
    let builder = builder.call("tasks.get", Method::GET, "/tasks/{uid}/").attempts(3).elapsed(Duration::from_secs(2));
    let error = builder.retry_after(Duration::from_secs(9)).body("{}").source("cause").build();
    assert!(error.is_retryable() && error.is_rate_limited());
    assert_eq!((error.sent(), error.code(), error.body()), (Sent::Yes, Some("busy"), Some("{}")));
    let line = error.to_string();
    for part in ["tasks.get", "slow down", "429", "r1", "3 attempts in 2.000 s", "retry after 9 s"] {
        assert!(line.contains(part), "{line}");
    }
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "cause");
    assert_eq!(testing::error(ErrorKind::Timeout).kind(), ErrorKind::Timeout);
    let mut meta = testing::meta(201);
    meta.attempts = 2;
    let response = testing::response(7, meta);
    assert_eq!((response.value, response.meta.attempts, response.meta.status.as_u16()), (7, 2, 201));
}

#[test]
fn every_detail_of_an_error_can_be_set() {
    let second = Duration::from_secs(1);
    let builder = ErrorBuilder::new(ErrorKind::Validation, "refused").field_error("slug", ["Taken.", "Too short."]);
    let builder = builder.quota(Some(10), Some(11)).doc_url("https://docs.example/e").json_path("results[3].uid");
    let builder = builder.time_spent(second, second * 2, second * 3).timeout_phase(TimeoutPhase::Attempt);
    let error =
        builder.redirect_host("other.example").raw_record(serde_json::json!({"a": 1})).sent(Sent::Maybe).build();
    assert_eq!(error.field_errors()[0].messages, ["Taken.", "Too short."]);
    assert_eq!((error.quota().unwrap().limit, error.doc_url()), (Some(10), Some("https://docs.example/e")));
    assert_eq!((error.json_path(), error.redirect_host()), (Some("results[3].uid"), Some("other.example")));
    assert_eq!((error.time_spent().waiting, error.time_spent().backoff), (second, second * 2));
    assert_eq!((error.timeout_phase(), error.sent()), (Some(TimeoutPhase::Attempt), Sent::Maybe));
    assert_eq!(error.raw_record().unwrap().get(), r#"{"a":1}"#);
}

#[test]
fn constructed_errors_show_no_secret() {
    let secret = "avk_9f8e7d6c5b4a3210";
    let builder = ErrorBuilder::new(ErrorKind::Server, secret).code(secret).body(format!("key {secret}"));
    let error = builder.request_id(secret).field_error(secret, [secret]).source(secret).build();
    assert!(!format!("{error} {error:?} {:?} {:?}", error.body(), error.code()).contains("9f8e"), "{error:?}");
}
