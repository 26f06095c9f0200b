//! A test kit for handlers: no server and no network. With a paused clock, delays and timeouts take no real time.
//!
//! ```
//! use avala_agents::testing::AgentTest;
//! use avala_agents::{Context, Decision};
//!
//! async fn check(context: Context) -> Decision {
//!     Decision::flag("two boxes overlap")
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let outcome = AgentTest::new(check).event("result.submitted", r#"{"task_uid": "t1"}"#).await;
//! assert_eq!(outcome.decision, Some(Decision::flag("two boxes overlap")));
//! assert_eq!(outcome.runs, 1);
//! # }
//! ```

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use avala_client::Avala;
use avala_client::transport::Body;
use avala_client::types::{AgentAction, EventType};
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::agent::Agent;
use crate::context::Context;
use crate::decision::Decision;
use crate::handler::{Handler, HandlerService};
use crate::journal::{MemoryJournal, Record};

const AGENT: &str = "agent-under-test";
const EXECUTION: &str = "execution-under-test";

/// Runs a handler for one event and reports its decision.
///
/// The whole runtime runs: journal, timeout, retries and delivery. The API is replaced by a service in memory. Use
/// `#[tokio::test(start_paused = true)]`, so that delays and timeouts take no real time.
#[must_use = "a test does nothing until it is awaited"]
pub struct AgentTest {
    handler: HandlerService,
    event: EventType,
    payload: String,
    deliveries: usize,
    crash_before_post: bool,
    timeout: Duration,
    responses: Vec<(Method, String, StatusCode, String)>,
}

/// Outcome of a handler for one event.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TestOutcome {
    /// The decision that arrived at the server; `None` if there was none.
    pub decision: Option<Decision>,
    /// Number of decisions that arrived at the server. More than 1 is a bug of the runtime.
    pub decisions_sent: usize,
    /// Number of runs of the handler.
    pub runs: u32,
    /// The other API calls of the handler, in the form `METHOD /path`.
    pub calls: Vec<String>,
    /// The records of the journal at the end.
    pub record: Option<Record>,
}

impl AgentTest {
    /// Creates a test of a handler.
    pub fn new<M>(handler: impl Handler<M>) -> Self {
        Self {
            handler: handler.into_service(),
            event: EventType::ResultSubmitted,
            payload: "{}".to_owned(),
            deliveries: 1,
            crash_before_post: false,
            timeout: Duration::from_secs(600),
            responses: Vec::new(),
        }
    }

    /// Sets the event and its payload, as JSON text.
    pub fn event(mut self, event: impl Into<EventType>, payload: impl Into<String>) -> Self {
        self.event = event.into();
        self.payload = payload.into();
        self
    }

    /// Delivers the execution a second time after it was decided.
    pub fn delivered_twice(mut self) -> Self {
        self.deliveries = 2;
        self
    }

    /// Ends the process between the decision and its `POST`, then starts it again.
    pub fn crash_before_post(mut self) -> Self {
        self.crash_before_post = true;
        self
    }

    /// Sets the timeout of the handler; 10 minutes by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the response to an API call of the handler, by method and path below the API's prefix, such as
    /// `/tasks/t1/`. Calls without a response get 404.
    pub fn response(mut self, method: Method, path: impl Into<String>, body: impl Into<String>) -> Self {
        self.responses.push((method, path.into(), StatusCode::OK, body.into()));
        self
    }

