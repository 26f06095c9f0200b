//! A scripted Avala in memory: agents, executions, decisions, and faults.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use avala_agents::types::EventType;
use avala_agents::{Agent, Context, Decision};
use avala_client::Avala;
use avala_client::transport::{Body, BoxError, RateLimiter, RetryPolicy};
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

/// Fault of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A response with this status; nothing is executed.
    Status(u16),
    /// The request is executed, and its response is lost.
    LostResponse,
    /// A 429 with `Retry-After`.
    RetryAfter(u32),
}

#[derive(Clone, Default)]
pub(crate) struct Server(Arc<Mutex<State>>);

#[derive(Default)]
pub(crate) struct State {
    pub(crate) agents: Vec<Value>,
    pub(crate) executions: Vec<Value>,
    /// Accepted decisions by execution, in the form `action: reason`.
    pub(crate) decisions: BTreeMap<String, Vec<String>>,
    /// All requests, in the form `METHOD path?query`.
    pub(crate) requests: Vec<String>,
    /// Arrival time of each request.
    pub(crate) times: Vec<Instant>,
    /// Faults of the next requests whose line contains the text.
    pub(crate) faults: Vec<(&'static str, Fault)>,
    /// The status of every request whose line contains the text.
    pub(crate) broken: Vec<(&'static str, u16)>,
    /// An execution that the server cannot serialize: each page with it is a 500.
    pub(crate) poison: Option<&'static str>,
    pub(crate) page_size: usize,
    /// Whether `limit` changes the page size.
    pub(crate) honors_limit: bool,
    /// Whether lists have the oldest execution first.
    pub(crate) oldest_first: bool,
    /// Whether pages have numbers instead of cursors.
    pub(crate) has_numbers: bool,
    /// Executions that lists lack.
    pub(crate) hidden: Vec<String>,
}

impl Server {
    pub(crate) fn new() -> Self {
        let server = Self::default();
        server.lock().page_size = 100;
        server
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Adds pending executions `x0`, `x1`, ... of `result.submitted`, each with its own task, oldest first.
    pub(crate) fn with_executions(self, count: usize) -> Self {
        for n in 0..count {
            self.add(&format!("x{n}"), "result.submitted", json!({"task_uid": format!("t{n}"), "result_uid": "r"}));
        }
        self
    }

    pub(crate) fn add(&self, uid: &str, event: &str, payload: Value) {
        let mut state = self.lock();
        let created_at = state.executions.len();
        state.executions.push(json!({
            "uid": uid, "registration": "a1", "event_type": event, "status": "pending", "action": null,
            "task": payload.get("task_uid").filter(|task| task.is_string()), "event_payload": payload,
            "created_at": format!("2026-01-01T{:02}:{:02}:{:02}Z", created_at / 3600 % 24, created_at / 60 % 60, created_at % 60),
        }));
    }

    pub(crate) fn fail(&self, request: &'static str, faults: impl IntoIterator<Item = Fault>) {
        self.lock().faults.extend(faults.into_iter().map(|fault| (request, fault)));
    }

    /// Returns a client without a rate limit and retries, so that tests see every request.
    pub(crate) fn client(&self) -> Avala {
        self.client_with_bodies_of(64 << 20)
    }

    /// Returns a client that accepts response bodies of this many bytes.
    pub(crate) fn client_with_bodies_of(&self, bytes: usize) -> Avala {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let result = server.respond(&request);
            async move { result }
        });
        client_of(service, bytes)
    }

    pub(crate) fn respond(&self, request: &Request<Body>) -> Result<Response<Body>, BoxError> {
        self.lock().respond(request)
    }

    /// Returns the decisions on an execution.
    pub(crate) fn decisions(&self, uid: &str) -> Vec<String> {
        self.lock().decisions.get(uid).cloned().unwrap_or_default()
    }

    /// Fails unless each of `count` executions was decided exactly once.
    #[track_caller]
    pub(crate) fn assert_each_decided_once(&self, count: usize) {
        let state = self.lock();
        assert_eq!(state.decisions.len(), count);
        assert!(state.decisions.values().all(|decisions| decisions.len() == 1), "{:?}", state.decisions);
    }

    /// Returns the times between requests whose line contains the text.
    pub(crate) fn pauses(&self, containing: &str) -> Vec<Duration> {
        let state = self.lock();
        let all = state.requests.iter().zip(&state.times);
        let times: Vec<Instant> = all.filter(|(line, _)| line.contains(containing)).map(|(_, at)| *at).collect();
        times.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    pub(crate) fn requests(&self, containing: &str) -> usize {
        self.lock().requests.iter().filter(|request| request.contains(containing)).count()
    }
}

/// Returns a client of a service, without rate limit and without retries of its own.
pub(crate) fn client_of<S>(service: S, max_body_bytes: usize) -> Avala
where
    S: tower::Service<Request<Body>, Response = Response<Body>, Error = BoxError> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    client_with(service, max_body_bytes, RetryPolicy::default().max_attempts(1))
}

/// Returns a client of a service, without rate limit.
pub(crate) fn client_with<S>(service: S, max_body_bytes: usize, retry: RetryPolicy) -> Avala
where
    S: tower::Service<Request<Body>, Response = Response<Body>, Error = BoxError> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    Avala::builder()
        .api_key("avk_test")
        .rate_limiter(RateLimiter::off())
        .retry(retry)
        .transport(|transport| transport.max_body_bytes(max_body_bytes))
        .service(service)
        .build()
        .unwrap()
}

