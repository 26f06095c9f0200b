//! Error bodies of any size and form: what is kept is bounded, and the message is found.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use avala_client::{Avala, ErrorKind, Sent};
use avala_transport::Body;
use avala_transport::testing::{ScriptedService, Step};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;

use crate::{bare, layered};

/// Returns the error of a response with this status and body, through the whole stack and on a bare service.
async fn errors(status: u16, body: String) -> [avala_client::Error; 2] {
    let script = ScriptedService::always(Step::respond(status).body(body));
    let call = |avala: Avala| async move { avala.tasks().list().await.unwrap_err() };
    [call(bare(&script)).await, call(layered(&script)).await]
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok()
}

#[tokio::test]
async fn what_an_error_keeps_is_bounded() {
    let nested = |levels: usize| format!("{}[\"Odd.\"]{}", "{\"field\":".repeat(levels), "}".repeat(levels));
    for body in [
        nested(400_000),
        format!("[{}1]", format!("{},", nested(50)).repeat(8_000)),
        format!("{{\"detail\":\"{}\"}}", "x".repeat(60 << 20)),
        format!("{{\"detail\":{}", "[".repeat(100_000)),
        "[".repeat(100_000),
        format!("{{{}\"a\":1}}", "\"name\":[\"Odd.\"],".repeat(200_000)),
        "words and more ".repeat(1 << 20),
        format!("{{\"{}\":[\"Odd.\"]}}", "key".repeat(1 << 20)),
    ] {
        for error in errors(400, body).await {
            let fields: usize =
                error.field_errors().iter().map(|field| field.field.len() + field.messages.concat().len()).sum();
            let sizes = (error.message().len(), error.body().unwrap().len(), fields, error.field_errors().len());
            assert!(sizes.0 < 5_000 && sizes.1 < 200_000 && sizes.2 < 20_000 && sizes.3 <= 64, "{sizes:?}");
            assert!(error.to_string().len() < 30_000 && format!("{error:?}").len() < 200_000);
            assert!(error.body().unwrap().ends_with("(truncated)"), "{sizes:?}");
        }
    }
}

