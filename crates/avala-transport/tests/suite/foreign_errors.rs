//! Errors of layers and services of the user: they decide the kind, and never whether a retry is safe.

use std::convert::Infallible;
use std::future::pending;
use std::io;

use avala_transport::layer::{AdaptLayer, CallTimeoutLayer, Classified, RetryLayer};
use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{
    Body, BoxError, RetryPolicy, Sent, TimeoutPhase, Transport, TransportError, TransportErrorKind as Kind,
};
use http::{Extensions, Method, Request, Response};
use tower::layer::layer_fn;
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

use crate::support::{builder, get, post, request, secs, send};

/// Creates a transport whose service cannot be reached: an audit service that is down.
fn down() -> Transport {
    builder().service(ScriptedService::always(Step::fail(Kind::Connect, Sent::No))).build().unwrap()
}

/// Calls the service below, and then the audit service with a request that `audit` makes; its error is the layer's.
fn audited(
    audit_service: Transport,
    audit: fn(&Extensions) -> Request<Body>,
) -> impl Layer<Transport, Service = BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>> + Send + Sync + 'static
{
    layer_fn(move |inner: Transport| {
        let audit_service = audit_service.clone();
        BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
            let (inner, audit_service) = (inner.clone(), audit_service.clone());
            async move {
                let extensions = request.extensions().clone();
                let response = inner.oneshot(request).await?;
                audit_service.oneshot(audit(&extensions)).await?;
                Ok(response)
            }
        }))
    })
}

fn plain(_: &Extensions) -> Request<Body> {
    post("/audit/", "done")
}

fn with_copied_extensions(extensions: &Extensions) -> Request<Body> {
    let mut request = post("/audit/", "done");
    *request.extensions_mut() = extensions.clone();
    request
}

#[tokio::test(start_paused = true)]
async fn audit_service_that_is_down_repeats_no_post() {
    for audit in [plain, with_copied_extensions] {
        let service = ScriptedService::always(Step::respond(201));
        let transport = builder().layer_per_attempt(audited(down(), audit)).service(service.clone()).build().unwrap();
        let error = send(&transport, post("/x/", "a")).await.unwrap_err();
        assert_eq!(service.requests().len(), 1);
        assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Connect, Sent::Maybe, 1));
        send(&transport, get("/x/")).await.unwrap_err();
        assert_eq!(service.requests().len(), 4, "a GET may be repeated");

        let service = ScriptedService::always(Step::respond(201));
        let transport = builder().layer_per_call(audited(down(), audit)).service(service.clone()).build().unwrap();
        let error = send(&transport, post("/x/", "a")).await.unwrap_err();
        assert_eq!((service.requests().len(), error.attempts()), (1, 1));
        assert!(error.sent() > Sent::No);
    }
}

#[tokio::test(start_paused = true)]
async fn outcome_of_another_service_does_not_count() {
    let responds = |status| builder().service(ScriptedService::always(Step::respond(status))).build().unwrap();
    // Its own stack without a deadline, so that only the identity of the call tells them apart.
    let alone = ServiceBuilder::new()
        .layer(RetryLayer::new(RetryPolicy::default()))
        .layer(AdaptLayer::new())
        .service(ScriptedService::always(Step::respond(200)));
    for audit_service in [responds(200), responds(429), BoxCloneSyncService::new(alone)] {
        let first = layer_fn(move |inner: Transport| {
            let audit_service = audit_service.clone();
            service_fn(move |request: Request<Body>| {
                let (inner, audit_service) = (inner.clone(), audit_service.clone());
                async move {
                    let _ = audit_service.oneshot(with_copied_extensions(request.extensions())).await;
                    inner.oneshot(request).await
                }
            })
        });
        let service = ScriptedService::new()
            .then(Step::fail(Kind::Connect, Sent::No))
            .then(Step::fail(Kind::ConnectionLost, Sent::Maybe));
        let transport = builder().layer_per_attempt(first).service(service.clone()).build().unwrap();
        let error = send(&transport, post("/x/", "a")).await.unwrap_err();
        assert_eq!((error.sent(), error.attempts()), (Sent::Maybe, 2), "again after No, and not after Maybe");
    }
}

