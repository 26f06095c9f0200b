//! A Redis that is slow, stopped, restarted, emptied, read-only, or sends errors and invalid responses.

use std::time::Duration;

use avala_limits_redis::RedisLimits;
use avala_transport::{Decision, LimitReport, LimitStore, RateLimit, StoreCall};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::fake::Fake;
use crate::support::{GUARD, Redis, api_key, base_url, builder, call, decide, free, granted, limits, millis};

/// Creates limits with a short timeout that a slow machine does not exceed.
pub(crate) fn quick(url: impl Into<String>) -> RedisLimits {
    let limit = RateLimit::per_minute(60_000).burst(100);
    RedisLimits::builder(&base_url(), &api_key()).url(url).limit(limit).timeout(millis(300)).build().unwrap()
}

pub(crate) async fn is_local(limits: &RedisLimits) -> bool {
    matches!(decide(limits, call()).await, Decision::Local)
}

/// Waits until Redis decides again, and returns the duration.
pub(crate) async fn recovery(limits: &RedisLimits) -> Duration {
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
    // Far less than any timeout of the driver, even on a busy machine.
    assert!(first >= millis(50) && first < Duration::from_secs(5), "{first:?}");
    let started = Instant::now();
    for _ in 0..50 {
        assert!(is_local(&limits).await);
    }
    // With a timeout each, they would take 2.5 s.
    assert!(started.elapsed() < millis(2_000), "later calls do not wait for it: {:?}", started.elapsed());
    assert!(limits.problem().unwrap().to_string().contains("no response"), "{:?}", limits.problem());
    // The connection queue is full: the kernel drops packets that open another connection.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = socket.listen(1).unwrap();
    let address = full.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(connected) = timeout(millis(300), TcpStream::connect(address)).await {
        queued.push(connected.unwrap());
        assert!(queued.len() < 100, "the queue has no end");
    }
    let url = format!("redis://{address}/");
    let limits = RedisLimits::builder(&base_url(), &api_key()).url(url).build().unwrap();
    assert!(is_local(&limits).await);
}

#[tokio::test]
async fn paused_server_is_used_again_within_a_second() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let limits = quick(redis.url());
    let (mut fastest_calls, mut fastest_recovery) = (Duration::MAX, Duration::MAX);
    for _ in 0..5 {
        recovery(&limits).await;
        redis.signal("-STOP");
        // Including the first call of a new process.
        assert!(is_local(&quick(redis.url())).await);
        let started = Instant::now();
        for _ in 0..20 {
            assert!(is_local(&limits).await);
        }
        fastest_calls = fastest_calls.min(started.elapsed());
        sleep(millis(400)).await;
        redis.signal("-CONT");
        fastest_recovery = fastest_recovery.min(recovery(&limits).await);
    }
    // The best of five, because a busy machine may be slow. With one timeout each, 20 calls would take 6 s.
    assert!(fastest_calls < Duration::from_secs(3), "{fastest_calls:?}");
    assert!(fastest_recovery < Duration::from_secs(1), "{fastest_recovery:?}");
    for _ in 0..50 {
        granted(&limits, call()).await;
    }
    assert!(limits.problem().is_none());
}

#[tokio::test]
async fn paused_server_is_not_mistaken_for_a_clock_jump() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let limit = RateLimit::per_minute(60_000).burst(100);
    let upload = StoreCall::new("uploads").with_concurrency_limit(Some(10));
    // One process waits for the paused server, and the other one stops waiting.
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
    // After a jump, all stored state is void.
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
    // A new process reserves the same times.
    let other = crate::support::limits(&redis, RateLimit::per_minute(120).burst(1)).await;
    for _ in 0..3 {
        granted(&other, call()).await;
    }
    for call in waiting {
        timeout(GUARD, call).await.unwrap().unwrap();
    }
    assert!(started.elapsed() >= millis(2_900), "six calls at 119 per minute: {:?}", started.elapsed());
}

