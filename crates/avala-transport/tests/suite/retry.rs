//! Retries: every outcome with every method.

use avala_transport::layer::CollectLayer;
use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{Body, RetryPolicy, Sent, TimeoutPhase, TransportErrorKind as Kind};
use bytes::Bytes;
use http::Method;
use http_body_util::Full;
use tower::Layer;

use crate::support::{get, millis, post, report, request, retrying, send, text, with_options};

const SAFE_TO_REPEAT: [Method; 5] = [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS];
const NOT_SAFE: [Method; 2] = [Method::POST, Method::PATCH];

/// Returns the number of attempts, of three allowed ones, if each ends with `step`.
async fn attempts(step: &Step, method: &Method, repeatable: Option<bool>) -> usize {
    let service = ScriptedService::always(step.clone());
    let stack = retrying(RetryPolicy::default(), CollectLayer::new(100).layer(service.clone()));
    let request = with_options(request(method.clone(), "/x/"), |options| options.repeatable = repeatable);
    let result = send(&stack, request).await;
    let made = service.requests().len();
    let told = match &result {
        Ok(response) => report(response).attempts(),
        Err(error) => error.attempts(),
    };
    assert_eq!(told as usize, made, "{step:?} {method}: {result:?}");
    assert_eq!(service.calls_while_not_ready(), 0);
    made
}

