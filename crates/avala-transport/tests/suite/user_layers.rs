//! User layers in both positions: the requests and results that they see, and calls whose layer misbehaves.

use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use avala_transport::layer::{AdaptLayer, AttemptTimeoutLayer, CallTimeoutLayer};
use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{
    ApiKey, BaseUrl, Body, BoxError, ConcurrencyLimits, FinalHeaders, RateLimit, RateLimiter, ResolvedUrl, Sent,
    TimeoutPhase, Transport, TransportBuilder, TransportError, TransportErrorKind as Kind,
};
use http::{HeaderValue, Method, Request, Response};
use tokio::time::Instant;
use tower::layer::layer_fn;
use tower::util::{BoxCloneSyncService, MapRequestLayer};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

use crate::support::{builder, get, post, report, request, secs, send, with_options};

type Boxed = BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>;

/// Returns a layer that runs `step` for each request, with the service below it.
fn layer<F, R>(step: F) -> impl Layer<Transport, Service = Boxed> + Clone + Send + Sync + 'static
where
    F: Fn(Transport, Request<Body>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Response<Body>, BoxError>> + Send + 'static,
{
    layer_fn(move |inner: Transport| {
        let step = step.clone();
        BoxCloneSyncService::new(service_fn(move |request| step(inner.clone(), request)))
    })
}

/// Returns two builders: with the layer around each call, and with the layer around each attempt.
fn in_both_positions(
    layer: &(impl Layer<Transport, Service = Boxed> + Clone + Send + Sync + 'static),
) -> [(&'static str, TransportBuilder); 2] {
    [("per call", builder().layer_per_call(layer.clone())), ("per attempt", builder().layer_per_attempt(layer.clone()))]
}

type Ends = Arc<Mutex<Vec<String>>>;

/// Records the result of each request that passes.
fn watching(ends: &Ends, in_a_task: bool) -> impl Layer<Transport, Service = Boxed> + Clone + Send + Sync + 'static {
    struct Watch(Ends, Option<String>);
    impl Drop for Watch {
        fn drop(&mut self) {
            let end = self.1.take().unwrap_or_else(|| "dropped".to_owned());
            self.0.lock().unwrap().push(end);
        }
    }
    impl Watch {
        fn end(mut self, end: String) {
            self.1 = Some(end);
        }
    }
    let ends = Arc::clone(ends);
    layer(move |inner, request| {
        let watch = Watch(Arc::clone(&ends), None);
        async move {
            let call = inner.oneshot(request);
            let result = if in_a_task { tokio::spawn(call).await? } else { call.await };
            watch.end(match &result {
                Ok(response) => response.status().to_string(),
                Err(error) => format!("{:?} {:?}", error.kind(), error.timeout_phase()),
            });
            Ok(result?)
        }
    })
}

#[tokio::test(start_paused = true)]
async fn layer_sees_the_end_of_every_call() {
    let total = "Timeout Some(Total)";
    let hang = || ScriptedService::always(Step::hang());
    for in_a_task in [false, true] {
        for (timeout, attempt_timeout, of_call, of_attempts) in [
            (60, 30, "Timeout Some(Attempt)", vec!["Timeout Some(Attempt)"]),
            (20, 30, total, vec![total]),
            (30, 30, total, vec!["Timeout Some(Attempt)"]),
        ] {
            let (calls, attempts) = (Ends::default(), Ends::default());
            let transport = builder()
                .timeout(secs(timeout))
                .attempt_timeout(secs(attempt_timeout))
                .layer_per_call(watching(&calls, in_a_task))
                .layer_per_attempt(watching(&attempts, in_a_task))
                .service(hang())
                .build()
                .unwrap();
            let started = Instant::now();
            let error = send(&transport, post("/x/", "a")).await.unwrap_err();
            assert_eq!(error.sent(), Sent::Maybe);
            assert_eq!(started.elapsed(), secs(timeout.min(attempt_timeout)), "no later than without layers");
            let ends = calls.lock().unwrap().clone();
            if timeout != attempt_timeout {
                assert_eq!(
                    (ends, attempts.lock().unwrap().clone()),
                    (vec![of_call.to_owned()], of_attempts.iter().map(|end| (*end).to_owned()).collect::<Vec<_>>())
                );
            } else {
                assert!(ends[0].starts_with("Timeout"), "{ends:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn layer_sees_a_call_that_ends_while_it_waits() {
    // One permit, which another call holds.
    let ends = Ends::default();
    let transport = builder()
        .concurrency(ConcurrencyLimits::default().default_group(1))
        .timeout(secs(5))
        .attempt_timeout(secs(100))
        .layer_per_call(watching(&ends, false))
        .service(ScriptedService::always(Step::hang()))
        .build()
        .unwrap();
    let both = tokio::join!(send(&transport, get("/x/")), send(&transport, post("/x/", "a")));
    assert_eq!((both.0.unwrap_err().sent(), both.1.unwrap_err().sent()), (Sent::Maybe, Sent::No));
    assert_eq!(*ends.lock().unwrap(), ["Timeout Some(Total)", "Timeout Some(Total)"]);
}

#[tokio::test(start_paused = true)]
async fn layer_sees_a_call_with_a_zero_timeout() {
    let ends = Ends::default();
    let service = ScriptedService::always(Step::respond(200));
    let transport = builder().layer_per_call(watching(&ends, false)).service(service.clone()).build().unwrap();
    let call = with_options(post("/x/", "a"), |options| options.timeout = Some(secs(0)));
    assert_eq!(send(&transport, call).await.unwrap_err().sent(), Sent::No);
    assert_eq!((*ends.lock().unwrap()).as_slice(), ["Timeout Some(Total)"]);
    assert!(service.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn timeout_that_the_layer_sees_is_complete() {
    let seen = Arc::new(Mutex::new(None));
    let look = layer({
        let seen = Arc::clone(&seen);
        move |inner, request| {
            let seen = Arc::clone(&seen);
            async move {
                let result = inner.oneshot(request).await;
                *seen.lock().unwrap() =
                    result.as_ref().err().map(|error| (error.attempts(), error.elapsed(), error.sent()));
                Ok(result?)
            }
        }
    });
    let service = ScriptedService::new().then(Step::respond(500)).then(Step::hang());
    let transport = builder().timeout(secs(20)).layer_per_call(look).service(service).build().unwrap();
    send(&transport, get("/x/")).await.unwrap_err();
    assert_eq!(*seen.lock().unwrap(), Some((2, secs(20), Sent::Yes)));
}

#[tokio::test(start_paused = true)]
async fn dropped_call_drops_the_future_of_the_layer() {
    let ends = Ends::default();
    let hang = ScriptedService::always(Step::hang());
    let transport = builder().layer_per_call(watching(&ends, false)).service(hang).build().unwrap();
    let call = send(&transport, get("/x/"));
    assert!(tokio::time::timeout(secs(1), call).await.is_err());
    assert_eq!(*ends.lock().unwrap(), ["dropped"]);
}

#[tokio::test(start_paused = true)]
async fn paused_call_holds_what_the_layer_holds_until_dropped() {
    // A limit of the user, which is not a lease.
    let semaphore = Arc::new(tokio::sync::Semaphore::new(1));
    let one_at_a_time = layer(move |inner, request| {
        let semaphore = Arc::clone(&semaphore);
        async move {
            let _permit = semaphore.acquire().await?;
            Ok(inner.oneshot(request).await?)
        }
    });
    for (position, builder) in in_both_positions(&one_at_a_time) {
        let service = ScriptedService::new().then(Step::hang()).then(Step::respond(200));
        let transport = builder.timeout(secs(10)).service(service).build().unwrap();
        let mut paused = Box::pin(send(&transport, get("/x/")));
        let once = poll_fn(|context| Poll::Ready(paused.as_mut().poll(context))).await;
        assert!(once.is_pending());
        let error = send(&transport, get("/x/")).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (Kind::Timeout, Sent::No), "{position}: it waits in the layer");
        drop(paused);
        assert_eq!(send(&transport, get("/x/")).await.unwrap().status(), 200, "{position}");
    }
}

#[tokio::test(start_paused = true)]
async fn layer_that_delays_the_end_is_cut_off_at_the_deadline() {
    let slow = layer(|inner, request| async move {
        let result = inner.oneshot(request).await;
        tokio::time::sleep(secs(3_600)).await;
        Ok(result?)
    });
    for (position, builder) in in_both_positions(&slow) {
        let transport = builder.service(ScriptedService::always(Step::respond(201))).build().unwrap();
        let error = send(&transport, post("/x/", "a")).await.unwrap_err();
        assert_eq!((error.timeout_phase(), error.elapsed()), (Some(TimeoutPhase::Total), secs(60)), "{position}");
        assert!(error.sent() > Sent::No, "{position}");
    }
}

#[tokio::test(start_paused = true)]
async fn layer_that_panics_leaves_the_client_usable() {
    let panics = layer(|inner, request: Request<Body>| async move {
        let must_panic = request.uri().path() == "/panic/";
        let response = inner.oneshot(request).await?;
        assert!(!must_panic, "the layer fails here");
        Ok(response)
    });
    for (position, builder) in in_both_positions(&panics) {
        let service = ScriptedService::always(Step::respond(200));
        let limiter = RateLimiter::new(RateLimit::per_minute(600).burst(3));
        let builder = builder.concurrency(ConcurrencyLimits::default().default_group(1)).rate_limiter(limiter);
        let transport = builder.service(service.clone()).build().unwrap();
        for _ in 0..3 {
            let transport = transport.clone();
            let call = tokio::spawn(async move { send(&transport, get("/panic/")).await.is_ok() });
            assert!(call.await.unwrap_err().is_panic(), "{position}: the panic reaches the caller");
        }
        assert_eq!(send(&transport, get("/x/")).await.unwrap().status(), 200, "{position}");
        assert_eq!(service.requests().len(), 4, "{position}: nothing is sent again");
    }
}

#[tokio::test(start_paused = true)]
async fn layer_that_never_finishes_ends_at_the_deadline() {
    let hangs = layer(|_, _| pending());
    for (position, builder) in in_both_positions(&hangs) {
        let service = ScriptedService::always(Step::respond(200));
        let transport = builder.service(service.clone()).build().unwrap();
        let error = send(&transport, post("/x/", "a")).await.unwrap_err();
        let told = (error.kind(), error.timeout_phase(), error.sent());
        assert_eq!(told, (Kind::Timeout, Some(TimeoutPhase::Total), Sent::No), "{position}");
        assert!(service.requests().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn layer_above_one_that_never_finishes_sees_the_end() {
    let ends = Ends::default();
    let hangs = layer(|_, _| pending());
    let builder = builder().layer_per_call(watching(&ends, false)).layer_per_attempt(hangs);
    let transport = builder.service(ScriptedService::always(Step::respond(200))).build().unwrap();
    send(&transport, get("/x/")).await.unwrap_err();
    assert_eq!(*ends.lock().unwrap(), ["Timeout Some(Total)"]);
}

#[tokio::test(start_paused = true)]
async fn layer_that_abandons_its_call_ends_at_the_deadline() {
    // The service below is polled once, which starts its timers, and never again.
    let abandons = layer(|inner, request| async move {
        let mut below = Box::pin(inner.oneshot(request));
        assert!(poll_fn(|cx| Poll::Ready(below.as_mut().poll(cx).is_pending())).await);
        pending().await
    });
    for (position, builder) in in_both_positions(&abandons) {
        let transport = builder.timeout(secs(40)).service(ScriptedService::always(Step::hang())).build().unwrap();
        let started = Instant::now();
        let error = send(&transport, get("/x/")).await.unwrap_err();
        assert_eq!((error.timeout_phase(), error.sent()), (Some(TimeoutPhase::Total), Sent::Maybe), "{position}");
        assert_eq!(started.elapsed(), secs(40), "{position}");
    }
    let stack = ServiceBuilder::new()
        .layer(CallTimeoutLayer::new(secs(40)))
        .layer(AdaptLayer::new())
        .layer(layer_fn(|inner| abandons.layer(BoxCloneSyncService::new(inner))))
        .layer(AttemptTimeoutLayer::new(secs(30)))
        .service(ScriptedService::always(Step::hang()));
    let started = Instant::now();
    assert!(send(&stack, get("/x/")).await.is_err());
    assert_eq!(started.elapsed(), secs(40), "in a stack of single layers");
}

#[tokio::test(start_paused = true)]
async fn layer_that_calls_twice_is_safe_in_both_positions() {
    let twice = layer(|inner, request: Request<Body>| async move {
        let mut first = Request::new(request.body().try_clone().unwrap_or_default());
        *first.method_mut() = request.method().clone();
        *first.extensions_mut() = request.extensions().clone();
        let (first, second) = tokio::join!(inner.clone().oneshot(first), inner.oneshot(request));
        first?;
        Ok(second?)
    });
    // One of the two executes the POST; the other one is refused, or not sent.
    for step in [Step::respond(429), Step::fail(Kind::Connect, Sent::No)] {
        let (_, per_attempt) = in_both_positions(&twice).into_iter().last().unwrap();
        let service = ScriptedService::new().then(Step::respond(201)).then(step.clone()).then(Step::respond(201));
        let transport = per_attempt.service(service.clone()).build().unwrap();
        let result = send(&transport, post("/x/", "a")).await;
        assert_eq!(service.requests().len(), 2);
        assert!(result.err().is_none_or(|error| error.sent() > Sent::No));
    }
    // Around the call, the layer makes two calls, each with its own retries.
    let (_, per_call) = in_both_positions(&twice).into_iter().next().unwrap();
    let service = ScriptedService::new().then(Step::respond(201)).then(Step::respond(429)).then(Step::respond(201));
    let transport = per_call.service(service.clone()).build().unwrap();
    let response = send(&transport, post("/x/", "a")).await.unwrap();
    assert_eq!((service.requests().len(), report(&response).attempts()), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn response_of_the_layer_itself_sends_nothing() {
    let cached = layer(|_, _| async { Ok(Response::new(Body::from("cached"))) });
    let limits = layer(|_, _| async { Ok(Response::builder().status(429).body(Body::empty())?) });
    let fails =
        layer(|_, _| async { Err(TransportError::new(Kind::ConnectionLost, "no").with_sent(Sent::Yes).into()) });
    let service = ScriptedService::always(Step::respond(200));
    for (position, builder) in in_both_positions(&cached) {
        let transport = builder.service(service.clone()).build().unwrap();
        assert_eq!(send(&transport, post("/x/", "a")).await.unwrap().status(), 200, "{position}");
    }
    for ((position, builder), attempts) in in_both_positions(&limits).into_iter().zip([0, 3]) {
        let transport = builder.service(service.clone()).build().unwrap();
        let response = send(&transport, post("/x/", "a")).await.unwrap();
        assert_eq!((response.status().as_u16(), report(&response).attempts()), (429, attempts), "{position}");
    }
    for ((position, builder), attempts) in in_both_positions(&fails).into_iter().zip([0, 3]) {
        let transport = builder.service(service.clone()).build().unwrap();
        let error = send(&transport, post("/x/", "a")).await.unwrap_err();
        assert_eq!((error.sent(), error.attempts()), (Sent::No, attempts), "{position}");
    }
    assert!(service.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn changed_method_is_repeated_only_if_both_are_safe() {
    let to = |method: Method| {
        layer(move |inner, mut request: Request<Body>| {
            *request.method_mut() = method.clone();
            async move { Ok(inner.oneshot(request).await?) }
        })
    };
    for (from, into, attempts) in [
        (Method::POST, Method::GET, 1),
        (Method::GET, Method::POST, 1),
        (Method::PATCH, Method::PUT, 1),
        (Method::GET, Method::PUT, 3),
    ] {
        for (position, builder) in in_both_positions(&to(into.clone())) {
            let service = ScriptedService::always(Step::respond(500));
            let transport = builder.service(service.clone()).build().unwrap();
            send(&transport, request(from.clone(), "/x/")).await.unwrap();
            assert_eq!(service.requests().len(), attempts, "{position}: {from} to {into}");
            let said = with_options(request(from.clone(), "/x/"), |options| options.repeatable = Some(true));
            send(&transport, said).await.unwrap();
            assert_eq!(service.requests().len(), attempts + 3, "{position}: the option of the caller counts");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn lost_delete_that_a_layer_changed_does_not_count_as_done() {
    let gets = layer(|inner, mut request: Request<Body>| async move {
        *request.method_mut() = Method::GET;
        Ok(inner.oneshot(request).await?)
    });
    let service = || ScriptedService::new().then(Step::respond(500)).then(Step::respond(404));
    let transport = builder().layer_per_attempt(gets).service(service()).build().unwrap();
    assert_eq!(send(&transport, request(Method::DELETE, "/x/")).await.unwrap().status(), 404);
    let own = layer(|inner, request: Request<Body>| async move {
        if inner.oneshot(request).await?.status() == 404 {
            Err("gone".into())
        } else {
            Ok(Response::builder().status(500).body(Body::empty())?)
        }
    });
    let transport = builder().layer_per_attempt(own).service(service()).build().unwrap();
    assert_eq!(send(&transport, request(Method::DELETE, "/x/")).await.unwrap_err().kind(), Kind::Layer);
}

#[tokio::test(start_paused = true)]
async fn changed_body_lasts_for_one_attempt_or_for_the_call() {
    let appends = layer(|inner, request: Request<Body>| async move {
        let (parts, body) = request.into_parts();
        let text = [body.read_to_bytes(100).await?.as_ref(), b"+"].concat();
        Ok(inner.oneshot(Request::from_parts(parts, Body::from(text))).await?)
    });
    let once = layer(|inner, request: Request<Body>| async move {
        let body = http_body_util::Full::new(bytes::Bytes::from_static(b"read once"));
        let (parts, _) = request.into_parts();
        Ok(inner.oneshot(Request::from_parts(parts, Body::once(body))).await?)
    });
    for (position, builder) in in_both_positions(&appends) {
        let service =
            ScriptedService::new().then(Step::respond(503).header("retry-after", "0")).then(Step::respond(200));
        let transport = builder.service(service.clone()).build().unwrap();
        send(&transport, post("/x/", "a")).await.unwrap();
        let bodies: Vec<_> = service.requests().into_iter().map(|request| request.body).collect();
        assert_eq!(bodies, ["a+", "a+"], "{position}");
    }
    for ((position, builder), attempts) in in_both_positions(&once).into_iter().zip([1, 3]) {
        let service = ScriptedService::always(Step::respond(429));
        let transport = builder.service(service.clone()).build().unwrap();
        send(&transport, post("/x/", "a")).await.unwrap();
        assert_eq!(service.requests().len(), attempts, "{position}");
    }
}

#[tokio::test(start_paused = true)]
async fn signing_layer_reads_the_url_and_headers_that_are_sent() {
    let seen = Arc::new(Mutex::new(None));
    let sign = MapRequestLayer::new({
        let seen = Arc::clone(&seen);
        move |mut request: Request<Body>| {
            let url = request.extensions().get::<ResolvedUrl>().unwrap().clone();
            let headers = request.extensions().get::<FinalHeaders>().unwrap().clone();
            *seen.lock().unwrap() = Some((url, headers));
            request.headers_mut().insert("x-signature", HeaderValue::from_static("signed"));
            request
        }
    });
    let service = ScriptedService::always(Step::respond(200));
    let transport = builder()
        .base_url(BaseUrl::parse("https://eu.avala.ai:8443/v1").unwrap())
        .api_key(ApiKey::new("avk_1").unwrap())
        .user_agent("mine/1")
        .layer_per_attempt(sign)
        .service(service.clone())
        .build()
        .unwrap();
    send(&transport, get("/x/?q=1")).await.unwrap();
    let sent = service.requests().remove(0);
    let (url, headers) = seen.lock().unwrap().take().unwrap();
    assert_eq!((url.uri(), url.uri().to_string().as_str()), (&sent.uri, "https://eu.avala.ai:8443/v1/x/?q=1"));
    let mut headers = headers.headers().clone();
    assert_eq!(headers.remove("host").unwrap(), "eu.avala.ai:8443", "the client adds it to the connection");
    headers.insert("x-signature", HeaderValue::from_static("signed"));
    assert_eq!(headers, sent.headers);
}

#[tokio::test(start_paused = true)]
async fn signing_layer_cannot_change_the_target() {
    let redirects = [
        ("https://evil.example/x/", Some("https://evil.example/x/"), None),
        ("evil as host", None, Some("evil.example")),
    ];
    for (name, uri, host) in redirects {
        let change = MapRequestLayer::new(move |mut request: Request<Body>| {
            if let Some(uri) = uri {
                *request.uri_mut() = http::Uri::from_static(uri);
            }
            if let Some(host) = host {
                request.headers_mut().insert("host", HeaderValue::from_static(host));
            }
            request.extensions_mut().remove::<ResolvedUrl>();
            request
        });
        let service = ScriptedService::always(Step::respond(200));
        let transport = builder().layer_per_attempt(change).service(service.clone()).build().unwrap();
        let result = send(&transport, get("/x/")).await;
        if uri.is_some() {
            assert_eq!((result.unwrap_err().kind(), service.requests().len()), (Kind::Request, 0), "{name}");
        } else {
            assert!(!service.requests()[0].headers.contains_key("host"), "{name}");
        }
    }
}

#[test]
fn body_is_sync_and_an_empty_one_has_no_bytes() {
    fn is_sync<T: Send + Sync>(_: &T) {}
    let body = Body::once(http_body_util::Full::new(bytes::Bytes::new()));
    is_sync(&body);
    assert_eq!(Body::empty().as_bytes().map(bytes::Bytes::len), Some(0));
    assert_eq!(Body::default().as_bytes().map(bytes::Bytes::len), Some(0));
    assert!(body.as_bytes().is_none());
}
