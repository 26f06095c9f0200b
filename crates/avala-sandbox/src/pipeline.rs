//! The path of a request from its first byte to its response.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::timeout;
use tower::ServiceExt;

use crate::app::App;
use crate::error::ApiError;
use crate::fault::{Effect, Target};

use crate::handlers::{public_datasets, signup};
use crate::protocol::{API_KEY_HEADER, API_PREFIX, BODY_TIMEOUT, CONTROL_PREFIX, DOWNLOAD_PREFIX, MAX_DRAINED_BYTES};
use crate::rate_limit::Limiter;
use crate::request::caller::Caller;
use crate::request_body::{RequestBody, Stop};
use crate::request_log::{OnResponse, RequestLog};
use crate::response_body::ResponseBody;
use crate::screen;
use crate::state::clock;

/// Maximum size of the body of a call.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// The steps of a request, in the order of [`response`](Pipeline::response) and [`process`](Pipeline::process).
pub(crate) struct Pipeline {
    pub(crate) router: Router,
    pub(crate) app: App,
    pub(crate) limiter: Limiter,
    /// Rate limit of calls without a key.
    pub(crate) anonymous_limiter: Limiter,
    pub(crate) log: RequestLog,
    pub(crate) latency: Duration,
    pub(crate) on_response: Box<OnResponse>,
}

/// Receiver of a request: the API or the storage host.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Api,
    Control,
    /// It streams bodies, without keys and limits.
    Storage,
}

impl Part {
    fn of(path: &str) -> Self {
        match path.strip_prefix(API_PREFIX) {
            Some(path) if path.starts_with(DOWNLOAD_PREFIX) => Self::Storage,
            Some(_) => Self::Api,
            None if path.starts_with(CONTROL_PREFIX) => Self::Control,
            None => Self::Storage,
        }
    }
}

impl Pipeline {
    /// Responds to a request. An error closes the connection without a response.
    pub(crate) async fn response(&self, request: Request<Incoming>) -> io::Result<Response<ResponseBody>> {
        let (mut parts, body) = request.into_parts();
        let part = Part::of(parts.uri.path());
        let api_path = parts.uri.path().strip_prefix(API_PREFIX).unwrap_or(parts.uri.path()).to_owned();
        let fault = match part {
            // A fault on every path does not apply to the routes that set faults.
            Part::Control => None,
            _ => self.app.faults().take(&Target::of(&parts.method, &api_path, part == Part::Storage)),
        };
        if let Some(Effect::IgnoreHeader(name)) = &fault {
            parts.headers.remove(name);
        }
        let body = RequestBody::new(body, stop(fault.as_ref()));
        let is_anonymous = is_open(&api_path);

        let (number, response) = if part == Part::Storage {
            let number = self.log.begin(&parts, &Bytes::new());
            (number, self.storage_response(parts, body, fault.as_ref()).await)
        } else {
            let mut body = body;
            let collected = timeout(BODY_TIMEOUT, collect(&mut body)).await.unwrap_or_else(|late| Err(late.into()));
            let (body, length) = collected.as_ref().map_or((Bytes::new(), 0), Clone::clone);
            let number = self.log.begin(&parts, &body);
            let response = match collected {
                Ok(_) => {
                    let is_too_large = length > MAX_BODY_BYTES as u64;
                    self.call_response(parts, body, is_too_large, fault.as_ref()).await
                }
                // What follows on the connection cannot be told from the body.
                Err(error) if is_malformed(&error) => {
                    Ok(Some(([(header::CONNECTION, "close")], malformed()).into_response()))
                }
                Err(error) => Err(error),
            };
            (number, response)
        };
        let mut response = response?;
        if let Some(response) = &mut response {
            let id = HeaderValue::from_str(&format!("req_{number:08}")).map_err(io::Error::other)?;
            if part == Part::Storage {
                response.headers_mut().insert("x-amz-request-id", id);
            } else {
                let limiter = if is_anonymous { &self.anonymous_limiter } else { &self.limiter };
                limiter.describe(response.headers_mut());
                response.headers_mut().entry("x-request-id").or_insert(id);
            }
            let now = self.app.storage(|storage| storage.clock.now());
            let date = HeaderValue::from_str(&clock::http_date(now)).map_err(io::Error::other)?;
            response.headers_mut().insert(header::DATE, date);
            match &fault {
                Some(Effect::SetHeader(name, Some(value))) => drop(response.headers_mut().insert(name, value.clone())),
                Some(Effect::SetHeader(name, None)) => drop(response.headers_mut().remove(name)),
                _ => {}
            }
        }
        let wait = match fault {
            Some(Effect::Delay(delay)) => self.latency + delay,
            _ => self.latency,
        };
        // Tokio rounds up to the next millisecond, and a delay of zero should take no time.
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }

