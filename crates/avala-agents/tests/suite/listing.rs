//! Lists of executions: few requests for many executions, and failing pages that do not stop the others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use avala_agents::types::EventType;
use avala_agents::{Agent, Context, Decision, MemoryJournal};
use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::server::{Fault, Server, approving};

/// Form of the lists of a server.
#[derive(Clone, Copy, Debug)]
struct Lists {
    oldest_first: bool,
    honors_limit: bool,
}

const LISTS: [Lists; 4] = [
    Lists { oldest_first: false, honors_limit: false },
    Lists { oldest_first: false, honors_limit: true },
    Lists { oldest_first: true, honors_limit: false },
    Lists { oldest_first: true, honors_limit: true },
];

fn server(lists: Lists, executions: usize) -> Server {
    let server = Server::new().with_executions(executions);
    {
        let mut state = server.lock();
        state.page_size = 50;
        (state.oldest_first, state.honors_limit) = (lists.oldest_first, lists.honors_limit);
    }
    server
}

/// Returns the pages that were listed while all executions were decided, oldest first.
async fn pages(lists: Lists, executions: usize, one_fault_in: usize) -> usize {
    let server = server(lists, executions);
    if let Some(number) = executions.checked_div(one_fault_in) {
        let faults = [Fault::Status(500), Fault::LostResponse];
        let faults = faults.into_iter().cycle().take(number);
        server.fail("POST /agent-actions/", faults.clone());
        server.fail("status=pending", faults.take(executions / 50 / 3));
    }
    let order = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&order);
    let agent = Agent::new("qa").concurrency(4).on(EventType::ResultSubmitted, move |context: Context| {
        noted.lock().unwrap().push(context.uid().as_str()[1..].parse::<usize>().unwrap());
        // A hundred executions per second.
        async {
            tokio::time::sleep(Duration::from_millis(40)).await;
            Decision::approve()
        }
    });
    agent.run_until_idle(&server.client()).await.unwrap();
    server.assert_each_decided_once(executions);
    assert!(order.lock().unwrap().is_sorted(), "{lists:?}: the oldest one goes first");
    server.requests("GET /agents/a1/executions/")
}

#[tokio::test(start_paused = true)]
async fn listed_pages_grow_with_the_executions_and_not_faster() {
    for lists in [LISTS[0], LISTS[2]] {
        let (few, many) = (pages(lists, 2_000, 0).await, pages(lists, 6_000, 0).await);
        assert!(many <= 5 * few, "{lists:?}: {few} pages for 2,000 executions, {many} for 6,000");
        // A page has 50 executions.
        assert!(many <= 4 * 6_000 / 50, "{lists:?}: {many} pages for 6,000 executions");
    }
}

#[tokio::test(start_paused = true)]
async fn faults_do_not_repeat_whole_lists() {
    for lists in LISTS {
        let pages = pages(lists, 2_000, 20).await;
        // The list has 40 pages, and 100 decisions fail: 4,000 pages, if each of them repeated the list. Delays are
        // random: the largest of these numbers was between 1,400 and 2,150.
        assert!(pages <= 2_800, "{lists:?}: {pages} pages for 2,000 executions");
    }
}

#[tokio::test(start_paused = true)]
async fn walk_continues_at_the_page_that_failed() {
    let server = Server::new().with_executions(1_000);
    server.fail("cursor=500", [Fault::Status(500), Fault::LostResponse]);
    approving().concurrency(100).run_once(&server.client()).await.unwrap();
    server.assert_each_decided_once(1_000);
    // Ten pages, two failures, and the list of running executions.
    assert_eq!(server.requests("GET /agents/a1/executions/"), 13);
}

