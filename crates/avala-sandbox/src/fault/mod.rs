//! Faults: responses that go wrong on demand.

mod error;
mod parse;
mod queue;
mod target;

pub use error::FaultError;
pub(crate) use queue::FaultQueue;
pub(crate) use target::Target;

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};

use crate::storage_error::StorageError;
use target::Pattern;

/// Fault: a failure of a request, on demand.
///
/// It applies to the first request that matches it ([`on`](Fault::on)), or to the first few ([`times`](Fault::times)).
/// Of several faults, the oldest that matches applies. Some faults replace the processing of the request, so that the
/// sandbox has done nothing; others follow it, so that a POST that is sent twice has two results:
///
/// | fault | the request is processed | the client sees |
/// |---|---|---|
/// | [`status`](Fault::status), [`html`](Fault::html), [`redirect`](Fault::redirect) | no | this response |
/// | [`drop_connection`](Fault::drop_connection) | no | a closed connection |
/// | [`drop_response`](Fault::drop_response) | yes | a closed connection |
/// | [`cut_body`](Fault::cut_body) | yes | the response's head and a part of its body |
/// | [`delay`](Fault::delay) | yes | the response, late |
/// | [`stall_body`](Fault::stall_body) | yes | the response's head and a part of its body, and then nothing |
/// | [`corrupt_body`](Fault::corrupt_body) | yes | the response with one wrong byte |
/// | [`resize_body`](Fault::resize_body) | yes | a body that is longer or shorter, with a matching `Content-Length` |
/// | [`cut_request`](Fault::cut_request) | no | a connection that closes while it sends the body |
/// | [`stall_request`](Fault::stall_request) | no | a server that stops reading the body |
/// | [`set_header`](Fault::set_header), [`remove_header`](Fault::remove_header) | yes | another header, or none |
/// | [`ignore_header`](Fault::ignore_header) | yes | a response as if the request did not have this header |
/// | [`change_object`](Fault::change_object) | yes | another version of the object |
/// | [`slow_down`](Fault::slow_down), [`expired_url`](Fault::expired_url) | no | 503 or 403 with the XML of S3 |
///
/// Faults on the storage host are set with [`on_storage`](Fault::on_storage).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use avala_sandbox::{Fault, Sandbox};
///
/// let sandbox = Sandbox::start().await?;
/// sandbox.fault(Fault::status(503).header("retry-after", "1").on("GET", "/tasks/*").times(2))?;
/// sandbox.fault(Fault::drop_response().on("POST", "/exports/"))?;
/// // About every tenth upload is refused as S3 does when it is busy.
/// sandbox.fault(Fault::slow_down().on_storage("PUT", "/*").one_in(10).times(usize::MAX))?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a fault does nothing until the sandbox has it"]
pub struct Fault {
    pub(crate) effect: Effect,
    target: Pattern,
    times: usize,
    /// The fault affects one of this many matching requests.
    one_in: u64,
    /// Number of requests that matched so far.
    fitting: u64,
    /// Error of the first invalid argument, returned by `Sandbox::fault`, so that setters can be chained.
    error: Option<FaultError>,
}

/// Effect of a fault on a request.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    Response(Response),
    DropConnection,
    DropResponse,
    CutBody(u64),
    StallBody(u64),
    CorruptBody(u64),
    ResizeBody(i64),
    CutRequest(u64),
    StallRequest(u64),
    ChangeObject,
    /// With `None` the response has no such header.
    SetHeader(HeaderName, Option<HeaderValue>),
    IgnoreHeader(HeaderName),
    Delay(Duration),
}

/// Response that replaces the processing of a request.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

