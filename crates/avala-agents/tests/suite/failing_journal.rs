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