impl State {
    fn respond(&mut self, request: &Request<Body>) -> Result<Response<Body>, BoxError> {
        let target = request.uri().path_and_query().map_or("", |target| target.as_str());
        let line = format!("{} {}", request.method(), target.strip_prefix("/api/v1").unwrap_or(target));
        self.requests.push(line.clone());
        self.times.push(Instant::now());
        if let Some((_, status)) = self.broken.iter().find(|(text, _)| line.contains(text)) {
            return Ok(response(*status, &json!({"detail": "always"}), None));
        }
        let fault =
            self.faults.iter().position(|(text, _)| line.contains(text)).map(|index| self.faults.remove(index).1);
        match fault {
            Some(Fault::Status(status)) => return Ok(response(status, &json!({"detail": "a fault"}), None)),
            Some(Fault::RetryAfter(seconds)) => {
                return Ok(response(429, &json!({"detail": "slow down"}), Some(seconds)));
            }
            _ => {}
        }
        let body: Value =
            serde_json::from_slice(request.body().as_bytes().map_or(&[][..], |body| body)).unwrap_or_default();
        let (status, body) = self.execute(&line, &body);
        if fault == Some(Fault::LostResponse) {
            return Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset).into());
        }
        Ok(response(status, &body, None))
    }

    fn execute(&mut self, line: &str, body: &Value) -> (u16, Value) {
        let (path, query) = line.split_once('?').unwrap_or((line, ""));
        match path {
            "GET /agents/" => (200, json!({"results": self.agents, "next": null})),
            "POST /agents/" => {
                let mut agent = body.clone();
                agent["uid"] = json!(format!("a{}", self.agents.len() + 1));
                agent["secret"] = json!("agsec_hidden");
                self.agents.push(agent.clone());
                (201, agent)
            }
            "POST /agent-actions/" => self.decide(body),
            _ if path.ends_with("/executions/") => self.list(query),
            _ => {
                let uid = path.split('/').nth(2).unwrap_or_default().to_owned();
                match self.agents.iter_mut().find(|agent| agent["uid"] == uid.as_str()) {
                    None => (404, json!({"detail": "Not found."})),
                    Some(agent) => {
                        for (name, value) in body.as_object().into_iter().flatten() {
                            agent[name] = value.clone();
                        }
                        (200, agent.clone())
                    }
                }
            }
        }
    }

    fn list(&self, query: &str) -> (u16, Value) {
        let number = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.parse::<usize>().ok());
        let status = query.split('&').find_map(|pair| pair.strip_prefix("status="));
        let limit = query.split('&').find_map(|pair| pair.strip_prefix("limit="));
        let size = limit.filter(|_| self.honors_limit).map_or(self.page_size, |limit| limit.parse().unwrap());
        let mut listed: Vec<&Value> = self
            .executions
            .iter()
            .filter(|execution| status.is_none_or(|status| execution["status"] == status))
            .filter(|execution| !self.hidden.iter().any(|uid| execution["uid"] == uid.as_str()))
            .collect();
        if !self.oldest_first {
            listed.reverse();
        }
        let page = number("page=").filter(|_| self.has_numbers).unwrap_or(1);
        let start = number("cursor=").unwrap_or((page - 1) * size);
        let place = if self.has_numbers { format!("page={}", page + 1) } else { format!("cursor={}", start + size) };
        let page: Vec<_> = listed.into_iter().skip(start).take(size + 1).collect();
        if self.poison.is_some_and(|poison| page[..page.len().min(size)].iter().any(|shown| shown["uid"] == poison)) {
            return (500, json!({"detail": "a bug of the server"}));
        }
        let filters = status.map(|status| format!("status={status}&")).unwrap_or_default();
        let filters = filters + &limit.map(|limit| format!("limit={limit}&")).unwrap_or_default();
        let next = (page.len() > size).then(|| format!("/api/v1/agents/a1/executions/?{filters}{place}"));
        (200, json!({"results": page[..page.len().min(size)], "next": next}))
    }

    fn decide(&mut self, body: &Value) -> (u16, Value) {
        let uid = body["execution"].as_str().unwrap_or_default().to_owned();
        // Most executions are at the position in their UID.
        let expected = uid.strip_prefix('x').and_then(|number| number.parse().ok());
        let is_it = |execution: &Value| execution["uid"] == uid.as_str();
        let position = expected.filter(|index| self.executions.get(*index).is_some_and(is_it));
        let Some(position) = position.or_else(|| self.executions.iter().position(is_it)) else {
            return (404, json!({"detail": "Not found."}));
        };
        let execution = &mut self.executions[position];
        if !execution["action"].is_null() {
            return (409, json!({"detail": "already decided"}));
        }
        execution["action"] = body["action"].clone();
        execution["status"] = json!("completed");
        let reason = body["reason"].as_str().map(|reason| format!(": {reason}")).unwrap_or_default();
        let decision = format!("{}{reason}", body["action"].as_str().unwrap_or_default());
        self.decisions.entry(uid).or_default().push(decision);
        (201, json!({}))
    }
}

fn response(status: u16, body: &Value, retry_after: Option<u32>) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert("retry-after", seconds.into());
    }
    response
}

/// Creates an agent that approves every result.
pub(crate) fn approving() -> Agent {
    Agent::new("qa").on(EventType::ResultSubmitted, |_: Context| async { Decision::approve() })
}
