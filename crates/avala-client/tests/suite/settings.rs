//! Every setting is stored once, has its effect in the assembled client, and accepts any number.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use avala_client::{Avala, AvalaBuilder, ErrorKind, Sent, TimeoutPhase};
use avala_transport::testing::{ByteServer, Script, ScriptedService, Step};
use avala_transport::{
    AccessToken, ApiKey, BaseUrl, Body, ConcurrencyLimits, ProvidedKey, ProvidedToken, RateLimit, RateLimiter,
    RetryBudget, RetryPolicy, TransportBuilder,
};
use avala_types::{AvalaConfig, CreateQualityTarget, QualityMetric, UpdateQualityTarget};
use bytes::Bytes;
use futures_util::future::join_all;
use http::HeaderMap;
use http_body::Frame;
use serde_json::json;
use tokio::time::{Instant, Sleep, sleep};

use crate::{bare, json};

const SHORT: Duration = Duration::from_secs(7);
const LONG: Duration = Duration::from_secs(40);

fn builder() -> AvalaBuilder {
    Avala::builder().api_key("avk_test")
}

fn task() -> Step {
    json(&json!({"uid": "t1"}))
}

/// Returns a body of `length` bytes that decodes.
fn padded(length: usize) -> String {
    let body = json!({"uid": "t1", "note": ""}).to_string();
    body.replace(r#""note":"""#, &format!(r#""note":"{}""#, "x".repeat(length - body.len())))
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test(start_paused = true)]
async fn last_timeout_wins_in_either_builder() {
    for (builder, expected) in [
        (builder().timeout(SHORT), SHORT),
        (builder().transport(|transport| transport.timeout(SHORT)), SHORT),
        (builder().timeout(LONG).transport(|transport| transport.timeout(SHORT)), SHORT),
        (builder().transport(|transport| transport.timeout(SHORT)).timeout(LONG), LONG),
    ] {
        let avala = builder.retry(RetryPolicy::none()).service(ScriptedService::always(Step::hang()));
        let avala = avala.transport(|transport| transport.attempt_timeout(Duration::MAX)).build().unwrap();
        let started = Instant::now();
        let error = avala.tasks().get("t1").await.unwrap_err();
        assert_eq!((error.timeout_phase(), started.elapsed()), (Some(TimeoutPhase::Total), expected));
    }
}

#[tokio::test(start_paused = true)]
async fn last_rate_limiter_wins_in_either_builder() {
    let slow = || RateLimiter::new(RateLimit::per_minute(60).burst(1));
    for (builder, expected) in [
        (builder().rate_limiter(slow()), 4),
        (builder().transport(|transport| transport.rate_limiter(slow())), 4),
        (builder().rate_limiter(slow()).transport(|transport| transport.rate_limiter(RateLimiter::off())), 0),
        (builder().transport(|transport| transport.rate_limiter(RateLimiter::off())).rate_limiter(slow()), 4),
        (builder().transport(|transport| transport.rate_limiter(slow())).rate_limit(RateLimit::per_minute(6_000)), 0),
    ] {
        let limited = task().header("x-ratelimit-limit", "60").header("x-ratelimit-remaining", "9");
        let avala = builder.service(ScriptedService::always(limited)).build().unwrap();
        let started = Instant::now();
        let calls = join_all((0..5).map(|_| avala.tasks().get("t1").into_future())).await;
        assert!(calls.iter().all(Result::is_ok));
        assert_eq!(started.elapsed().as_secs(), expected);
    }
    let limiter = slow();
    let avala = builder().transport(|transport| transport.rate_limiter(limiter)).service(ScriptedService::always(
        task().header("x-ratelimit-limit", "60").header("x-ratelimit-remaining", "9"),
    ));
    let avala = avala.build().unwrap();
    avala.tasks().get("t1").await.unwrap();
    assert_eq!(avala.rate_limit().unwrap().remaining.unwrap(), 9, "the client reads the limiter that is in use");
}

#[tokio::test]
async fn last_base_url_wins_in_either_builder() {
    let url = |text: &str| BaseUrl::parse(text).unwrap();
    for (builder, expected) in [
        (builder(), "https://api.avala.ai/api/v1/tasks/t1/"),
        (
            builder().transport(|transport| transport.base_url(url("https://a.example/x"))),
            "https://a.example/x/tasks/t1/",
        ),
        (
            builder()
                .base_url("https://b.example/y")
                .transport(|transport| transport.base_url(url("https://a.example/x"))),
            "https://a.example/x/tasks/t1/",
        ),
        (
            builder()
                .transport(|transport| transport.base_url(url("https://a.example/x")))
                .base_url("https://b.example/y"),
            "https://b.example/y/tasks/t1/",
        ),
        (
            builder().base_url("https://b.example/y").transport(|transport| transport.timeout(SHORT)),
            "https://b.example/y/tasks/t1/",
        ),
    ] {
        let script = ScriptedService::always(task());
        let avala = builder.service(script.clone()).build().unwrap();
        avala.tasks().get("t1").await.unwrap();
        assert_eq!(script.requests()[0].uri, expected);
        assert_eq!(avala.tasks().get("t1").to_http().unwrap().uri(), expected);
    }
}

async fn sent_headers(builder: AvalaBuilder) -> HeaderMap {
    let script = ScriptedService::always(task());
    let avala = builder.service(script.clone()).build().unwrap();
    avala.tasks().get("t1").await.unwrap();
    script.requests().remove(0).headers
}

#[tokio::test]
async fn last_api_key_wins_in_either_builder() {
    let key = |text: &str| ApiKey::new(text).unwrap();
    let provider = |text: &'static str| move || ProvidedKey::now(ApiKey::new(text));
    for (builder, expected) in [
        (Avala::builder().api_key("avk_a"), Some("avk_a")),
        (Avala::builder().transport(|transport| transport.api_key(key("avk_b"))), Some("avk_b")),
        (Avala::builder().api_key("avk_a").transport(|transport| transport.api_key(key("avk_b"))), Some("avk_b")),
        (Avala::builder().transport(|transport| transport.api_key(key("avk_b"))).api_key("avk_a"), Some("avk_a")),
        (Avala::builder().api_key("avk_a").api_key_provider(provider("avk_c")), Some("avk_c")),
        (Avala::builder().api_key_provider(provider("avk_c")).api_key("avk_a"), Some("avk_a")),
        (Avala::builder().api_key_provider(provider("avk_c")).without_credentials(), None),
        (Avala::builder().transport(|transport| transport.api_key(key("avk_b"))).without_credentials(), None),
    ] {
        let headers = sent_headers(builder).await;
        assert_eq!(headers.get("x-avala-api-key").map(|value| value.to_str().unwrap()), expected);
        assert!(!headers.contains_key("authorization"));
    }
}

#[tokio::test]
async fn access_token_replaces_the_api_key() {
    let provider = || ProvidedToken::now(AccessToken::new("tok_c"));
    let later = || ProvidedToken::later(async { AccessToken::new("tok_d") });
    for (builder, expected) in [
        (Avala::builder().access_token("tok_a"), "Bearer tok_a"),
        (Avala::builder().access_token_provider(provider), "Bearer tok_c"),
        (Avala::builder().access_token_provider(later), "Bearer tok_d"),
        (Avala::builder().access_token("tok_a").access_token_provider(provider), "Bearer tok_c"),
        (Avala::builder().api_key("avk_a").without_api_key().access_token("tok_a"), "Bearer tok_a"),
        (
            Avala::builder().transport(|transport| transport.access_token(AccessToken::new("tok_b").unwrap())),
            "Bearer tok_b",
        ),
    ] {
        assert!(!format!("{builder:?}").contains("tok_"), "{builder:?}");
        let headers = sent_headers(builder).await;
        assert_eq!(headers["authorization"], expected);
        assert!(headers["authorization"].is_sensitive() && !headers.contains_key("x-avala-api-key"));
    }
}

#[tokio::test]
async fn key_and_token_together_are_rejected() {
    for builder in [
        Avala::builder().api_key("avk_a").access_token("tok_a"),
        Avala::builder().access_token("tok_a").api_key("avk_a"),
        Avala::builder().access_token("tok_a").api_key_provider(|| ProvidedKey::now(ApiKey::new("avk_a"))),
        Avala::builder().api_key("avk_a").access_token_provider(|| ProvidedToken::now(AccessToken::new("tok_a"))),
    ] {
        let error = builder.service(ScriptedService::new()).build().unwrap_err();
        assert_eq!((error.kind(), error.operation(), error.route()), (ErrorKind::Configuration, None, None));
        assert!(error.to_string().contains("only one of them") && !format!("{error:?}").contains("tok_a"), "{error}");
    }
    for text in ["", "tok a", "tok\n"] {
        let error = Avala::builder().access_token(text).service(ScriptedService::new()).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{text:?}");
    }
    let refused = || ProvidedToken::now(Err::<AccessToken, _>("the session ended"));
    let avala = Avala::builder().access_token_provider(refused).service(ScriptedService::new()).build().unwrap();
    let error = avala.tasks().get("t1").await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Configuration, Sent::No));
    assert!(error.to_string().contains("the session ended"), "{error}");
}

