//! Handlers, services and layers with bugs: none ends the agent, or keeps another execution from being decided.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{self, Poll};
use std::time::Duration;

use avala_agents::types::EventType;
use avala_agents::{Agent, Cancelled, Context, Decision, MemoryJournal, RecordState, handler_fn};
use avala_client::transport::BoxError;
use tower::{Service, ServiceBuilder};

use crate::server::Server;

/// Panics in the part of it that is set, for the execution `x0` only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bug {
    Clone,
    Ready,
    Call,
    Poll,
    DropOfTheFuture,
    DisplayOfTheError,
    DropOfTheError,
    DropOfThePayload,
    LargePayload,
}

const BUGS: [Bug; 9] = [
    Bug::Clone,
    Bug::Ready,
    Bug::Call,
    Bug::Poll,
    Bug::DropOfTheFuture,
    Bug::DisplayOfTheError,
    Bug::DropOfTheError,
    Bug::DropOfThePayload,
    Bug::LargePayload,
];

/// A value that panics when it is printed or dropped.
#[derive(Debug)]
struct Bomb(Bug);

impl fmt::Display for Bomb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        assert!(self.0 != Bug::DisplayOfTheError, "in Display");
        f.write_str("an error")
    }
}

impl std::error::Error for Bomb {}

impl Drop for Bomb {
    fn drop(&mut self) {
        let is_set = matches!(self.0, Bug::DropOfTheError | Bug::DropOfTheFuture | Bug::DropOfThePayload);
        assert!(!is_set || std::thread::panicking(), "in Drop");
    }
}

/// A service that is about to handle `x0`, since one is handled at a time.
struct Buggy {
    bug: Bug,
    clones: Arc<AtomicUsize>,
}

impl Clone for Buggy {
    fn clone(&self) -> Self {
        // Cloned when it is added, and for each run.
        let clones = self.clones.fetch_add(1, Ordering::Relaxed);
        assert!(self.bug != Bug::Clone || clones > 1, "in Clone");
        Self { bug: self.bug, clones: Arc::clone(&self.clones) }
    }
}

impl Service<Context> for Buggy {
    type Response = Decision;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Decision, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), BoxError>> {
        assert!(self.bug != Bug::Ready || self.clones.load(Ordering::Relaxed) > 2, "in poll_ready");
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, context: Context) -> Self::Future {
        let bug = self.bug;
        if *context.uid() != "x0" || matches!(bug, Bug::Clone | Bug::Ready) {
            return Box::pin(async { Ok(Decision::approve()) });
        }
        assert!(bug != Bug::Call, "in call");
        Box::pin(async move {
            assert!(bug != Bug::Poll, "in poll");
            match bug {
                Bug::DropOfTheFuture => {
                    let _bomb = Bomb(bug);
                    std::future::pending::<()>().await;
                }
                Bug::DropOfThePayload => std::panic::panic_any(Bomb(bug)),
                Bug::LargePayload => panic!("{}", "\u{e9}".repeat(1 << 20)),
                _ => {}
            }
            Err(Bomb(bug).into())
        })
    }
}

#[tokio::test(start_paused = true)]
async fn panics_in_any_part_of_a_handler_are_failures_of_it() {
    for bug in BUGS {
        let server = Server::new().with_executions(5);
        let journal = MemoryJournal::new();
        let agent = Agent::new("qa").concurrency(1).journal(journal.clone()).handler_timeout(Duration::from_secs(5));
        let agent = agent.max_failures(2, Duration::from_secs(1));
        let agent = agent.on(EventType::ResultSubmitted, Buggy { bug, clones: Arc::default() });
        let monitor = agent.monitor();
        let summary = agent.run_until_idle(&server.client()).await.unwrap_or_else(|error| panic!("{bug:?}: {error}"));
        let counters = monitor.counters();
        if matches!(bug, Bug::Clone | Bug::Ready) {
            assert!(counters.failed >= 1, "{bug:?}: {counters:?}");
            assert_eq!(summary.decided, 5, "{bug:?}");
            continue;
        }
        assert_eq!((summary.decided, summary.undecided, counters.failed), (4, 1, 2), "{bug:?}");
        let record = &journal.records()[0];
        assert_eq!((record.execution.as_str(), record.state), ("x0", RecordState::Parked), "{bug:?}");
        let note = record.note.as_deref().unwrap_or_default();
        assert!(note.contains("failed 2 times") && note.len() < 5_000, "{bug:?}: {record:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn context_says_that_its_handler_has_ended() {
    let server = Server::new().with_executions(2);
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&kept);
    let agent = Agent::new("qa").handler_timeout(Duration::from_secs(5)).max_failures(1, Duration::ZERO);
    let agent = agent.on(EventType::ResultSubmitted, move |context: Context| {
        assert_eq!(context.progress(), Ok(()));
        keep.lock().unwrap().push(context.clone());
        async move {
            match context.uid().as_str() {
                "x0" => Decision::approve(),
                _ => std::future::pending().await,
            }
        }
    });
    agent.run_until_idle(&server.client()).await.unwrap();
    let kept = std::mem::take(&mut *kept.lock().unwrap());
    assert_eq!(kept.len(), 2);
    for context in kept {
        assert_eq!(context.progress(), Err(Cancelled));
        context.cancelled().await;
        assert!(context.attempt() == 1 && context.payload().is_some(), "it can still be read");
    }
}

/// Returns the decisions on 20 executions of an agent with this handler, which takes a second for each.
async fn decided<S>(wrap: impl Fn(avala_agents::HandlerFn<Slow, SlowFuture>) -> S) -> (usize, Duration)
where
    S: Service<Context, Response = Decision> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    let server = Server::new().with_executions(20);
    let began = tokio::time::Instant::now();
    let agent = Agent::new("qa").concurrency(10).max_failures(30, Duration::from_secs(1));
    let agent = agent.on(EventType::ResultSubmitted, wrap(handler_fn(slow as Slow)));
    agent.run_until_idle(&server.client()).await.unwrap();
    let decided = server.lock().decisions.len();
    server.assert_each_decided_once(decided);
    (decided, began.elapsed())
}

type SlowFuture = Pin<Box<dyn Future<Output = Decision> + Send>>;
type Slow = fn(Context) -> SlowFuture;

fn slow(_: Context) -> SlowFuture {
    Box::pin(async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Decision::approve()
    })
}

#[tokio::test(start_paused = true)]
async fn tower_layers_of_each_kind_can_be_put_around_a_handler() {
    let second = Duration::from_secs(1);
    let (all, time) = decided(|handler| ServiceBuilder::new().buffer(4).concurrency_limit(2).service(handler)).await;
    assert!(all == 20 && time >= 10 * second, "buffered and limited: {all}, {time:?}");
    let (all, time) =
        decided(|handler| ServiceBuilder::new().buffer(4).rate_limit(1, 3 * second).service(handler)).await;
    assert!(all == 20 && time >= 57 * second, "a rate limit: {all}, {time:?}");
    let (all, _) = decided(|handler| ServiceBuilder::new().timeout(2 * second).service(handler)).await;
    assert_eq!(all, 20, "within the timeout");
    let (none, _) = decided(|handler| ServiceBuilder::new().timeout(second / 2).service(handler)).await;
    assert_eq!(none, 0, "each times out");
    // What is shed fails, and runs again later.
    let (all, _) = decided(|handler| ServiceBuilder::new().load_shed().concurrency_limit(3).service(handler)).await;
    assert_eq!(all, 20);
}
