//! Thousands of random scripts of faults, and a server that counts what it did.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use avala_transport::testing::Step;
use avala_transport::{
    Body, BoxError, CallReport, RetryBudget, RetryPolicy, Sent, Transport, TransportBuilder, TransportError,
    TransportErrorKind as Kind,
};
use bytes::Bytes;
use fastrand::Rng;
use http::{Method, Request, Response};
use http_body::Frame;
use tokio::task::JoinSet;
use tower::{ServiceExt, service_fn};

use crate::support::{builder, secs, send, with_options};

/// The server's record of one call.
#[derive(Debug, Default, Clone)]
struct Entry {
    done: usize,
    bodies: Vec<Bytes>,
}

/// Does what the ID in each body requests, and counts it; random faults happen before and after.
#[derive(Clone)]
struct Ledger {
    entries: Arc<Mutex<HashMap<String, Entry>>>,
    random: Arc<Mutex<Rng>>,
}

impl Ledger {
    fn new(seed: u64) -> Self {
        Self { entries: Arc::default(), random: Arc::new(Mutex::new(Rng::with_seed(seed))) }
    }

    /// Returns the response to one attempt, and whether the server executes the request.
    fn fault(&self) -> (Step, bool) {
        let mut random = self.random.lock().unwrap();
        let done = random.bool();
        let wait = Duration::from_millis(random.u64(0..2_000));
        let (step, done) = match random.u8(0..16) {
            0 => (Step::fail(Kind::Connect, Sent::No), false),
            1 => (Step::fail(Kind::ConnectionLost, Sent::No), false),
            2 => (Step::fail(Kind::ConnectionLost, Sent::Maybe), done),
            3 => (Step::fail(Kind::ConnectionLost, Sent::Yes), done),
            4 => (Step::respond(429), false),
            5 => (Step::respond(429).header("retry-after", "3"), false),
            6 => (Step::respond(503).header("retry-after", "1"), false),
            7 => (Step::respond(503), done),
            8 => (Step::respond([408, 500, 502, 504][random.usize(0..4)]), done),
            9 => (Step::hang(), done),
            10 => (Step::respond(200).pieces(["half"]).cut(), true),
            11 => (Step::respond(200).header("x-ratelimit-remaining", "0"), true),
            _ => (Step::respond(200).body("ok"), true),
        };
        (step.after(wait), done)
    }

    fn transport(&self, change: impl FnOnce(TransportBuilder) -> TransportBuilder) -> Transport {
        let ledger = self.clone();
        let service = service_fn(move |request: Request<Body>| {
            let ledger = ledger.clone();
            async move {
                let body = request.into_body().read_to_bytes(usize::MAX).await?;
                let id = String::from_utf8_lossy(&body).split(' ').next().unwrap_or_default().to_owned();
                let (step, done) = ledger.fault();
                {
                    let mut entries = ledger.entries.lock().unwrap();
                    let entry = entries.entry(id).or_default();
                    entry.bodies.push(body);
                    entry.done += usize::from(done);
                }
                let script = avala_transport::testing::ScriptedService::new().then(step);
                script.oneshot(Request::new(Body::empty())).await
            }
        });
        let policy = RetryPolicy::default().max_attempts(4);
        change(builder().retry(policy).attempt_timeout(secs(5))).service(service).build().unwrap()
    }
}

