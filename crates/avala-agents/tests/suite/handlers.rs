use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use avala_agents::types::EventType;
use avala_agents::{Agent, Context, Decision, Event, handler_fn};
use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;

use crate::server::Server;

#[tokio::test(start_paused = true)]
async fn errors_panics_and_timeouts_are_retried_then_decided() {
    let server = Server::new().with_executions(1);
    let agent = Agent::new("qa").handler_timeout(Duration::from_secs(5)).on(
        EventType::ResultSubmitted,
        |context: Context| async move {
            match context.attempt() {
                1 => Err("a passing failure"),
                2 => panic!("a bug"),
                3 => std::future::pending().await,
                _ => Ok(Decision::approve()),
            }
        },
    );
    let monitor = agent.monitor();
    agent.run_until_idle(&server.client()).await.unwrap();
    server.assert_each_decided_once(1);
    let counters = monitor.counters();
    assert_eq!((counters.failed, counters.panicked, counters.timed_out, counters.handled), (3, 1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn leave_sends_nothing_and_is_not_handled_again() {
    let server = Server::new().with_executions(2);
    let agent = Agent::new("qa").on(EventType::ResultSubmitted, |_: Context| async { Decision::leave() });
    let monitor = agent.monitor();
    let summary = agent.run_until_idle(&server.client()).await.unwrap();
    assert_eq!(summary.undecided, 2);
    assert_eq!((monitor.counters().handled, server.requests("POST /agent-actions/")), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn progress_extends_the_timeout() {
    let server = Server::new().with_executions(1);
    let agent = Agent::new("qa").handler_timeout(Duration::from_secs(5)).on(
        EventType::ResultSubmitted,
        |context: Context| async move {
            for _ in 0..10 {
                tokio::time::sleep(Duration::from_secs(4)).await;
                context.progress()?;
            }
            Ok::<_, avala_agents::Cancelled>(Decision::approve())
        },
    );
    agent.run_once(&server.client()).await.unwrap();
    server.assert_each_decided_once(1);
}

#[tokio::test(start_paused = true)]
async fn executions_of_one_task_never_run_together() {
    let server = Server::new();
    for n in 0..12 {
        server.add(&format!("x{n}"), "result.submitted", json!({"task_uid": format!("t{}", n % 3)}));
    }
    let busy = Arc::new(Mutex::new(HashSet::new()));
    let agent = Agent::new("qa").on(EventType::ResultSubmitted, move |context: Context| {
        let busy = Arc::clone(&busy);
        async move {
            let Event::Result(result) = context.event() else { panic!("a result event") };
            let task = result.task_uid.clone().unwrap();
            assert!(busy.lock().unwrap().insert(task.clone()), "{task} is handled twice at a time");
            tokio::time::sleep(Duration::from_secs(1)).await;
            busy.lock().unwrap().remove(&task);
            Decision::approve()
        }
    });
    let monitor = agent.monitor();
    agent.run_until_idle(&server.client()).await.unwrap();
    server.assert_each_decided_once(12);
    assert_eq!(monitor.counters().panicked, 0);
}

#[tokio::test(start_paused = true)]
async fn a_tower_layer_limits_handlers() {
    let server = Server::new().with_executions(6);
    let handler = |_: Context| async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        Decision::approve()
    };
    let service = ServiceBuilder::new().concurrency_limit(2).service(handler_fn(handler));
    let start = Instant::now();
    Agent::new("qa").on(EventType::ResultSubmitted, service).run_once(&server.client()).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(30), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn rate_limits_space_the_starts_of_handlers() {
    let server = Server::new().with_executions(10);
    let starts = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&starts);
    let agent = Agent::new("qa").event_rate_limit(EventType::ResultSubmitted, 60).on(
        EventType::ResultSubmitted,
        move |_: Context| {
            noted.lock().unwrap().push(Instant::now());
            async { Decision::approve() }
        },
    );
    agent.run_until_idle(&server.client()).await.unwrap();
    let starts = starts.lock().unwrap();
    assert_eq!(starts.len(), 10);
    assert!(starts.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_millis(999)), "{starts:?}");
}

#[tokio::test(start_paused = true)]
async fn payloads_of_any_form_reach_the_handler() {
    let server = Server::new();
    let payloads = [
        json!(null),
        json!([1]),
        json!("text"),
        json!({"task_uid": 7, "result_data": "none"}),
        json!({"result_data": [1, 2]}),
    ];
    for (n, payload) in payloads.into_iter().enumerate() {
        server.add(&format!("x{n}"), "result.submitted", payload);
    }
    let agent = Agent::new("qa").max_failures(1, Duration::ZERO).on(
        EventType::ResultSubmitted,
        |context: Context| async move {
            let Event::Result(result) = context.event() else { panic!("a result event") };
            match result.result_data::<u32>() {
                Ok(data) if data.is_empty() => Decision::skip(),
                Ok(_) => Decision::approve(),
                Err(_) => Decision::flag("not a list of numbers"),
            }
        },
    );
    agent.run_until_idle(&server.client()).await.unwrap();
    server.assert_each_decided_once(5);
    assert_eq!((server.decisions("x0"), server.decisions("x4")), (vec!["skip".to_owned()], vec!["approve".to_owned()]));
    assert_eq!(server.decisions("x3"), ["flag: not a list of numbers"]);
}

#[tokio::test(start_paused = true)]
async fn rate_limit_of_an_agent_covers_all_events() {
    let server = Server::new();
    for n in 0..10 {
        let event = if n % 2 == 0 { "result.submitted" } else { "export.completed" };
        server.add(&format!("x{n}"), event, json!({}));
    }
    let starts = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&starts);
    let handler = move |_: Context| {
        noted.lock().unwrap().push(Instant::now());
        async { Decision::approve() }
    };
    let agent = Agent::new("qa").on(EventType::ResultSubmitted, handler.clone());
    agent.on(EventType::ExportCompleted, handler).rate_limit(30).run_until_idle(&server.client()).await.unwrap();
    let starts = starts.lock().unwrap();
    assert_eq!(starts.len(), 10);
    assert!(starts.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_millis(1_999)), "{starts:?}");
    assert!(starts[9] - starts[0] <= Duration::from_secs(19), "{starts:?}");
}

#[tokio::test(start_paused = true)]
async fn rate_limit_of_an_event_delays_no_other() {
    let server = Server::new();
    for n in 0..20 {
        let event = if n < 10 { "export.completed" } else { "result.submitted" };
        server.add(&format!("x{n}"), event, json!({}));
    }
    let handler = |_: Context| async { Decision::approve() };
    let agent = Agent::new("qa").on(EventType::ExportCompleted, handler).on(EventType::ResultSubmitted, handler);
    let stop = CancellationToken::new();
    let agent = agent.event_rate_limit(EventType::ExportCompleted, 1);
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(server.lock().decisions.len(), 11, "one of the slow event, and all others");
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn events_without_a_handler_stay_pending() {
    let server = Server::new().with_executions(2);
    server.add("x2", "export.completed", json!({}));
    server.add("x3", "weather.changed", json!(null));
    let agent = Agent::new("qa").on(EventType::ResultSubmitted, |_: Context| async { Decision::approve() });
    let summary = agent.run_until_idle(&server.client()).await.unwrap();
    assert_eq!((summary.decided, summary.undecided, summary.failed), (2, 0, 0));
    assert_eq!(server.requests("POST /agent-actions/"), 2);
    assert!(server.lock().executions[2..].iter().all(|execution| execution["status"] == "pending"));
    // Unless the agent has a fallback handler.
    let agent = Agent::new("qa").on(EventType::ResultSubmitted, |_: Context| async { Decision::approve() });
    let agent = agent.fallback(|context: Context| async move { Decision::flag(context.event_type().to_string()) });
    agent.run_until_idle(&server.client()).await.unwrap();
    assert_eq!(server.decisions("x2"), ["flag: export.completed"]);
    assert_eq!(server.decisions("x3"), ["flag: weather.changed"]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_handler_stops_neither_polls_nor_others() {
    let server = Server::new().with_executions(20);
    let agent = Agent::new("qa").concurrency(2).on(EventType::ResultSubmitted, |context: Context| async move {
        if *context.uid() == "x0" {
            tokio::time::sleep(Duration::from_secs(500)).await;
        }
        Decision::approve()
    });
    let stop = CancellationToken::new();
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(30)).await;
    server.add("x20", "result.submitted", json!({"task_uid": "t20"}));
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(server.lock().decisions.len(), 20, "all but the slow one");
    stop.cancel();
    running.await.unwrap().unwrap();
}