#[tokio::test(start_paused = true)]
async fn execution_that_fails_during_a_walk_waits_for_its_retry() {
    let server = Server::new().with_executions(3);
    server.lock().page_size = 2;
    let started = Instant::now();
    let runs = Arc::new(Mutex::new(Vec::new()));
    let handler = {
        let runs = Arc::clone(&runs);
        move |context: Context| {
            let runs = Arc::clone(&runs);
            async move {
                match context.uid().as_str() {
                    "x0" => tokio::time::sleep(Duration::from_secs(5)).await,
                    "x1" => {
                        runs.lock().unwrap().push(started.elapsed());
                        return Err("it cannot be checked");
                    }
                    _ => {}
                }
                Ok(Decision::approve())
            }
        }
    };
    let agent = Agent::new("qa").on(EventType::ResultSubmitted, handler).concurrency(1);
    let agent = agent.poll_interval(Duration::from_secs(1), Duration::from_secs(1));
    let agent = agent.max_failures(5, Duration::from_secs(600));
    let stop = CancellationToken::new();
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_millis(500)).await;
    // The second walk lists x1 before x1 fails, and ends afterwards.
    server.fail("cursor=2", [Fault::RetryAfter(20)]);
    tokio::time::sleep(Duration::from_secs(250)).await;
    let runs = runs.lock().unwrap().clone();
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert!(server.lock().faults.is_empty(), "the page was read");
    stop.cancel();
    running.await.unwrap().unwrap();
}

