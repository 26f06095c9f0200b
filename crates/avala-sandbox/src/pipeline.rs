//! What happens to a request, from its first byte to its response.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tower::ServiceExt;

use crate::app::App;
use crate::error::ApiError;
use crate::fault::{Effect, FaultQueue};
use crate::handlers::{public_datasets, signup};
use crate::protocol::{API_KEY_HEADER, API_PREFIX};
use crate::rate_limit::Limiter;
use crate::request::caller::Caller;
use crate::request_log::{OnResponse, RequestLog};
use crate::response_body::ResponseBody;
use crate::screen;

/// Largest body of a call.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// Largest body that the storage host takes: the largest part that an upload may have, and room for a form.
const MAX_FILE_BYTES: usize = 129 * 1024 * 1024;

/// So much of a body that is too large is read and dropped, so that clients read the response; then the connection ends.
const MAX_DRAINED_BYTES: u64 = 512 * 1024 * 1024;

/// The steps of a request, in the order of [`response`](Pipeline::response) and [`process`](Pipeline::process).
pub(crate) struct Pipeline {
    pub(crate) router: Router,
    pub(crate) app: App,
    pub(crate) limiter: Limiter,
    pub(crate) faults: FaultQueue,
    pub(crate) log: RequestLog,
    pub(crate) latency: Duration,
    pub(crate) on_response: Box<OnResponse>,
}

/// A response whose body is complete.
type Complete = Response<Bytes>;

impl Pipeline {
    /// Responds to a request. An error closes the connection without a response.
    pub(crate) async fn response(&self, request: Request<Incoming>) -> io::Result<Response<ResponseBody>> {
        let (parts, body) = request.into_parts();
        let is_api = parts.uri.path().starts_with(API_PREFIX);
        let (body, is_too_large) = collect(body, if is_api { MAX_BODY_BYTES } else { MAX_FILE_BYTES }).await?;
        let number = self.log.begin(&parts, &body);
        let api_path = parts.uri.path().strip_prefix(API_PREFIX).unwrap_or(parts.uri.path());
        let fault = self.faults.take(&parts.method, api_path);

        let mut response = match &fault {
            Some(Effect::DropConnection) => None,
            Some(Effect::Response(canned)) => {
                let mut response = Response::new(canned.body.clone());
                *response.status_mut() = canned.status;
                *response.headers_mut() = canned.headers.clone();
                Some(response)
            }
            _ if is_too_large => Some(complete(too_large().into_response()).await?),
            _ => Some(self.process(Request::from_parts(parts, body)).await?),
        };
        if let Some(response) = &mut response {
            self.limiter.describe(response.headers_mut());
            let id = HeaderValue::from_str(&format!("req_{number:08}")).map_err(io::Error::other)?;
            response.headers_mut().entry("x-request-id").or_insert(id);
        }
        let wait = match fault {
            Some(Effect::Delay(delay)) => self.latency + delay,
            _ => self.latency,
        };
        // Tokio rounds up to the next millisecond, and nothing at all should take no time.
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }

        let response = response.filter(|_| !matches!(fault, Some(Effect::DropResponse)));
        if let Some(entry) = self.log.end(number, response.as_ref().map(Response::status)) {
            (self.on_response)(&entry);
        }
        match (response, fault) {
            (Some(response), Some(Effect::CutBody(after))) => Ok(cut(response, after)),
            (Some(response), _) => Ok(response.map(ResponseBody::whole)),
            (None, _) => Err(io::Error::other("dropped by a fault")),
        }
    }

    async fn process(&self, mut request: Request<Bytes>) -> io::Result<Complete> {
        let is_api = request.uri().path().starts_with(API_PREFIX);
        let response = match self.refuse(&mut request) {
            Some(refusal) => refusal,
            None => {
                let Ok(response) = self.router.clone().oneshot(request.map(Body::from)).await;
                response
            }
        };
        let response = complete(response).await?;
        Ok(if is_api { in_json(response) } else { response })
    }

    /// What is wrong with a request before anybody looks at what it is about. Notes who makes it.
    fn refuse(&self, request: &mut Request<Bytes>) -> Option<Response<Body>> {
        if let Err(error) = screen::check(request) {
            return Some(error.into_response());
        }
        // The rest is the storage host, which knows no keys and no limits.
        let api_path = request.uri().path().strip_prefix(API_PREFIX)?;
        if let Some(location) = with_trailing_slash(request) {
            return Some((StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, location)]).into_response());
        }
        if !signup::is_open(api_path) && !public_datasets::is_open(api_path) {
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

    /// Returns who sent a key, or an access token in its place.
    fn caller(&self, headers: &HeaderMap) -> Result<Caller, ApiError> {
        let unauthorized = |sentence| ApiError::detail(StatusCode::UNAUTHORIZED, sentence);
        let token = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
        let token = token.and_then(|value| value.split_first_chunk::<7>());
        let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer ")).map(|(_, token)| token);
        let tables = self.app.tables();
        let caller = match (headers.get(API_KEY_HEADER), token) {
            (Some(_), Some(_)) => return Err(unauthorized("Send an API key or an access token, not both.")),
            (Some(key), None) => tables.accounts.with_key(key.as_bytes()).ok_or("Invalid API key."),
            (None, Some(token)) => tables.accounts.with_token(token.trim_ascii()).ok_or("Invalid access token."),
            (None, None) => Err("Authentication credentials were not provided."),
        };
        caller.cloned().map(Caller).map_err(unauthorized)
    }
}

/// Reads a body up to a limit; returns whether it was longer.
async fn collect(mut body: Incoming, limit: usize) -> io::Result<(Bytes, bool)> {
    let mut kept = BytesMut::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(io::Error::other)?.into_data() else { continue };
        length += data.len() as u64;
        if length <= limit as u64 {
            kept.extend_from_slice(&data);
        } else {
            kept = BytesMut::new();
        }
        if length > MAX_DRAINED_BYTES {
            break;
        }
    }
    Ok((kept.freeze(), length > limit as u64))
}

async fn complete(response: Response<Body>) -> io::Result<Complete> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    Ok(Response::from_parts(parts, body))
}

fn too_large() -> ApiError {
    ApiError::detail(StatusCode::PAYLOAD_TOO_LARGE, "Request body exceeded 64 MiB, the largest that is accepted.")
}

/// Writes an error that an extractor made in the format of the API.
fn in_json(response: Complete) -> Complete {
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    let content_type = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if !is_error || content_type.starts_with(b"application/json") || content_type == b"application/xml" {
        return response;
    }
    let (mut parts, text) = response.into_parts();
    let body = serde_json::json!({ "detail": String::from_utf8_lossy(&text) }).to_string();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, Bytes::from(body))
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

/// The response with its own length in its head, and a body that ends before it.
fn cut(response: Complete, after: usize) -> Response<ResponseBody> {
    let (mut parts, body) = response.into_parts();
    if body.is_empty() {
        return Response::from_parts(parts, ResponseBody::whole(body));
    }
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let start = body.slice(..after.min(body.len() - 1));
    Response::from_parts(parts, ResponseBody::cut(start))
}
