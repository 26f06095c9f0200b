//! Redis that is slow, stopped, restarted, emptied, read-only, or sends errors and nonsense.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use avala_limits_redis::RedisLimits;
use avala_transport::{Decision, LimitReport, LimitStore, RateLimit, StoreCall};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{GUARD, Redis, api_key, base_url, builder, call, decide, free, granted, limits, millis, request};

/// Creates limits with a timeout that is short, but not for a slow machine.
pub(crate) fn quick(url: impl Into<String>) -> RedisLimits {
    let limit = RateLimit::per_minute(60_000).burst(100);
    RedisLimits::builder(&base_url(), &api_key()).url(url).limit(limit).timeout(millis(300)).build().unwrap()
}

pub(crate) async fn is_local(limits: &RedisLimits) -> bool {
    matches!(decide(limits, call()).await, Decision::Local)
}

/// Waits until Redis decides again; returns after how long.
async fn recovery(limits: &RedisLimits) -> Duration {
    let started = Instant::now();
    loop {
        match decide(limits, call()).await {
            Decision::Granted(mut grant) => {
                grant.used();
                return started.elapsed();
            }
            _ => assert!(started.elapsed() < GUARD, "{:?}", limits.problem()),
        }
        sleep(millis(10)).await;
    }
}

#[tokio::test]
async fn default_timeout_is_50_ms_also_for_the_first_call() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}/", silent.local_addr().unwrap());
    let limits = RedisLimits::builder(&base_url(), &api_key()).url(url).build().unwrap();
    let started = Instant::now();
    assert!(is_local(&limits).await);
    let first = started.elapsed();
    // Far less than any timeout of the driver, on a busy machine too.
    assert!(first >= millis(50) && first < Duration::from_secs(5), "{first:?}");
    let started = Instant::now();
    for _ in 0..50 {
        assert!(is_local(&limits).await);
    }
    // With a timeout each, they would take 2.5 s.
    assert!(started.elapsed() < millis(2_000), "later calls do not wait for it: {:?}", started.elapsed());
    assert!(limits.problem().unwrap().to_string().contains("no response"), "{:?}", limits.problem());
    // No packet is dropped on loopback; an address that is not routed stands in for it.
    let limits = RedisLimits::builder(&base_url(), &api_key()).url("redis://192.0.2.1/").build().unwrap();
    assert!(is_local(&limits).await);
}

#[tokio::test]
async fn paused_server_is_left_and_used_again_within_a_second() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let limits = quick(redis.url());
    recovery(&limits).await;
    redis.signal("-STOP");
    for _ in 0..3 {
        let started = Instant::now();
        for _ in 0..20 {
            assert!(is_local(&limits).await);
        }
        assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
        sleep(millis(400)).await;
    }
    redis.signal("-CONT");
    let recovered = recovery(&limits).await;
    assert!(recovered < Duration::from_secs(5), "{recovered:?}");
    // Responses to requests of before do not match newer ones: the tokens are counted one by one.
    for _ in 0..50 {
        granted(&limits, call()).await;
    }
    assert!(limits.problem().is_none());
}

#[tokio::test]
async fn paused_server_is_no_clock_that_jumped() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let limit = RateLimit::per_minute(60_000).burst(100);
    let upload = StoreCall::new("uploads").with_concurrency_limit(Some(10));
    // One process waits for the paused server, and the other one gives up.
    let (patient, quick) = (limits(&redis, limit).await, quick(redis.url()));
    recovery(&quick).await;
    granted(&patient, upload).await;
    let generation = redis.generation("id").await;
    redis.signal("-STOP");
    let waiting = tokio::spawn({
        let patient = patient.clone();
        async move { granted(&patient, upload).await }
    });
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(3) {
        assert!(is_local(&quick).await);
        sleep(millis(100)).await;
    }
    redis.signal("-CONT");
    timeout(GUARD, waiting).await.unwrap().unwrap();
    recovery(&quick).await;
    granted(&quick, upload).await;
    // After a jump, everything that was stored is void.
    assert_eq!(redis.generation("id").await, generation);
    assert_eq!(patient.stats().outages, 0);
}

