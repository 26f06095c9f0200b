//! Lists that change while they are read.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use avala_agents::types::EventType;
use avala_agents::{Agent, Context, Decision};
use avala_client::Avala;
use avala_client::transport::Body;
use http::Request;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::server::{Server, State, client_of};

/// Returns a client that changes the server once, before the first request whose line contains the text.
fn client_that_changes(
    server: &Server,
    before: &'static str,
    change: impl Fn(&mut State) + Send + Sync + 'static,
) -> Avala {
    let (server, change) = (server.clone(), Arc::new(Mutex::new(Some(change))));
    let service = tower::service_fn(move |request: Request<Body>| {
        if request.uri().to_string().contains(before)
            && let Some(change) = change.lock().unwrap().take()
        {
            change(&mut server.lock());
        }
        let result = server.respond(&request);
        async move { result }
    });
    client_of(service, 64 << 20)
}

/// Creates a server with six executions in three pages, oldest first.
fn server() -> Server {
    let server = Server::new().with_executions(6);
    (server.lock().page_size, server.lock().oldest_first) = (2, true);
    server
}

/// Runs an agent for an hour, and returns the executions that it handled, in order.
async fn handled(avala: &Avala) -> Vec<String> {
    let runs = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&runs);
    let agent = Agent::new("qa").on(EventType::ResultSubmitted, move |context: Context| {
        noted.lock().unwrap().push(context.uid().to_string());
        async { Decision::approve() }
    });
    let stop = CancellationToken::new();
    let running = tokio::spawn(agent.run_until(avala, stop.clone()));
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    stop.cancel();
    running.await.unwrap().unwrap();
    let mut runs = std::mem::take(&mut *runs.lock().unwrap());
    runs.sort();
    runs
}

fn all_but(missing: &[usize]) -> Vec<String> {
    (0..6).filter(|number| !missing.contains(number)).map(|number| format!("x{number}")).collect()
}

#[tokio::test(start_paused = true)]
async fn execution_on_two_pages_is_handled_once() {
    let server = server();
    let twice = server.lock().executions[1].clone();
    server.lock().executions.push(twice);
    assert_eq!(handled(&server.client()).await, all_but(&[]));
}

#[tokio::test(start_paused = true)]
async fn execution_that_begins_to_run_between_pages_is_handled_once() {
    // One that was listed, and one that was not.
    for number in [1, 5] {
        let server = server();
        let avala = client_that_changes(&server, "cursor=2", move |state| {
            state.executions[number]["status"] = json!("running");
        });
        assert_eq!(handled(&avala).await, all_but(&[]), "x{number}");
        server.assert_each_decided_once(6);
    }
}

#[tokio::test(start_paused = true)]
async fn execution_that_stops_to_run_between_lists_is_handled_once() {
    let server = server();
    server.lock().executions[3]["status"] = json!("running");
    let avala =
        client_that_changes(&server, "status=running", |state| state.executions[3]["status"] = json!("pending"));
    assert_eq!(handled(&avala).await, all_but(&[]));
    server.assert_each_decided_once(6);
}

#[tokio::test(start_paused = true)]
async fn execution_that_ends_between_pages_harms_no_other() {
    let server = server();
    let avala = client_that_changes(&server, "cursor=2", |state| {
        state.executions[4]["status"] = json!("completed");
        state.executions[4]["action"] = json!("reject");
    });
    assert_eq!(handled(&avala).await, all_but(&[4]));
    server.assert_each_decided_once(5);

    // Those behind it move up, so that a page with offsets lacks one of them at first.
    let server = self::server();
    let avala = client_that_changes(&server, "cursor=2", |state| drop(state.executions.remove(0)));
    assert_eq!(handled(&avala).await, all_but(&[]), "the deleted one was listed before");
    server.assert_each_decided_once(5);
}