#[tokio::test]
async fn signup_carries_no_access_token() {
    let script = ScriptedService::always(task());
    let avala = Avala::builder().access_token("tok_a").service(script.clone()).build().unwrap();
    let _ = avala.signup().create(&avala_types::Signup::new("a@b.example", "hunter22")).await;
    assert!(!script.requests()[0].headers.contains_key("authorization"));
}

/// `gzip` is a default feature of the client.
#[cfg(feature = "gzip")]
#[tokio::test]
async fn compressed_response_is_requested_and_decoded() {
    const COMPRESSED: &[u8] =
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x2a\xcd\x4c\x51\xb2\x52\x2a\x31\x54\xaa\
        \x05\x00\x36\x81\xcc\x4a\x0c\x00\x00\x00";
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", COMPRESSED.len());
    let server =
        ByteServer::always(Script::new().request().send([head.as_bytes(), COMPRESSED].concat())).await.unwrap();
    let avala = builder().base_url(server.url()).allow_insecure_base_url(true).build().unwrap();
    assert_eq!(avala.tasks().get("t1").await.unwrap().uid.as_str(), "t1");
    let request = String::from_utf8(server.requests()[0].to_vec()).unwrap();
    assert!(request.contains("accept-encoding: gzip\r\n"), "{request}");
}