impl Response {
    pub(crate) fn to_http(&self) -> http::Response<Body> {
        let mut response = http::Response::new(Body::from(self.body.clone()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        response
    }
}

impl Fault {
    /// Responds with this status, and with a JSON body that says that it is a fault.
    pub fn status<S>(status: S) -> Self
    where
        StatusCode: TryFrom<S>,
        <StatusCode as TryFrom<S>>::Error: Into<http::Error>,
    {
        let (status, error) = match StatusCode::try_from(status) {
            Ok(status) => (status, None),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, Some(FaultError::http(error))),
        };
        let body = format!(r#"{{"detail": "A fault of the sandbox: {status}."}}"#);
        let fault = Self::response(status, "application/json", body);
        Self { error, ..fault }
    }

    /// Responds 200 with a page of HTML where JSON is expected, as a proxy does.
    pub fn html() -> Self {
        let page = "<!doctype html><html><body><h1>Please sign in to this network</h1></body></html>";
        Self::response(StatusCode::OK, "text/html; charset=utf-8", page)
    }

    /// Responds 302 with this address.
    pub fn redirect(to: impl AsRef<str>) -> Self {
        Self::response(StatusCode::FOUND, "text/html; charset=utf-8", "").header(header::LOCATION, to.as_ref())
    }

    /// Closes the connection before the request is processed, without a byte of a response.
    pub fn drop_connection() -> Self {
        Self::with_effect(Effect::DropConnection)
    }

    /// Closes the connection after the request was processed, without a byte of the response.
    pub fn drop_response() -> Self {
        Self::with_effect(Effect::DropResponse)
    }

    /// Processes the request, sends the response's head and this many bytes of its body, and closes the connection.
    ///
    /// At least one byte is always missing. A response without a body is sent whole.
    pub fn cut_body(after_bytes: usize) -> Self {
        Self::with_effect(Effect::CutBody(after_bytes as u64))
    }

    /// Processes the request, sends the response's head and this many bytes of its body, and then nothing: the
    /// connection stays open.
    ///
    /// At least one byte is always missing. A response without a body is sent whole.
    pub fn stall_body(after_bytes: u64) -> Self {
        Self::with_effect(Effect::StallBody(after_bytes))
    }

    /// Processes the request, and changes the byte at this offset of the body, or the last one of a shorter body.
    pub fn corrupt_body(at: u64) -> Self {
        Self::with_effect(Effect::CorruptBody(at))
    }

    /// Processes the request, and makes the body longer or shorter by this many bytes, with a matching
    /// `Content-Length`.
    pub fn resize_body(by: i64) -> Self {
        Self::with_effect(Effect::ResizeBody(by))
    }

    /// Reads this many bytes of the request's body at least, and closes the connection. Nothing is processed.
    pub fn cut_request(after_bytes: u64) -> Self {
        Self::with_effect(Effect::CutRequest(after_bytes))
    }

    /// Reads this many bytes of the request's body at least, and then nothing: the connection stays open.
    pub fn stall_request(after_bytes: u64) -> Self {
        Self::with_effect(Effect::StallRequest(after_bytes))
    }

    /// Replaces the requested object of the storage host by another version of the same size, before the request is
    /// processed. It stays changed.
    pub fn change_object() -> Self {
        Self::with_effect(Effect::ChangeObject)
    }

    /// Processes the request, and sets a header of the response, such as a weak `ETag`.
    pub fn set_header<N, V>(name: N, value: V) -> Self
    where
        HeaderName: TryFrom<N>,
        <HeaderName as TryFrom<N>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => Self::with_effect(Effect::SetHeader(name, Some(value))),
            (Err(error), _) => Self::with_effect(Effect::DropResponse).or_error(FaultError::http(error)),
            (_, Err(error)) => Self::with_effect(Effect::DropResponse).or_error(FaultError::http(error)),
        }
    }

    /// Processes the request, and removes a header of the response, such as `ETag` or `Date`.
    pub fn remove_header<N>(name: N) -> Self
    where
        HeaderName: TryFrom<N>,
        <HeaderName as TryFrom<N>>::Error: Into<http::Error>,
    {
        match HeaderName::try_from(name) {
            Ok(name) => Self::with_effect(Effect::SetHeader(name, None)),
            Err(error) => Self::with_effect(Effect::DropResponse).or_error(FaultError::http(error)),
        }
    }

