//! Keys that disappear: deleted, or evicted under memory pressure.

use std::time::Duration;

use avala_transport::{Decision, LimitReport, LimitStore, RateLimit};
use redis::Value;
use redis::aio::MultiplexedConnection;
use tokio::time::{Instant, sleep};

use crate::outages::recovery;
use crate::support::{GUARD, Redis, call, decide, free, granted, limits, millis};

#[tokio::test]
async fn lost_keys_and_fields_never_grant_a_fresh_burst() {
    for lost in ["*", "id", "born", "user"] {
        let Some(redis) = Redis::start(&[]).await else { return };
        let limits = limits(&redis, RateLimit::per_minute(600).burst(100)).await;
        sleep(millis(500)).await;
        free(&limits, 100).await;
        let key = redis.keys("*:limits").await.remove(0);
        if lost == "*" {
            redis.run(&["DEL", &key]).await
        } else {
            redis.run(&["HDEL", &key, lost]).await
        };
        let burst = free(&limits, 100).await;
        assert!(burst <= 3, "{burst} at once after a loss of {lost}");
        assert!(matches!(decide(&limits, call()).await, Decision::Granted(_)));
    }
}

/// A scope that is missing may have been used before the loss.
#[tokio::test]
async fn lost_scope_never_grants_a_fresh_burst() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let limits = limits(&redis, RateLimit::per_minute(60_000).burst(100)).await;
    let narrow = call().with_scope(Some("narrow"));
    limits.report(narrow.scope, LimitReport::new().with_limit(600));
    granted(&limits, narrow).await;
    redis.run(&["FLUSHALL"]).await;
    let emptied = Instant::now();
    // Creates the generation without the scope.
    granted(&limits, call()).await;
    let mut burst = 0;
    while let Decision::Granted(mut grant) = decide(&limits, narrow.with_max_wait(Duration::ZERO)).await {
        grant.used();
        burst += 1;
    }
    assert!(f64::from(burst) <= 1.0 + emptied.elapsed().as_secs_f64() * 10.0, "{burst} at once");
}

/// Policies under which every key may be evicted.
#[tokio::test]
async fn evicted_keys_never_grant_a_fresh_burst() {
    for policy in ["allkeys-lru", "allkeys-random"] {
        let Some(redis) = Redis::start(&["--maxmemory-policy", policy, "--maxmemory", "3mb"]).await else { return };
        let limits = limits(&redis, RateLimit::per_minute(600).burst(100)).await;
        let client = redis::Client::open(redis.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        sleep(millis(500)).await;
        for round in 0..3 {
            free(&limits, 100).await;
            let emptied = Instant::now();
            let key = redis.keys("*:limits").await.remove(0);
            let is_evicted = press(&mut connection, &key).await;
            assert!(is_evicted, "{policy} evicts {key} at some time");
            let burst = free(&limits, 100).await;
            // The refilled tokens, and the tokens that the last response granted in advance.
            let most = 3.0 + emptied.elapsed().as_secs_f64() * 10.0;
            assert!(burst as f64 <= most, "{policy}, round {round}: {burst} at once, at most {most}");
            granted(&limits, call()).await;
        }
    }
}

/// Policies under which only keys with an expiry may be evicted: the limits have none.
#[tokio::test]
async fn limits_are_not_evicted_among_keys_that_expire() {
    for policy in ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"] {
        let Some(redis) = Redis::start(&["--maxmemory-policy", policy, "--maxmemory", "3mb"]).await else { return };
        let limits = limits(&redis, RateLimit::per_minute(600).burst(100)).await;
        let client = redis::Client::open(redis.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let generation = redis.generation("id").await;
        let key = redis.keys("*:limits").await.remove(0);
        assert!(!press(&mut connection, &key).await, "{policy}");
        granted(&limits, call()).await;
        assert_eq!(redis.generation("id").await, generation, "{policy}");
    }
}

/// Writes values that expire, more than the memory has room for, until the key is gone. Removes them, and returns
/// whether the key was evicted.
async fn press(connection: &mut MultiplexedConnection, key: &str) -> bool {
    let value = "x".repeat(100_000);
    let (mut index, mut exists) = (0, 1);
    while exists == 1 && index < 1_000 {
        let mut set = redis::cmd("SET");
        set.arg(format!("filler:{index}")).arg(&value).arg("EX").arg(3_600);
        // Fails when the memory is full and nothing is left that may be evicted.
        let _ = set.query_async::<Value>(connection).await;
        exists = redis::cmd("EXISTS").arg(key).query_async(connection).await.unwrap();
        index += 1;
    }
    for index in 0..index {
        redis::cmd("DEL").arg(format!("filler:{index}")).query_async::<Value>(connection).await.unwrap();
    }
    exists == 0
}

#[tokio::test]
async fn with_full_memory_the_share_decides() {
    let options = ["--maxmemory-policy", "noeviction", "--maxmemory", "3mb"];
    let Some(redis) = Redis::start(&options).await else { return };
    let limits = limits(&redis, RateLimit::per_minute(600).burst(100)).await;
    sleep(millis(500)).await;
    free(&limits, 100).await;
    let emptied = Instant::now();
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut fillers = 0;
    for size in [100_000, 1_000, 10] {
        fillers = fill(&mut connection, fillers, size).await;
    }
    while !matches!(decide(&limits, call().with_max_wait(Duration::ZERO)).await, Decision::Local) {
        // The server may have freed a buffer meanwhile.
        fillers = fill(&mut connection, fillers, 10).await;
        assert!(emptied.elapsed() < GUARD, "{:?}", limits.problem());
        sleep(millis(10)).await;
    }
    assert!(limits.problem().unwrap().to_string().contains("OOM"), "{:?}", limits.problem());
    for filler in 0..fillers {
        redis::cmd("DEL").arg(filler).query_async::<Value>(&mut connection).await.unwrap();
    }
    recovery(&limits).await;
    let burst = free(&limits, 100).await as f64;
    assert!(burst <= 3.0 + emptied.elapsed().as_secs_f64() * 10.0, "{burst} at once after a full memory");
}

/// Writes values of this size until the memory is full. Returns the number of all values.
async fn fill(connection: &mut MultiplexedConnection, mut fillers: u32, size: usize) -> u32 {
    let value = "x".repeat(size);
    while redis::cmd("SET").arg(fillers).arg(&value).query_async::<Value>(connection).await.is_ok() {
        fillers += 1;
        assert!(fillers < 200_000, "the memory is full at some time");
    }
    fillers
}