/// Runs an agent that polls while `x0` runs, so that the list lacks `x0`, and returns when `x0` ran.
async fn runs_of_one_that_fails_during_a_walk(first_delay: Duration) -> Vec<Duration> {
    let server = Server::new().with_executions(3);
    {
        let mut state = server.lock();
        (state.page_size, state.oldest_first) = (2, true);
    }
    let (started, runs) = (Instant::now(), Arc::new(Mutex::new(Vec::new())));
    let noted = Arc::clone(&runs);
    let agent = Agent::new("qa").on(EventType::ResultSubmitted, move |context: Context| {
        let noted = Arc::clone(&noted);
        async move {
            if *context.uid() != "x0" {
                return Ok(Decision::leave());
            }
            noted.lock().unwrap().push(started.elapsed());
            tokio::time::sleep(Duration::from_secs(5)).await;
            Err("it cannot be checked")
        }
    });
    let hour = Duration::from_secs(3_600);
    let agent = agent.max_failures(2, first_delay).poll_interval(hour, hour);
    let (handle, stop) = (agent.handle(), CancellationToken::new());
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.fail("cursor=2", [Fault::RetryAfter(20)]);
    handle.poll_now();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(server.lock().faults.is_empty(), "the walk was continued");
    stop.cancel();
    running.await.unwrap().unwrap();
    runs.lock().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn failed_execution_runs_again_when_its_delay_ends() {
    // The second delay ends before the list without the execution arrives, the third one long after.
    for seconds in [1, 10, 100] {
        let delay = Duration::from_secs(seconds);
        let runs = runs_of_one_that_fails_during_a_walk(delay).await;
        let wait = runs[1] - runs[0] - Duration::from_secs(5);
        let timer = Duration::from_millis(10);
        assert!(runs.len() == 2 && wait >= delay / 2 && wait <= delay + timer, "{delay:?}: {runs:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_behind_one_that_always_fails_are_listed() {
    for lists in LISTS {
        for (place, has_numbers) in [("cursor=150", false), ("page=4", true)] {
            let server = server(lists, 300);
            server.lock().has_numbers = has_numbers;
            server.fail(place, [Fault::Status(500); 10_000]);
            let runs = Arc::new(Mutex::new(BTreeMap::<String, usize>::new()));
            let counted = Arc::clone(&runs);
            // The executions stay in the list.
            let agent = Agent::new("qa").concurrency(100).on(EventType::ResultSubmitted, move |context: Context| {
                *counted.lock().unwrap().entry(context.uid().to_string()).or_default() += 1;
                async { Decision::leave() }
            });
            let stop = CancellationToken::new();
            let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
            tokio::time::sleep(Duration::from_secs(1_200)).await;
            stop.cancel();
            running.await.unwrap().unwrap();
            let (runs, case) = (runs.lock().unwrap().clone(), format!("{lists:?}, {place}"));
            assert!(runs.values().all(|runs| *runs == 1), "{case}");
            let expected = match (lists.honors_limit, has_numbers) {
                (true, _) => 300,
                // All executions except those of the page.
                (false, true) => 250,
                // Only the failing page has the link to the next one.
                (false, false) => 150,
            };
            assert_eq!(runs.len(), expected, "{case}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn execution_that_is_listed_twice_is_handled_once() {
    let server = Server::new().with_executions(3);
    let twice = server.lock().executions[1].clone();
    server.lock().executions.push(twice);
    let runs = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&runs);
    let agent = Agent::new("qa").on(EventType::ResultSubmitted, move |context: Context| {
        noted.lock().unwrap().push(context.uid().to_string());
        async { Decision::leave() }
    });
    agent.run_until_idle(&server.client()).await.unwrap();
    let mut runs = runs.lock().unwrap().clone();
    runs.sort();
    assert_eq!(runs, ["x0", "x1", "x2"]);
}

#[tokio::test(start_paused = true)]
async fn left_execution_that_a_list_lacks_once_is_not_handled_again() {
    let server = Server::new().with_executions(3);
    let runs = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&runs);
    let agent = Agent::new("qa").on(EventType::ResultSubmitted, move |_: Context| {
        *counted.lock().unwrap() += 1;
        async { Decision::leave() }
    });
    let stop = CancellationToken::new();
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(2 * 3_600)).await;
        // Like numbered pages that shift while they are read.
        server.lock().hidden = vec!["x1".to_owned()];
        tokio::time::sleep(Duration::from_secs(1_300)).await;
        server.lock().hidden.clear();
    }
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert_eq!(*runs.lock().unwrap(), 3);
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn page_that_always_fails_does_not_stop_those_before() {
    let server = Server::new().with_executions(1_000);
    server.fail("cursor=500", [Fault::Status(500); 10_000]);
    let stop = CancellationToken::new();
    let running = tokio::spawn(approving().run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(900)).await;
    assert!(server.lock().decisions.len() >= 500, "{}", server.lock().decisions.len());
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn missing_page_does_not_mean_a_deleted_agent() {
    for status in [404, 400] {
        let server = Server::new().with_executions(300);
        server.fail("cursor=200", [Fault::Status(status); 3]);
        approving().run_until_idle(&server.client()).await.unwrap();
        server.assert_each_decided_once(300);
        assert_eq!((server.requests("GET /agents/?"), server.requests("POST /agents/ ")), (0, 0));
        assert_eq!(server.lock().agents.len(), 1, "{status}: registered once");
    }
}

#[tokio::test(start_paused = true)]
async fn server_that_rejects_page_sizes_gets_none() {
    let server = server(LISTS[1], 3_000);
    server.fail("limit=", [Fault::Status(400); 10_000]);
    approving().concurrency(50).run_until_idle(&server.client()).await.unwrap();
    server.assert_each_decided_once(3_000);
    assert!(server.requests("limit=") <= 2, "{}", server.requests("limit="));
}

#[tokio::test(start_paused = true)]
async fn pages_that_are_too_large_become_smaller() {
    let server = server(LISTS[1], 0);
    for number in 0..100 {
        let payload = json!({"task_uid": format!("t{number}"), "result_data": ["x".repeat(60_000)]});
        server.add(&format!("x{number}"), "result.submitted", payload);
    }
    approving().run_until_idle(&server.client_with_bodies_of(1 << 20)).await.unwrap();
    server.assert_each_decided_once(100);
}

#[tokio::test(start_paused = true)]
async fn many_executions_of_one_task_keep_no_other_out() {
    for lists in LISTS {
        let server = server(lists, 0);
        for number in 0..3_000 {
            server.add(&format!("x{number}"), "result.submitted", json!({"task_uid": "t"}));
        }
        server.add("x3000", "result.submitted", json!({"task_uid": "other"}));
        let stop = CancellationToken::new();
        let slow = Agent::new("qa").on(EventType::ResultSubmitted, |_: Context| async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            Decision::approve()
        });
        let running = tokio::spawn(slow.run_until(&server.client(), stop.clone()));
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(server.decisions("x3000").len(), 1, "{lists:?}");
        assert!((50..70).contains(&server.lock().decisions.len()), "{}", server.lock().decisions.len());
        stop.cancel();
        running.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_event_keeps_no_other_out() {
    let server = server(LISTS[0], 0);
    for number in 0..3_000 {
        server.add(&format!("x{number}"), "export.completed", json!({"export_uid": format!("e{number}")}));
    }
    server.add("x3000", "result.submitted", json!({"task_uid": "t"}));
    let handler = |_: Context| async { Decision::approve() };
    let agent = Agent::new("qa").on(EventType::ExportCompleted, handler).on(EventType::ResultSubmitted, handler);
    let stop = CancellationToken::new();
    let agent = agent.event_rate_limit(EventType::ExportCompleted, 1);
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert_eq!(server.decisions("x3000").len(), 1);
    assert!((55..65).contains(&server.lock().decisions.len()), "{}", server.lock().decisions.len());
    // Sixty pages each time.
    assert!(server.requests("status=pending") <= 60 * 60, "{}", server.requests("status=pending"));
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn executions_decided_elsewhere_leave_the_backlog() {
    for lists in LISTS {
        let server = server(lists, 3_000);
        let runs = Arc::new(Mutex::new(BTreeMap::<String, usize>::new()));
        let counted = Arc::clone(&runs);
        let agent = Agent::new("qa").concurrency(1).on(EventType::ResultSubmitted, move |context: Context| {
            *counted.lock().unwrap().entry(context.uid().to_string()).or_default() += 1;
            async {
                tokio::time::sleep(Duration::from_secs(5)).await;
                Decision::approve()
            }
        });
        let stop = CancellationToken::new();
        let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
        tokio::time::sleep(Duration::from_secs(60)).await;
        for execution in &mut server.lock().executions[100..900] {
            execution["action"] = json!("reject");
            execution["status"] = json!("completed");
        }
        tokio::time::sleep(Duration::from_secs(800)).await;
        stop.cancel();
        running.await.unwrap().unwrap();
        let runs = runs.lock().unwrap();
        assert!(runs.keys().all(|uid| !(100..900).contains(&uid[1..].parse::<usize>().unwrap())), "{lists:?}");
        assert!(runs.contains_key("x930"), "{lists:?}: {} handled", runs.len());
    }
}

#[tokio::test(start_paused = true)]
async fn left_executions_do_not_use_up_the_rate_limit() {
    let server = server(LISTS[2], 2_000);
    let stop = CancellationToken::new();
    let agent =
        Agent::new("qa").concurrency(100).on(EventType::ResultSubmitted, |_: Context| async { Decision::leave() });
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(600)).await;
    let (before, start) = (server.requests("status="), Instant::now());
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    let per_minute = (server.requests("status=") - before) as f64 / start.elapsed().as_secs_f64() * 60.0;
    assert!((20.0..=60.0).contains(&per_minute), "{per_minute} pages a minute of a list of 40");
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn decided_executions_are_forgotten_during_a_backlog() {
    let server = server(LISTS[3], 20_000);
    let journal = MemoryJournal::new();
    let agent = approving().concurrency(100).journal(journal.clone());
    agent.run_until_idle(&server.client()).await.unwrap();
    server.assert_each_decided_once(20_000);
    assert!(journal.records().len() < 16_000, "{} records", journal.records().len());
}