#[tokio::test]
async fn body_cap_is_the_configured_one() {
    let large = padded(70 << 20);
    let server = ByteServer::always(Script::new().request().send(ok(&large))).await.unwrap();
    let local = || builder().base_url(server.url()).allow_insecure_base_url(true);
    let avala = local().transport(|transport| transport.max_body_bytes(256 << 20)).build().unwrap();
    assert_eq!(avala.tasks().get("t1").await.unwrap().uid.as_str(), "t1");
    let error = local().build().unwrap().tasks().get("t1").await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::BodyTooLarge, Sent::Yes));
}

#[tokio::test]
async fn body_cap_is_exact_whoever_collects_the_body() {
    let body = padded(1_000);
    for pieces in [1, 4] {
        for (cap, fits) in [(0, false), (999, false), (1_000, true), (usize::MAX - 1, true), (usize::MAX, true)] {
            let pieces: Vec<_> = body.as_bytes().chunks(1_000 / pieces).map(<[u8]>::to_vec).collect();
            let script = ScriptedService::always(Step::respond(200).pieces(pieces));
            let avala = builder().service(script).transport(|transport| transport.max_body_bytes(cap)).build().unwrap();
            let result = avala.tasks().get("t1").await;
            assert_eq!(result.is_ok(), fits, "{cap}: {result:?}");
            assert!(result.err().is_none_or(|error| error.kind() == ErrorKind::BodyTooLarge));
        }
    }
}

