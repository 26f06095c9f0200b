//! Processes of one agent that share their claims in Redis.

use std::time::Duration;

use avala_agents::{Journal as _, RecordState, RedbJournal};
use avala_sandbox::{Sandbox, Seed};
use avala_tests::agents::ledger::{Ledger, executions};
use avala_tests::agents::process::{HANG, Program, Site, end, signal};
use avala_tests::agents::program::{HandlerKind, Line, Settings};
use avala_tests::agents::shared;

fn program() -> Program {
    Program::at(env!("CARGO_BIN_EXE_agent_process"))
}

/// Starts Redis; `None`, with a message, if it is not installed.
#[allow(clippy::print_stderr, reason = "a skipped test says so")]
fn redis() -> Option<shared::Redis> {
    let redis = shared::Redis::start().unwrap();
    if redis.is_none() {
        eprintln!("SKIPPED: claims in Redis need `redis-server`; on Debian: apt-get install redis-server");
    }
    redis
}

/// Starts a sandbox whose decisions are recorded.
async fn site(name: &str) -> (Site, Ledger) {
    let ledger = Ledger::default();
    let observer = ledger.clone();
    let sandbox = Sandbox::builder().seed(Seed::Empty).on_response(move |request| observer.note(request));
    (Site::new(sandbox.start().await.unwrap(), name).await.unwrap(), ledger)
}