#[tokio::test]
async fn after_errors_and_invalid_responses_the_share_decides() {
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
        "-ReadOnly You can't write against a read only replica.\r\n",
        "-readonly\r\n",
        "-\r\n",
        "-WRONGPASS invalid username-password pair or user is disabled.\r\n",
        "-EXECABORT Transaction discarded because of previous errors.\r\n",
        "-UNKILLABLE Sorry the script already executed write commands\r\n",
        "-CROSSSLOT Keys in request don't hash to the same slot\r\n",
        "-NOPROTO unsupported protocol version\r\n",
        "!21\r\nSYNTAX invalid syntax\r\n",
        "-MOVED 3999 127.0.0.1:1\r\n",
        "-DENIED Redis is running in protected mode\r\n",
        "-ERR max number of clients reached\r\n",
        "-ERR Script attempted to access nonexistent global variable 'struct'\r\n",
        "-NOPERM this user has no permissions to run the 'evalsha' command\r\n",
        "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
        "-ERR unknown command `EVALSHA`\r\n",
        "-NOSCRIPT No matching script.\r\n",
        "+OK\r\n",
        ":0\r\n",
        "$-1\r\n",
        "*0\r\n",
        "*1\r\n$2\r\ng0\r\n",
        "*2\r\n*1\r\n$2\r\ng0\r\n$2\r\ng0\r\n",
        "*1\r\n-READONLY You can't write\r\n",
        "+id 5 0 0 0 0 - 0 g0\r\n",
        "*2147483647\r\n",
        "~1\r\n$2\r\ng0\r\n",
        ">2\r\n+message\r\n$2\r\ng0\r\n",
        "$2\r\ny0\r\n",
        "$4\r\nlate\r\n",
        // Numbers that are too large, negative, fractional or missing; a missing generation.
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
            let before = fake.connections();
            sleep(millis(400)).await;
            assert!(is_local(&limits).await, "{response}");
            assert!(fake.connections() > before, "{response}: the connection is replaced");
        });
    }
    servers.join_all().await;
}

#[tokio::test]
async fn after_a_truncated_response_the_share_decides() {
    let fake = Fake::start("$90\r\nid 5").await;
    let limits = quick(fake.url.clone());
    assert!(is_local(&limits).await);
}

#[tokio::test]
async fn permanent_errors_are_reported_at_the_start() {
    use avala_limits_redis::LimitsErrorKind as Kind;
    for (response, kind) in [
        ("-DENIED Redis is running in protected mode\r\n", Kind::Access),
        ("-NOAUTH Authentication required.\r\n", Kind::Access),
        ("-MOVED 3999 127.0.0.1:1\r\n", Kind::Unsupported),
        ("-ERR Script attempted to access nonexistent global variable 'struct'\r\n", Kind::Unsupported),
        ("-ERR DB index is out of range\r\n", Kind::Configuration),
    ] {
        let fake = Fake::start(response).await;
        let builder = RedisLimits::builder(&base_url(), &api_key()).url(fake.url.clone());
        let error = builder.timeout(Duration::from_secs(5)).connect().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{response}: {error}");
    }
}

#[tokio::test]
async fn script_is_repeated_only_if_the_server_lacks_it() {
    for (response, scripts) in [("-NOSCRIPT x\r\n", 2), ("-ERR something\r\n", 1), ("-LOADING x\r\n", 1)] {
        let fake = Fake::start(response).await;
        let limits = quick(fake.url.clone());
        assert!(is_local(&limits).await);
        assert_eq!(fake.scripts(), scripts, "{response}");
    }
    let Some(redis) = Redis::start(&[]).await else { return };
    let limits = quick(redis.url());
    recovery(&limits).await;
    redis.run(&["SCRIPT", "FLUSH"]).await;
    granted(&limits, call()).await;
}

#[tokio::test]
async fn known_gate_survives_the_loss_of_the_store() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let limits = limits(&redis, RateLimit::per_minute(6_000).burst(20)).await;
    let started = Instant::now();
    limits.report(None, LimitReport::new().with_closed_for(millis(1_500)));
    sleep(millis(100)).await;
    redis.run(&["FLUSHALL"]).await;
    granted(&limits, call()).await;
    assert!(started.elapsed() >= millis(1_490), "{:?}", started.elapsed());
}
