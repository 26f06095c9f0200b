//! Executions that cannot be handled now do not delay others.

use std::time::Duration;

use avala_agents::types::EventType;
use avala_agents::{Agent, Context, Decision, MemoryJournal, RecordState};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::server::{Fault, Server, approving};

/// Fails for the executions before `first_good`.
fn failing_before(first_good: usize) -> Agent {
    Agent::new("qa").concurrency(50).on(EventType::ResultSubmitted, move |context: Context| async move {
        let number: usize = context.uid().as_str()[1..].parse()?;
        if number < first_good { Err("always fails".into()) } else { Ok::<_, Failure>(Decision::approve()) }
    })
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::test(start_paused = true)]
async fn many_parked_executions_keep_no_new_one_out() {
    let server = Server::new().with_executions(1_200);
    let agent = failing_before(1_100).max_failures(1, Duration::ZERO);
    let summary = agent.run_until_idle(&server.client()).await.unwrap();
    assert_eq!((summary.decided, summary.undecided), (100, 1_100));
}

#[tokio::test(start_paused = true)]
async fn many_waiting_executions_keep_no_new_one_out() {
    let server = Server::new().with_executions(1_300);
    let agent = failing_before(1_100).max_failures(100, Duration::from_secs(500));
    let stop = CancellationToken::new();
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(200)).await;
    assert_eq!(server.lock().decisions.len(), 200, "while 1,100 wait for their first retry");
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn running_executions_are_handled() {
    let server = Server::new().with_executions(3);
    // A server may set the status when it lists or delivers an execution.
    server.lock().executions[1]["status"] = json!("running");
    approving().run_until_idle(&server.client()).await.unwrap();
    server.assert_each_decided_once(3);
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_becomes_running_is_retried() {
    let server = Server::new().with_executions(1);
    let other = server.clone();
    let agent = Agent::new("qa").on(EventType::ResultSubmitted, move |context: Context| {
        other.lock().executions[0]["status"] = json!("running");
        async move { if context.attempt() < 3 { Err("not yet") } else { Ok(Decision::approve()) } }
    });
    let stop = CancellationToken::new();
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(900)).await;
    stop.cancel();
    running.await.unwrap().unwrap();
    server.assert_each_decided_once(1);
}

#[tokio::test(start_paused = true)]
async fn an_undecodable_execution_is_parked_and_hides_no_other() {
    let server = Server::new().with_executions(3);
    server.lock().executions[1] = json!({"uid": "x1", "event_type": 7, "status": "pending", "note": "odd"});
    server.lock().executions.push(json!({"status": "pending"}));
    let journal = MemoryJournal::new();
    let agent = approving().journal(journal.clone());
    let handle = agent.handle();
    let summary = agent.run_until_idle(&server.client()).await.unwrap();
    assert_eq!(summary.decided, 2);
    let parked = handle.parked();
    assert_eq!(parked.len(), 1);
    assert!(parked[0].raw.as_deref().unwrap_or_default().contains("odd"), "{parked:?}");
}

#[tokio::test(start_paused = true)]
async fn executions_without_registration_are_handled() {
    let server = Server::new().with_executions(2);
    for execution in &mut server.lock().executions {
        execution.as_object_mut().unwrap().remove("registration");
    }
    approving().run_until_idle(&server.client()).await.unwrap();
    server.assert_each_decided_once(2);
}

#[tokio::test(start_paused = true)]
async fn executions_of_one_task_by_payload_never_run_together() {
    let server = Server::new();
    for n in 0..4 {
        server.add(&format!("x{n}"), "result.submitted", json!({"task_uid": "t1"}));
        server.lock().executions[n]["task"] = json!(null);
    }
    let busy = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let agent = Agent::new("qa").on(EventType::ResultSubmitted, move |_: Context| {
        let busy = std::sync::Arc::clone(&busy);
        async move {
            assert!(!busy.swap(true, std::sync::atomic::Ordering::SeqCst), "two at a time");
            tokio::time::sleep(Duration::from_secs(1)).await;
            busy.store(false, std::sync::atomic::Ordering::SeqCst);
            Decision::approve()
        }
    });
    let monitor = agent.monitor();
    agent.run_until_idle(&server.client()).await.unwrap();
    assert_eq!(monitor.counters().panicked, 0);
    server.assert_each_decided_once(4);
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_keeps_failing_blocks_no_other() {
    let server = Server::new().with_executions(5);
    // After ten failures, the first decision is postponed, and others are sent.
    server.fail("POST /agent-actions/", [Fault::Status(500); 10]);
    let journal = MemoryJournal::new();
    let agent = approving().concurrency(1).journal(journal.clone());
    let order = server.clone();
    let summary = agent.run_until_idle(&server.client()).await.unwrap();
    assert_eq!(summary.decided, 5);
    server.assert_each_decided_once(5);
    let posts = order.requests("POST /agent-actions/");
    assert_eq!(posts, 15);
    assert!(journal.records().iter().all(|record| record.state == RecordState::Acknowledged));
}