async fn wait_until_decided(site: &Site) {
    let wait = async {
        while executions(&site.avala).await.unwrap().iter().any(|execution| execution.action.is_none()) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(HANG, wait).await.unwrap();
}

#[tokio::test]
async fn killed_processes_decide_each_execution_once() {
    let Some(redis) = redis() else { return };
    let every = Duration::from_millis(500);
    let plan = shared::Plan { processes: 4, kills: 6, every, executions: 80, seed: 7 };
    let report = shared::run(&program(), &redis, plan).await.unwrap();
    assert!(report.faults.is_empty(), "{report:#?}");
    assert!(report.handler_runs >= 80, "{report:#?}");
}

#[tokio::test]
async fn a_process_that_wakes_without_its_lease_sends_nothing() {
    let Some(redis) = redis() else { return };
    let (site, ledger) = site("frozen").await;
    let frozen = program().start(&redis.settings(&site, 0, HandlerKind::Slow(1_000))).unwrap();
    site.announce(0, "task").unwrap();
    site.wait_for_log(1, |_| true).await.unwrap();
    // Like a paused virtual machine: the handler and the lease end meanwhile.
    signal(&frozen, "STOP", false).await.unwrap();
    let other = program().start(&redis.settings(&site, 1, HandlerKind::Quick)).unwrap();
    wait_until_decided(&site).await;
    signal(&frozen, "CONT", false).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(ledger.posted().len(), 1, "only the other process has sent a decision");
    for child in [frozen, other] {
        signal(&child, "TERM", false).await.unwrap();
        let (status, output) = end(child).await.unwrap();
        assert!(status.success(), "{status}: {output}");
    }
}

#[tokio::test]
async fn aborting_handler_is_parked_after_three_starts_anywhere() {
    let Some(redis) = redis() else { return };
    let (site, _) = site("shared-abort").await;
    for number in 0..100 {
        site.announce(number, if number == 0 { "poison" } else { "task" }).unwrap();
    }
    let settings = |number| {
        let mut settings = redis.settings(&site, number, HandlerKind::Abort);
        (settings.max_open_starts, settings.until_idle) = (3, true);
        settings
    };
    let settings = [settings(0), settings(1)];
    let (first, second) = tokio::join!(supervise(&settings[0]), supervise(&settings[1]));
    assert_eq!(first + second, 3, "crashes of both");
    let all = executions(&site.avala).await.unwrap();
    let left: Vec<_> = all.iter().filter(|execution| execution.action.is_none()).collect();
    assert_eq!(left.len(), 1);
    let starts = site.log().into_iter().filter(|line| left[0].uid == line.execution.as_str()).count();
    assert_eq!(starts, 3);
    let mut parked = 0;
    for settings in settings {
        let records = RedbJournal::open(&settings.journal).unwrap().load().await.unwrap();
        let is_parked = |record: &&avala_agents::Record| record.state == RecordState::Parked;
        assert!(records.iter().filter(is_parked).all(|record| record.execution == left[0].uid));
        parked += records.iter().filter(is_parked).count();
    }
    assert!(parked >= 1);
}

/// Starts a process again until it ends without a crash, and returns how often it crashed.
async fn supervise(settings: &Settings) -> usize {
    let mut crashes = 0;
    loop {
        let (status, output) = end(program().start(settings).unwrap()).await.unwrap();
        if status.success() {
            return crashes;
        }
        crashes += 1;
        assert!(crashes < 10 && !output.contains("Error:"), "{crashes} crashes: {output}");
    }
}

#[tokio::test]
async fn executions_of_one_task_run_in_one_process_at_a_time() {
    const EXECUTIONS: usize = 6;
    let Some(redis) = redis() else { return };
    let (site, _) = site("one-task").await;
    for number in 0..EXECUTIONS {
        let id = format!("{number:06}");
        let payload =
            serde_json::json!({"task_uid": "the task", "result_uid": id, "task_name": "task", "result_data": []});
        site.sandbox.announce("result.submitted", payload).unwrap();
    }
    let processes =
        [0, 1].map(|number| program().start(&redis.settings(&site, number, HandlerKind::Slow(300))).unwrap());
    wait_until_decided(&site).await;
    let log = site.log();
    assert_eq!(log.len(), 2 * EXECUTIONS, "each handler ran once: {log:?}");
    for pair in log.chunks(2) {
        let [start, end] = pair else { panic!("{log:?}") };
        assert!(start.decision.is_none() && end.decision.is_some(), "a start between start and end: {log:?}");
        assert_eq!(start.execution, end.execution);
    }
    for child in processes {
        signal(&child, "TERM", false).await.unwrap();
        let (status, output) = end(child).await.unwrap();
        assert!(status.success(), "{status}: {output}");
    }
}

#[tokio::test]
async fn a_draining_process_keeps_its_lease_and_claims_nothing() {
    let Some(redis) = redis() else { return };
    let (site, ledger) = site("drain").await;
    site.announce(0, "task").unwrap();
    // Longer than two leases, so that a busy machine does not cause a loss of the lease.
    let mut settings = redis.settings(&site, 0, HandlerKind::Slow(12_000));
    settings.lease_ms = 5_000;
    let draining = program().start(&settings).unwrap();
    site.wait_for_log(1, |_| true).await.unwrap();
    let mut quick = redis.settings(&site, 1, HandlerKind::Quick);
    quick.lease_ms = 5_000;
    let other = program().start(&quick).unwrap();
    signal(&draining, "TERM", false).await.unwrap();
    site.wait_for_drain(&settings).await.unwrap();
    site.announce(1, "task").unwrap();
    wait_until_decided(&site).await;
    let (status, output) = end(draining).await.unwrap();
    assert!(status.success(), "{status}: {output}");
    let log = site.log();
    let starts: Vec<_> = log.iter().filter(|line| line.decision.is_none()).collect();
    assert_eq!(starts.len(), 2, "each execution was started once: {log:?}");
    let decided_by = |line: &Line| line.decision.clone().unwrap().split(' ').nth(2).map(str::to_owned);
    let second = log.iter().find(|line| line.decision.is_some() && line.execution == starts[1].execution).unwrap();
    assert_eq!(decided_by(second), other.id().map(|id| id.to_string()), "not by the process that drains: {log:?}");
    assert_eq!((ledger.posted().len(), ledger.conflicts()), (2, 0));
    signal(&other, "TERM", false).await.unwrap();
    let (status, output) = end(other).await.unwrap();
    assert!(status.success(), "{status}: {output}");
}