#[tokio::test]
async fn body_over_the_memory_budget_has_its_own_error() {
    let body = padded(1_000);
    for pieces in [1, 4] {
        for (budget, fits) in [(0, false), (1, false), (999, false), (1_000, true), (usize::MAX, true)] {
            let pieces: Vec<_> = body.as_bytes().chunks(1_000 / pieces).map(<[u8]>::to_vec).collect();
            let script = ScriptedService::always(Step::respond(200).pieces(pieces));
            let avala = builder().memory_budget(budget).service(script.clone()).build().unwrap();
            // Twice: the first call returns its bytes.
            for _ in 0..2 {
                let result = avala.tasks().get("t1").await;
                assert_eq!(result.is_ok(), fits, "{budget}: {result:?}");
                let Err(error) = result else { continue };
                assert_eq!((error.kind(), error.sent()), (ErrorKind::MemoryBudget, Sent::Yes));
                assert!(error.to_string().contains(&format!("{budget} bytes")), "{error}");
                assert_eq!(error.attempts(), 1, "not retried");
            }
        }
    }
}

/// A body that arrives in two pieces, a second apart.
struct SlowBody {
    pieces: VecDeque<Bytes>,
    sleep: Pin<Box<Sleep>>,
}

impl SlowBody {
    fn new(text: &str) -> Self {
        let (start, end) = text.split_at(text.len() - 100);
        let pieces = [start, end].map(|piece| Bytes::copy_from_slice(piece.as_bytes())).into();
        Self { pieces, sleep: Box::pin(sleep(Duration::ZERO)) }
    }
}

impl http_body::Body for SlowBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        ready!(self.sleep.as_mut().poll(cx));
        self.sleep = Box::pin(sleep(Duration::from_secs(1)));
        Poll::Ready(self.pieces.pop_front().map(|piece| Ok(Frame::data(piece))))
    }
}

#[tokio::test(start_paused = true)]
async fn memory_budget_is_shared_by_all_calls_and_clones() {
    let service = tower::service_fn(move |_: http::Request<Body>| async move {
        Ok::<_, std::io::Error>(http::Response::new(SlowBody::new(&padded(1_000))))
    });
    let avala = builder().memory_budget(2_500).service(service).build().unwrap();
    let clone = avala.clone();
    let calls = [&avala, &clone, &avala].map(|avala| avala.tasks().get("t1").into_future());
    let results = join_all(calls).await;
    let kinds: Vec<_> = results.iter().map(|result| result.as_ref().err().map(avala_client::Error::kind)).collect();
    assert_eq!(kinds, [None, None, Some(ErrorKind::MemoryBudget)]);
    assert!(results[2].as_ref().unwrap_err().is_retryable());
    assert!(avala.tasks().get("t1").await.is_ok(), "everything was returned");
}