        let response = response.filter(|_| !matches!(fault, Some(Effect::DropResponse)));
        if let Some(entry) = self.log.end(number, response.as_ref().map(Response::status)) {
            (self.on_response)(&entry);
        }
        response.map(|response| damage(response, fault.as_ref())).ok_or_else(|| io::Error::other("dropped by a fault"))
    }

    /// Responds to a call of the API or of a control route; `None` when a fault closes the connection.
    async fn call_response(
        &self,
        parts: Parts,
        body: Bytes,
        is_too_large: bool,
        fault: Option<&Effect>,
    ) -> io::Result<Option<Response<Body>>> {
        Ok(match fault {
            Some(Effect::DropConnection) => None,
            Some(Effect::Response(canned)) => Some(canned.to_http()),
            _ if is_too_large => Some(too_large().into_response()),
            _ => Some(in_json(self.process(Request::from_parts(parts, Body::from(body))).await).await?),
        })
    }

    /// Responds to a request to the storage host; `None` when a fault closes the connection.
    async fn storage_response(
        &self,
        parts: Parts,
        mut body: RequestBody,
        fault: Option<&Effect>,
    ) -> io::Result<Option<Response<Body>>> {
        match fault {
            Some(Effect::DropConnection) => return Ok(None),
            Some(Effect::Response(canned)) => {
                timeout(BODY_TIMEOUT, drain(&mut body)).await??;
                return Ok(Some(canned.to_http()));
            }
            Some(Effect::ChangeObject) => drop(self.app.tables().change_object(parts.uri.path())),
            _ => {}
        }
        let response = self.process(Request::from_parts(parts, Body::new(body))).await;
        // If a fault has ended the body, its bytes and the connection are dropped.
        Ok(Some(response).filter(|_| !matches!(fault, Some(Effect::CutRequest(_)))))
    }

    async fn process(&self, mut request: Request<Body>) -> Response<Body> {
        match self.refuse(&mut request) {
            Some(refusal) => refusal,
            None => {
                let Ok(response) = self.router.clone().oneshot(request).await;
                response
            }
        }
    }

    /// Rejects a request for reasons that do not depend on its route, and records its caller.
    fn refuse(&self, request: &mut Request<Body>) -> Option<Response<Body>> {
        if let Err(error) = screen::check(request) {
            return Some(error.into_response());
        }
        if Part::of(request.uri().path()) != Part::Api {
            return None;
        }
        let api_path = request.uri().path().strip_prefix(API_PREFIX)?;
        if let Some(location) = with_trailing_slash(request) {
            return Some((StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, location)]).into_response());
        }
        let limiter = if is_open(api_path) {
            &self.anonymous_limiter
        } else {
            match self.caller(request.headers()) {
                Ok(caller) => drop(request.extensions_mut().insert(caller)),
                Err(unauthorized) => return Some(unauthorized.into_response()),
            }
            &self.limiter
        };
        let refused = limiter.take().err()?;
        Some(ApiError::throttled(refused.retry_after).into_response())
    }

    /// Returns the user of the API key or access token of a request.
    fn caller(&self, headers: &HeaderMap) -> Result<Caller, ApiError> {
        let unauthorized = |sentence| ApiError::detail(StatusCode::UNAUTHORIZED, sentence);
        // Django joins repeated headers to one value, which is no key.
        let is_repeated = |name| headers.get_all(name).iter().nth(1).is_some();
        if is_repeated(API_KEY_HEADER) || is_repeated(header::AUTHORIZATION.as_str()) {
            return Err(unauthorized("Send one API key or access token, not several."));
        }
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

/// Returns whether a call needs no key.
fn is_open(api_path: &str) -> bool {
    signup::is_open(api_path) || public_datasets::is_open(api_path)
}

/// Returns the byte at which a fault stops reading the body of the request.
fn stop(fault: Option<&Effect>) -> Option<(u64, Stop)> {
    match fault {
        Some(Effect::CutRequest(after)) => Some((*after, Stop::Close)),
        Some(Effect::StallRequest(after)) => Some((*after, Stop::Stall)),
        _ => None,
    }
}

/// Reads a body up to the limit of calls; returns its length.
async fn collect(body: &mut RequestBody) -> io::Result<(Bytes, u64)> {
    let mut kept = BytesMut::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        length += data.len() as u64;
        if length <= MAX_BODY_BYTES as u64 {
            kept.extend_from_slice(&data);
        } else {
            kept = BytesMut::new();
        }
        if length > MAX_DRAINED_BYTES {
            break;
        }
    }
    Ok((kept.freeze(), length))
}

