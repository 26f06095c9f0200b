//! User layers in both positions.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{ApiKey, Body, BoxError, Sent, Transport, TransportError, TransportErrorKind as Kind};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::timeout::TimeoutLayer;
use tower::util::MapRequestLayer;
use tower::{Service, ServiceExt, layer::layer_fn, service_fn};

use crate::support::{builder, get, report, secs, send, text};

type Log = Arc<Mutex<Vec<&'static str>>>;

/// Records its name for each request.
fn note(log: &Log, name: &'static str) -> impl tower::Layer<Transport, Service = Noting> + Send + Sync + 'static {
    let log = Arc::clone(log);
    layer_fn(move |inner| Noting { inner, log: Arc::clone(&log), name })
}

#[derive(Clone)]
struct Noting {
    inner: Transport,
    log: Log,
    name: &'static str,
}

impl Service<Request<Body>> for Noting {
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = <Transport as Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.log.lock().unwrap().push(self.name);
        self.inner.call(request)
    }
}

#[tokio::test(start_paused = true)]
async fn first_added_layer_is_outermost() {
    let log = Log::default();
    let service = ScriptedService::new().then(Step::respond(500)).then(Step::respond(200));
    let transport = builder()
        .layer_per_attempt(note(&log, "attempt, outer"))
        .layer_per_call(note(&log, "call, outer"))
        .layer_per_call(note(&log, "call, inner"))
        .layer_per_attempt(note(&log, "attempt, inner"))
        .service(service.clone())
        .build()
        .unwrap();
    send(&transport, get("/x/")).await.unwrap();
    let expected =
        ["call, outer", "call, inner", "attempt, outer", "attempt, inner", "attempt, outer", "attempt, inner"];
    assert_eq!(*log.lock().unwrap(), expected);
    assert_eq!(service.calls_while_not_ready(), 0);
}

#[tokio::test(start_paused = true)]
async fn per_attempt_layer_sees_the_key_and_can_change_requests() {
    let sign = MapRequestLayer::new(|mut request: Request<Body>| {
        assert!(request.headers().contains_key("x-avala-api-key"), "the request has the key, so that it can be signed");
        request.headers_mut().insert("x-signed", "yes".parse().unwrap());
        request
    });
    let service = ScriptedService::always(Step::respond(200));
    let transport = builder()
        .api_key(ApiKey::new("avk_1").unwrap())
        .layer_per_attempt(sign)
        .service(service.clone())
        .build()
        .unwrap();
    send(&transport, get("/x/")).await.unwrap();
    assert_eq!(service.requests()[0].headers["x-signed"], "yes");
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the quota of {0} is used up")]
struct OutOfQuota(&'static str);

#[tokio::test(start_paused = true)]
async fn layer_error_can_be_downcast_and_is_not_retried() {
    let refuse = || {
        layer_fn(|_inner: Transport| {
            service_fn(|_request: Request<Body>| async { Err::<Response<Body>, _>(OutOfQuota("labels")) })
        })
    };
    let service = ScriptedService::always(Step::respond(200));
    let per_call = builder().layer_per_call(refuse()).service(service.clone()).build().unwrap();
    let per_attempt = builder().layer_per_attempt(refuse()).service(service.clone()).build().unwrap();
    for (transport, attempts) in [(per_call, 0), (per_attempt, 1)] {
        let error = send(&transport, get("/x/")).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (Kind::Layer, attempts));
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.downcast_ref(), Some(&OutOfQuota("labels")));
    }
    assert!(service.requests().is_empty());
}

#[derive(Debug, thiserror::Error)]
#[error("through the proxy")]
struct ThroughProxy(#[source] BoxError);

#[tokio::test(start_paused = true)]
async fn wrapped_error_keeps_its_kind_and_is_retried() {
    let wrap = layer_fn(|inner: Transport| inner.map_err(|error| ThroughProxy(error.into())));
    let service = ScriptedService::always(Step::fail(Kind::Connect, Sent::No));
    let transport = builder().layer_per_attempt(wrap).service(service).build().unwrap();
    let error = send(&transport, get("/x/")).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Connect, Sent::No, 3));
    assert_eq!(error.to_string(), "through the proxy");
}

#[tokio::test(start_paused = true)]
async fn ordinary_tower_layer_can_be_added() {
    let hang = ScriptedService::always(Step::hang());
    let transport = builder().layer_per_attempt(TimeoutLayer::new(secs(1))).service(hang).build().unwrap();
    let error = send(&transport, get("/x/")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (Kind::Timeout, 3));
    assert!(std::error::Error::source(&error).unwrap().is::<tower::timeout::error::Elapsed>());

    let service = ScriptedService::always(Step::respond(200).pieces(["in ", "pieces"]));
    let transport = builder().layer_per_call(TimeoutLayer::new(secs(1))).service(service).build().unwrap();
    let response = send(&transport, get("/x/")).await.unwrap();
    assert_eq!(text(&response), "in pieces", "a layer that does not touch the body does not hide its bytes");
}

#[tokio::test(start_paused = true)]
async fn response_of_a_layer_has_a_call_report() {
    let cache = layer_fn(|_inner: Transport| {
        service_fn(|_request: Request<Body>| async {
            Ok::<_, BoxError>(Response::new(Full::new(Bytes::from_static(b"cached"))))
        })
    });
    let transport = builder().layer_per_call(cache).service(ScriptedService::new()).build().unwrap();
    let response = send(&transport, get("/x/")).await.unwrap();
    assert_eq!(report(&response).attempts(), 0);
    assert_eq!(response.into_body().read_to_bytes(10).await.unwrap(), "cached");
}
