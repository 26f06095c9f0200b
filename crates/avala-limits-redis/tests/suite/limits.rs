//! Limits in a Redis without faults.

use std::time::Duration;

use avala_limits_redis::LimitsErrorKind as Kind;
use avala_transport::testing::{ScriptedService, Step, check_limit_store};
use avala_transport::{Body, Decision, LimitReport, LimitStore, RateLimit, RateLimiter, StoreCall, TransportBuilder};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tower::ServiceExt;

use crate::support::{GUARD, Redis, builder, call, decide, free, granted, limits, millis};

#[tokio::test]
async fn limits_in_redis_pass_the_checks_of_a_store() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let count = std::sync::atomic::AtomicUsize::new(0);
    check_limit_store(async |limit| {
        let prefix = format!("check{}", count.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        let limits = builder(redis.url(), limit).prefix(prefix).connect().await.unwrap();
        // Permits are not granted before possible holders have had time to present theirs.
        sleep(Duration::from_secs(4)).await;
        limits
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn transport_sends_what_redis_grants() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let service = ScriptedService::always(Step::respond(200).header("x-ratelimit-limit", "1200"));
    let mut calls = JoinSet::new();
    let started = Instant::now();
    for _ in 0..4 {
        let limits = limits(&redis, RateLimit::per_minute(1_200).burst(4)).await;
        let limiter = RateLimiter::shared(limits, RateLimit::per_minute(60).burst(1));
        let transport = TransportBuilder::new().rate_limiter(limiter).service(service.clone()).build().unwrap();
        for _ in 0..5 {
            let request = http::Request::get("/x/").body(Body::empty()).unwrap();
            calls.spawn(transport.clone().oneshot(request));
        }
    }
    for result in timeout(GUARD, calls.join_all()).await.unwrap() {
        result.unwrap();
    }
    assert_eq!(service.requests().len(), 20);
    let least = Duration::from_secs_f64(20.0 * 60.0 / 1_196.0 - 0.1);
    assert!(started.elapsed() >= least, "the store starts empty: {:?}", started.elapsed());
}

#[tokio::test]
async fn gate_of_a_refusal_closes_for_every_process() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let limit = RateLimit::per_minute(6_000).burst(20);
    let (one, other) = (limits(&redis, limit).await, limits(&redis, limit).await);
    sleep(millis(500)).await;
    granted(&other, call()).await;
    let started = Instant::now();
    one.report(None, LimitReport::new().with_closed_for(millis(1_000)));
    sleep(millis(200)).await;
    let mut starts = Vec::new();
    for _ in 0..4 {
        granted(&other, call()).await;
        starts.push(started.elapsed());
    }
    assert!(starts[0] >= millis(990), "{starts:?}");
    assert!(starts[3] >= millis(1_020), "one at a time: {starts:?}");
}

/// A hundred clients in ten processes that were all refused with the same `Retry-After`.
#[tokio::test]
async fn refused_clients_come_back_one_at_a_time() {
    const CLIENTS: usize = 100;
    let Some(redis) = Redis::start(&[]).await else { return };
    let limit = RateLimit::per_minute(1_200).burst(24);
    let mut processes = Vec::new();
    for _ in 0..10 {
        processes.push(limits(&redis, limit).await);
    }
    let started = Instant::now();
    processes.iter().for_each(|process| process.report(None, LimitReport::new().with_closed_for(millis(1_500))));
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let process = processes[client % 10].clone();
        clients.spawn(async move {
            granted(&process, call()).await;
            started.elapsed()
        });
    }
    let mut times = timeout(GUARD, clients.join_all()).await.unwrap();
    times.sort();
    assert!(times[0] >= millis(1_490), "{:?}", times[0]);
    for wave in times.windows(CLIENTS / 20 + 1) {
        assert!(wave[CLIENTS / 20] - wave[0] >= millis(100), "more than 5 % within 100 ms: {wave:?}");
    }
}

#[tokio::test]
async fn reservations_are_void_when_a_gate_closes() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let limit = RateLimit::per_minute(240).burst(1);
    let (one, other) = (limits(&redis, limit).await, limits(&redis, limit).await);
    let started = Instant::now();
    let mut waiting = JoinSet::new();
    for _ in 0..4 {
        let one = one.clone();
        waiting.spawn(async move { granted(&one, call()).await });
    }
    sleep(millis(50)).await;
    other.report(None, LimitReport::new().with_closed_for(millis(1_500)));
    timeout(GUARD, waiting.join_next()).await.unwrap();
    assert!(started.elapsed() >= millis(1_500), "{:?}", started.elapsed());
    timeout(GUARD, waiting.join_all()).await.unwrap();
    assert!(started.elapsed() >= millis(2_250), "{:?}", started.elapsed());
}

#[tokio::test]
async fn tokens_of_dropped_calls_are_reused() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let limits = limits(&redis, RateLimit::per_minute(60).burst(1)).await;
    let started = Instant::now();
    for _ in 0..20 {
        // Each call would start a second later than the one before.
        assert!(timeout(millis(20), limits.acquire(call())).await.is_err());
    }
    granted(&limits, call()).await;
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

