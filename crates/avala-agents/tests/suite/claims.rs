use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use avala_agents::types::{EventType, ExecutionUid};
use avala_agents::{Agent, Claim, ClaimFuture, Claims, Context, Decision, Release, RunReason};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::server::Server;

/// Leases shared by several agents of one test.
#[derive(Clone, Default)]
struct SharedClaims {
    leases: Arc<Mutex<HashMap<ExecutionUid, (u32, Instant)>>>,
    holder: u32,
    /// Renewals fail from now on.
    broken: Arc<std::sync::atomic::AtomicBool>,
}

const LEASE: Duration = Duration::from_secs(2);

impl SharedClaims {
    fn of(&self, holder: u32) -> Self {
        Self { holder, broken: Arc::default(), ..self.clone() }
    }
}

impl Claims for SharedClaims {
    fn claim<'a>(&'a self, execution: &'a ExecutionUid) -> ClaimFuture<'a, Option<Claim>> {
        Box::pin(async move {
            if self.broken.load(std::sync::atomic::Ordering::Relaxed) {
                return Err("the store is down".into());
            }
            let until = Instant::now() + LEASE;
            let mut leases = self.leases.lock().unwrap();
            let earlier = leases.get(execution).copied();
            if earlier.is_some_and(|(holder, until)| holder != self.holder && Instant::now() < until) {
                return Ok(None);
            }
            leases.insert(execution.clone(), (self.holder, until));
            Ok(Some(Claim::new(Some(until)).with_takeover(earlier.is_some())))
        })
    }

    fn renew<'a>(&'a self, execution: &'a ExecutionUid) -> ClaimFuture<'a, Option<Instant>> {
        Box::pin(async move {
            if self.broken.load(std::sync::atomic::Ordering::Relaxed) {
                return Err("the store is down".into());
            }
            let until = Instant::now() + LEASE;
            let mut leases = self.leases.lock().unwrap();
            match leases.get_mut(execution) {
                Some(lease) if lease.0 == self.holder => lease.1 = until,
                _ => return Ok(None),
            }
            Ok(Some(until))
        })
    }

    fn release<'a>(&'a self, execution: &'a ExecutionUid, release: Release) -> ClaimFuture<'a, ()> {
        Box::pin(async move {
            let mut leases = self.leases.lock().unwrap();
            match release {
                // Another process may have listed it as pending just before.
                Release::Decided => leases.insert(execution.clone(), (u32::MAX, Instant::now() + LEASE * 100)),
                _ => leases.remove(execution),
            };
            Ok(())
        })
    }

    fn lease(&self) -> Duration {
        LEASE
    }
}

fn slow(decision: Decision, starts: &Arc<Mutex<Vec<RunReason>>>) -> Agent {
    let starts = Arc::clone(starts);
    Agent::new("qa").poll_interval(Duration::from_secs(1), Duration::from_secs(1)).on(
        EventType::ResultSubmitted,
        move |context: Context| {
            starts.lock().unwrap().push(context.reason());
            let decision = decision.clone();
            async move {
                tokio::time::sleep(Duration::from_secs(10)).await;
                decision
            }
        },
    )
}

#[tokio::test(start_paused = true)]
async fn leases_are_renewed_during_the_drain() {
    let server = Server::new().with_executions(1);
    let (claims, starts) = (SharedClaims::default(), Arc::default());
    let stop = CancellationToken::new();
    let first = slow(Decision::approve(), &starts).claims(claims.of(1)).grace_period(Duration::from_secs(30));
    let first = tokio::spawn(first.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let other_stop = CancellationToken::new();
    let second = slow(Decision::reject("second"), &starts).claims(claims.of(2));
    let second = tokio::spawn(second.run_until(&server.client(), other_stop.clone()));
    stop.cancel();
    first.await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    other_stop.cancel();
    second.await.unwrap().unwrap();
    assert_eq!(*starts.lock().unwrap(), [RunReason::New]);
    assert_eq!(server.decisions("x0"), ["approve"]);
}

#[tokio::test(start_paused = true)]
async fn a_process_without_its_lease_sends_no_decision() {
    let server = Server::new().with_executions(1);
    let (claims, starts) = (SharedClaims::default(), Arc::default());
    let (lost, winner) = (claims.of(1), claims.of(2));
    let (stop, other_stop) = (CancellationToken::new(), CancellationToken::new());
    let first = slow(Decision::reject("stale"), &starts).claims(lost.clone());
    let first = tokio::spawn(first.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    lost.broken.store(true, std::sync::atomic::Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let second = slow(Decision::approve(), &starts).claims(winner);
    let second = tokio::spawn(second.run_until(&server.client(), other_stop.clone()));
    tokio::time::sleep(Duration::from_secs(30)).await;
    stop.cancel();
    other_stop.cancel();
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(server.decisions("x0"), ["approve"]);
}

#[tokio::test(start_paused = true)]
async fn a_crashed_holder_is_taken_over_after_its_lease() {
    let server = Server::new().with_executions(1);
    let (claims, starts) = (SharedClaims::default(), Arc::default());
    claims.leases.lock().unwrap().insert("x0".into(), (9, Instant::now() + LEASE));
    let stop = CancellationToken::new();
    let agent = slow(Decision::approve(), &starts).claims(claims.of(1));
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(30)).await;
    stop.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(*starts.lock().unwrap(), [RunReason::Takeover]);
    server.assert_each_decided_once(1);
}
