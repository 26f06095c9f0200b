use std::time::Duration;

use avala_agents::types::EventType;
use avala_agents::{Agent, Context, Decision, MemoryJournal, RecordState};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::server::{Fault, Server};

fn slow(time: Duration) -> Agent {
    Agent::new("qa").on(EventType::ResultSubmitted, move |_: Context| async move {
        tokio::time::sleep(time).await;
        Decision::approve()
    })
}

#[tokio::test(start_paused = true)]
async fn a_running_handler_finishes_and_nothing_new_starts() {
    let server = Server::new().with_executions(20);
    let stop = CancellationToken::new();
    let running = tokio::spawn(slow(Duration::from_secs(10)).concurrency(4).run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop.cancel();
    let summary = running.await.unwrap().unwrap();
    assert_eq!(summary.decided, 4);
    server.assert_each_decided_once(4);
}

#[tokio::test(start_paused = true)]
async fn handler_beyond_the_grace_period_ends_without_a_decision() {
    let server = Server::new().with_executions(1);
    let journal = MemoryJournal::new();
    let stop = CancellationToken::new();
    let agent = slow(Duration::from_secs(300)).grace_period(Duration::from_secs(25)).journal(journal.clone());
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let start = Instant::now();
    stop.cancel();
    running.await.unwrap().unwrap();
    assert!(start.elapsed() <= Duration::from_secs(26), "{:?}", start.elapsed());
    let record = &journal.records()[0];
    assert_eq!(
        (record.state, record.open_starts),
        (RecordState::Failed, 0),
        "a stop does not count as a crash of the handler"
    );
    slow(Duration::from_secs(1)).journal(journal).run_once(&server.client()).await.unwrap();
    server.assert_each_decided_once(1);
}

#[tokio::test(start_paused = true)]
async fn an_undelivered_decision_stays_in_the_journal() {
    let server = Server::new().with_executions(1);
    server.fail("POST /agent-actions/", [Fault::Status(503); 100]);
    let journal = MemoryJournal::new();
    let stop = CancellationToken::new();
    let agent = slow(Duration::from_secs(1)).journal(journal.clone());
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(5)).await;
    stop.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(journal.records()[0].decision, Some(Decision::approve()));
    server.lock().faults.clear();
    slow(Duration::ZERO).journal(journal).run_once(&server.client()).await.unwrap();
    server.assert_each_decided_once(1);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_run_ends_its_handlers() {
    let server = Server::new().with_executions(1);
    let (ended, handler_ended) = tokio::sync::mpsc::channel::<()>(1);
    let agent = Agent::new("qa").on(EventType::ResultSubmitted, move |_: Context| {
        let held = ended.clone();
        async move {
            std::future::pending::<()>().await;
            drop(held);
            Decision::approve()
        }
    });
    let running = tokio::spawn(agent.run_until(&server.client(), CancellationToken::new()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    running.abort();
    let mut handler_ended = handler_ended;
    let ended = tokio::time::timeout(Duration::from_secs(60), handler_ended.recv()).await;
    assert_eq!(ended, Ok(None), "the handler is dropped with the run");
}

/// On the real clock, because a blocked thread does not see a paused one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agent_ends_even_if_a_handler_blocks_its_thread() {
    let server = Server::new().with_executions(1);
    let (started, is_started) = std::sync::mpsc::channel::<()>();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = std::sync::Arc::new(std::sync::Mutex::new(released));
    let agent =
        Agent::new("qa").grace_period(Duration::from_millis(50)).on(EventType::ResultSubmitted, move |_: Context| {
            let (started, released) = (started.clone(), std::sync::Arc::clone(&released));
            async move {
                started.send(()).unwrap();
                let _ = released.lock().unwrap().recv();
                Decision::approve()
            }
        });
    let journal = MemoryJournal::new();
    let stop = CancellationToken::new();
    let running = tokio::spawn(agent.journal(journal.clone()).run_until(&server.client(), stop.clone()));
    tokio::task::spawn_blocking(move || is_started.recv()).await.unwrap().unwrap();
    stop.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(30), running).await;
    release.send(()).unwrap();
    ended.unwrap().unwrap().unwrap();
    assert!(server.lock().decisions.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stopped_handler_runs_again_as_a_retry() {
    let server = Server::new().with_executions(1);
    let journal = MemoryJournal::new();
    let stop = CancellationToken::new();
    let agent = slow(Duration::from_secs(300)).journal(journal.clone());
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop.cancel();
    running.await.unwrap().unwrap();
    let agent = Agent::new("qa").on(EventType::ResultSubmitted, |context: Context| async move {
        Decision::flag(format!("{} {}", context.reason(), context.attempt()))
    });
    agent.journal(journal).run_once(&server.client()).await.unwrap();
    assert_eq!(server.decisions("x0"), ["flag: retry 2"]);
}