#[tokio::test]
async fn restarted_server_is_used_again_without_a_burst() {
    let Some(mut redis) = Redis::start(&[]).await else { return };
    let limits = limits(&redis, RateLimit::per_minute(600).burst(100)).await;
    sleep(millis(1_000)).await;
    assert!(free(&limits, 100).await >= 5);
    redis.stop();
    assert!(is_local(&limits).await && is_local(&limits).await);
    redis.restart(None).await;
    recovery(&limits).await;
    let burst = free(&limits, 100).await;
    assert!(burst <= 5, "{burst} at once after a loss of all data");
}

#[tokio::test]
async fn lost_keys_never_grant_a_fresh_burst() {
    for lost in ["*", "*:limit", "*:generation"] {
        let Some(redis) = Redis::start(&[]).await else { return };
        let limits = limits(&redis, RateLimit::per_minute(600).burst(100)).await;
        sleep(millis(500)).await;
        free(&limits, 100).await;
        for key in redis.keys(lost).await {
            redis.run(&["DEL", &key]).await;
        }
        let burst = free(&limits, 100).await;
        assert!(burst <= 3, "{burst} at once after a loss of {lost}");
        assert!(matches!(decide(&limits, call()).await, Decision::Granted(_)));
    }
}

#[tokio::test]
async fn memory_pressure_grants_no_fresh_burst() {
    for policy in ["volatile-lru", "allkeys-lru", "volatile-ttl", "noeviction"] {
        let options = ["--maxmemory-policy", policy, "--maxmemory", "3mb"];
        let Some(redis) = Redis::start(&options).await else { return };
        let limits = quick(redis.url());
        recovery(&limits).await;
        let client = redis::Client::open(redis.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let started = Instant::now();
        let mut calls = 0_usize;
        for index in 0..40 {
            for part in 0..10 {
                let key = format!("filler:{index}:{part}");
                let value = "x".repeat(20_000);
                let mut set = redis::cmd("SET");
                set.arg(key).arg(value).arg("PX").arg(60_000);
                // Fails when the memory is full and nothing may be evicted.
                let _ = set.query_async::<redis::Value>(&mut connection).await;
            }
            calls += free_or_local(&limits).await;
        }
        // A rate of 999 per second, and one burst.
        let most = 100.0 + (started.elapsed().as_secs_f64() + 0.5) * 1_000.0;
        assert!((calls as f64) < most, "{policy}: {calls} calls, at most {most}");
    }
}

async fn free_or_local(limits: &RedisLimits) -> usize {
    let mut count = 0;
    while let Decision::Granted(mut grant) = decide(limits, call().with_max_wait(Duration::ZERO)).await {
        grant.used();
        count += 1;
        if count == 200 {
            break;
        }
    }
    count
}

#[tokio::test]
async fn permits_are_presented_after_a_loss() {
    for lost in ["*", "*:uploads"] {
        let Some(redis) = Redis::start(&[]).await else { return };
        let build = || builder(redis.url(), RateLimit::per_minute(60_000).burst(100)).concurrency_limit("uploads", 1);
        let (one, other) = (build().connect().await.unwrap(), build().connect().await.unwrap());
        let upload = StoreCall::new("uploads").with_concurrency_limit(Some(10));
        let held = granted(&one, upload).await;
        let keys = redis.keys(lost).await;
        assert!(!keys.is_empty());
        for key in keys {
            redis.run(&["DEL", &key]).await;
        }
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(5) {
            let decision = decide(&other, upload.with_max_wait(millis(100))).await;
            assert!(matches!(decision, Decision::TooLong(_)), "{lost}: {decision:?} after {:?}", started.elapsed());
        }
        drop(held);
        granted(&other, upload).await;
        granted(&other, upload).await;
    }
}

#[tokio::test]
async fn reservations_of_a_lost_store_are_void() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let limits = limits(&redis, RateLimit::per_minute(120).burst(1)).await;
    let started = Instant::now();
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let limits = limits.clone();
            tokio::spawn(async move { drop(granted(&limits, call()).await) })
        })
        .collect();
    sleep(millis(200)).await;
    redis.run(&["FLUSHALL"]).await;
    // A new process books the same times.
    let other = crate::support::limits(&redis, RateLimit::per_minute(120).burst(1)).await;
    for _ in 0..3 {
        granted(&other, call()).await;
    }
    for call in waiting {
        timeout(GUARD, call).await.unwrap().unwrap();
    }
    assert!(started.elapsed() >= millis(2_900), "six calls at 119 per minute: {:?}", started.elapsed());
}

