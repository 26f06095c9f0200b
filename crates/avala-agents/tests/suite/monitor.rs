//! Health and counters of an agent.

use std::time::{Duration, SystemTime};

use avala_agents::types::EventType;
use avala_agents::{Agent, Context, Decision, Health};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::server::{Fault, Server, approving};

/// Returns when the fake server created its execution of this number.
fn created(number: u64) -> SystemTime {
    // 2026-01-01T00:00:00Z
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600 + number)
}

#[tokio::test(start_paused = true)]
async fn health_follows_the_run() {
    let server = Server::new().with_executions(3);
    let agent = Agent::new("qa").concurrency(2).poll_interval(Duration::from_secs(5), Duration::from_secs(5)).on(
        EventType::ResultSubmitted,
        |_: Context| async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Decision::approve()
        },
    );
    let monitor = agent.monitor();
    let Health { ready, quiet, since_last_poll, oldest_pending, in_flight, .. } = monitor.health();
    assert_eq!((ready, quiet, since_last_poll, oldest_pending, in_flight), (false, false, None, None, 0));

    let stop = CancellationToken::new();
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(52)).await;
    let health = monitor.health();
    assert!(health.ready && health.since_last_poll.unwrap() <= Duration::from_secs(5), "{health:?}");
    assert_eq!((health.oldest_pending, health.in_flight), (Some(created(0)), 2));

    // The first two are decided, and the third one runs.
    tokio::time::sleep(Duration::from_secs(20)).await;
    let health = monitor.health();
    assert_eq!((health.oldest_pending, health.in_flight), (Some(created(2)), 1));

    server.fail("executions", [Fault::Status(503); 1_000]);
    tokio::time::sleep(Duration::from_secs(40)).await;
    let health = monitor.health();
    assert!(health.since_last_poll.unwrap() >= Duration::from_secs(35), "no poll has succeeded: {health:?}");

    server.lock().faults.clear();
    tokio::time::sleep(Duration::from_secs(120)).await;
    let health = monitor.health();
    assert_eq!((health.ready, health.oldest_pending, health.in_flight), (true, None, 0));

    server.add("x3", "result.submitted", json!({}));
    tokio::time::sleep(Duration::from_secs(10)).await;
    stop.cancel();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let health = monitor.health();
    assert_eq!((health.ready, health.in_flight), (false, 1), "it drains");
    running.await.unwrap().unwrap();
    assert_eq!((monitor.health().ready, monitor.health().in_flight), (false, 0));
}

#[tokio::test(start_paused = true)]
async fn each_outcome_has_its_counter() {
    let server = Server::new().with_executions(9);
    server.fail("executions", [Fault::Status(503)]);
    let other = server.clone();
    let agent = Agent::new("qa").concurrency(1).max_failures(1, Duration::ZERO);
    let agent =
        agent.handler_timeout(Duration::from_secs(10)).on(EventType::ResultSubmitted, move |context: Context| {
            if *context.uid() == "x8" {
                other.lock().executions[8]["action"] = "approve".into();
                other.fail("POST /agent-actions/", [Fault::LostResponse]);
            }
            async move {
                Ok::<_, &str>(match context.uid().as_str() {
                    "x0" => Decision::approve(),
                    "x1" => Decision::reject("r"),
                    "x2" => Decision::flag("f"),
                    "x3" => Decision::skip(),
                    "x4" => Decision::of("defer".into()),
                    "x5" => Decision::leave(),
                    "x6" => panic!("a bug"),
                    "x7" => std::future::pending().await,
                    _ => Decision::reject("late"),
                })
            }
        });
    let monitor = agent.monitor();
    agent.run_until_idle(&server.client()).await.unwrap();
    let counters = monitor.counters();
    assert_eq!([counters.approved, counters.rejected, counters.flagged, counters.skipped], [1; 4], "{counters:?}");
    assert_eq!([counters.other_actions, counters.left, counters.decided_elsewhere], [1; 3], "{counters:?}");
    assert_eq!([counters.panicked, counters.timed_out], [1; 2], "{counters:?}");
    assert_eq!([counters.failed, counters.parked], [2; 2], "{counters:?}");
    assert_eq!((counters.handled, counters.failed_polls), (7, 1), "{counters:?}");
    assert!(counters.polls >= 2 && counters.fetched >= 9, "{counters:?}");
}

#[tokio::test(start_paused = true)]
async fn decisions_that_are_sent_again_are_counted() {
    let server = Server::new().with_executions(2);
    server.fail("POST /agent-actions/", [Fault::Status(500); 3]);
    let agent = approving().concurrency(1);
    let monitor = agent.monitor();
    agent.run_until_idle(&server.client()).await.unwrap();
    assert_eq!((monitor.counters().resent_decisions, monitor.counters().approved), (3, 2));
}
