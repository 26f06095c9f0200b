//! Layers and services of the user.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use avala_client::{Avala, AvalaBuilder, ErrorKind, Sent};
use avala_transport::testing::{ScriptedService, Step};
use bytes::Bytes;
use serde_json::json;
use tower::util::{MapRequestLayer, MapResponseLayer};

use crate::json;

type Request = http::Request<avala_transport::Body>;

/// Returns a layer that counts the requests that pass, and those of them that have the key.
fn counting(
    seen: &Arc<AtomicUsize>,
    with_key: &Arc<AtomicUsize>,
) -> MapRequestLayer<impl Fn(Request) -> Request + Clone + Send + Sync + 'static> {
    let (seen, with_key) = (Arc::clone(seen), Arc::clone(with_key));
    MapRequestLayer::new(move |request: Request| {
        seen.fetch_add(1, Ordering::Relaxed);
        with_key.fetch_add(usize::from(request.headers().contains_key("x-avala-api-key")), Ordering::Relaxed);
        request
    })
}

#[tokio::test(start_paused = true)]
async fn a_layer_sees_each_call_or_each_attempt() {
    let [calls, calls_with_key, attempts, attempts_with_key] = [(); 4].map(|()| Arc::new(AtomicUsize::new(0)));
    let script =
        ScriptedService::new().then(Step::respond(503)).then(Step::respond(502)).then(json(&json!({"uid": "t1"})));
    let avala = Avala::builder()
        .api_key("avk_test")
        .service(script.clone())
        .layer_per_call(counting(&calls, &calls_with_key))
        .layer_per_attempt(counting(&attempts, &attempts_with_key))
        .build()
        .unwrap();
    let response = avala.tasks().get("t1").with_meta().await.unwrap();
    assert_eq!(response.meta.attempts, 3);
    let counts = [calls, calls_with_key, attempts, attempts_with_key].map(|count| count.load(Ordering::Relaxed));
    assert_eq!(counts, [1, 0, 3, 3]);
}

#[tokio::test(start_paused = true)]
async fn layer_error_keeps_its_own_message() {
    #[derive(Debug, PartialEq)]
    struct Closed;
    impl std::fmt::Display for Closed {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("closed for the night")
        }
    }
    impl std::error::Error for Closed {}

    let script = ScriptedService::always(json(&json!({"uid": "t1"})));
    let closed = tower::service_fn(|_: Request| async { Err::<http::Response<avala_transport::Body>, _>(Closed) });
    let avala = Avala::builder().api_key("avk_test").service(closed).build().unwrap();
    let error = avala.tasks().get("t1").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Layer, 1));
    assert!(error.to_string().contains("closed for the night"), "{error}");
    let mut source = std::error::Error::source(&error);
    while let Some(error) = source
        && !error.is::<Closed>()
    {
        source = error.source();
    }
    assert!(source.is_some(), "the layer's own error is in the chain");
    assert!(script.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn layers_of_tower_fit_as_they_are() {
    let script = ScriptedService::always(Step::hang());
    let avala = Avala::builder()
        .api_key("avk_test")
        .service(script)
        .layer_per_call(tower::timeout::TimeoutLayer::new(Duration::from_secs(1)))
        .build()
        .unwrap();
    let started = tokio::time::Instant::now();
    assert_eq!(avala.tasks().get("t1").await.unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!(started.elapsed(), Duration::from_secs(1));
}

/// A body that sends its text in pieces, and then fails or ends.
struct Pieces {
    pieces: Vec<&'static str>,
    fails: bool,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
        if !self.pieces.is_empty() {
            let piece = Bytes::from_static(self.pieces.remove(0).as_bytes());
            return Poll::Ready(Some(Ok(http_body::Frame::data(piece))));
        }
        Poll::Ready(self.fails.then(|| Err(std::io::Error::other("the cipher failed, token=hunter2"))))
    }
}

/// Returns a builder with a layer, in either position, that replaces the body of each response.
fn replacing_bodies(body: fn() -> Pieces) -> [AvalaBuilder; 2] {
    let layer = || {
        MapResponseLayer::new(move |response: http::Response<avala_transport::Body>| {
            response.map(|_| avala_transport::Body::once(body()))
        })
    };
    let builder = || Avala::builder().api_key("avk_test");
    [builder().layer_per_call(layer()), builder().layer_per_attempt(layer())]
}

#[tokio::test(start_paused = true)]
async fn body_that_a_layer_wraps_is_read_within_the_cap() {
    let pieces = || Pieces { pieces: vec!["{\"uid\":", "\"t1\"", "}"], fails: false };
    for (cap, is_read) in [(12, true), (11, false)] {
        for builder in replacing_bodies(pieces) {
            let script = ScriptedService::always(json(&json!({})));
            let avala = builder.service(script).transport(|transport| transport.max_body_bytes(cap)).build().unwrap();
            match avala.tasks().get("t1").await {
                Ok(task) => assert!(is_read && task.uid == "t1"),
                Err(error) => {
                    assert_eq!((error.kind(), error.sent(), is_read), (ErrorKind::BodyTooLarge, Sent::Yes, false));
                    assert_eq!(error.status().unwrap().as_u16(), 200, "{error}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn body_of_a_layer_that_fails_has_the_status_and_attempts() {
    for status in [200, 404, 500] {
        for builder in replacing_bodies(|| Pieces { pieces: vec!["{\"detail\":\"half"], fails: true }) {
            let script = ScriptedService::always(Step::respond(status).header("x-request-id", "r1"));
            let avala = builder.service(script.clone()).build().unwrap();
            let error = avala.tasks().get("t1").max_attempts(1).await.unwrap_err();
            assert_eq!((error.kind(), error.sent()), (ErrorKind::ConnectionLost, Sent::Yes), "{error}");
            assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (status, 1), "{error}");
            assert_eq!(error.request_id(), Some("r1"));
            let line = format!("{error} {error:?}");
            assert!(line.contains("the cipher failed") && !line.contains("hunter2"), "{line}");
        }
    }
}
