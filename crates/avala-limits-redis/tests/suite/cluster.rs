//! A cluster of three nodes on loopback.

use avala_limits_redis::RedisLimits;
use avala_transport::{Decision, LimitReport, LimitStore, RateLimit, StoreCall};
use std::time::Duration;
use tokio::time::{Instant, sleep};

use crate::support::{GUARD, Redis, api_key, base_url, call, decide, granted, millis};

/// Starts three nodes that share the slots; `None` without `redis-server`.
async fn start() -> Option<Vec<Redis>> {
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(Redis::start(&["--cluster-enabled", "yes", "--cluster-port", &free_port()]).await?);
    }
    for (index, node) in nodes.iter().enumerate() {
        let (first, last) = (index * 16_384 / 3, (index + 1) * 16_384 / 3 - 1);
        node.run(&["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &last.to_string()]).await;
        node.run(&["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()]).await;
    }
    for node in &nodes[1..] {
        let port = node.port.to_string();
        nodes[0].run(&["CLUSTER", "MEET", "127.0.0.1", &port, node.option("--cluster-port")]).await;
    }
    let started = Instant::now();
    for node in &nodes {
        loop {
            let info: String = redis::from_redis_value(node.run(&["CLUSTER", "INFO"]).await).unwrap();
            if info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3") {
                break;
            }
            assert!(started.elapsed() < GUARD, "{info}");
            sleep(millis(50)).await;
        }
    }
    Some(nodes)
}

fn free_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port().to_string()
}

fn builder(nodes: &[Redis]) -> avala_limits_redis::RedisLimitsBuilder {
    let limit = RateLimit::per_minute(6_000).burst(20);
    let builder = RedisLimits::builder(&base_url(), &api_key()).limit(limit).timeout(Duration::from_secs(10));
    builder.cluster(nodes.iter().map(Redis::url))
}

#[tokio::test]
async fn cluster_serves_every_kind_of_reservation() {
    let Some(nodes) = start().await else { return };
    let limits = builder(&nodes).connect().await.unwrap();
    assert!(limits.warning().is_none(), "{:?}", limits.warning());
    granted(&limits, call()).await;
    granted(&limits, call().with_scope(Some("narrow"))).await;
    limits.report(Some("narrow"), LimitReport::new().with_closed_for(millis(300)));
    let started = Instant::now();
    granted(&limits, call().with_scope(Some("narrow"))).await;
    assert!(started.elapsed() >= millis(295));
    let export = StoreCall::new("exports").with_concurrency_limit(Some(5)).with_scope(Some("narrow"));
    drop(granted(&limits, export).await);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let limits = limits.clone();
        calls.spawn(async move { drop(granted(&limits, call()).await) });
    }
    calls.join_all().await;
    limits.close().await;
    let stats = limits.stats();
    assert_eq!((stats.local, stats.outages), (0, 0), "{stats:?}: {:?}", limits.problem());
}

#[cfg(feature = "agents")]
#[tokio::test]
async fn cluster_serves_claims() {
    use avala_agents::{Claims, Release};
    let Some(nodes) = start().await else { return };
    let limits = builder(&nodes).connect().await.unwrap();
    let claims = avala_limits_redis::RedisClaims::new(&limits).with_lease(Duration::from_secs(1));
    let execution = avala_types::ExecutionUid::from("e1");
    crate::claims::claimed(&claims, &execution).await;
    assert!(claims.renew(&execution).await.unwrap().is_some());
    let (other, task) = (avala_types::ExecutionUid::from("e2"), avala_types::TaskUid::from("t1"));
    assert!(claims.claim_with_task(&other, Some(&task)).await.unwrap().is_some());
    assert!(claims.renew(&other).await.unwrap().is_some());
    claims.release(&other, Release::Decided).await.unwrap();
    claims.release(&execution, Release::Undecided).await.unwrap();
}

#[tokio::test]
async fn single_node_of_a_cluster_is_an_error_at_the_start() {
    let Some(nodes) = start().await else { return };
    let mut unsupported = 0;
    for node in &nodes {
        let limits = RedisLimits::builder(&base_url(), &api_key()).url(node.url()).timeout(Duration::from_secs(10));
        if let Err(error) = limits.connect().await {
            assert_eq!(error.kind(), avala_limits_redis::LimitsErrorKind::Unsupported, "{error}");
            unsupported += 1;
        }
    }
    assert_eq!(unsupported, 2, "the slot of the keys is on one node");
}

#[tokio::test]
async fn moved_slot_is_found_again() {
    let Some(nodes) = start().await else { return };
    let limits = builder(&nodes).connect().await.unwrap();
    granted(&limits, call()).await;
    let mut from = 0;
    for (index, node) in nodes.iter().enumerate() {
        if !node.keys("*").await.is_empty() {
            from = index;
        }
    }
    let to = (from + 1) % 3;
    let key = nodes[from].keys("*:limits").await.remove(0);
    let slot: u64 = redis::from_redis_value(nodes[from].run(&["CLUSTER", "KEYSLOT", &key]).await).unwrap();
    let slot = slot.to_string();
    let id = |value| redis::from_redis_value::<String>(value).unwrap();
    let (from_id, to_id) =
        (id(nodes[from].run(&["CLUSTER", "MYID"]).await), id(nodes[to].run(&["CLUSTER", "MYID"]).await));
    nodes[to].run(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from_id]).await;
    nodes[from].run(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &to_id]).await;
    for key in nodes[from].keys("*").await {
        let port = nodes[to].port.to_string();
        nodes[from].run(&["MIGRATE", "127.0.0.1", &port, &key, "0", "5000"]).await;
    }
    for node in [&nodes[to], &nodes[from]] {
        node.run(&["CLUSTER", "SETSLOT", &slot, "NODE", &to_id]).await;
    }
    let started = Instant::now();
    while !matches!(decide(&limits, call()).await, Decision::Granted(_)) {
        assert!(started.elapsed() < GUARD, "{:?}", limits.problem());
        sleep(millis(20)).await;
    }
}
