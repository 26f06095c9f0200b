//! A journal whose writes fail, as on a full disk: only decisions in the journal are sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use avala_agents::types::ExecutionUid;
use avala_agents::{AgentErrorKind, Decision, Journal, JournalFuture, MemoryJournal, Record, RecordState};
use tokio_util::sync::CancellationToken;

use crate::server::{Fault, Server, approving};

/// Accepts this many writes, then fails.
#[derive(Clone)]
struct Full {
    journal: MemoryJournal,
    left: Arc<AtomicUsize>,
}

impl Full {
    fn after(writes: usize) -> Self {
        Self { journal: MemoryJournal::new(), left: Arc::new(AtomicUsize::new(writes)) }
    }
}

impl Journal for Full {
    fn load(&self) -> JournalFuture<'_, Vec<Record>> {
        self.journal.load()
    }

    fn put<'a>(&'a self, record: &'a Record) -> JournalFuture<'a, ()> {
        let is_full = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err();
        if is_full {
            return Box::pin(async { Err(std::io::Error::from(std::io::ErrorKind::StorageFull).into()) });
        }
        self.journal.put(record)
    }

    fn remove<'a>(&'a self, execution: &'a ExecutionUid) -> JournalFuture<'a, ()> {
        self.journal.remove(execution)
    }
}

#[tokio::test(start_paused = true)]
async fn only_decisions_in_the_journal_are_sent() {
    // Each execution takes four writes: started, decided, sent, acknowledged.
    for writes in 0..12 {
        let server = Server::new().with_executions(3);
        let journal = Full::after(writes);
        let agent = approving().concurrency(1).journal(journal.clone());
        let error = agent.run_until_idle(&server.client()).await.unwrap_err();
        assert_eq!(error.kind(), AgentErrorKind::Journal, "{writes} writes");
        assert!(error.to_string().contains("journal"), "{error}");
        let sent = server.requests("POST /agent-actions/");
        assert_eq!(sent, writes / 4 + usize::from(writes % 4 == 3), "{writes} writes");
        // When writes succeed again, each execution is decided once.
        approving().journal(journal.journal).run_until_idle(&server.client()).await.unwrap();
        server.assert_each_decided_once(3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_fatal_error_lets_running_handlers_finish() {
    let server = Server::new().with_executions(1);
    let journal = MemoryJournal::new();
    let agent = avala_agents::Agent::new("qa")
        .journal(journal.clone())
        .poll_interval(Duration::from_secs(1), Duration::from_secs(1))
        .on(avala_agents::types::EventType::ResultSubmitted, |_: avala_agents::Context| async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            Decision::reject("late")
        });
    let running = tokio::spawn(agent.run_until(&server.client(), CancellationToken::new()));
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.fail("status=pending", [Fault::Status(401)]);
    let error = running.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), AgentErrorKind::Unauthorized);
    assert_eq!(server.decisions("x0"), ["reject: late"]);
    assert_eq!(journal.records()[0].state, RecordState::Acknowledged);
}

/// Returns a record whose retry is due in this time.
fn failed(execution: &str, retry_in: Duration) -> Record {
    let at = std::time::SystemTime::now() + retry_in;
    let at_ms = at.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
    let record = serde_json::json!({"execution": execution, "state": "failed", "failures": 1, "retry_at_ms": at_ms});
    serde_json::from_value(record).unwrap()
}

#[tokio::test(start_paused = true)]
async fn clock_that_was_set_back_delays_no_retry() {
    for (hours, is_at_once) in [(0, false), (2, true), (30, true), (400_000, true)] {
        let server = Server::new().with_executions(1);
        let journal = MemoryJournal::new();
        // The longest delay is ten minutes.
        journal.put(&failed("x0", Duration::from_secs(300 + hours * 3_600))).await.unwrap();
        let began = tokio::time::Instant::now();
        approving().journal(journal).run_until_idle(&server.client()).await.unwrap();
        server.assert_each_decided_once(1);
        assert_eq!(began.elapsed() < Duration::from_secs(60), is_at_once, "{hours} h: {:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn first_delay_of_an_hour_is_an_hour() {
    let server = Server::new().with_executions(1);
    let hour = Duration::from_secs(3_600);
    let agent = avala_agents::Agent::new("qa").max_failures(3, hour);
    let agent =
        agent.on(avala_agents::types::EventType::ResultSubmitted, |context: avala_agents::Context| async move {
            if context.attempt() < 3 { Err("not yet") } else { Ok(Decision::approve()) }
        });
    let began = tokio::time::Instant::now();
    agent.run_until_idle(&server.client()).await.unwrap();
    // At least the half of each delay.
    assert!((hour..=2 * hour + Duration::from_secs(60)).contains(&began.elapsed()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn two_agents_with_one_journal_decide_each_execution_once() {
    let journal = MemoryJournal::new();
    // Each with a server of its own, whose executions the other one does not list.
    let servers = [Server::new().with_executions(20), Server::new()];
    for number in 20..40 {
        servers[1].add(&format!("y{number}"), "result.submitted", serde_json::json!({}));
    }
    let stop = CancellationToken::new();
    let mut agents = tokio::task::JoinSet::new();
    for server in &servers {
        server.fail("POST /agent-actions/", [Fault::Status(503), Fault::LostResponse, Fault::Status(500)]);
        agents.spawn(approving().journal(journal.clone()).run_until(&server.client(), stop.clone()));
    }
    tokio::time::sleep(Duration::from_secs(10_000)).await;
    stop.cancel();
    agents.join_all().await.into_iter().for_each(|summary| assert!(summary.is_ok()));
    servers.iter().for_each(|server| server.assert_each_decided_once(20));
}

#[cfg(feature = "journal-redb")]
#[test]
fn journal_that_cannot_be_opened_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let paths = [folder.path().to_owned(), folder.path().join("missing").join("qa.journal"), file.join("qa.journal")];
    for path in paths.into_iter().chain([std::path::PathBuf::new()]) {
        let error = avala_agents::RedbJournal::open(&path).unwrap_err();
        assert_eq!(error.kind(), AgentErrorKind::Journal);
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no other file is left behind");
}
