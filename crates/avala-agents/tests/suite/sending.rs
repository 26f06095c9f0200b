//! How many decisions are sent at the same time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use avala_agents::types::EventType;
use avala_agents::{Agent, Context, Decision};
use avala_client::Avala;
use avala_client::transport::{Body, RetryPolicy};
use http::Request;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::server::{Fault, Server, approving, client_with};

/// Returns a client with retries of its own, whose posts take a second, and the largest number of them at the same time.
fn slow_client(server: &Server) -> (Avala, Arc<AtomicUsize>) {
    let (server, most) = (server.clone(), Arc::new(AtomicUsize::new(0)));
    let (now, noted) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&most));
    let service = tower::service_fn(move |request: Request<Body>| {
        let (server, now, noted) = (server.clone(), Arc::clone(&now), Arc::clone(&noted));
        async move {
            if request.uri().path().ends_with("/agent-actions/") {
                noted.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_secs(1)).await;
                now.fetch_sub(1, Ordering::SeqCst);
            }
            server.respond(&request)
        }
    });
    (client_with(service, 64 << 20, RetryPolicy::default()), most)
}

#[tokio::test(start_paused = true)]
async fn at_most_64_decisions_are_sent_at_the_same_time() {
    let server = Server::new().with_executions(300);
    let (avala, most) = slow_client(&server);
    let began = Instant::now();
    approving().concurrency(300).run_once(&avala).await.unwrap();
    server.assert_each_decided_once(300);
    assert_eq!(most.load(Ordering::SeqCst), 64);
    // 300 decisions in five rounds of a second each.
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn decisions_that_wait_for_their_next_attempt_hold_no_place() {
    let server = Server::new().with_executions(128);
    // As many as are sent at the same time, all of them postponed.
    server.fail("POST /agent-actions/", [Fault::RetryAfter(30); 64]);
    let stop = CancellationToken::new();
    let agent = approving().concurrency(128);
    let running = tokio::spawn(agent.run_until(&slow_client(&server).0, stop.clone()));
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(server.lock().decisions.len(), 64, "the others are sent meanwhile");
    tokio::time::sleep(Duration::from_secs(60)).await;
    server.assert_each_decided_once(128);
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn rate_limits_delay_handlers_and_not_decisions() {
    let server = Server::new();
    for number in 0..80 {
        server.add(&format!("x{number}"), "export.completed", serde_json::json!({}));
    }
    server.add("x80", "result.submitted", serde_json::json!({"task_uid": "t"}));
    let (starts, began) = (Arc::new(Mutex::new(Vec::new())), Instant::now());
    let noted = Arc::clone(&starts);
    let handler = move |_: Context| {
        noted.lock().unwrap().push(began.elapsed());
        async { Decision::approve() }
    };
    let agent = Agent::new("qa").concurrency(100).event_rate_limit(EventType::ExportCompleted, 6);
    let agent = agent.on(EventType::ExportCompleted, handler.clone()).on(EventType::ResultSubmitted, handler);
    let stop = CancellationToken::new();
    let running = tokio::spawn(agent.run_until(&slow_client(&server).0, stop.clone()));
    tokio::time::sleep(Duration::from_millis(65_500)).await;
    stop.cancel();
    running.await.unwrap().unwrap();
    // Each decision is sent as soon as its handler has ended.
    assert_eq!((server.lock().decisions.len(), starts.lock().unwrap().len()), (8, 8));
    assert_eq!(server.decisions("x80"), ["approve"]);
}