/// Bytes in pieces, like those of a file.
#[derive(Clone)]
struct Pieces(std::vec::IntoIter<Bytes>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(self.0.next().map(|piece| Ok(Frame::data(piece))))
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum BodyKind {
    Bytes,
    Replay,
    Once,
}

#[derive(Debug, Clone)]
struct Plan {
    id: String,
    method: Method,
    repeatable: Option<bool>,
    kind: BodyKind,
    text: String,
}

impl Plan {
    fn random(random: &mut Rng, id: String) -> Self {
        let methods = [Method::POST, Method::POST, Method::PATCH, Method::GET, Method::PUT, Method::DELETE];
        let text = format!("{id} {}", "x".repeat(random.usize(0..200)));
        Self {
            method: methods[random.usize(0..methods.len())].clone(),
            repeatable: [None, None, None, Some(true), Some(false)][random.usize(0..5)],
            kind: [BodyKind::Bytes, BodyKind::Replay, BodyKind::Once][random.usize(0..3)],
            text,
            id,
        }
    }

    fn request(&self) -> Request<Body> {
        let whole = Bytes::from(self.text.clone());
        let pieces: Vec<Bytes> = whole.chunks(7).map(Bytes::copy_from_slice).collect();
        let pieces = Pieces(pieces.into_iter());
        let body = match self.kind {
            BodyKind::Bytes => Body::from(whole),
            BodyKind::Replay => Body::replay(move || pieces.clone()),
            BodyKind::Once => Body::once(pieces),
        };
        let request = Request::builder().method(self.method.clone()).uri("/x/").body(body).unwrap();
        with_options(request, |options| options.repeatable = self.repeatable)
    }

    fn may_be_done_twice(&self) -> bool {
        self.repeatable.unwrap_or(!matches!(self.method, Method::POST | Method::PATCH))
    }

    fn check(&self, result: &Result<Response<Body>, TransportError>, entry: &Entry) {
        let attempts = match result {
            Ok(response) => response.extensions().get::<CallReport>().unwrap().attempts(),
            Err(error) => error.attempts(),
        };
        let context = || format!("{self:?}\n{entry:?}\n{result:?}");
        // An attempt that ends in the queue of the limiter was started, and the server does not receive it.
        let unseen = matches!(result, Err(error) if error.kind() == Kind::RateLimited);
        assert!(attempts <= 4, "{}", context());
        assert_eq!(attempts as usize, entry.bodies.len() + usize::from(unseen), "{}", context());
        assert!(entry.bodies.iter().all(|body| *body == self.text), "{}", context());
        if !self.may_be_done_twice() {
            assert!(entry.done <= 1, "done twice\n{}", context());
        }
        if self.kind == BodyKind::Once {
            assert_eq!(attempts, 1, "{}", context());
        }
        match result {
            Ok(response) if response.status().is_success() && !self.may_be_done_twice() => {
                assert_eq!(entry.done, 1, "reported and not done\n{}", context());
            }
            Ok(response) if response.status().is_success() => assert!(entry.done >= 1, "{}", context()),
            Ok(_) => {}
            Err(error) if error.sent() == Sent::No => assert_eq!(entry.done, 0, "{}", context()),
            Err(error) => assert!(error.elapsed() <= secs(60), "{}", context()),
        }
    }
}

/// Runs `count` plans, `at_once` of them at a time, and checks each against the ledger. Returns the number of
/// successes.
async fn run(seed: u64, count: usize, at_once: usize, change: fn(TransportBuilder) -> TransportBuilder) -> usize {
    // The jitter comes from the thread's own generator.
    fastrand::seed(seed);
    let mut random = Rng::with_seed(seed);
    let ledger = Ledger::new(seed);
    let transport = ledger.transport(change);
    let mut calls = JoinSet::new();
    let mut good = 0;
    for index in 0..count + at_once {
        if index < count {
            let plan = Plan::random(&mut random, format!("{seed}-{index}"));
            let transport = transport.clone();
            calls.spawn(async move { (send(&transport, plan.request()).await, plan) });
        }
        if calls.len() >= at_once || index >= count {
            let Some(finished) = calls.join_next().await else { break };
            let (result, plan) = finished.unwrap();
            let entry = ledger.entries.lock().unwrap().remove(&plan.id).unwrap_or_default();
            plan.check(&result, &entry);
            good += usize::from(result.is_ok_and(|response| response.status().is_success()));
        }
    }
    good
}

#[tokio::test(start_paused = true)]
async fn random_faults_execute_nothing_twice_and_lose_nothing() {
    for seed in 0..60 {
        let good = run(seed, 50, 1, |builder| builder).await;
        assert!((10..50).contains(&good), "seed {seed}: {good} of 50, so that both results occur");
    }
}

#[tokio::test(start_paused = true)]
async fn concurrent_random_faults_execute_nothing_twice() {
    for seed in 100..106 {
        let good = run(seed, 500, 64, |builder| {
            let limit = avala_transport::RateLimit::per_minute(6_000).burst(50);
            let concurrency = avala_transport::ConcurrencyLimits::default().default_group(16);
            builder.rate_limiter(avala_transport::RateLimiter::new(limit)).concurrency(concurrency)
        })
        .await;
        assert!(good > 100, "seed {seed}: {good}");
    }
}

#[tokio::test(start_paused = true)]
async fn random_faults_without_a_budget_execute_nothing_twice() {
    for seed in 200..220 {
        run(seed, 50, 1, |builder| builder.retry(RetryPolicy::default().max_attempts(4).budget(RetryBudget::off())))
            .await;
    }
}
