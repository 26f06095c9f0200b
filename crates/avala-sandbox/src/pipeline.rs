//! What happens to a request, from its first byte to its answer.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tower::ServiceExt;

use crate::answer_body::AnswerBody;
use crate::app::App;
use crate::builder::OnAnswer;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::fault::{Effect, FaultQueue};
use crate::rate_limit::Limiter;
use crate::request_log::RequestLog;
use crate::resources::signup;
use crate::{API_KEY_HEADER, API_PREFIX};

/// A longer body closes the connection. Handlers of the API answer 413 to much less.
const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

/// The steps of a request, in the order of [`answer`](Pipeline::answer) and [`process`](Pipeline::process).
pub(crate) struct Pipeline {
    pub(crate) router: Router,
    pub(crate) app: App,
    pub(crate) limiter: Limiter,
    pub(crate) faults: FaultQueue,
    pub(crate) log: RequestLog,
    pub(crate) latency: Duration,
    pub(crate) on_answer: Box<OnAnswer>,
}

/// An answer whose body is complete.
type Complete = Response<Bytes>;

impl Pipeline {
    /// Answers a request. An error closes the connection without an answer.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> io::Result<Response<AnswerBody>> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, MAX_BODY_BYTES).collect().await.map_err(io::Error::other)?.to_bytes();
        let number = self.log.begin(&parts, &body);
        let api_path = parts.uri.path().strip_prefix(API_PREFIX).unwrap_or(parts.uri.path());
        let fault = self.faults.take(&parts.method, api_path);

        let mut answer = match &fault {
            Some(Effect::DropConnection) => None,
            Some(Effect::Answer(answer)) => {
                let mut response = Response::new(answer.body.clone());
                *response.status_mut() = answer.status;
                *response.headers_mut() = answer.headers.clone();
                Some(response)
            }
            _ => Some(self.process(Request::from_parts(parts, body)).await?),
        };
        if let Some(answer) = &mut answer {
            self.limiter.describe(answer.headers_mut());
            let id = HeaderValue::from_str(&format!("req_{number:08}")).map_err(io::Error::other)?;
            answer.headers_mut().entry("x-request-id").or_insert(id);
        }
        let wait = match fault {
            Some(Effect::Delay(delay)) => self.latency + delay,
            _ => self.latency,
        };
        // Tokio rounds up to the next millisecond, and nothing at all should take no time.
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }

        let answer = answer.filter(|_| !matches!(fault, Some(Effect::DropAnswer)));
        if let Some(entry) = self.log.end(number, answer.as_ref().map(Response::status)) {
            (self.on_answer)(&entry);
        }
        match (answer, fault) {
            (Some(answer), Some(Effect::CutBody(after))) => Ok(cut(answer, after)),
            (Some(answer), _) => Ok(answer.map(AnswerBody::whole)),
            (None, _) => Err(io::Error::other("dropped by a fault")),
        }
    }

    async fn process(&self, mut request: Request<Bytes>) -> io::Result<Complete> {
        let response = match self.refuse(&mut request) {
            Some(refusal) => refusal,
            None => {
                let Ok(response) = self.router.clone().oneshot(request.map(Body::from)).await;
                response
            }
        };
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        Ok(Response::from_parts(parts, body))
    }

    /// What is wrong with a request before anybody looks at what it is about. Notes who makes it.
    fn refuse(&self, request: &mut Request<Bytes>) -> Option<Response<Body>> {
        // The rest is the storage host, which knows no keys and no limits.
        let api_path = request.uri().path().strip_prefix(API_PREFIX)?;
        if let Some(location) = with_trailing_slash(request) {
            return Some((StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, location)]).into_response());
        }
        if !signup::is_open(api_path) {
            match self.caller(request.headers()) {
                Ok(caller) => drop(request.extensions_mut().insert(caller)),
                Err(unauthorized) => return Some(unauthorized.into_response()),
            }
        }
        let wait = self.limiter.take().err()?.retry_after;
        let sentence = format!("Request was throttled. Expected available in {wait} seconds.");
        let error = ApiError::detail(StatusCode::TOO_MANY_REQUESTS, sentence);
        Some(([(header::RETRY_AFTER, HeaderValue::from(wait))], error).into_response())
    }

    fn caller(&self, headers: &HeaderMap) -> Result<Caller, ApiError> {
        let unauthorized = |sentence| ApiError::detail(StatusCode::UNAUTHORIZED, sentence);
        let key = headers.get(API_KEY_HEADER);
        let key = key.ok_or_else(|| unauthorized("Authentication credentials were not provided."))?;
        let tables = self.app.tables();
        let caller = tables.accounts.with_key(key.as_bytes()).ok_or_else(|| unauthorized("Invalid API key."))?;
        Ok(Caller(caller.clone()))
    }
}

/// Where a request should have gone, when its path has no slash at the end.
fn with_trailing_slash<B>(request: &Request<B>) -> Option<String> {
    let uri = request.uri();
    if uri.path().ends_with('/') {
        return None;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("{}/{query}", uri.path()))
}

/// The answer with its own length in its head, and a body that ends before it.
fn cut(answer: Complete, after: usize) -> Response<AnswerBody> {
    let (mut parts, body) = answer.into_parts();
    if body.is_empty() {
        return Response::from_parts(parts, AnswerBody::whole(body));
    }
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let start = body.slice(..after.min(body.len() - 1));
    Response::from_parts(parts, AnswerBody::cut(start))
}