    async fn run(self) -> TestOutcome {
        let server = FakeApi::new(&self);
        let journal = MemoryJournal::new();
        let runs = Arc::new(Mutex::new(0_u32));
        let agent = || {
            let (handler, runs) = (self.handler.clone(), Arc::clone(&runs));
            let counted = move |context: Context| {
                *runs.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                tower::ServiceExt::oneshot(handler.0.clone(), context)
            };
            Agent::new("test")
                .uid(AGENT)
                .journal(journal.clone())
                .handler_timeout(self.timeout)
                .max_failures(2, Duration::from_secs(1))
                .on(self.event.clone(), counted)
        };
        if self.crash_before_post {
            server.lock().refuse_posts = true;
            let stop = CancellationToken::new();
            let running = tokio::spawn(agent().run_until(&server.client(), stop.clone()));
            // Until the decision is in the journal; bounded, because a handler may decide nothing.
            for _ in 0..10_000 {
                if journal.records().iter().any(Record::is_undelivered) || running.is_finished() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            running.abort();
            let _ = running.await;
            server.lock().refuse_posts = false;
        }
        for _ in 0..self.deliveries {
            server.lock().decided = false;
            // The error of a run is visible in the outcome: there is no decision.
            let _ = agent().run_until_idle(&server.client()).await;
        }
        let state = server.lock();
        let runs = *runs.lock().unwrap_or_else(PoisonError::into_inner);
        TestOutcome {
            decision: state.decisions.first().cloned(),
            decisions_sent: state.decisions.len(),
            runs,
            calls: state.calls.clone(),
            record: journal.records().into_iter().next(),
        }
    }
}

impl IntoFuture for AgentTest {
    type Output = TestOutcome;
    type IntoFuture = Pin<Box<dyn Future<Output = TestOutcome> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl std::fmt::Debug for AgentTest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgentTest").field("event", &self.event).finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct FakeApi(Arc<Mutex<State>>);

struct State {
    event: EventType,
    payload: Value,
    decided: bool,
    refuse_posts: bool,
    decisions: Vec<Decision>,
    calls: Vec<String>,
    responses: Vec<(Method, String, StatusCode, String)>,
}

impl FakeApi {
    fn new(test: &AgentTest) -> Self {
        let payload = serde_json::from_str(&test.payload).unwrap_or(Value::Null);
        let (event, responses) = (test.event.clone(), test.responses.clone());
        Self(Arc::new(Mutex::new(State {
            event,
            payload,
            decided: false,
            refuse_posts: false,
            decisions: Vec::new(),
            calls: Vec::new(),
            responses,
        })))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn client(&self) -> Avala {
        let api = self.clone();
        Avala::from_service(tower::service_fn(move |request: Request<Body>| {
            let (status, body) = api.lock().respond(&request);
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = status;
            async move { Ok::<_, std::convert::Infallible>(response) }
        }))
    }
}

impl State {
    fn respond(&mut self, request: &Request<Body>) -> (StatusCode, String) {
        let path = request.uri().path().strip_prefix("/api/v1").unwrap_or(request.uri().path()).to_owned();
        let agent = json!({"uid": AGENT, "name": "test", "events": [self.event.as_str()], "is_active": true});
        if path == format!("/agents/{AGENT}/") {
            return (StatusCode::OK, agent.to_string());
        }
        if path == format!("/agents/{AGENT}/executions/") {
            let execution = self.execution();
            let status = request.uri().query().unwrap_or_default().split('&').find_map(|p| p.strip_prefix("status="));
            let is_listed = status.is_none_or(|status| execution["status"] == status);
            let results = if is_listed { vec![execution] } else { Vec::new() };
            return (StatusCode::OK, json!({"results": results, "next": null}).to_string());
        }
        if path == "/agent-actions/" {
            return self.decide(request.body().as_bytes().map(AsRef::as_ref).unwrap_or_default());
        }
        self.calls.push(format!("{} {path}", request.method()));
        let known = self.responses.iter().find(|(method, known, ..)| method == request.method() && *known == path);
        known.map_or_else(
            || (StatusCode::NOT_FOUND, json!({"detail": "no response was set in the test"}).to_string()),
            |(_, _, status, body)| (*status, body.clone()),
        )
    }

    fn execution(&self) -> Value {
        let action = self.decisions.last().filter(|_| self.decided).and_then(Decision::action);
        let status = if action.is_some() { "completed" } else { "pending" };
        json!({
            "uid": EXECUTION, "registration": AGENT, "event_type": self.event.as_str(), "status": status,
            "event_payload": self.payload, "action": action.map(AgentAction::as_str),
        })
    }

    fn decide(&mut self, body: &[u8]) -> (StatusCode, String) {
        if self.refuse_posts {
            return (StatusCode::SERVICE_UNAVAILABLE, "{}".to_owned());
        }
        if self.decided {
            return (StatusCode::CONFLICT, json!({"detail": "already decided"}).to_string());
        }
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let Some(action) = text("action") else { return (StatusCode::BAD_REQUEST, "{}".to_owned()) };
        self.decided = true;
        self.decisions.push(Decision::of(action.into()).with_reason(text("reason").unwrap_or_default()));
        (StatusCode::CREATED, "{}".to_owned())
    }
}
