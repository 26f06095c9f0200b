use std::sync::{Arc, Mutex};
use std::time::Duration;

use avala_agents::types::EventType;
use avala_agents::{Agent, AgentErrorKind, Context, Decision};
use tokio_util::sync::CancellationToken;

use crate::server::{Fault, Server, approving};

#[tokio::test(start_paused = true)]
async fn all_pages_are_read_and_the_oldest_goes_first() {
    let server = Server::new().with_executions(25);
    server.lock().page_size = 10;
    let order = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&order);
    let agent = Agent::new("qa").concurrency(1).on(EventType::ResultSubmitted, move |context: Context| {
        noted.lock().unwrap().push(context.uid().to_string());
        async { Decision::approve() }
    });
    agent.run_once(&server.client()).await.unwrap();
    let expected: Vec<_> = (0..25).map(|n| format!("x{n}")).collect();
    assert_eq!(*order.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn idle_polls_slow_down_and_a_hint_polls_immediately() {
    let server = Server::new();
    let agent = approving();
    let handle = agent.handle();
    let stop = CancellationToken::new();
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    let polls = server.requests("executions");
    assert!((60..=70).contains(&polls), "{polls} polls in an idle hour");
    server.add("x0", "result.submitted", serde_json::json!({}));
    handle.poll_now();
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.assert_each_decided_once(1);
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn failed_polls_back_off_and_honor_retry_after() {
    let server = Server::new().with_executions(1);
    let faults = [Fault::Status(500), Fault::Status(503), Fault::LostResponse, Fault::RetryAfter(120)];
    server.fail("executions", faults.into_iter().chain([Fault::Status(500); 3]));
    let agent = approving();
    let monitor = agent.monitor();
    agent.run_until_idle(&server.client()).await.unwrap();
    let pauses = server.pauses("executions/?status=pending");
    // Doubled from 5 s up to 60 s, with jitter on the upper half; the requested wait plus up to a tenth.
    let expected = [(2.5, 5.0), (5.0, 10.0), (10.0, 20.0), (120.0, 132.0), (30.0, 60.0), (30.0, 60.0), (30.0, 60.0)];
    for (pause, (least, most)) in pauses.iter().zip(expected) {
        assert!((least..=most + 0.01).contains(&pause.as_secs_f64()), "{pauses:?}");
    }
    assert_eq!(monitor.counters().failed_polls, 7);
    server.assert_each_decided_once(1);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_key_ends_the_agent() {
    for status in [401, 403] {
        let server = Server::new();
        server.fail("executions", [Fault::Status(status)]);
        let error = approving().run_until_idle(&server.client()).await.unwrap_err();
        assert_eq!(error.kind(), AgentErrorKind::Unauthorized);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_agent_registers_once_more() {
    let server = Server::new().with_executions(1);
    server.fail("executions", [Fault::Status(404)]);
    approving().run_until_idle(&server.client()).await.unwrap();
    server.assert_each_decided_once(1);

    let server = Server::new();
    server.fail("executions", [Fault::Status(404), Fault::Status(404)]);
    let error = approving().run_until_idle(&server.client()).await.unwrap_err();
    assert_eq!(error.kind(), AgentErrorKind::Deleted);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_agent_starts_nothing_and_is_not_ready() {
    let server = Server::new().with_executions(1);
    let agent = approving();
    let monitor = agent.monitor();
    monitor.set_quiet(true);
    let stop = CancellationToken::new();
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(!monitor.health().ready && server.lock().decisions.is_empty());
    monitor.set_quiet(false);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(monitor.health().ready);
    server.assert_each_decided_once(1);
    stop.cancel();
    running.await.unwrap().unwrap();
}
