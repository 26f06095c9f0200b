//! Layers and services of the user.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use avala_client::{Avala, ErrorKind};
use avala_transport::testing::{ScriptedService, Step};
use serde_json::json;
use tower::util::MapRequestLayer;

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