/// Reads and drops a body, so that the client reads the response. There is a limit to that.
async fn drain(body: &mut RequestBody) -> io::Result<()> {
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        length += frame?.data_ref().map_or(0, |data| data.len() as u64);
        if length > MAX_DRAINED_BYTES {
            break;
        }
    }
    Ok(())
}

/// Returns whether a body cannot be read because of its form: a chunk has no size, or does not end where it should.
fn is_malformed(error: &io::Error) -> bool {
    let mut next = error.get_ref().map(|error| error as &(dyn std::error::Error + 'static));
    while let Some(error) = next {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(kind, Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)) {
            return true;
        }
        next = error.source();
    }
    false
}

fn malformed() -> ApiError {
    ApiError::detail(StatusCode::BAD_REQUEST, "Malformed request body: invalid chunk or trailer.")
}

fn too_large() -> ApiError {
    ApiError::detail(StatusCode::PAYLOAD_TOO_LARGE, "Request body exceeded 64 MiB, the largest that is accepted.")
}

/// Writes an error that an extractor made in the format of the API.
async fn in_json(response: Response<Body>) -> io::Result<Response<Body>> {
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    let content_type = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if !is_error || content_type.starts_with(b"application/json") {
        return Ok(response);
    }
    let (mut parts, text) = response.into_parts();
    let text = text.collect().await.map_err(io::Error::other)?.to_bytes();
    let body = serde_json::json!({ "detail": String::from_utf8_lossy(&text) }).to_string();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// Returns the correct path of a request whose path has no slash at the end.
fn with_trailing_slash<B>(request: &Request<B>) -> Option<String> {
    let uri = request.uri();
    if uri.path().ends_with('/') {
        return None;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("{}/{query}", uri.path()))
}

/// Applies a fault to the response. A body that ends too early is announced with its real length.
fn damage(response: Response<Body>, fault: Option<&Effect>) -> Response<ResponseBody> {
    use http_body::Body as _;
    let length = response.body().size_hint().exact().filter(|length| *length > 0);
    let (Some(length), Some(fault)) = (length, fault) else { return response.map(ResponseBody::whole) };
    let (mut parts, body) = response.into_parts();
    let (length, body) = match fault {
        Effect::CutBody(after) => (length, ResponseBody::cut(body, (*after).min(length - 1))),
        Effect::StallBody(after) => (length, ResponseBody::stalled(body, (*after).min(length - 1))),
        Effect::CorruptBody(at) => (length, ResponseBody::corrupt(body, (*at).min(length - 1))),
        Effect::ResizeBody(by) => {
            let length = length.saturating_add_signed(*by);
            (length, ResponseBody::resized(body, length))
        }
        _ => return Response::from_parts(parts, ResponseBody::whole(body)),
    };
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    Response::from_parts(parts, body)
}