/// Setters by name.
type Setters<T> = Vec<(&'static str, fn(AvalaBuilder, T) -> AvalaBuilder)>;

/// Returns every setting that is a duration.
fn durations() -> Setters<Duration> {
    vec![
        ("timeout", |builder, time| builder.timeout(time)),
        ("attempt_timeout", |builder, time| builder.transport(|transport| transport.attempt_timeout(time))),
        ("idle_timeout", |builder, time| builder.transport(|transport| transport.idle_timeout(time))),
        ("connect_timeout", |builder, time| builder.transport(|transport| transport.connect_timeout(time))),
        ("pool_idle_timeout", |builder, time| builder.transport(|transport| transport.pool_idle_timeout(time))),
        ("keep_alive_interval", |builder, time| builder.transport(|transport| transport.http2_keep_alive(time, SHORT))),
        ("keep_alive_timeout", |builder, time| builder.transport(|transport| transport.http2_keep_alive(SHORT, time))),
        ("base_delay", |builder, time| builder.retry(RetryPolicy::default().base_delay(time))),
        ("max_delay", |builder, time| builder.retry(RetryPolicy::default().base_delay(time).max_delay(time))),
        ("max_wait", |builder, time| builder.retry(RetryPolicy::default().max_wait(time))),
        ("every delay", |builder, time| {
            builder.retry(RetryPolicy::default().base_delay(time).max_delay(time).max_wait(time))
        }),
    ]
}

/// Returns every setting that is a count.
fn counts() -> Setters<usize> {
    fn narrow(count: usize) -> u32 {
        u32::try_from(count).unwrap_or(if count == usize::MAX { u32::MAX } else { u32::MAX - 1 })
    }
    vec![
        ("max_body_bytes", |builder, count| builder.transport(|transport| transport.max_body_bytes(count))),
        ("memory_budget", |builder, count| builder.memory_budget(count)),
        ("pool_max_idle", |builder, count| builder.transport(|transport| transport.pool_max_idle_per_host(count))),
        ("ordinary", |builder, count| {
            builder.transport(|transport| transport.concurrency(ConcurrencyLimits::default().default_group(count)))
        }),
        ("max_attempts", |builder, count| builder.retry(RetryPolicy::default().max_attempts(narrow(count)))),
        ("budget", |builder, count| {
            builder.retry(RetryPolicy::default().budget(RetryBudget::new(narrow(count)).per_second(count as f64)))
        }),
        ("rate", |builder, count| builder.rate_limit(RateLimit::per_minute(narrow(count)))),
        ("burst", |builder, count| builder.rate_limit(RateLimit::per_minute(600).burst(narrow(count)))),
    ]
}

const EXTREMES: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_nanos(1),
    Duration::from_secs(u64::MAX >> 1),
    Duration::from_secs(i64::MAX as u64 / 1_000),
    Duration::MAX.saturating_sub(Duration::from_nanos(1)),
    Duration::MAX,
];

