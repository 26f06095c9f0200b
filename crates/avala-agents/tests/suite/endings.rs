//! Runs that end by themselves, and runs that are stopped before they begin: each ends, and says what it did.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use avala_agents::types::{EventType, ExecutionUid};
use avala_agents::{
    Agent, AgentError, AgentErrorKind, Claim, ClaimFuture, Claims, Context, Decision, MemoryJournal, Release, Summary,
};
use http::Request;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::server::{Fault, Server, approving, client_of};

/// A guard on the paused clock.
const HOUR: Duration = Duration::from_secs(3_600);

type Ended = Result<Summary, AgentError>;

fn within_an_hour(run: impl Future<Output = Ended> + Send + 'static) -> Pin<Box<dyn Future<Output = Ended> + Send>> {
    Box::pin(async { tokio::time::timeout(HOUR, run).await.unwrap() })
}

fn leaving() -> Agent {
    Agent::new("qa").concurrency(100).on(EventType::ResultSubmitted, |_: Context| async { Decision::leave() })
}

/// Runs an agent in both ways on 150 executions in three pages, and returns the error that each ends with.
async fn errors(place: &'static str, status: u16, has_numbers: bool) -> [AgentError; 2] {
    let mut errors = Vec::new();
    for until_idle in [false, true] {
        let server = Server::new().with_executions(150);
        (server.lock().page_size, server.lock().has_numbers) = (50, has_numbers);
        server.lock().broken = vec![(place, status)];
        let agent = leaving();
        let monitor = agent.monitor();
        let client = server.client();
        let ended = if until_idle {
            within_an_hour(agent.run_until_idle(&client)).await
        } else {
            within_an_hour(agent.run_once(&client)).await
        };
        errors.push(ended.unwrap_err());
        assert!(!monitor.health().ready, "{place} {status}");
        // Nothing is lost: the next run decides what this one could not list, and what it left.
        server.lock().broken.clear();
        let summary = within_an_hour(approving().concurrency(100).run_once(&client)).await.unwrap();
        assert_eq!(summary.decided, 150, "{place} {status}");
    }
    errors.try_into().unwrap()
}