/// A server that speaks the protocol, and responds to every script with this text.
struct Fake {
    url: String,
    response: Arc<Mutex<&'static str>>,
    scripts: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

impl Fake {
    async fn start(response: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}/", listener.local_addr().unwrap());
        let fake = Self {
            url,
            response: Arc::new(Mutex::new(response)),
            scripts: Arc::default(),
            connections: Arc::default(),
        };
        let (response, scripts, connections) = (fake.response.clone(), fake.scripts.clone(), fake.connections.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, response.clone(), scripts.clone()));
            }
        });
        fake
    }
}

async fn serve(mut stream: TcpStream, response: Arc<Mutex<&'static str>>, scripts: Arc<AtomicUsize>) -> Option<()> {
    let mut buffer = Vec::new();
    loop {
        while let Some((words, length)) = request(&buffer) {
            buffer.drain(..length);
            let text = if words[0].starts_with("EVAL") && !words[1].contains("INFO") {
                scripts.fetch_add(1, Ordering::Relaxed);
                *response.lock().unwrap()
            } else {
                "+OK\r\n"
            };
            stream.write_all(text.as_bytes()).await.ok()?;
        }
        let mut part = [0; 4_096];
        let length = stream.read(&mut part).await.ok().filter(|length| *length > 0)?;
        buffer.extend_from_slice(&part[..length]);
    }
}

#[tokio::test]
async fn errors_and_nonsense_are_decided_by_the_share() {
    let mut servers = JoinSet::new();
    for response in [
        "-READONLY You can't write against a read only replica.\r\n",
        "-ERR READONLY You can't write against a read only replica.\r\n",
        "-ERR Error running script (call to f_0): @user_script:1: -READONLY You can't write\r\n",
        "-LOADING Redis is loading the dataset in memory\r\n",
        "-MASTERDOWN Link with MASTER is down\r\n",
        "-CLUSTERDOWN The cluster is down\r\n",
        "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
        "-MISCONF Redis is configured to save RDB snapshots\r\n",
        "-BUSY Redis is busy running a script\r\n",
        "-NOAUTH Authentication required.\r\n",
        "-TRYAGAIN Multiple keys request during rehashing of slot\r\n",
        "-NOREPLICAS Not enough good replicas to write.\r\n",
        "-ASK 3999 127.0.0.1:1\r\n",
        "-MOVED 3999 127.0.0.1:1\r\n",
        "-DENIED Redis is running in protected mode\r\n",
        "-ERR max number of clients reached\r\n",
        "-ERR Script attempted to access nonexistent global variable 'cmsgpack'\r\n",
        "-NOPERM this user has no permissions to run the 'evalsha' command\r\n",
        "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
        "-ERR unknown command `EVALSHA`\r\n",
        "-NOSCRIPT No matching script.\r\n",
        "+OK\r\n",
        ":0\r\n",
        "$-1\r\n",
        "*0\r\n",
        "*1\r\n$2\r\ng0\r\n",
        "$2\r\ny0\r\n",
        "$4\r\nlate\r\n",
        // Numbers that are too large, negative, no integers, or not what was asked for; a missing generation.
        "$38\r\nid 18446744073709551615 0 0 0 0 - 0 g0\r\n",
        "$38\r\nid 5 18446744073709551615 0 0 0 - 0 g0\r\n",
        "$20\r\nid -5 0 0 0 0 - 0 g0\r\n",
        "$21\r\nid 1e3 0 0 0 0 - 0 g0\r\n",
        "$21\r\nid 5 0 0 0 0 - 0 g0.9\r\n",
        "$20\r\nid 5 0 0 0 0 - 0 g-1\r\n",
        "$18\r\nid 5 0 0 0 0 - 0 g\r\n",
        "$38\r\nid 5 0 0 0 0 - 0 g99999999999999999999\r\n",
        "$19\r\nid 5 0 0 0 0 - 9 g0\r\n",
        "$19\r\nid 5 0 0 0 0 y 0 g0\r\n",
        "$22\r\nid 5 0 0 0 0 - 0 g0 g0\r\n",
        "$17\r\n 5 0 0 0 0 - 0 g0\r\n",
        // Types of the newer protocol.
        ",1.5\r\n",
        "#t\r\n",
        "_\r\n",
        "(3492890328409238509324850943850943825024385\r\n",
        "%1\r\n+a\r\n:1\r\n",
        "=6\r\ntxt:g0\r\n",
        "*-7\r\n",
        "$99999999999999\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "\u{0}\u{1}\r\n",
    ] {
        servers.spawn(async move {
            let fake = Fake::start(response).await;
            let limits = quick(fake.url.clone());
            for _ in 0..5 {
                assert!(is_local(&limits).await, "{response}");
            }
            assert!(limits.problem().is_some(), "{response}");
            let stats = limits.stats();
            assert_eq!((stats.granted, stats.local, stats.outages), (0, 5, 1), "{response}: one report of one outage");
            let before = fake.connections.load(Ordering::Relaxed);
            sleep(millis(400)).await;
            assert!(is_local(&limits).await, "{response}");
            assert!(fake.connections.load(Ordering::Relaxed) > before, "{response}: the connection is replaced");
        });
    }
    servers.join_all().await;
}

