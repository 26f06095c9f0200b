//! Pages of the list that always fail, because the server cannot return one execution.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use avala_agents::types::EventType;
use avala_agents::{Agent, Context, Decision};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::server::{Server, approving};

type Runs = Arc<Mutex<BTreeMap<String, usize>>>;

/// Creates an agent that leaves all executions, so that they stay in the list.
fn leaving(runs: &Runs) -> Agent {
    let runs = Arc::clone(runs);
    Agent::new("qa").concurrency(100).on(EventType::ResultSubmitted, move |context: Context| {
        *runs.lock().unwrap().entry(context.uid().to_string()).or_default() += 1;
        async { Decision::leave() }
    })
}

/// Pages with cursors, whose size cannot be chosen.
fn server(oldest_first: bool) -> Server {
    let server = Server::new().with_executions(300);
    (server.lock().page_size, server.lock().oldest_first) = (50, oldest_first);
    server
}

const HALF_HOUR: Duration = Duration::from_secs(1_800);

#[tokio::test(start_paused = true)]
async fn pages_behind_are_found_where_an_earlier_poll_read_them() {
    // The execution whose page fails: one in the middle, one on the first page, two pages in a row.
    let cases = [
        (true, "x120", "x299"),
        (true, "x3", "x60"),
        (true, "x3", "x299"),
        (false, "x120", "x0"),
        (false, "x299", "x0"),
    ];
    for (oldest_first, poison, wanted) in cases {
        let (server, runs) = (server(oldest_first), Runs::default());
        let agent = leaving(&runs);
        let (handle, monitor, stop) = (agent.handle(), agent.monitor(), CancellationToken::new());
        let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(runs.lock().unwrap().len(), 300);
        server.lock().poison = Some(poison);
        handle.retry(&wanted.into()).await.unwrap();
        tokio::time::sleep(HALF_HOUR).await;
        let case = format!("{oldest_first} {poison} {wanted}");
        assert_eq!(runs.lock().unwrap()[wanted], 2, "{case}: it is behind the page that fails");
        let health = monitor.health();
        assert!(health.incomplete && !health.ready, "{case}: {health:?}");
        assert!(monitor.counters().unlisted_pages > 0, "{case}");
        server.lock().poison = None;
        tokio::time::sleep(HALF_HOUR).await;
        let health = monitor.health();
        assert!(!health.incomplete && health.ready, "{case}: {health:?}");
        stop.cancel();
        running.await.unwrap().unwrap();
        let total: usize = runs.lock().unwrap().values().sum();
        assert_eq!(total, 301, "{case}: no other one ran again");
    }
}

#[tokio::test(start_paused = true)]
async fn executions_behind_an_unknown_page_wait_at_the_server() {
    for (oldest_first, poison, listed) in [(true, "x120", 100), (false, "x120", 150), (true, "x3", 0)] {
        let (server, runs) = (server(oldest_first), Runs::default());
        server.lock().poison = Some(poison);
        let agent = leaving(&runs);
        let (monitor, stop) = (agent.monitor(), CancellationToken::new());
        let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
        tokio::time::sleep(HALF_HOUR).await;
        let case = format!("{oldest_first} {poison}");
        assert_eq!(runs.lock().unwrap().len(), listed, "{case}");
        assert!(!monitor.health().ready, "{case}");
        let requests = server.requests("GET /agents/a1/executions/");
        assert!(requests < 600, "{case}: {requests} pages in half an hour");
        server.lock().poison = None;
        tokio::time::sleep(HALF_HOUR).await;
        assert!(monitor.health().ready, "{case}");
        stop.cancel();
        running.await.unwrap().unwrap();
        let runs = runs.lock().unwrap();
        assert!(runs.len() == 300 && runs.values().all(|runs| *runs == 1), "{case}: each ran once");
    }
}

#[tokio::test(start_paused = true)]
async fn numbered_pages_behind_the_first_one_are_listed() {
    let (server, runs) = (server(true), Runs::default());
    server.lock().has_numbers = true;
    server.lock().poison = Some("x3");
    let stop = CancellationToken::new();
    let running = tokio::spawn(leaving(&runs).run_until(&server.client(), stop.clone()));
    tokio::time::sleep(HALF_HOUR).await;
    assert_eq!(runs.lock().unwrap().len(), 250);
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn smaller_pages_leave_fewer_executions_out() {
    let (server, runs) = (server(true), Runs::default());
    (server.lock().honors_limit, server.lock().poison) = (true, Some("x120"));
    let stop = CancellationToken::new();
    let running = tokio::spawn(leaving(&runs).run_until(&server.client(), stop.clone()));
    tokio::time::sleep(HALF_HOUR).await;
    assert!((110..120).contains(&runs.lock().unwrap().len()), "{}", runs.lock().unwrap().len());
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn running_executions_are_listed_although_pending_ones_fail() {
    let server = Server::new().with_executions(5);
    server.lock().executions[2]["status"] = json!("running");
    server.lock().poison = Some("x0");
    let stop = CancellationToken::new();
    let running = tokio::spawn(approving().run_until(&server.client(), stop.clone()));
    tokio::time::sleep(HALF_HOUR).await;
    assert_eq!(server.lock().decisions.keys().collect::<Vec<_>>(), ["x2"]);
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn outage_makes_the_agent_unready_and_one_failure_does_not() {
    let server = Server::new();
    let second = Duration::from_secs(1);
    let agent = approving().poll_interval(second, second);
    let (monitor, stop) = (agent.monitor(), CancellationToken::new());
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(5 * second).await;
    server.fail("executions", [crate::server::Fault::Status(503)]);
    for _ in 0..50 {
        tokio::time::sleep(second / 10).await;
        assert!(monitor.health().ready);
    }
    assert_eq!(monitor.counters().failed_polls, 1);
    server.lock().broken = vec![("executions", 503)];
    tokio::time::sleep(60 * second).await;
    assert!(!monitor.health().ready && !monitor.health().incomplete);
    server.lock().broken.clear();
    tokio::time::sleep(60 * second).await;
    assert!(monitor.health().ready);
    stop.cancel();
    running.await.unwrap().unwrap();
}