/// Makes calls that succeed, are refused, fail, and hang. None may panic or take longer than the timeout of the call.
async fn exercise(name: &str, builder: impl Fn() -> AvalaBuilder) {
    for step in [
        task(),
        Step::respond(429).header("retry-after", "2"),
        Step::respond(503).header("retry-after", "18446744073709551615"),
        Step::respond(500),
        Step::hang(),
    ] {
        let avala = builder().service(ScriptedService::always(step)).build().unwrap();
        let started = Instant::now();
        let call = avala.tasks().get("t1").deadline(SHORT).into_future();
        let list = avala.tasks().list().deadline(SHORT).into_future();
        let _ = futures_util::future::join(call, list).await;
        assert!(started.elapsed() <= SHORT + Duration::from_millis(1), "{name}: {:?}", started.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn extreme_durations_neither_panic_nor_prolong_a_call() {
    for (name, set) in durations() {
        for time in EXTREMES {
            exercise(&format!("{name} {time:?}"), || set(builder(), time)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn extreme_counts_neither_panic_nor_prolong_a_call() {
    for (name, set) in counts() {
        for count in [0, 1, 2, usize::MAX >> 1, usize::MAX - 1, usize::MAX] {
            exercise(&format!("{name} {count}"), || set(builder(), count)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn longest_duration_is_no_limit_in_every_setting() {
    for longest in [Duration::MAX, Duration::MAX.saturating_sub(Duration::from_nanos(1))] {
        for (name, set) in durations() {
            let script = ScriptedService::always(task().after(Duration::from_secs(20)));
            let avala = set(builder(), longest).service(script).build().unwrap();
            assert!(avala.tasks().get("t1").await.is_ok(), "{name}");
            assert!(avala.tasks().get("t1").deadline(longest).attempt_timeout(longest).await.is_ok(), "{name}");
            let list = avala.tasks().list().deadline(longest).attempt_timeout(longest).connect_timeout(longest);
            assert!(list.decode_as::<serde_json::Value>().await.is_err(), "{name}: not a list");
        }
    }
}

#[tokio::test]
async fn extreme_settings_of_connections_do_not_panic() {
    let body = ok(r#"{"uid":"t1"}"#);
    let script = Script::new().request().send(body.clone()).request().send(body).stall();
    let server = ByteServer::always(script).await.unwrap();
    for (name, set) in durations() {
        for time in EXTREMES {
            let local = set(builder(), time).base_url(server.url()).allow_insecure_base_url(true);
            let avala = local.build().unwrap();
            for _ in 0..2 {
                let result = avala.tasks().get("t1").max_attempts(1).connect_timeout(time).await;
                if let Err(error) = result {
                    assert!(time < Duration::from_secs(1), "{name} {time:?}: {error}");
                    assert_eq!(error.kind(), ErrorKind::Timeout, "{name} {time:?}: {error}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn list_and_call_take_the_same_options() {
    let script = ScriptedService::always(Step::respond(500));
    let avala = builder().service(script.clone()).build().unwrap();
    let error = avala.tasks().list().max_attempts(1).await.unwrap_err();
    assert_eq!((error.attempts(), script.requests().len()), (1, 1));
    let error = avala.tasks().get("t1").max_attempts(2).await.unwrap_err();
    assert_eq!((error.attempts(), script.requests().len()), (2, 3));
}

#[tokio::test]
async fn number_that_json_cannot_express_is_rejected_with_its_path() {
    #[derive(serde::Serialize)]
    struct Rig {
        gains: Vec<f32>,
    }
    let script = ScriptedService::new();
    let avala = bare(&script);
    let create = CreateQualityTarget::new("n", QualityMetric::Iou, f64::NAN);
    let update = UpdateQualityTarget::default().threshold(f64::NEG_INFINITY);
    for (error, path) in [
        (avala.quality_targets().create("p1", &create).await.unwrap_err(), "threshold"),
        (avala.quality_targets().create("p1", &create).to_http().unwrap_err(), "threshold"),
        (avala.quality_targets().update("p1", "q1", &update).await.unwrap_err(), "threshold"),
    ] {
        assert_eq!((error.kind(), error.sent(), error.json_path()), (ErrorKind::Request, Sent::No, Some(path)));
        let text = error.to_string();
        assert!(text.contains(path) && text.contains("JSON cannot express"), "{text}");
    }
    assert!(script.requests().is_empty(), "nothing was sent");
    let error = avala_types::Json::encode(&Rig { gains: vec![1.0, f32::INFINITY] }).unwrap_err();
    assert!(error.to_string().contains("gains[1]"), "{error}");
}

#[test]
fn base_url_that_cannot_work_is_rejected_by_build() {
    for text in
        ["https://[]/", "https://api.avala.ai:+443", "*", "https://a..b", "https://a,b", "https://[fe80::1%25e]"]
    {
        let error = builder().base_url(text).service(ScriptedService::new()).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{text}");
    }
    let hidden = builder().base_url("https://u:hunter2@a.example");
    assert!(!format!("{hidden:?}").contains("hunter2"), "{hidden:?}");
    let error = hidden.service(ScriptedService::new()).build().unwrap_err();
    assert!(!format!("{error:?} {error}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn defaults_of_types_transport_and_client_agree() {
    let defaults = TransportBuilder::new();
    assert_eq!(AvalaConfig::DEFAULT_TIMEOUT, defaults.get_timeout());
    assert_eq!(AvalaConfig::DEFAULT_BASE_URL, BaseUrl::default().to_string());
    assert_eq!(builder().build().unwrap().base_url(), Some(&BaseUrl::default()));

    let script = ScriptedService::always(task());
    let config = AvalaConfig::new("avk_test");
    let clients = [builder(), Avala::builder().config(config)].map(|builder| builder.service(script.clone()).build());
    for avala in clients {
        avala.unwrap().tasks().get("t1").await.unwrap();
    }
    let transport = defaults.service(script.clone()).build().unwrap();
    Avala::from_service(transport).tasks().get("t1").await.unwrap();
    let agents: Vec<_> = script.requests().iter().map(|request| request.headers["user-agent"].clone()).collect();
    assert!(agents[0].to_str().unwrap().starts_with("avala-rust/") && agents.iter().all(|agent| *agent == agents[0]));
}
