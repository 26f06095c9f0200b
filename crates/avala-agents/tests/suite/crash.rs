use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use avala_agents::types::EventType;
use avala_agents::{Agent, Context, Decision, GiveUp, MemoryJournal, RecordState, RunReason};
use tokio_util::sync::CancellationToken;

use crate::server::{Fault, Server, approving};

/// Runs an agent in a task and aborts it after `time`, as a crash does.
async fn run_and_crash(agent: Agent, server: &Server, time: Duration) {
    let running = tokio::spawn(agent.run_until(&server.client(), CancellationToken::new()));
    tokio::time::sleep(time).await;
    running.abort();
    let _ = running.await;
}

fn hanging() -> Agent {
    Agent::new("qa").on(EventType::ResultSubmitted, |_: Context| std::future::pending::<Decision>())
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_was_not_sent_is_sent_after_a_restart() {
    let server = Server::new().with_executions(3);
    server.fail("POST /agent-actions/", [Fault::Status(503); 30]);
    let journal = MemoryJournal::new();
    run_and_crash(approving().journal(journal.clone()), &server, Duration::from_secs(3)).await;
    assert!(server.lock().decisions.is_empty());
    server.lock().faults.clear();
    // The new handler would decide differently; the decision in the journal is sent.
    let other = Agent::new("qa").on(EventType::ResultSubmitted, |_: Context| async { Decision::reject("late") });
    other.journal(journal).run_until_idle(&server.client()).await.unwrap();
    server.assert_each_decided_once(3);
    assert_eq!(server.decisions("x1"), ["approve"]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_was_interrupted_runs_again_as_replay() {
    let server = Server::new().with_executions(1);
    let journal = MemoryJournal::new();
    run_and_crash(hanging().journal(journal.clone()), &server, Duration::from_secs(1)).await;
    let agent = Agent::new("qa").on(EventType::ResultSubmitted, |context: Context| async move {
        assert_eq!((context.reason(), context.attempt()), (RunReason::Replay, 2));
        Decision::approve()
    });
    agent.journal(journal).run_once(&server.client()).await.unwrap();
    server.assert_each_decided_once(1);
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_kills_its_process_is_given_up() {
    for (policy, expected) in [(GiveUp::Park, None), (GiveUp::Flag, Some("flag")), (GiveUp::Skip, Some("skip"))] {
        let server = Server::new().with_executions(1);
        let journal = MemoryJournal::new();
        for _ in 0..3 {
            run_and_crash(hanging().journal(journal.clone()), &server, Duration::from_secs(1)).await;
        }
        let runs = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&runs);
        let agent = Agent::new("qa").give_up(policy).on(EventType::ResultSubmitted, move |_: Context| {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Decision::approve() }
        });
        let handle = agent.handle();
        agent.journal(journal.clone()).run_until_idle(&server.client()).await.unwrap();
        assert_eq!(runs.load(Ordering::Relaxed), 0, "the handler must not run a fourth time");
        match expected {
            None => {
                assert_eq!(journal.records()[0].state, RecordState::Parked);
                assert_eq!(handle.parked().len(), 1);
                assert!(server.decisions("x0").is_empty());
            }
            Some(action) => assert!(server.decisions("x0")[0].starts_with(action), "{:?}", server.decisions("x0")),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_parked_execution_does_not_starve_the_others() {
    let server = Server::new().with_executions(100);
    let agent = Agent::new("qa").max_failures(2, Duration::from_secs(1)).on(
        EventType::ResultSubmitted,
        |context: Context| async move {
            if *context.uid() == "x0" { Err("this one always fails") } else { Ok(Decision::approve()) }
        },
    );
    let summary = agent.run_until_idle(&server.client()).await.unwrap();
    assert_eq!((summary.decided, summary.undecided), (99, 1));
}