#[tokio::test]
async fn truncated_reply_is_decided_by_the_share() {
    let fake = Fake::start("$90\r\nid 5").await;
    let limits = quick(fake.url.clone());
    assert!(is_local(&limits).await);
}

#[tokio::test]
async fn errors_that_stay_are_reported_at_the_start() {
    use avala_limits_redis::LimitsErrorKind as Kind;
    for (response, kind) in [
        ("-DENIED Redis is running in protected mode\r\n", Kind::Access),
        ("-NOAUTH Authentication required.\r\n", Kind::Access),
        ("-MOVED 3999 127.0.0.1:1\r\n", Kind::Unsupported),
        ("-ERR Script attempted to access nonexistent global variable 'cmsgpack'\r\n", Kind::Unsupported),
        ("-ERR DB index is out of range\r\n", Kind::Configuration),
    ] {
        let fake = Fake::start(response).await;
        let builder = RedisLimits::builder(&base_url(), &api_key()).url(fake.url.clone());
        let error = builder.timeout(Duration::from_secs(5)).connect().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{response}: {error}");
    }
}

#[tokio::test]
async fn limiter_returns_when_the_server_is_writable_again() {
    let good = "$19\r\nid 5 0 0 0 0 - 0 g0\r\n";
    let fake = Fake::start("-ERR READONLY You can't write\r\n").await;
    let limits = quick(fake.url.clone());
    assert!(is_local(&limits).await);
    *fake.response.lock().unwrap() = good;
    let recovered = recovery(&limits).await;
    assert!(recovered < Duration::from_secs(5), "{recovered:?}");
    assert!(limits.problem().is_none());
}

#[tokio::test]
async fn script_is_repeated_only_if_the_server_lacks_it() {
    for (response, scripts) in [("-NOSCRIPT x\r\n", 2), ("-ERR something\r\n", 1), ("-LOADING x\r\n", 1)] {
        let fake = Fake::start(response).await;
        let limits = quick(fake.url.clone());
        assert!(is_local(&limits).await);
        assert_eq!(fake.scripts.load(Ordering::Relaxed), scripts, "{response}");
    }
    let Some(redis) = Redis::start(&[]).await else { return };
    let limits = quick(redis.url());
    recovery(&limits).await;
    redis.run(&["SCRIPT", "FLUSH"]).await;
    granted(&limits, call()).await;
}

