//! Responses that are errors.

use std::time::Duration;

use avala_client::{ErrorKind, Sent};
use avala_transport::TransportErrorKind;
use avala_transport::testing::{ScriptedService, Step};
use serde_json::json;

use crate::{bare, json, layered};

async fn error_of(step: Step) -> avala_client::Error {
    bare(&ScriptedService::always(step)).datasets().get("d1").await.unwrap_err()
}

#[tokio::test]
async fn body_that_is_not_json_is_a_decode_error_with_its_start() {
    let page = "<html><body>502 Bad Gateway</body></html>";
    let error = error_of(Step::respond(200).header("content-type", "text/html").body(page)).await;
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Decode, 200));
    assert_eq!(error.body(), Some(page));
    let error = error_of(Step::respond(502).body(page)).await;
    assert_eq!((error.kind(), error.body()), (ErrorKind::Server, Some(page)));
    let error = error_of(Step::respond(200)).await;
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.message().contains("empty"), "{error}");
    let error = error_of(Step::respond(200).body(r#"{"uid": "d1", "na"#)).await;
    assert!(error.message().contains("not JSON"), "{error}");
}

#[tokio::test]
async fn unexpected_type_is_located() {
    let script = ScriptedService::always(json(&json!({"results": [{"uid": "t1"}, {"uid": 2}], "next": null})));
    let error = bare(&script).tasks().list().await.unwrap_err();
    assert_eq!((error.kind(), error.json_path()), (ErrorKind::Decode, Some("results[1].uid")));
    assert!(error.to_string().starts_with("tasks.list: invalid response: invalid type"), "{error}");
    let script = ScriptedService::always(json(&json!({"results": {"uid": "t1"}})));
    assert_eq!(bare(&script).tasks().list().await.unwrap_err().json_path(), Some("results"));
}

#[tokio::test]
async fn a_validation_error_has_its_fields() {
    let error = error_of(Step::respond(400).body(r#"{"slug": ["Taken."], "data_type": ["Unknown.", "Odd."]}"#)).await;
    assert_eq!(error.kind(), ErrorKind::Validation);
    let fields: Vec<_> = error.field_errors().iter().map(|error| (&*error.field, error.messages.len())).collect();
    assert_eq!(fields, [("data_type", 2), ("slug", 1)]);
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_quota_and_a_wait_have_their_figures() {
    let error = error_of(Step::respond(413).body(r#"{"detail": "Full.", "limit": 10, "used": 9}"#)).await;
    assert_eq!((error.kind(), error.quota().unwrap().used), (ErrorKind::QuotaExceeded, Some(9)));
    assert_eq!(error_of(Step::respond(413)).await.kind(), ErrorKind::UnexpectedStatus);
    let error = error_of(Step::respond(429).header("retry-after", "7")).await;
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::RateLimited, Some(Duration::from_secs(7))));
    assert!(error.to_string().ends_with("retry after 7 s)"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn wait_past_the_deadline_is_not_started() {
    let script = ScriptedService::always(Step::respond(429).header("retry-after", "30"));
    let started = tokio::time::Instant::now();
    let error = layered(&script).datasets().get("d1").deadline(Duration::from_secs(20)).await.unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::RateLimited, Some(Duration::from_secs(30))));
    assert_eq!((started.elapsed(), script.requests().len()), (Duration::ZERO, 1));
}

#[tokio::test]
async fn a_status_that_is_no_success_is_never_decoded() {
    for status in [205, 206, 226, 304, 402, 418] {
        let error = error_of(Step::respond(status).body(r#"{"uid": "d1", "name": "n", "slug": "s"}"#)).await;
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
        assert_eq!((error.kind(), error.sent()), (ErrorKind::UnexpectedStatus, Sent::Yes), "{status}");
    }
}

#[tokio::test]
async fn status_203_is_read_like_200() {
    let script = ScriptedService::always(Step::respond(203).body(r#"{"uid": "d1", "name": "n", "slug": "s"}"#));
    assert_eq!(bare(&script).datasets().get("d1").await.unwrap().name, "n");
    assert_eq!(layered(&script).datasets().get("d1").await.unwrap().name, "n");
}

#[tokio::test(start_paused = true)]
async fn a_transport_error_keeps_what_it_knows() {
    let script = ScriptedService::always(Step::fail(TransportErrorKind::ConnectionLost, Sent::Maybe));
    let avala = layered(&script);
    let error = avala.exports().create(&avala_types::CreateExport::project("p1")).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::ConnectionLost, Sent::Maybe, 1));
    assert_eq!(script.requests().len(), 1, "a POST that may have arrived is not repeated");
    assert!(std::error::Error::source(&error).unwrap().is::<avala_transport::TransportError>());
    let error = avala.exports().get("e1").await.unwrap_err();
    assert_eq!((error.attempts(), error.is_retryable()), (3, true));
}
