//! Scripts that Redis executes, but whose responses are lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use avala_limits_redis::RedisLimits;
use avala_transport::{Decision, RateLimit, StoreCall};
use redis::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::support::{GUARD, Redis, builder, call, decide, free, granted, limits, millis};

/// Number of concurrent clients that lose responses, so that 1,000 are lost within seconds.
const CLIENTS: usize = 50;
const LOSSES: u64 = 1_000;
/// Microseconds.
const LEASE: i64 = 6_000_000;

fn limit() -> RateLimit {
    RateLimit::per_minute(4_000).burst(2_000)
}

/// Returns a Redis that executes scripts and, while the switch is on, loses responses with this ending. The connection
/// is closed too.
async fn losing(redis: &Redis, ends: &'static [&'static [u8]]) -> (String, Arc<AtomicBool>) {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}/", proxy.local_addr().unwrap());
    let (target, swallow) = (format!("127.0.0.1:{}", redis.port), Arc::new(AtomicBool::new(false)));
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

/// Makes calls until `count` responses were lost. No call is granted meanwhile.
async fn lose(clients: &[RedisLimits], call: StoreCall) {
    let started = Instant::now();
    let lost = |clients: &[RedisLimits]| clients.iter().map(|client| client.stats().round_trips).sum::<u64>();
    let before = lost(clients);
    while lost(clients) - before < LOSSES {
        assert!(started.elapsed() < GUARD, "{} lost", lost(clients) - before);
        let mut round = JoinSet::new();
        for client in clients.iter().flat_map(|client| [client, client]) {
            let client = client.clone();
            round.spawn(async move { decide(&client, call.with_max_wait(Duration::ZERO)).await });
        }
        for decision in round.join_all().await {
            assert!(matches!(decision, Decision::Local), "{decision:?}");
        }
        sleep(millis(50)).await;
    }
}

/// Returns how often the server executed a cached script.
async fn executions(redis: &Redis) -> u64 {
    let Value::BulkString(text) = redis.run(&["INFO", "commandstats"]).await else { panic!("INFO is a text") };
    let text = String::from_utf8(text).unwrap();
    let calls = text.lines().filter(|line| line.starts_with("cmdstat_evalsha:"));
    calls.map(|line| line.split(['=', ',']).nth(1).unwrap().parse::<u64>().unwrap()).sum()
}

/// Waits until the bucket is full, because a new store starts with an empty one.
async fn fill(redis: &Redis) {
    redis.change_user_limit("state[1] = now").await;
}

#[tokio::test]
async fn lost_responses_cost_one_token_each() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let (url, swallow) = losing(&redis, &[b"g0\r\n"]).await;
    let direct = limits(&redis, limit()).await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        // Without tokens in advance, which would be lost with a response too.
        clients.push(builder(&url, limit()).batch(0).connect().await.unwrap());
    }
    fill(&redis).await;
    let trips = || clients.iter().map(|client| client.stats().round_trips).sum::<u64>();
    let before = (executions(&redis).await, trips());
    swallow.store(true, Ordering::Relaxed);
    lose(&clients, call()).await;
    let (executed, asked) = (executions(&redis).await - before.0, trips() - before.1);
    assert!(executed > LOSSES / 2 && executed <= asked, "{executed} executions of {asked} requests: none is repeated");
    // A burst of 2,000, without the tokens in advance and the refill.
    let left = free(&direct, 2_000).await as u64;
    assert!(left + executed + 20 >= 1_990, "{left} of 2,000 tokens left after {executed} lost responses");
}

#[tokio::test]
async fn lost_responses_leave_no_permit_beyond_its_lease() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let (url, swallow) = losing(&redis, &[b"y0\r\n", b"y 0 g0\r\n"]).await;
    let build = |url: &str| builder(url, limit()).batch(0).concurrency_limit("uploads", 10_000);
    let direct = build(&redis.url()).connect().await.unwrap();
    let upload = StoreCall::new("uploads").with_concurrency_limit(Some(10));
    // After the time in which holders present their permits.
    granted(&direct, upload).await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(build(&url).connect().await.unwrap());
    }
    fill(&redis).await;
    swallow.store(true, Ordering::Relaxed);
    lose(&clients, upload).await;
    let ended = now(&redis).await;
    // Longer than the interval of renewals: no process extends a lease of which it does not know.
    sleep(Duration::from_millis(2_500)).await;
    // A missing key means that all permits were released.
    for key in redis.keys("*:uploads").await {
        let range = redis.run(&["ZRANGE", &key, "0", "-1", "WITHSCORES"]).await;
        let leases: Vec<(String, i64)> = redis::from_redis_value(range).unwrap();
        for (id, until) in leases {
            assert!(until <= ended + LEASE, "the lease of {id} ends {} µs too late", until - ended - LEASE);
        }
    }
}

async fn now(redis: &Redis) -> i64 {
    let (seconds, micros): (i64, i64) = redis::from_redis_value(redis.run(&["TIME"]).await).unwrap();
    seconds * 1_000_000 + micros
}

/// The only permit of a group is available again after any lost response.
#[tokio::test]
async fn only_permit_is_free_again_after_lost_responses() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let (url, swallow) = losing(&redis, &[b"y0\r\n", b"y 0 g0\r\n"]).await;
    let build = |url: String| builder(url, RateLimit::per_minute(60_000).burst(100)).concurrency_limit("uploads", 1);
    let (limits, direct) = (build(url).connect().await.unwrap(), build(redis.url()).connect().await.unwrap());
    let upload = StoreCall::new("uploads").with_concurrency_limit(Some(10));
    granted(&limits, upload).await;
    swallow.store(true, Ordering::Relaxed);
    let started = Instant::now();
    while limits.stats().outages < 3 {
        assert!(started.elapsed() < GUARD);
        let decision = decide(&limits, upload.with_max_wait(Duration::from_secs(7))).await;
        assert!(!matches!(decision, Decision::Granted(_)), "{decision:?}");
        sleep(millis(50)).await;
    }
    granted(&direct, upload).await;
}