#[tokio::test]
async fn concurrent_calls_share_round_trips() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let limits = limits(&redis, RateLimit::per_minute(60_000_000).burst(2_000_000)).await;
    sleep(millis(300)).await;
    let mut calls = JoinSet::new();
    for _ in 0..64 {
        let limits = limits.clone();
        calls.spawn(async move {
            for _ in 0..50 {
                granted(&limits, call()).await;
            }
        });
    }
    timeout(GUARD, calls.join_all()).await.unwrap();
    let stats = limits.stats();
    assert_eq!(stats.granted, 64 * 50);
    assert!(stats.round_trips * 10 <= stats.granted, "{stats:?}");
}

#[tokio::test]
async fn narrow_scope_delays_only_its_own_calls() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let created = Instant::now();
    let limits = limits(&redis, RateLimit::per_minute(6_000).burst(100)).await;
    let narrow = call().with_scope(Some("inference"));
    limits.report(narrow.scope, LimitReport::new().with_limit(120));
    sleep(millis(500)).await;
    let mut waiting = JoinSet::new();
    for _ in 0..6 {
        let limits = limits.clone();
        waiting.spawn(async move { granted(&limits, narrow).await });
    }
    for _ in 0..20 {
        granted(&limits, call()).await;
    }
    // Behind the last of the narrow scope they would take 6 s.
    let done = std::iter::from_fn(|| waiting.try_join_next()).count();
    assert!(done < 6, "they waited for the narrow scope");
    // A rate of 60 per minute with a burst of 60, of which a new store has nothing.
    timeout(GUARD, waiting.join_all()).await.unwrap();
    assert!(created.elapsed() >= millis(5_900), "{:?}", created.elapsed());
}

#[tokio::test]
async fn groups_have_permits_that_are_released() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let limit = RateLimit::per_minute(600_000).burst(1_000);
    let build = || builder(redis.url(), limit).concurrency_limit("uploads", 2).concurrency_limit("exports", 1);
    let (one, other) = (build().connect().await.unwrap(), build().connect().await.unwrap());
    let upload = StoreCall::new("uploads");
    let early = decide(&one, upload.with_max_wait(Duration::ZERO)).await;
    assert!(matches!(early, Decision::TooLong(_)), "holders could not present theirs yet: {early:?}");
    let held = (granted(&one, upload).await, granted(&other, upload).await);
    let export = granted(&other, StoreCall::new("exports")).await;
    let full = decide(&other, upload.with_max_wait(millis(200))).await;
    assert!(matches!(full, Decision::TooLong(_)), "{full:?}");
    drop(held.0);
    let _again = granted(&other, upload).await;
    drop((held.1, export));
    granted(&one, StoreCall::new("exports")).await;
}

/// Permits that are taken and released one after another need no separate round trips.
#[tokio::test]
async fn released_permits_need_no_separate_round_trip() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let limits = builder(redis.url(), RateLimit::per_minute(600_000).burst(1_000)).concurrency_limit("exports", 1);
    let limits = limits.connect().await.unwrap();
    let export = StoreCall::new("exports").with_scope(Some("narrow"));
    granted(&limits, export).await;
    let before = limits.stats();
    for _ in 0..200 {
        // There is one permit, and the previous call has released it in time.
        granted(&limits, export).await;
    }
    let after = limits.stats();
    let trips = after.round_trips - before.round_trips;
    // Each call may also wait for a token, and a slow machine takes longer than the delay of a release.
    assert!(trips <= 500, "{trips} round trips of 200 calls");
    let held = redis.keys("*:exports").await;
    let started = Instant::now();
    while let Some(key) = held.first() {
        if redis.run(&["ZCARD", key]).await == redis::Value::Int(0) {
            break;
        }
        assert!(started.elapsed() < GUARD, "the last permit is released without another call");
        sleep(millis(20)).await;
    }
}

#[tokio::test]
async fn shadow_mode_counts_and_delays_nothing() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let limits = builder(redis.url(), RateLimit::per_minute(60).burst(1)).shadow(true).connect().await.unwrap();
    let started = Instant::now();
    for _ in 0..5 {
        assert!(matches!(decide(&limits, call()).await, Decision::Local));
    }
    while limits.stats().counted < 5 && started.elapsed() < GUARD {
        sleep(millis(5)).await;
    }
    let stats = limits.stats();
    assert_eq!((stats.counted, stats.granted), (5, 0), "{stats:?}");
    assert!(stats.would_wait >= 4, "{stats:?}");
}

#[tokio::test]
async fn close_returns_unused_tokens_and_permits() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let limit = RateLimit::per_minute(6_000).burst(60);
    let one = limits(&redis, limit).await;
    sleep(millis(1_000)).await;
    for _ in 0..30 {
        granted(&one, call()).await;
    }
    one.close().await;
    let other = limits(&redis, limit).await;
    assert!(free(&other, 100).await >= 20, "a burst of 60 without 30 calls");
}

