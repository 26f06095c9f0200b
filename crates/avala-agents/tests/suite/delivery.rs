use std::time::Duration;

use avala_agents::types::EventType;
use avala_agents::{Agent, AgentErrorKind, Context, Decision, MemoryJournal, RecordState};
use tokio_util::sync::CancellationToken;

use crate::server::{Fault, Server, approving};

#[tokio::test(start_paused = true)]
async fn a_lost_response_is_looked_up_and_not_sent_again() {
    let server = Server::new().with_executions(1);
    server.fail("POST /agent-actions/", [Fault::LostResponse]);
    let summary = approving().run_once(&server.client()).await.unwrap();
    assert_eq!(summary.decided, 1);
    server.assert_each_decided_once(1);
    assert_eq!(server.requests("POST /agent-actions/"), 1);
}

#[tokio::test(start_paused = true)]
async fn failures_send_the_same_decision_again_and_never_skip() {
    let server = Server::new().with_executions(1);
    server.fail("POST /agent-actions/", [500, 503, 502].map(Fault::Status));
    server.fail("POST /agent-actions/", [Fault::RetryAfter(30)]);
    let agent = Agent::new("qa").on(EventType::ResultSubmitted, |_: Context| async { Decision::reject("empty") });
    agent.run_once(&server.client()).await.unwrap();
    assert_eq!(server.decisions("x0"), ["reject: empty"]);
    assert_eq!(server.requests("POST /agent-actions/"), 5);
}

#[tokio::test(start_paused = true)]
async fn retry_after_of_a_decision_is_honored() {
    let server = Server::new().with_executions(1);
    server.fail("POST /agent-actions/", [Fault::RetryAfter(45)]);
    let start = tokio::time::Instant::now();
    approving().run_once(&server.client()).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(45), "{:?}", start.elapsed());
    server.assert_each_decided_once(1);
}