#[tokio::test(start_paused = true)]
async fn runs_end_although_a_page_always_fails() {
    // How many executions are on the pages that can be found.
    let cases =
        [("status=pending", false, 0), ("cursor=50", false, 50), ("page=2", true, 100), ("cursor=100", false, 100)];
    for (place, has_numbers, listed) in cases {
        for status in [400, 404, 410, 429, 500, 503] {
            if status == 404 && listed == 0 {
                // The agent is gone.
                continue;
            }
            for error in errors(place, status, has_numbers).await {
                let case = format!("{place} {status}: {error}");
                assert_eq!(error.kind(), AgentErrorKind::Incomplete, "{case}");
                assert_eq!(error.summary().unwrap().undecided, listed, "{case}");
                assert_eq!(
                    error.api_error().and_then(avala_client::Error::status).map(|status| status.as_u16()),
                    Some(status)
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn executions_move_up_until_the_page_that_fails_is_gone() {
    let server = Server::new().with_executions(400);
    server.lock().broken = vec![("cursor=100", 500)];
    let summary = within_an_hour(approving().concurrency(50).run_until_idle(&server.client())).await.unwrap();
    assert_eq!(summary.decided, 400);
    server.assert_each_decided_once(400);
}

#[tokio::test(start_paused = true)]
async fn single_round_waits_for_a_page_that_recovers() {
    let server = Server::new().with_executions(150);
    server.lock().page_size = 50;
    server.fail("cursor=50", [Fault::Status(500), Fault::LostResponse, Fault::RetryAfter(60), Fault::Status(502)]);
    let summary = within_an_hour(approving().run_once(&server.client())).await.unwrap();
    assert_eq!(summary.decided, 150);
}

#[tokio::test(start_paused = true)]
async fn list_that_fails_now_and_then_is_read_to_its_end() {
    let server = Server::new().with_executions(6_000);
    server.lock().page_size = 50;
    // Each page fails twice, which takes more than ten minutes in all.
    for page in 1..120 {
        let place: &'static str = Box::leak(format!("cursor={}", page * 50).into_boxed_str());
        server.fail(place, [Fault::RetryAfter(4), Fault::Status(500)]);
    }
    let began = Instant::now();
    let agent = leaving().poll_interval(Duration::from_secs(5), Duration::from_secs(5));
    let summary = within_an_hour(agent.run_once(&server.client())).await.unwrap();
    assert!(began.elapsed() > Duration::from_secs(600), "{:?}", began.elapsed());
    assert_eq!(summary.undecided, 1_000, "as many as one round handles");
}

#[tokio::test(start_paused = true)]
async fn runs_end_although_no_decision_is_acknowledged() {
    for status in [429, 500, 503] {
        for executions in [1, 20] {
            let server = Server::new().with_executions(executions);
            server.lock().broken = vec![("POST /agent-actions/", status)];
            let journal = MemoryJournal::new();
            let agent = approving().journal(journal.clone());
            let error = within_an_hour(agent.run_until_idle(&server.client())).await.unwrap_err();
            assert_eq!(error.kind(), AgentErrorKind::Incomplete, "{error}");
            let summary = error.summary().unwrap();
            let undelivered = journal.records().iter().filter(|record| record.decision.is_some()).count();
            assert!(summary.decided == 0 && summary.undelivered == undelivered && undelivered > 0, "{summary:?}");

            let agent = approving().journal(journal.clone());
            let summary = within_an_hour(agent.run_once(&server.client())).await.unwrap();
            assert_eq!(summary.undelivered, executions, "{status}");
            server.lock().broken.clear();
            let summary = within_an_hour(approving().journal(journal).run_until_idle(&server.client())).await.unwrap();
            assert_eq!((summary.decided, summary.undelivered), (executions, 0));
            server.assert_each_decided_once(executions);
        }
    }
}

/// A claim store that cannot be reached.
struct Unreachable;

impl Claims for Unreachable {
    fn claim<'a>(&'a self, _: &'a ExecutionUid) -> ClaimFuture<'a, Option<Claim>> {
        Box::pin(async { Err("connection refused".into()) })
    }

    fn renew<'a>(&'a self, _: &'a ExecutionUid) -> ClaimFuture<'a, Option<Instant>> {
        Box::pin(async { Err("connection refused".into()) })
    }

    fn release<'a>(&'a self, _: &'a ExecutionUid, _: Release) -> ClaimFuture<'a, ()> {
        Box::pin(async { Err("connection refused".into()) })
    }

    fn lease(&self) -> Duration {
        Duration::from_secs(2)
    }
}

#[tokio::test(start_paused = true)]
async fn runs_end_although_every_claim_fails() {
    let server = Server::new().with_executions(20);
    let run = |agent: Agent| agent.claims(Unreachable);
    let agent = run(approving());
    let monitor = agent.monitor();
    let once = within_an_hour(agent.run_once(&server.client())).await.unwrap_err();
    assert_eq!(monitor.counters().failed_claims, 20, "each was tried once");
    let until_idle = within_an_hour(run(approving()).run_until_idle(&server.client())).await.unwrap_err();
    for error in [once, until_idle] {
        assert_eq!(error.kind(), AgentErrorKind::Claims);
        assert!(error.to_string().contains("connection refused"), "{error}");
        assert_eq!(error.summary(), Some(Summary::default()));
    }
    assert!(server.lock().decisions.is_empty());
    // One that is to run for ever goes on, and handles them when the store is back.
    let stop = CancellationToken::new();
    let running = tokio::spawn(run(approving()).run_until(&server.client(), stop.clone()));
    tokio::time::sleep(HOUR).await;
    stop.cancel();
    assert_eq!(running.await.unwrap().unwrap(), Summary::default());
    approving().run_once(&server.client()).await.unwrap();
    server.assert_each_decided_once(20);
}

#[tokio::test(start_paused = true)]
async fn run_that_is_stopped_before_it_begins_makes_no_call() {
    let server = Server::new().with_executions(1);
    let stop = CancellationToken::new();
    stop.cancel();
    let summary = approving().run_until(&server.client(), stop).await.unwrap();
    assert_eq!((summary, server.lock().requests.len()), (Summary::default(), 0));
}

#[tokio::test(start_paused = true)]
async fn stop_during_a_registration_that_hangs_ends_at_once() {
    let hanging = tower::service_fn(|_: Request<avala_client::transport::Body>| std::future::pending());
    let (avala, stop) = (client_of(hanging, 1 << 20), CancellationToken::new());
    let running = tokio::spawn(approving().run_until(&avala, stop.clone()));
    tokio::time::sleep(Duration::from_secs(5)).await;
    let stopped = Instant::now();
    stop.cancel();
    assert_eq!(running.await.unwrap().unwrap(), Summary::default());
    assert!(stopped.elapsed() < Duration::from_secs(1), "{:?}", stopped.elapsed());
}

#[tokio::test(start_paused = true)]
async fn error_of_a_run_says_what_was_done() {
    let server = Server::new().with_executions(3);
    let other = server.clone();
    let agent = Agent::new("qa").concurrency(1).on(EventType::ResultSubmitted, move |context: Context| {
        if *context.uid() == "x1" {
            other.lock().broken = vec![("POST /agent-actions/", 403)];
        }
        async { Decision::approve() }
    });
    let error = agent.run_once(&server.client()).await.unwrap_err();
    assert_eq!(error.kind(), AgentErrorKind::Unauthorized);
    let summary = error.summary().unwrap();
    assert_eq!((summary.decided, summary.undelivered), (1, 1));
}
