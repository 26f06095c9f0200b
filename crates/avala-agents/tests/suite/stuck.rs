//! Journals and claim stores that do not respond, or panic.

use std::time::Duration;

use avala_agents::types::ExecutionUid;
use avala_agents::{
    AgentErrorKind, Claim, ClaimFuture, Claims, Journal, JournalFuture, LocalClaims, MemoryJournal, Record, Release,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::server::{Server, approving};

/// A claim store whose connection hangs.
struct Hanging;

impl Claims for Hanging {
    fn claim<'a>(&'a self, _: &'a ExecutionUid) -> ClaimFuture<'a, Option<Claim>> {
        Box::pin(std::future::pending())
    }

    fn renew<'a>(&'a self, _: &'a ExecutionUid) -> ClaimFuture<'a, Option<Instant>> {
        Box::pin(std::future::pending())
    }

    fn release<'a>(&'a self, _: &'a ExecutionUid, _: Release) -> ClaimFuture<'a, ()> {
        Box::pin(std::future::pending())
    }

    fn lease(&self) -> Duration {
        Duration::from_secs(2)
    }
}

/// Claims that are granted, and never released.
struct NeverReleased(LocalClaims);

impl Claims for NeverReleased {
    fn claim<'a>(&'a self, execution: &'a ExecutionUid) -> ClaimFuture<'a, Option<Claim>> {
        self.0.claim(execution)
    }

    fn renew<'a>(&'a self, execution: &'a ExecutionUid) -> ClaimFuture<'a, Option<Instant>> {
        self.0.renew(execution)
    }

    fn release<'a>(&'a self, _: &'a ExecutionUid, _: Release) -> ClaimFuture<'a, ()> {
        Box::pin(std::future::pending())
    }

    fn lease(&self) -> Duration {
        self.0.lease()
    }
}

/// A journal that does not respond, or panics.
struct Bad {
    journal: MemoryJournal,
    panics: bool,
}

impl Journal for Bad {
    fn load(&self) -> JournalFuture<'_, Vec<Record>> {
        self.journal.load()
    }

    fn put<'a>(&'a self, _: &'a Record) -> JournalFuture<'a, ()> {
        assert!(!self.panics, "a bug of the journal");
        Box::pin(std::future::pending())
    }

    fn remove<'a>(&'a self, execution: &'a ExecutionUid) -> JournalFuture<'a, ()> {
        self.journal.remove(execution)
    }
}

#[tokio::test(start_paused = true)]
async fn agent_ends_even_if_stores_hang() {
    for number in 0..3 {
        let server = Server::new().with_executions(20);
        let agent = approving().grace_period(Duration::from_secs(25));
        let agent = match number {
            0 => agent.claims(Hanging),
            1 => agent.claims(NeverReleased(LocalClaims::default())),
            _ => agent.journal(Bad { journal: MemoryJournal::new(), panics: false }),
        };
        let stop = CancellationToken::new();
        let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
        tokio::time::sleep(Duration::from_secs(10)).await;
        let stopped = Instant::now();
        stop.cancel();
        tokio::time::timeout(Duration::from_secs(300), running).await.unwrap().unwrap().unwrap();
        assert!(stopped.elapsed() < Duration::from_secs(30), "{number}: {:?}", stopped.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn journal_that_panics_ends_the_agent_with_an_error() {
    let server = Server::new().with_executions(20);
    let agent = approving().journal(Bad { journal: MemoryJournal::new(), panics: true });
    let running = agent.run_until_idle(&server.client());
    let error = tokio::time::timeout(Duration::from_secs(300), running).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), AgentErrorKind::Journal);
    assert!(server.lock().decisions.is_empty());
}
