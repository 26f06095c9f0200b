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
async fn a_handler_longer_than_the_grace_period_is_ended_without_a_decision() {
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
    assert_eq!((record.state, record.open_starts), (RecordState::Failed, 0), "a stop is no crash of the handler");
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