#[tokio::test(start_paused = true)]
async fn decision_of_another_client_is_not_contradicted() {
    let server = Server::new().with_executions(1);
    let other = server.clone();
    let agent = Agent::new("qa").on(EventType::ResultSubmitted, move |_: Context| {
        let mut state = other.lock();
        state.executions[0]["action"] = "reject".into();
        drop(state);
        async { Decision::approve() }
    });
    let monitor = agent.monitor();
    agent.run_once(&server.client()).await.unwrap();
    assert!(server.decisions("x0").is_empty(), "ours was refused with 409");
    assert_eq!((monitor.counters().decided_elsewhere, monitor.counters().approved), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_rejected_decision_is_parked_with_its_reason() {
    let server = Server::new().with_executions(1);
    server.fail("POST /agent-actions/", [Fault::Status(400)]);
    let journal = MemoryJournal::new();
    approving().journal(journal.clone()).run_once(&server.client()).await.unwrap();
    let record = &journal.records()[0];
    assert_eq!(record.state, RecordState::Parked);
    assert!(record.note.as_deref().unwrap_or_default().contains("rejected"), "{record:?}");
    assert_eq!(server.requests("POST /agent-actions/"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_key_ends_the_agent_and_keeps_the_decision() {
    let server = Server::new().with_executions(1);
    server.fail("POST /agent-actions/", [Fault::Status(401)]);
    let journal = MemoryJournal::new();
    let error = approving().journal(journal.clone()).run_once(&server.client()).await.unwrap_err();
    assert_eq!(error.kind(), AgentErrorKind::Unauthorized);
    assert_eq!(journal.records()[0].decision, Some(Decision::approve()));
    approving().journal(journal.clone()).run_once(&server.client()).await.unwrap();
    server.assert_each_decided_once(1);
}

#[tokio::test(start_paused = true)]
async fn unknown_outcomes_of_many_decisions_are_decided_once() {
    let server = Server::new().with_executions(50);
    server.fail("POST /agent-actions/", [Fault::LostResponse; 25]);
    server.fail("POST /agent-actions/", [Fault::Status(500); 25]);
    let summary = approving().run_until_idle(&server.client()).await.unwrap();
    assert_eq!(summary.decided, 50);
    server.assert_each_decided_once(50);
}

#[tokio::test(start_paused = true)]
async fn client_errors_are_parked_and_not_repeated() {
    for status in [400, 404, 405, 409, 410, 413, 422] {
        let server = Server::new().with_executions(1);
        server.fail("POST /agent-actions/", [Fault::Status(status)]);
        let journal = MemoryJournal::new();
        approving().journal(journal.clone()).run_once(&server.client()).await.unwrap();
        assert_eq!(journal.records()[0].state, RecordState::Parked, "{status}");
        assert_eq!(server.requests("POST /agent-actions/"), 1, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_parked_execution_is_decided_by_hand_while_it_is_not_listed() {
    let server = Server::new().with_executions(1);
    let agent = Agent::new("qa").max_failures(1, Duration::ZERO);
    let agent = agent.on(EventType::ResultSubmitted, |_: Context| async { Err::<Decision, _>("a bug") });
    let handle = agent.handle();
    let stop = CancellationToken::new();
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(30)).await;
    // The server lists only executions in a status that no query requests.
    server.lock().executions[0]["status"] = "queued".into();
    handle.decide(&handle.parked()[0].execution, Decision::flag("by hand")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(server.decisions("x0"), ["flag: by hand"]);
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn parked_executions_are_decided_while_the_agent_does_not_run() {
    let server = Server::new().with_executions(2);
    let journal = MemoryJournal::new();
    let failing = Agent::new("qa").max_failures(1, Duration::ZERO).journal(journal.clone());
    let failing = failing.on(EventType::ResultSubmitted, |_: Context| async { Err::<Decision, _>("a bug") });
    failing.run_until_idle(&server.client()).await.unwrap();

    let agent = approving().journal(journal.clone());
    let handle = agent.handle();
    handle.load().await.unwrap();
    assert_eq!(handle.parked().len(), 2);
    handle.decide(&"x0".into(), Decision::reject("by hand")).await.unwrap();
    handle.decide(&"x1".into(), Decision::leave()).await.unwrap();
    assert!(handle.parked().is_empty());
    assert_eq!(handle.export().await.unwrap().lines().count(), 2);
    agent.run_until_idle(&server.client()).await.unwrap();
    assert_eq!(server.decisions("x0"), ["reject: by hand"]);
    assert!(server.decisions("x1").is_empty());
}

#[tokio::test(start_paused = true)]
async fn unknown_outcomes_at_the_same_time_share_a_walk() {
    let server = Server::new().with_executions(500);
    server.fail("POST /agent-actions/", [Fault::LostResponse; 250]);
    server.fail("POST /agent-actions/", [Fault::Status(500); 250]);
    approving().concurrency(500).run_once(&server.client()).await.unwrap();
    server.assert_each_decided_once(500);
    // Five pages each.
    let walks = server.requests("GET /agents/a1/executions/") - server.requests("status=");
    assert!(walks < 1_000, "{walks} pages of look-ups for 500 unknown outcomes");
}

#[tokio::test(start_paused = true)]
async fn decision_is_sent_again_while_the_list_cannot_be_read() {
    let server = Server::new().with_executions(1);
    server.fail("POST /agent-actions/", [Fault::RetryAfter(30); 40]);
    let stop = CancellationToken::new();
    let running = tokio::spawn(approving().run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    // Listed once, and never again.
    server.fail("GET /agents/a1/executions", [Fault::Status(500); 10_000]);
    tokio::time::sleep(Duration::from_secs(20_000)).await;
    server.assert_each_decided_once(1);
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_single_round_ends_although_the_decision_is_not_accepted() {
    let server = Server::new().with_executions(1);
    server.fail("POST /agent-actions/", [Fault::Status(503); 10_000]);
    let journal = MemoryJournal::new();
    let round = approving().journal(journal.clone()).run_once(&server.client());
    let summary = tokio::time::timeout(Duration::from_secs(3_600), round).await.unwrap().unwrap();
    assert_eq!(summary.decided, 0);
    assert_eq!(journal.records()[0].decision, Some(Decision::approve()));
    server.lock().faults.clear();
    approving().journal(journal).run_once(&server.client()).await.unwrap();
    server.assert_each_decided_once(1);
}

#[tokio::test(start_paused = true)]
async fn look_ups_use_the_agent_that_registered_again() {
    let server = Server::new().with_executions(1);
    let agent = Agent::new("qa").poll_interval(Duration::from_secs(1), Duration::from_secs(1)).on(
        EventType::ResultSubmitted,
        |_: Context| async {
            tokio::time::sleep(Duration::from_secs(20)).await;
            Decision::approve()
        },
    );
    let (monitor, stop) = (agent.monitor(), CancellationToken::new());
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(5)).await;
    // Deleted, so that the next one is `a2`, while a handler runs.
    server.lock().agents[0]["name"] = "another".into();
    server.fail("/agents/a1/", [Fault::Status(404); 10_000]);
    server.fail("POST /agent-actions/", [Fault::LostResponse]);
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(server.lock().agents.len(), 2, "registered again");
    assert_eq!((monitor.counters().approved, server.requests("POST /agent-actions/")), (1, 1));
    server.assert_each_decided_once(1);
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_always_fails_causes_no_decision() {
    let server = Server::new().with_executions(3);
    let agent = Agent::new("qa").on(EventType::ResultSubmitted, |context: Context| async move {
        match context.uid().as_str() {
            "x0" => Err("an error"),
            "x1" => panic!("a bug"),
            _ => std::future::pending::<Result<Decision, _>>().await,
        }
    });
    let summary = agent.run_until_idle(&server.client()).await.unwrap();
    assert_eq!((summary.undecided, summary.failed), (3, 12));
    assert_eq!(server.requests("POST /agent-actions/"), 0, "parked, and not skipped");
}

#[tokio::test(start_paused = true)]
async fn decision_on_a_deleted_execution_is_parked() {
    let server = Server::new().with_executions(2);
    let other = server.clone();
    let agent = Agent::new("qa").concurrency(1).on(EventType::ResultSubmitted, move |context: Context| {
        if *context.uid() == "x0" {
            other.lock().executions.remove(0);
        }
        async { Decision::approve() }
    });
    let (journal, handle) = (MemoryJournal::new(), agent.handle());
    let summary = agent.journal(journal.clone()).run_until_idle(&server.client()).await.unwrap();
    assert_eq!((summary.decided, summary.undecided, summary.undelivered), (1, 1, 0));
    let parked = &handle.parked()[0];
    assert_eq!((parked.execution.as_str(), parked.decision.as_ref()), ("x0", Some(&Decision::approve())));
    assert!(parked.note.as_deref().unwrap_or_default().contains("404"), "{parked:?}");
}

#[tokio::test(start_paused = true)]
async fn key_without_permission_ends_the_agent_and_keeps_the_decision() {
    let server = Server::new().with_executions(1);
    server.lock().broken = vec![("POST /agent-actions/", 403)];
    let journal = MemoryJournal::new();
    let running = approving().journal(journal.clone()).run_until(&server.client(), CancellationToken::new());
    let error = tokio::time::timeout(Duration::from_secs(60), running).await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.summary().unwrap().undelivered), (AgentErrorKind::Unauthorized, 1));
    server.lock().broken.clear();
    approving().journal(journal).run_once(&server.client()).await.unwrap();
    server.assert_each_decided_once(1);
}
