//! Keys that disappear: deleted, or evicted under memory pressure.

use std::time::Duration;

use avala_transport::{Decision, RateLimit};
use redis::Value;
use redis::aio::MultiplexedConnection;
use tokio::time::{Instant, sleep};

use crate::outages::recovery;
use crate::support::{GUARD, Redis, call, decide, free, granted, limits, millis};

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

/// Policies that evict any key, or only keys with an expiry, which are the limits but not the generation.
#[tokio::test]
async fn evicted_keys_never_grant_a_fresh_burst() {
    for policy in ["allkeys-lru", "allkeys-random", "volatile-lru", "volatile-ttl"] {
        let Some(redis) = Redis::start(&["--maxmemory-policy", policy, "--maxmemory", "3mb"]).await else { return };
        let limits = limits(&redis, RateLimit::per_minute(600).burst(100)).await;
        let client = redis::Client::open(redis.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        sleep(millis(500)).await;
        for round in 0..3 {
            free(&limits, 100).await;
            let emptied = Instant::now();
            let key = redis.keys("*:limit").await.remove(0);
            press(&mut connection, &key).await;
            let burst = free(&limits, 100).await;
            // The refilled tokens, and the tokens that the last response granted in advance.
            let most = 3.0 + emptied.elapsed().as_secs_f64() * 10.0;
            assert!(burst as f64 <= most, "{policy}, round {round}: {burst} at once, at most {most}");
            granted(&limits, call()).await;
        }
    }
}

/// Fills the memory until the key is evicted, and frees it again.
async fn press(connection: &mut MultiplexedConnection, key: &str) {
    let value = "x".repeat(100_000);
    let mut index = 0;
    loop {
        // Fails when the memory is full and no key can be evicted.
        let filler = format!("filler:{index}");
        let _ = redis::cmd("SET").arg(filler).arg(&value).query_async::<Value>(connection).await;
        let exists: i32 = redis::cmd("EXISTS").arg(key).query_async(connection).await.unwrap();
        if exists == 0 {
            break;
        }
        index += 1;
        assert!(index < 10_000, "the policy evicts {key} at some time");
    }
    for index in 0..=index {
        redis::cmd("DEL").arg(format!("filler:{index}")).query_async::<Value>(connection).await.unwrap();
    }
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