async fn check(steps: &[Step], if_safe: usize, if_not: usize) {
    for step in steps {
        for method in &SAFE_TO_REPEAT {
            assert_eq!(attempts(step, method, None).await, if_safe, "{step:?} {method}");
            assert_eq!(attempts(step, method, Some(false)).await, if_not, "{step:?} {method} said not repeatable");
        }
        for method in &NOT_SAFE {
            assert_eq!(attempts(step, method, None).await, if_not, "{step:?} {method}");
            assert_eq!(attempts(step, method, Some(true)).await, if_safe, "{step:?} {method} said repeatable");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn unsent_request_is_retried_for_every_method() {
    let steps = [
        Step::fail(Kind::Connect, Sent::No),
        Step::fail(Kind::ConnectionLost, Sent::No),
        Step::time_out(TimeoutPhase::Connect, Sent::No),
    ];
    check(&steps, 3, 3).await;
}

#[tokio::test(start_paused = true)]
async fn refused_request_is_retried_for_every_method() {
    let steps = [
        Step::respond(429),
        Step::respond(429).header("retry-after", "2"),
        Step::respond(503).header("retry-after", "1"),
        Step::respond(503).header("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),
        // Status and headers decide, also if the body is cut.
        Step::respond(429).pieces(["half of"]).cut(),
        Step::respond(503).header("retry-after", "1").pieces(["half of"]).cut(),
    ];
    check(&steps, 3, 3).await;
}

#[tokio::test(start_paused = true)]
async fn unknown_outcome_is_retried_only_for_safe_methods() {
    let mut steps = vec![
        Step::fail(Kind::ConnectionLost, Sent::Maybe),
        Step::fail(Kind::ConnectionLost, Sent::Yes),
        Step::time_out(TimeoutPhase::Attempt, Sent::Maybe),
        Step::respond(200).pieces(["half of"]).cut(),
        Step::respond(503).header("retry-after", "soon"),
        Step::respond(503).pieces(["half of"]).cut(),
    ];
    steps.extend([408, 425, 500, 502, 503, 504, 520, 522, 524].map(Step::respond));
    check(&steps, 3, 1).await;
}

#[tokio::test(start_paused = true)]
async fn other_outcomes_are_not_retried() {
    let mut steps = vec![
        Step::fail(Kind::Configuration, Sent::No),
        Step::fail(Kind::Request, Sent::No),
        Step::fail(Kind::Tls, Sent::No),
        Step::fail(Kind::RateLimited, Sent::No),
        Step::fail(Kind::Redirect, Sent::Yes),
        Step::fail(Kind::BodyTooLarge, Sent::Yes),
        Step::fail(Kind::Layer, Sent::No),
        Step::fail(Kind::Layer, Sent::Maybe),
        Step::time_out(TimeoutPhase::Total, Sent::Maybe),
        Step::respond(200).body(vec![b'x'; 101]),
    ];
    steps.extend([200, 201, 202, 204, 304, 400, 401, 403, 404, 409, 410, 413, 422, 501, 505, 521].map(Step::respond));
    check(&steps, 1, 1).await;
}

#[tokio::test(start_paused = true)]
async fn last_response_is_returned_as_a_response() {
    let service = ScriptedService::new()
        .then(Step::fail(Kind::Connect, Sent::No))
        .then(Step::respond(500))
        .then(Step::respond(503).body("busy"));
    let response = send(&retrying(RetryPolicy::default(), service), get("/x/")).await.unwrap();
    assert_eq!((response.status().as_u16(), text(&response), report(&response).attempts()), (503, "busy", 3));
}

#[tokio::test(start_paused = true)]
async fn max_attempts_can_be_set_per_call() {
    for (allowed, expected) in [(0, 1), (1, 1), (2, 2), (7, 7)] {
        let service = ScriptedService::always(Step::respond(500));
        let request = with_options(get("/x/"), |options| options.max_attempts = Some(allowed));
        let _ = send(&retrying(RetryPolicy::default(), service.clone()), request).await;
        assert_eq!(service.requests().len(), expected, "{allowed} allowed");
    }
    let service = ScriptedService::always(Step::respond(500));
    let _ = send(&retrying(RetryPolicy::none(), service.clone()), get("/x/")).await;
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn every_attempt_sends_the_same_request() {
    let bodies = [
        (Body::from("payload"), "payload"),
        (Body::replay(|| Full::new(Bytes::from_static(b"payload"))), "payload"),
        (Body::empty(), ""),
    ];
    for (body, expected) in bodies {
        let service = ScriptedService::always(Step::respond(429));
        let mut request = post("/x/?a=%20", body);
        request.headers_mut().append("x-many", "1".parse().unwrap());
        request.headers_mut().append("x-many", "2".parse().unwrap());
        let _ = send(&retrying(RetryPolicy::default(), service.clone()), request).await;

        let requests = service.requests();
        assert_eq!(requests.len(), 3);
        assert_eq!(requests[0].body, expected);
        assert_eq!(requests[0].headers.get_all("x-many").iter().count(), 2);
        for repeated in &requests[1..] {
            assert_eq!(repeated.method, requests[0].method);
            assert_eq!(repeated.uri, requests[0].uri);
            assert_eq!(repeated.headers, requests[0].headers);
            assert_eq!(repeated.body, requests[0].body);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn once_body_is_sent_once() {
    let service = ScriptedService::always(Step::respond(429));
    let body = Body::once(Full::new(Bytes::from_static(b"payload")));
    let response = send(&retrying(RetryPolicy::default(), service.clone()), post("/x/", body)).await.unwrap();
    assert_eq!((response.status().as_u16(), service.requests().len()), (429, 1));
}

#[tokio::test(start_paused = true)]
async fn repeated_delete_with_404_counts_as_done() {
    let table = [
        (Method::DELETE, Step::respond(500), 204),
        (Method::DELETE, Step::fail(Kind::ConnectionLost, Sent::Maybe), 204),
        // The first attempt certainly had no effect, so there was nothing to delete.
        (Method::DELETE, Step::respond(429), 404),
        (Method::DELETE, Step::fail(Kind::Connect, Sent::No), 404),
        (Method::GET, Step::respond(500), 404),
    ];
    for (method, first, expected) in table {
        let service = ScriptedService::new().then(first.clone()).then(Step::respond(404).body("not found"));
        let response = send(&retrying(RetryPolicy::default(), service), request(method.clone(), "/x/")).await.unwrap();
        assert_eq!(response.status().as_u16(), expected, "{method} {first:?}");
        assert_eq!(text(&response), if expected == 204 { "" } else { "not found" });
        assert_eq!(report(&response).attempts(), 2);
    }
    let service = ScriptedService::new().then(Step::respond(404));
    let response = send(&retrying(RetryPolicy::default(), service), request(Method::DELETE, "/x/")).await.unwrap();
    assert_eq!(response.status().as_u16(), 404, "a first 404 is a 404");
}

#[tokio::test(start_paused = true)]
async fn error_reports_the_whole_call() {
    let service = ScriptedService::new()
        .then(Step::fail(Kind::ConnectionLost, Sent::Maybe).after(millis(1_000)))
        .then(Step::fail(Kind::Connect, Sent::No).after(millis(1_000)));
    let error = send(&retrying(RetryPolicy::default().max_attempts(2), service), get("/x/")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (Kind::Connect, 2));
    assert_eq!(error.sent(), Sent::Maybe, "the first attempt may have arrived, with any result of the last");
    assert!(error.elapsed() >= millis(2_000) && error.elapsed() <= millis(2_202), "{:?}", error.elapsed());
}

#[tokio::test(start_paused = true)]
async fn retry_layer_works_alone() {
    let service = ScriptedService::new().then(Step::respond(502)).then(Step::respond(200));
    let alone = avala_transport::layer::RetryLayer::default().layer(service);
    let response = send(&alone, get("/x/")).await.unwrap();
    assert_eq!((response.status().as_u16(), report(&response).attempts()), (200, 2));
}
