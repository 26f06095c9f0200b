//! Claims of agent executions.

use std::time::Duration;

use avala_agents::{Claim, Claims, Release};
use avala_limits_redis::RedisClaims;
use avala_transport::RateLimit;
use avala_types::{ExecutionUid, TaskUid};
use tokio::time::{Instant, sleep};

use crate::support::{GUARD, Redis, limits, millis};

const LEASE: Duration = Duration::from_secs(2);

async fn claims(redis: &Redis) -> RedisClaims {
    RedisClaims::new(&limits(redis, RateLimit::default()).await).with_lease(LEASE)
}

/// Claims, with retries until the claim is granted: a new store grants no claims for the duration of a lease.
pub(crate) async fn claimed(claims: &RedisClaims, execution: &ExecutionUid) -> Claim {
    let started = Instant::now();
    loop {
        if let Some(claim) = claims.claim(execution).await.unwrap() {
            return claim;
        }
        assert!(started.elapsed() < GUARD);
        sleep(millis(20)).await;
    }
}

#[tokio::test]
async fn execution_is_claimed_by_one_process_at_a_time() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let (one, other) = (claims(&redis).await, claims(&redis).await);
    let execution = ExecutionUid::from("e1");
    let claim = claimed(&one, &execution).await;
    assert_eq!((claim.open_starts, claim.takeover), (0, false));
    assert!(claim.valid_until.is_some_and(|until| until <= Instant::now() + LEASE));
    assert!(other.claim(&execution).await.unwrap().is_none());
    assert!(one.claim(&execution).await.unwrap().is_none(), "two handlers of one process");
    for _ in 0..4 {
        sleep(LEASE / 2).await;
        assert!(one.renew(&execution).await.unwrap().is_some());
        assert!(other.claim(&execution).await.unwrap().is_none());
        assert!(other.renew(&execution).await.unwrap().is_none());
    }
    one.release(&execution, Release::Undecided).await.unwrap();
    let claim = other.claim(&execution).await.unwrap().unwrap();
    assert_eq!((claim.open_starts, claim.takeover), (0, false), "a release does not count as a crash");
    other.release(&execution, Release::Decided).await.unwrap();
    assert!(one.claim(&execution).await.unwrap().is_none(), "it was decided");
}

#[tokio::test]
async fn claim_of_a_dead_process_is_taken_over() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let (one, other) = (claims(&redis).await, claims(&redis).await);
    let execution = ExecutionUid::from("e1");
    claimed(&one, &execution).await;
    let claim = claimed(&other, &execution).await;
    assert_eq!((claim.open_starts, claim.takeover), (1, true));
    assert!(one.renew(&execution).await.unwrap().is_none(), "the first holder notices");
    one.release(&execution, Release::Undecided).await.unwrap();
    assert!(other.renew(&execution).await.unwrap().is_some(), "a release of another holder changes nothing");
}

#[tokio::test]
async fn one_execution_of_a_task_is_claimed_at_a_time() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let (one, other) = (claims(&redis).await, claims(&redis).await);
    let executions = ["e1", "e2", "e3"].map(ExecutionUid::from);
    let [first, second, third] = &executions;
    let (task, another) = (TaskUid::from("t1"), TaskUid::from("t2"));
    claimed(&one, &ExecutionUid::from("warm")).await;
    assert!(one.claim_with_task(first, Some(&task)).await.unwrap().is_some());
    let started = Instant::now();
    while started.elapsed() < LEASE * 2 {
        // Also during renewals of the lease.
        for claims in [&one, &other] {
            assert!(claims.claim_with_task(second, Some(&task)).await.unwrap().is_none());
        }
        assert!(one.renew(first).await.unwrap().is_some());
        sleep(LEASE / 5).await;
    }
    assert!(other.claim_with_task(third, Some(&another)).await.unwrap().is_some(), "another task is free");
    one.release(first, Release::Undecided).await.unwrap();
    assert!(other.claim_with_task(second, Some(&task)).await.unwrap().is_some());
    assert!(one.claim_with_task(first, Some(&task)).await.unwrap().is_none());
    // The holder stops: the claim of the task ends with its lease, and the holder does not get it back.
    let taken_over = async {
        while one.claim_with_task(first, Some(&task)).await.unwrap().is_none() {
            sleep(millis(20)).await;
        }
    };
    tokio::time::timeout(GUARD, taken_over).await.unwrap();
    assert!(other.renew(second).await.unwrap().is_none(), "its task was taken over");
    other.release(second, Release::Undecided).await.unwrap();
    assert!(one.renew(first).await.unwrap().is_some(), "a release of another execution changes nothing");
    one.release(first, Release::Decided).await.unwrap();
    assert!(other.claim_with_task(second, Some(&task)).await.unwrap().is_some());
}

#[tokio::test]
async fn renewed_claims_of_a_lost_store_are_not_granted_again() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let (one, other) = (claims(&redis).await, claims(&redis).await);
    let execution = ExecutionUid::from("e1");
    claimed(&one, &execution).await;
    redis.run(&["FLUSHALL"]).await;
    let started = Instant::now();
    while started.elapsed() < LEASE * 3 {
        assert!(other.claim(&execution).await.unwrap().is_none());
        assert!(one.renew(&execution).await.unwrap().is_some());
        sleep(LEASE / 5).await;
    }
    // The holder notices a claim that disappears later.
    let key = redis.keys("*:claim:e1").await.remove(0);
    redis.run(&["DEL", &key]).await;
    assert!(one.renew(&execution).await.unwrap().is_none());
}

#[tokio::test]
async fn error_never_means_granted() {
    let Some(mut redis) = Redis::start(&[]).await else { return };
    let claims = claims(&redis).await;
    redis.stop();
    for _ in 0..3 {
        assert!(claims.claim(&ExecutionUid::from("e1")).await.is_err());
    }
}
