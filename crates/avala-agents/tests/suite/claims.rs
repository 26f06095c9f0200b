use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use avala_agents::types::{EventType, ExecutionUid, TaskUid};
use avala_agents::{Agent, Claim, ClaimFuture, Claims, Context, Decision, Release, RunReason};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::server::Server;

/// Leases shared by several agents of one test.
#[derive(Clone, Default)]
struct SharedClaims {
    leases: Arc<Mutex<HashMap<ExecutionUid, (u32, Instant)>>>,
    tasks: Arc<Mutex<HashMap<TaskUid, ExecutionUid>>>,
    holder: u32,
    /// Renewals fail from now on.
    broken: Arc<std::sync::atomic::AtomicBool>,
    /// Delay of the store before it grants a claim.
    delay: Duration,
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
            tokio::time::sleep(self.delay).await;
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

    fn claim_with_task<'a>(
        &'a self,
        execution: &'a ExecutionUid,
        task: Option<&'a TaskUid>,
    ) -> ClaimFuture<'a, Option<Claim>> {
        Box::pin(async move {
            let Some(task) = task else { return self.claim(execution).await };
            if self.tasks.lock().unwrap().get(task).is_some_and(|claimed| claimed != execution) {
                return Ok(None);
            }
            let claim = self.claim(execution).await?;
            if claim.is_some() {
                self.tasks.lock().unwrap().insert(task.clone(), execution.clone());
            }
            Ok(claim)
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
            self.tasks.lock().unwrap().retain(|_, claimed| claimed != execution);
            let mut leases = self.leases.lock().unwrap();
            match release {
                // Another process may have listed the execution as pending just before.
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

#[tokio::test(start_paused = true)]
async fn nothing_is_claimed_during_the_drain() {
    let server = Server::new().with_executions(20);
    let (claims, starts) = (SharedClaims::default(), Arc::default());
    let stop = CancellationToken::new();
    let agent = slow(Decision::approve(), &starts).claims(claims.of(1)).concurrency(2);
    let running = tokio::spawn(agent.grace_period(Duration::from_secs(30)).run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop.cancel();
    let summary = running.await.unwrap().unwrap();
    assert_eq!((summary.decided, starts.lock().unwrap().len()), (2, 2));
    assert_eq!(claims.leases.lock().unwrap().len(), 2, "the other 18 were never claimed");
}

#[tokio::test(start_paused = true)]
async fn a_claim_granted_after_the_stop_is_released_and_not_started() {
    let server = Server::new().with_executions(1);
    let (claims, starts) = (SharedClaims::default(), Arc::default());
    let slow_store = SharedClaims { delay: Duration::from_secs(5), ..claims.of(1) };
    let stop = CancellationToken::new();
    let running =
        tokio::spawn(slow(Decision::approve(), &starts).claims(slow_store).run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop.cancel();
    running.await.unwrap().unwrap();
    assert!(starts.lock().unwrap().is_empty() && claims.leases.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_handler_beyond_the_grace_period_is_released_for_others() {
    let server = Server::new().with_executions(1);
    let (claims, starts) = (SharedClaims::default(), Arc::default());
    let stop = CancellationToken::new();
    let agent = slow(Decision::approve(), &starts).claims(claims.of(1)).grace_period(Duration::from_secs(3));
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop.cancel();
    running.await.unwrap().unwrap();
    assert!(claims.leases.lock().unwrap().is_empty(), "another process need not wait for the lease");
}

#[tokio::test(start_paused = true)]
async fn an_undelivered_decision_keeps_its_claim_until_the_lease_ends() {
    let server = Server::new().with_executions(1);
    server.fail("POST /agent-actions/", [crate::server::Fault::Status(503); 100]);
    let (claims, starts) = (SharedClaims::default(), Arc::default());
    let stop = CancellationToken::new();
    let agent = slow(Decision::approve(), &starts).claims(claims.of(1)).grace_period(Duration::from_secs(1));
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(15)).await;
    stop.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(claims.leases.lock().unwrap().len(), 1, "the decision may be on its way");
}

#[tokio::test(start_paused = true)]
async fn a_lost_claim_stops_the_delivery() {
    let server = Server::new().with_executions(1);
    server.fail("POST /agent-actions/", [crate::server::Fault::Status(503); 1000]);
    let (claims, starts) = (SharedClaims::default(), Arc::default());
    let lost = claims.of(1);
    let stop = CancellationToken::new();
    let agent = slow(Decision::approve(), &starts).claims(lost.clone());
    let monitor = agent.monitor();
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert!(server.requests("POST /agent-actions/") >= 1);
    lost.broken.store(true, std::sync::atomic::Ordering::Relaxed);
    tokio::time::sleep(LEASE).await;
    let sent = server.requests("POST /agent-actions/");
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(server.requests("POST /agent-actions/"), sent, "nothing is sent after the lease has ended");
    assert!(monitor.counters().lost_claims >= 1);
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn executions_of_one_task_run_in_one_process_at_a_time() {
    let server = Server::new();
    for number in 0..4 {
        server.add(&format!("x{number}"), "result.submitted", serde_json::json!({"task_uid": "t"}));
    }
    let (claims, running) = (SharedClaims::default(), Arc::new(Mutex::new((0, 0))));
    let stop = CancellationToken::new();
    let mut agents = tokio::task::JoinSet::new();
    for holder in 0..2 {
        let running = Arc::clone(&running);
        let agent = Agent::new("qa").poll_interval(Duration::from_secs(1), Duration::from_secs(1)).on(
            EventType::ResultSubmitted,
            move |_: Context| {
                let running = Arc::clone(&running);
                async move {
                    let now = {
                        let mut running = running.lock().unwrap();
                        running.0 += 1;
                        running.1 = running.0.max(running.1);
                        running.1
                    };
                    tokio::time::sleep(Duration::from_secs(5)).await;
                    running.lock().unwrap().0 -= 1;
                    Decision::flag(format!("{now} at a time"))
                }
            },
        );
        agents.spawn(agent.claims(claims.of(holder)).run_until(&server.client(), stop.clone()));
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    stop.cancel();
    agents.join_all().await.into_iter().for_each(|summary| assert!(summary.is_ok()));
    server.assert_each_decided_once(4);
    assert_eq!(running.lock().unwrap().1, 1, "handlers at a time");
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_another_process_took_cancels_the_handler() {
    let server = Server::new().with_executions(1);
    let claims = SharedClaims::default();
    let outcome = Arc::new(Mutex::new(None));
    let noted = Arc::clone(&outcome);
    let agent = Agent::new("qa").on(EventType::ResultSubmitted, move |context: Context| {
        let noted = Arc::clone(&noted);
        async move {
            let started = Instant::now();
            loop {
                tokio::time::sleep(Duration::from_millis(50)).await;
                if let Err(cancelled) = context.progress() {
                    *noted.lock().unwrap() = Some(started.elapsed());
                    return Err(cancelled);
                }
                if started.elapsed() > Duration::from_secs(60) {
                    return Ok(Decision::approve());
                }
            }
        }
    });
    let (monitor, stop) = (agent.monitor(), CancellationToken::new());
    let running = tokio::spawn(agent.claims(claims.of(1)).run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(10)).await;
    // As after FLUSHALL and a claim of another process: the next renewal returns that the claim is lost.
    claims.leases.lock().unwrap().insert("x0".into(), (2, Instant::now() + LEASE * 100));
    tokio::time::sleep(Duration::from_secs(50)).await;
    let noticed = outcome.lock().unwrap().unwrap();
    assert!(noticed < Duration::from_secs(10) + LEASE / 2, "noticed after {noticed:?}");
    assert_eq!((monitor.counters().lost_claims, server.requests("POST /agent-actions/")), (1, 0));
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn progress_renews_the_lease_at_once() {
    let server = Server::new().with_executions(1);
    let claims = SharedClaims::default();
    let leases = claims.clone();
    let agent = Agent::new("qa").on(EventType::ResultSubmitted, move |context: Context| {
        let leases = leases.clone();
        async move {
            let until = |leases: &SharedClaims| leases.leases.lock().unwrap()[context.uid()].1;
            tokio::time::sleep(Duration::from_millis(300)).await;
            let before = until(&leases);
            context.progress()?;
            // Less than the time to the next renewal.
            tokio::time::sleep(Duration::from_millis(100)).await;
            let extended = until(&leases) - before;
            Ok::<_, avala_agents::Cancelled>(Decision::flag(format!("{} ms", extended.as_millis())))
        }
    });
    agent.claims(claims.of(1)).run_once(&server.client()).await.unwrap();
    let reason = server.decisions("x0")[0].clone();
    let extended: u32 = reason.trim_start_matches("flag: ").trim_end_matches(" ms").parse().unwrap();
    assert!((299..400).contains(&extended), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_decision_is_delivered_although_claims_and_lists_failed() {
    let server = Server::new().with_executions(1);
    server.fail("POST /agent-actions/", [crate::server::Fault::Status(503); 3]);
    let journal = avala_agents::MemoryJournal::new();
    let starts = Arc::default();
    let first = slow(Decision::approve(), &starts).journal(journal.clone());
    let running = tokio::spawn(first.run_until(&server.client(), CancellationToken::new()));
    tokio::time::sleep(Duration::from_secs(11)).await;
    running.abort();
    let _ = running.await;

    server.lock().faults.clear();
    server.fail("executions/?status=pending", [crate::server::Fault::Status(500); 10_000]);
    let claims = SharedClaims::default();
    claims.broken.store(true, std::sync::atomic::Ordering::Relaxed);
    let stop = CancellationToken::new();
    let agent = slow(Decision::reject("late"), &starts).journal(journal).claims(claims.clone());
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(server.lock().decisions.is_empty(), "nothing is sent without a claim");
    claims.broken.store(false, std::sync::atomic::Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(server.decisions("x0"), ["approve"]);
    stop.cancel();
    running.await.unwrap().unwrap();
}