    /// Processes the request as if it did not have this header, as a server without ranges does with `Range`.
    pub fn ignore_header<N>(name: N) -> Self
    where
        HeaderName: TryFrom<N>,
        <HeaderName as TryFrom<N>>::Error: Into<http::Error>,
    {
        match HeaderName::try_from(name) {
            Ok(name) => Self::with_effect(Effect::IgnoreHeader(name)),
            Err(error) => Self::with_effect(Effect::DropResponse).or_error(FaultError::http(error)),
        }
    }

    /// Responds 503 with the `SlowDown` of S3.
    pub fn slow_down() -> Self {
        let error = StorageError::SLOW_DOWN;
        Self::response(error.status(), "application/xml", error.xml())
    }

    /// Responds 403 as for a URL that has expired.
    pub fn expired_url() -> Self {
        let error = StorageError::EXPIRED;
        Self::response(error.status(), "application/xml", error.xml())
    }

    /// Processes the request at once and sends the response after this time.
    pub fn delay(time: Duration) -> Self {
        Self::with_effect(Effect::Delay(time))
    }

    /// Sets a header of a response that replaces processing.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        HeaderName: TryFrom<N>,
        <HeaderName as TryFrom<N>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        match (HeaderName::try_from(name), HeaderValue::try_from(value), &mut self.effect) {
            (Ok(name), Ok(value), Effect::Response(response)) => {
                response.headers.insert(name, value);
                self
            }
            (Ok(_), Ok(_), _) => self.or_error(FaultError::no_response()),
            (Err(error), _, _) => self.or_error(FaultError::http(error)),
            (_, Err(error), _) => self.or_error(FaultError::http(error)),
        }
    }

    /// Sets the body of a response that replaces processing.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        match &mut self.effect {
            Effect::Response(response) => {
                response.body = body.into();
                self
            }
            _ => self.or_error(FaultError::no_response()),
        }
    }

    /// Matches only requests with this method and this path below `/api/v1`, such as `/exports/`.
    ///
    /// URLs that files are sent to are not below `/api/v1`; for them it is the whole path.
    /// A path that ends in `*` matches all paths that start with the rest of it. Without a call of this
    /// method the fault matches every request.
    pub fn on<M>(self, method: M, path: impl Into<String>) -> Self
    where
        Method: TryFrom<M>,
        <Method as TryFrom<M>>::Error: Into<http::Error>,
    {
        self.on_path(method, path.into(), false)
    }

    /// Matches only requests to the storage host with this method and this path, percent-encoded as in the URL.
    ///
    /// `"/*"` matches all of them. The downloads of public objects count as requests to the storage host.
    pub fn on_storage<M>(self, method: M, path: impl Into<String>) -> Self
    where
        Method: TryFrom<M>,
        <Method as TryFrom<M>>::Error: Into<http::Error>,
    {
        self.on_path(method, path.into(), true)
    }

    fn on_path<M>(mut self, method: M, path: String, is_storage: bool) -> Self
    where
        Method: TryFrom<M>,
        <Method as TryFrom<M>>::Error: Into<http::Error>,
    {
        if !path.starts_with('/') {
            return self.or_error(FaultError::path(&path));
        }
        match Method::try_from(method) {
            Ok(method) => {
                self.target = Pattern { method: Some(method), path: Some(path), is_storage };
                self
            }
            Err(error) => self.or_error(FaultError::http(error)),
        }
    }

    /// Applies the fault to this many requests instead of one. `usize::MAX` lasts until the faults are cleared.
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Applies the fault to about one of `count` requests that match, in an order that is the same in every run.
    pub fn one_in(mut self, count: u64) -> Self {
        self.one_in = count.max(1);
        self
    }

    fn with_effect(effect: Effect) -> Self {
        Self { effect, target: Pattern::default(), times: 1, one_in: 1, fitting: 0, error: None }
    }

    fn response(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(content_type))].into_iter().collect();
        Self::with_effect(Effect::Response(Response { status, headers, body: body.into() }))
    }

    fn or_error(mut self, error: FaultError) -> Self {
        self.error.get_or_insert(error);
        self
    }
}
