//! Each execution has a span with the reason of its run.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use avala_agents::types::{EventType, ExecutionUid};
use avala_agents::{Agent, Claim, ClaimFuture, Claims, Context, Decision, LocalClaims, MemoryJournal, Release};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::server::{Fault, Server, approving};

/// Collects the fields of the spans of executions, each in the form `name=value`.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<String>>>);

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, "{}={value} ", field.name());
    }
}

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.name() == "avala.agent.execution"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields(String::new());
        span.record(&mut fields);
        let mut spans = self.0.lock().unwrap();
        spans.push(fields.0.trim_end().to_owned());
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test(start_paused = true)]
async fn spans_have_the_reason_of_a_run() {
    let spans = Spans::default();
    let _default = tracing::subscriber::set_default(spans.clone());
    let server = Server::new().with_executions(1);
    let journal = MemoryJournal::new();
    let failing = |journal: &MemoryJournal| {
        Agent::new("qa").journal(journal.clone()).on(EventType::ResultSubmitted, |context: Context| async move {
            match context.attempt() {
                1 => Err("a passing failure"),
                _ => std::future::pending::<Result<Decision, _>>().await,
            }
        })
    };
    // Fails, then the process is killed during the second run.
    let running = tokio::spawn(failing(&journal).run_until(&server.client(), CancellationToken::new()));
    tokio::time::sleep(Duration::from_secs(60)).await;
    running.abort();
    let _ = running.await;
    // Runs again, and is killed before the decision is sent.
    server.fail("POST /agent-actions/", [Fault::Status(503); 3]);
    let agent = approving().journal(journal.clone());
    let running = tokio::spawn(agent.run_until(&server.client(), CancellationToken::new()));
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.abort();
    let _ = running.await;
    approving().journal(journal).run_until_idle(&server.client()).await.unwrap();
    server.assert_each_decided_once(1);
    let expected = ["new attempt=1", "retry attempt=2", "replay attempt=3", "replay attempt=3"];
    let expected = expected.map(|end| format!("execution=x0 event=result.submitted reason={end}"));
    assert_eq!(*spans.0.lock().unwrap(), expected);
}

/// A claim store whose claims were lost by another process.
#[derive(Default)]
struct TakenOver(LocalClaims);

impl Claims for TakenOver {
    fn claim<'a>(&'a self, execution: &'a ExecutionUid) -> ClaimFuture<'a, Option<Claim>> {
        Box::pin(async {
            Ok(self.0.claim(execution).await?.map(|claim| claim.with_takeover(true).with_open_starts(1)))
        })
    }

    fn renew<'a>(&'a self, execution: &'a ExecutionUid) -> ClaimFuture<'a, Option<Instant>> {
        self.0.renew(execution)
    }

    fn release<'a>(&'a self, execution: &'a ExecutionUid, release: Release) -> ClaimFuture<'a, ()> {
        self.0.release(execution, release)
    }

    fn lease(&self) -> Duration {
        self.0.lease()
    }
}

#[tokio::test(start_paused = true)]
async fn span_of_a_takeover_has_its_reason() {
    let spans = Spans::default();
    let _default = tracing::subscriber::set_default(spans.clone());
    let server = Server::new().with_executions(1);
    approving().claims(TakenOver::default()).run_until_idle(&server.client()).await.unwrap();
    assert_eq!(*spans.0.lock().unwrap(), ["execution=x0 event=result.submitted reason=takeover attempt=1"]);
}