#[tokio::test]
async fn values_before_the_cut_are_used() {
    let body = format!(r#"{{"detail":"Too much.","code":"big","given":"{}"}}"#, "x".repeat(1 << 20));
    for error in errors(413, body).await {
        assert_eq!((error.message(), error.code()), ("Too much.", Some("big")));
        assert_eq!(error.body(), Some(r#"{"detail":"Too much.","code":"big"}… (truncated)"#));
    }
    let body = format!(r#"{{"name":["Odd."],"rest":[{}1]}}"#, "1,".repeat(1 << 20));
    for error in errors(400, body).await {
        assert_eq!(error.field_errors()[0].field, "name");
    }
}

#[tokio::test]
async fn the_kept_text_of_a_complete_body_is_json() {
    for body in [
        format!(r#"{{"detail":"No.","a":[{}1]}}"#, "1,".repeat(30_000)),
        format!(r#"{{"token":"hunter2","a":{}1{}}}"#, "[".repeat(20_000), "]".repeat(20_000)),
        r#"{"token": 5, "a": "half \ud83d"}"#.to_owned(),
    ] {
        for error in errors(400, body).await {
            assert!(is_json(error.body().unwrap()), "{}", error.body().unwrap());
        }
    }
}

#[tokio::test]
async fn decode_errors_are_bounded() {
    let big = "x".repeat(5 << 20);
    for body in [
        format!(r#"{{"results":"{big}"}}"#),
        format!(r#"{{"results":[{{"uid":{{"{big}":1}}}}]}}"#),
        format!(r#"{{"results":[{big}]}}"#),
        big.clone(),
    ] {
        for error in errors(200, body).await {
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert!(error.message().len() < 1_000 && error.json_path().is_none_or(|path| path.len() < 300));
            assert!(error.message().contains("column"), "{error}");
            assert!(error.body().unwrap().len() < 70_000 && error.to_string().len() < 3_000);
            assert!(format!("{error:?}").len() < 20_000);
        }
    }
}

#[tokio::test]
async fn a_message_survives_what_decoders_tolerate() {
    for body in ["\u{feff}{\"detail\":\"No.\"}", "\r\n\t {\"detail\":\"No.\"}\n\n", "\u{feff}\n{\"detail\":\"No.\"}"] {
        let script = ScriptedService::always(Step::respond(409).header("content-type", "text/html").body(body));
        assert_eq!(bare(&script).datasets().get("d1").await.unwrap_err().message(), "No.", "{body:?}");
    }
    let mut utf16 = vec![0xff, 0xfe];
    utf16.extend("{\"detail\":\"No.\"}".encode_utf16().flat_map(u16::to_le_bytes));
    let script = ScriptedService::always(Step::respond(409).body(utf16));
    assert_eq!(bare(&script).datasets().get("d1").await.unwrap_err().message(), "No.");
}

#[tokio::test]
async fn a_byte_order_mark_is_no_part_of_a_response() {
    let body = "\u{feff}{\"uid\":\"d1\",\"name\":\"n\",\"slug\":\"s\"}";
    let script = ScriptedService::always(Step::respond(200).body(body));
    assert_eq!(bare(&script).datasets().get("d1").await.unwrap().name, "n");
    let marked = ScriptedService::always(Step::respond(200).body("\u{feff}{\"results\":[],\"next\":null}"));
    assert!(bare(&marked).tasks().list().await.unwrap().items.is_empty());
}

#[tokio::test]
async fn an_unknown_content_encoding_is_named() {
    for (status, kind) in [(200, ErrorKind::Decode), (500, ErrorKind::Server)] {
        let step = Step::respond(status).header("content-encoding", "br").body(&b"\x0b\x02\x80{}\x03"[..]);
        let error = bare(&ScriptedService::always(step)).datasets().get("d1").await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains("content encoding `br`"), "{error}");
    }
}

#[tokio::test]
async fn redirect_on_a_bare_service_names_its_host() {
    let step = Step::respond(302).header("location", "https://user:hunter2@elsewhere.example/x?token=hunter2");
    let error = bare(&ScriptedService::always(step)).datasets().get("d1").await.unwrap_err();
    assert_eq!((error.kind(), error.redirect_host()), (ErrorKind::Redirect, Some("elsewhere.example")));
    assert!(error.to_string().contains("302") && !error.to_string().contains("hunter2"), "{error}");
    for status in [300, 304, 305] {
        let script = ScriptedService::always(Step::respond(status).header("location", "https://elsewhere.example/"));
        assert_eq!(layered(&script).datasets().get("d1").await.unwrap_err().kind(), ErrorKind::UnexpectedStatus);
    }
}

#[tokio::test]
async fn predicates_and_doc_url_match_the_response() {
    let body = r#"{"detail":"No.","code":"gone","doc_url":"https://docs.avala.ai/errors/gone"}"#;
    let error = bare(&ScriptedService::always(Step::respond(404).body(body))).datasets().get("d1").await.unwrap_err();
    assert_eq!(error.doc_url(), Some("https://docs.avala.ai/errors/gone"));
    assert!(error.is_not_found() && !error.is_conflict() && !error.is_timeout());
    let found = |status| async move {
        bare(&ScriptedService::always(Step::respond(status))).datasets().get("d1").await.unwrap_err()
    };
    assert!(found(401).await.is_authentication() && found(409).await.is_conflict() && found(422).await.is_validation());
    assert!(found(429).await.is_rate_limited() && !found(403).await.is_not_found());
}

/// A body that sends one piece, and then nothing.
#[derive(Clone)]
struct Stalling(Option<&'static str>);

impl http_body::Body for Stalling {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.0.take() {
            Some(text) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(text.as_bytes()))))),
            None => Poll::Pending,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_of_a_users_service_is_read_within_the_timeout() {
    for status in [200, 500] {
        let avala = Avala::from_service(tower::service_fn(move |_: Request<Body>| async move {
            let mut response = Response::new(Stalling(Some("{\"detail\":\"half")));
            *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
            Ok::<_, std::convert::Infallible>(response)
        }));
        let started = tokio::time::Instant::now();
        let error = avala.datasets().get("d1").deadline(Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.sent(), started.elapsed()),
            (ErrorKind::Timeout, Sent::Yes, Duration::from_secs(5))
        );
        assert_eq!(error.to_string().matches("timed out").count(), 1, "{error}");
    }
}

#[test]
fn a_fake_needs_no_runtime() {
    let script = ScriptedService::always(Step::respond(404).body(r#"{"detail":"No."}"#));
    let mut call = std::pin::pin!(bare(&script).datasets().get("d1").into_future());
    let polled = call.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Err(error)) if error.message() == "No."));
}