#[tokio::test]
async fn urls_of_sockets_databases_and_ipv6_are_used() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("redis.sock");
    let options = ["--unixsocket", socket.to_str().unwrap(), "--bind", "127.0.0.1", "-::1"];
    let Some(redis) = Redis::start(&options).await else { return };
    let limit = RateLimit::per_minute(60_000).burst(100);
    let port = redis.port;
    let mut urls = vec![format!("redis://127.0.0.1:{port}/5"), format!("unix://{}?db=5", socket.display())];
    match std::net::TcpListener::bind("[::1]:0") {
        Ok(_) => urls.push(format!("redis://[::1]:{port}/5")),
        Err(_) => eprintln!("SKIPPED: a URL with an IPv6 address, because this machine has none"),
    }
    for url in urls {
        let limits = builder(&url, limit).connect().await.unwrap();
        granted(&limits, call()).await;
        assert!(limits.problem().is_none(), "{url}: {:?}", limits.problem());
    }
    // All of them used one limit, in database 5.
    assert!(redis.keys("*").await.is_empty());
    let sizes: String = match redis.run(&["INFO", "keyspace"]).await {
        redis::Value::BulkString(text) => String::from_utf8(text).unwrap(),
        other => panic!("{other:?}"),
    };
    assert!(sizes.contains("db5:keys=1,"), "{sizes}");
    let error = builder(format!("redis://127.0.0.1:{port}/99"), limit).connect().await.map(drop).unwrap_err();
    assert_eq!(error.kind(), Kind::Configuration, "{error}");
}

#[tokio::test]
async fn settings_that_cannot_work_are_errors_at_the_start() {
    let limit = RateLimit::default();
    for url in ["", "redis", "http://user:hunter2@host/", "redis://:hunter2@/nodb", "redis://user:hunter2@host:x/"] {
        let error = builder(url, limit).build().map(drop).unwrap_err();
        assert_eq!(error.kind(), Kind::Configuration, "{url}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
    assert_eq!(builder("redis://h/", limit).prefix("a{b}").build().unwrap_err().kind(), Kind::Configuration);
    let builder = builder("redis://user:hunter2@localhost/", limit);
    assert!(!format!("{builder:?} {:?}", builder.clone().build().unwrap()).contains("hunter2"));

    let Some(redis) = Redis::start(&["--requirepass", "secret"]).await else { return };
    for password in ["", ":wrong@"] {
        let url = format!("redis://{password}127.0.0.1:{}/", redis.port);
        let connected = crate::support::builder(url, limit).connect().await;
        let error = connected.map(|limits| limits.problem()).expect_err(password);
        assert_eq!(error.kind(), Kind::Access, "{error}");
    }
}

#[tokio::test]
async fn keys_of_another_type_are_errors_at_the_start() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let limit = RateLimit::default();
    limits(&redis, limit).await;
    let keys = redis.keys("*").await;
    assert_eq!(keys.len(), 1, "{keys:?}");
    for key in keys {
        for command in [&["SET", &key, "something else"][..], &["RPUSH", &key, "x"]] {
            redis.run(&["DEL", &key]).await;
            redis.run(command).await;
            let error = builder(redis.url(), limit).connect().await.map(drop).unwrap_err();
            assert_eq!(error.kind(), Kind::KeyType, "{key}: {error}");
        }
        redis.run(&["DEL", &key]).await;
        let group = key.replace(":limits", ":group:uploads");
        redis.run(&["SET", &group, "something else"]).await;
        limits(&redis, limit).await;
        let builder = builder(redis.url(), limit).concurrency_limit("uploads", 2);
        let error = builder.connect().await.map(drop).unwrap_err();
        assert_eq!(error.kind(), Kind::KeyType, "{group}: {error}");
    }
}

#[tokio::test]
async fn missing_permission_is_an_error_at_the_start() {
    let Some(redis) = Redis::start(&[]).await else { return };
    redis.run(&["ACL", "SETUSER", "narrow", "on", ">pw", "~*", "+@all", "-hset"]).await;
    let url = format!("redis://narrow:pw@127.0.0.1:{}/", redis.port);
    let error = builder(url, RateLimit::default()).connect().await.map(drop).unwrap_err();
    assert_eq!(error.kind(), Kind::Access, "{error}");
}

#[tokio::test]
async fn eviction_policy_other_than_noeviction_gives_a_warning() {
    for policy in ["noeviction", "volatile-lru", "allkeys-lru", "volatile-ttl"] {
        let Some(redis) = Redis::start(&["--maxmemory-policy", policy]).await else { return };
        let warning = limits(&redis, RateLimit::default()).await.warning();
        assert_eq!(warning.is_some(), policy != "noeviction", "{warning:?}");
    }
    let Some(redis) = Redis::start(&[]).await else { return };
    redis.run(&["ACL", "SETUSER", "blind", "on", ">pw", "~*", "+@all", "-info"]).await;
    let url = format!("redis://blind:pw@127.0.0.1:{}/", redis.port);
    let limits = builder(url, RateLimit::default()).connect().await.unwrap();
    assert!(limits.warning().unwrap().contains("maxmemory-policy"));
}