/// Returns a layer that repeats a request once after a 429, immediately.
fn retries_once() -> impl Layer<Transport, Service = BoxCloneSyncService<Request<Body>, Response<Body>, TransportError>>
+ Send
+ Sync
+ 'static {
    layer_fn(|inner: Transport| {
        BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
            let inner = inner.clone();
            async move {
                let mut again = Request::new(request.body().try_clone().unwrap());
                *again.method_mut() = request.method().clone();
                *again.extensions_mut() = request.extensions().clone();
                let response = inner.clone().oneshot(request).await;
                if response.as_ref().is_ok_and(|response| response.status() == 429) {
                    return inner.oneshot(again).await;
                }
                response
            }
        }))
    })
}

#[tokio::test(start_paused = true)]
async fn refusal_belongs_to_its_request_alone() {
    let after_the_refusal =
        [Step::hang(), Step::respond(500), Step::fail(Kind::ConnectionLost, Sent::Maybe), Step::respond(200).cut()];
    for step in after_the_refusal {
        let service = ScriptedService::new().then(Step::respond(429)).then(step).then(Step::respond(200));
        let transport = builder().layer_per_attempt(retries_once()).service(service.clone()).build().unwrap();
        let _ = send(&transport, post("/x/", "a")).await;
        assert_eq!(service.requests().len(), 2, "what may have been executed is not sent again");
    }
    let service = ScriptedService::new()
        .then(Step::respond(429))
        .then(Step::fail(Kind::Connect, Sent::No))
        .then(Step::respond(200));
    let transport = builder().layer_per_attempt(retries_once()).service(service.clone()).build().unwrap();
    assert_eq!(send(&transport, post("/x/", "a")).await.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn refusal_after_an_executed_request_repeats_nothing() {
    let twice = || {
        layer_fn(|inner: Transport| {
            service_fn(move |request: Request<Body>| {
                let inner = inner.clone();
                async move {
                    let first = with_copied_extensions(request.extensions());
                    inner.clone().oneshot(first).await?;
                    inner.oneshot(request).await
                }
            })
        })
    };
    for second in [Step::respond(429), Step::fail(Kind::Connect, Sent::No)] {
        let service = ScriptedService::new().then(Step::respond(200)).then(second).then(Step::respond(200));
        let transport = builder().layer_per_attempt(twice()).service(service.clone()).build().unwrap();
        let result = send(&transport, post("/x/", "a")).await;
        assert_eq!(service.requests().len(), 2);
        assert!(result.err().is_none_or(|error| error.sent() > Sent::No));
    }
}

#[tokio::test(start_paused = true)]
async fn response_of_a_layer_repeats_no_executed_post() {
    // The server has executed it, and the layer says 429 or 503 in its place.
    for status in [429, 503] {
        let lies = layer_fn(move |inner: Transport| {
            service_fn(move |request: Request<Body>| {
                let inner = inner.clone();
                async move {
                    inner.oneshot(request).await?;
                    let response = Response::builder().status(status).header("retry-after", "0");
                    Ok::<_, BoxError>(response.body(Body::empty())?)
                }
            })
        });
        let service = ScriptedService::always(Step::respond(200));
        let transport = builder().layer_per_attempt(lies).service(service.clone()).build().unwrap();
        assert_eq!(send(&transport, post("/x/", "a")).await.unwrap().status(), status);
        assert_eq!(service.requests().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn request_without_its_extensions_counts_as_sent() {
    let strip = || {
        layer_fn(|inner: Transport| {
            service_fn(move |request: Request<Body>| {
                let inner = inner.clone();
                async move {
                    let (parts, body) = request.into_parts();
                    let bare = Request::builder().method(parts.method).uri(parts.uri).body(body)?;
                    inner.oneshot(bare).await?;
                    Err::<Response<Body>, BoxError>(io::Error::from(io::ErrorKind::ConnectionRefused).into())
                }
            })
        })
    };
    let service = ScriptedService::always(Step::respond(200));
    for builder in [builder().layer_per_attempt(strip()), builder().layer_per_call(strip())] {
        let transport = builder.service(service.clone()).build().unwrap();
        let before = service.requests().len();
        let error = send(&transport, post("/x/", "a")).await.unwrap_err();
        assert_eq!(service.requests().len() - before, 1);
        assert!(error.sent() > Sent::No, "{:?}", error.sent());
    }
}

#[tokio::test(start_paused = true)]
async fn extensions_of_an_earlier_call_hide_nothing() {
    // Remembers the extensions of the first request and puts them on every other one.
    let first = std::sync::Arc::new(std::sync::Mutex::new(None::<Extensions>));
    let stale = layer_fn(move |inner: Transport| {
        let first = std::sync::Arc::clone(&first);
        service_fn(move |mut request: Request<Body>| {
            let inner = inner.clone();
            let kept = first.lock().unwrap().get_or_insert_with(|| request.extensions().clone()).clone();
            *request.extensions_mut() = kept;
            async move {
                inner.oneshot(request).await?;
                Err::<Response<Body>, BoxError>(io::Error::from(io::ErrorKind::ConnectionRefused).into())
            }
        })
    });
    let service = ScriptedService::always(Step::respond(200));
    let transport = builder().layer_per_attempt(stale).service(service.clone()).build().unwrap();
    for calls in 1..4 {
        let error = send(&transport, post("/x/", "a")).await.unwrap_err();
        assert_eq!((service.requests().len(), error.sent() > Sent::No), (calls, true));
    }
}

#[tokio::test(start_paused = true)]
async fn layers_alone_record_their_innermost_service_too() {
    let service = ScriptedService::always(Step::respond(201));
    let transport = ServiceBuilder::new()
        .layer(CallTimeoutLayer::new(secs(60)))
        .layer(RetryLayer::default())
        .layer(layer_fn(|inner| {
            service_fn(move |request: Request<Body>| {
                let inner: avala_transport::layer::Adapt<ScriptedService> = Clone::clone(&inner);
                async move {
                    inner.oneshot(request).await?;
                    down().oneshot(post("/audit/", "a")).await
                }
            })
        }))
        .layer(AdaptLayer::new())
        .service(service.clone());
    let error = transport.oneshot(post("/x/", "a")).await.unwrap_err();
    assert_eq!((service.requests().len(), error.sent()), (1, Sent::Maybe));
}

#[tokio::test(start_paused = true)]
async fn tower_timeout_is_retried_where_that_is_safe() {
    let service = ScriptedService::new().then(Step::hang()).then(Step::respond(200));
    let transport = builder().layer_per_attempt(TimeoutLayer::new(secs(1))).service(service).build().unwrap();
    assert_eq!(send(&transport, get("/x/")).await.unwrap().status(), 200);

    let service = ScriptedService::always(Step::hang());
    let transport = builder().layer_per_attempt(TimeoutLayer::new(secs(1))).service(service.clone()).build().unwrap();
    let error = send(&transport, post("/x/", "a")).await.unwrap_err();
    assert_eq!((error.kind(), error.timeout_phase()), (Kind::Timeout, Some(TimeoutPhase::Attempt)));
    assert_eq!((error.sent(), service.requests().len()), (Sent::Maybe, 1));

    let transport = builder().layer_per_call(TimeoutLayer::new(secs(1))).service(service).build().unwrap();
    let error = send(&transport, get("/x/")).await.unwrap_err();
    assert_eq!((error.kind(), error.timeout_phase()), (Kind::Timeout, Some(TimeoutPhase::Total)));
    assert_eq!(error.elapsed(), secs(1));
}

/// Service that is not ready at its first two polls.
#[derive(Clone)]
struct Busy {
    inner: Transport,
    refusals: std::sync::Arc<std::sync::atomic::AtomicU32>,
}

impl Service<Request<Body>> for Busy {
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = <Transport as Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), TransportError>> {
        if self.refusals.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2 {
            return std::task::Poll::Pending;
        }
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.inner.call(request)
    }
}

#[tokio::test(start_paused = true)]
async fn shed_load_is_retried_even_for_post() {
    let service = ScriptedService::always(Step::respond(200));
    let busy = layer_fn(|inner| Busy { inner, refusals: std::sync::Arc::default() });
    let transport =
        builder().layer_per_attempt(LoadShedLayer::new()).layer_per_attempt(busy).service(service.clone()).build();
    let response = send(&transport.unwrap(), post("/x/", "a")).await.unwrap();
    assert_eq!((response.status().as_u16(), crate::support::report(&response).attempts()), (200, 3));
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn errors_of_a_service_are_classified_by_their_chain() {
    #[derive(Debug, thiserror::Error)]
    #[error("the pool failed")]
    struct Pool(#[source] BoxError);

    use io::ErrorKind as Io;
    // The kind, and the attempts of a GET and of a POST.
    let table: [(Io, bool, Kind, u32, u32); 7] = [
        (Io::ConnectionRefused, false, Kind::Connect, 3, 3),
        (Io::ConnectionRefused, true, Kind::Connect, 3, 1),
        (Io::ConnectionReset, false, Kind::ConnectionLost, 3, 1),
        (Io::BrokenPipe, true, Kind::ConnectionLost, 3, 1),
        (Io::TimedOut, true, Kind::Timeout, 3, 1),
        (Io::PermissionDenied, true, Kind::Layer, 1, 1),
        (Io::Other, false, Kind::Layer, 1, 1),
    ];
    for (io_kind, wrapped, kind, for_get, for_post) in table {
        let failing = service_fn(move |_: Request<Body>| async move {
            let error = io::Error::from(io_kind);
            Err::<Response<Body>, BoxError>(if wrapped { Pool(error.into()).into() } else { error.into() })
        });
        let transport = builder().service(failing).build().unwrap();
        for (method, attempts) in [(Method::GET, for_get), (Method::POST, for_post)] {
            let error = send(&transport, request(method, "/x/")).await.unwrap_err();
            assert_eq!((error.kind(), error.attempts()), (kind, attempts), "{io_kind:?}, wrapped: {wrapped}");
        }
    }
}

#[tokio::test]
async fn plain_client_of_hyper_util_keeps_its_retries() {
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    let transport = crate::support::quick(address).service(client).build().unwrap();
    let error = send(&transport, post("/x/", "a")).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Connect, Sent::No, 3));

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let hang_up = async move {
        loop {
            drop(listener.accept().await);
        }
    };
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    let transport = crate::support::quick(address).service(client).build().unwrap();
    let calls = async {
        let of_get = send(&transport, get("/x/")).await.unwrap_err();
        (of_get, send(&transport, post("/x/", "a")).await.unwrap_err())
    };
    let (of_get, of_post) = tokio::select! { errors = calls => errors, () = hang_up => unreachable!() };
    assert_eq!((of_get.kind(), of_get.attempts()), (Kind::ConnectionLost, 3));
    assert_eq!((of_post.sent(), of_post.attempts()), (Sent::Maybe, 1));
}

#[tokio::test(start_paused = true)]
async fn classifier_of_the_user_decides_for_its_service() {
    #[derive(Debug, thiserror::Error)]
    #[error("no free line")]
    struct Busy;
    let phone = || service_fn(|_: Request<Body>| async { Err::<Response<Body>, _>(Busy) });
    let classify = |error: &BoxError| {
        error.is::<Busy>().then(|| Classified::new(Kind::Connect).sent(Sent::No).retry_after(secs(2)))
    };
    let transport = builder().service_with_classifier(phone(), classify).build().unwrap();
    let error = send(&transport, post("/x/", "a")).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Connect, Sent::No, 3));
    assert!(error.elapsed() >= secs(4), "the wait that it names is respected");
    let error = send(&builder().service(phone()).build().unwrap(), get("/x/")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (Kind::Layer, 1), "without it the error has no known kind");
}

#[tokio::test(start_paused = true)]
async fn error_before_anything_is_sent_says_so() {
    let hangs =
        || layer_fn(|_: Transport| service_fn(|_: Request<Body>| pending::<Result<Response<Body>, Infallible>>()));
    for builder in [builder().layer_per_attempt(hangs()), builder().layer_per_call(hangs())] {
        let transport = builder.service(ScriptedService::new()).build().unwrap();
        let error = send(&transport, post("/x/", "a")).await.unwrap_err();
        assert_eq!((error.timeout_phase(), error.sent()), (Some(TimeoutPhase::Total), Sent::No));
    }
}