/// Returns a Redis that executes scripts and loses, while the switch is on, responses with this end. The connection
/// ends too.
async fn losing(redis: &Redis, ends: &'static [&'static [u8]]) -> (String, Arc<std::sync::atomic::AtomicBool>) {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}/", proxy.local_addr().unwrap());
    let (target, swallow) = (format!("127.0.0.1:{}", redis.port), Arc::new(std::sync::atomic::AtomicBool::new(false)));
    let lost = swallow.clone();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = proxy.accept().await {
            let (mut server, lost) = (TcpStream::connect(&target).await.unwrap(), lost.clone());
            tokio::spawn(async move {
                let (mut from_client, mut to_client) = client.split();
                let (mut from_server, mut to_server) = server.split();
                let forward = tokio::io::copy(&mut from_client, &mut to_server);
                let back = async {
                    let mut part = [0; 4_096];
                    while let Ok(length @ 1..) = from_server.read(&mut part).await {
                        if lost.load(Ordering::Relaxed) && ends.iter().any(|end| part[..length].ends_with(end)) {
                            return;
                        }
                        if to_client.write_all(&part[..length]).await.is_err() {
                            return;
                        }
                    }
                };
                tokio::select! { _ = forward => {}, () = back => {} }
            });
        }
    });
    (url, swallow)
}

#[tokio::test]
async fn lost_responses_leave_no_permit_taken() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let (url, swallow) = losing(&redis, &[b"y0\r\n", b"y 0 g0\r\n"]).await;
    let build = |url: String| builder(url, RateLimit::per_minute(60_000).burst(100)).concurrency_limit("uploads", 1);
    let (limits, direct) = (build(url).connect().await.unwrap(), build(redis.url()).connect().await.unwrap());
    let upload = StoreCall::new("uploads").with_concurrency_limit(Some(10));
    // After the time in which holders present theirs.
    granted(&limits, upload).await;
    swallow.store(true, Ordering::Relaxed);
    let started = Instant::now();
    while limits.stats().outages < 3 {
        assert!(started.elapsed() < GUARD);
        let decision = decide(&limits, upload.with_max_wait(Duration::from_secs(7))).await;
        assert!(!matches!(decision, Decision::Granted(_)), "{decision:?}");
        sleep(millis(50)).await;
    }
    // The only permit ends with its lease of 6 s at the latest.
    let (free, _) = (Instant::now(), granted(&direct, upload).await);
    assert!(free.elapsed() < Duration::from_secs(20), "{:?}", free.elapsed());
}

#[tokio::test]
async fn lost_responses_cost_one_token_each() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let (url, swallow) = losing(&redis, &[b"g0\r\n"]).await;
    let limit = RateLimit::per_minute(600).burst(100);
    let limits = builder(url, limit).connect().await.unwrap();
    let direct = crate::support::limits(&redis, limit).await;
    // Enough tokens for all, and then the losses.
    sleep(Duration::from_secs(3)).await;
    swallow.store(true, Ordering::Relaxed);
    let started = Instant::now();
    let mut losses = 0;
    while losses < 10 {
        assert!(is_local(&limits).await);
        losses = limits.stats().outages.max(limits.stats().round_trips) - 1;
        sleep(millis(50)).await;
    }
    let left = free(&direct, 100).await;
    let refilled = started.elapsed().as_secs_f64() * 500.0 / 60.0;
    assert!(left as f64 >= 22.0 + refilled - losses as f64 - 3.0, "{left} left after {losses} losses, {refilled} more");
}

#[tokio::test]
async fn gate_that_this_process_knows_survives_the_loss_of_the_store() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let limits = limits(&redis, RateLimit::per_minute(6_000).burst(20)).await;
    let started = Instant::now();
    limits.report(None, LimitReport::new().with_closed_for(millis(1_500)));
    sleep(millis(100)).await;
    redis.run(&["FLUSHALL"]).await;
    granted(&limits, call()).await;
    assert!(started.elapsed() >= millis(1_490), "{:?}", started.elapsed());
}
