//! Faults: responses that go wrong on demand.

mod error;
mod parse;
mod queue;

pub use error::FaultError;
pub(crate) use queue::FaultQueue;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};

/// Something that goes wrong with a request.
///
/// It meets the first request that it fits ([`on`](Fault::on)), or the first few ([`times`](Fault::times)), and a
/// request meets at most one: the oldest that fits. Some faults come *instead of* processing, so that the sandbox
/// has done nothing; others come *after* it, so that a POST that is sent twice has two results:
///
/// | fault | the request is processed | the client sees |
/// |---|---|---|
/// | [`status`](Fault::status), [`html`](Fault::html), [`redirect`](Fault::redirect) | no | this response |
/// | [`drop_connection`](Fault::drop_connection) | no | a closed connection |
/// | [`drop_response`](Fault::drop_response) | yes | a closed connection |
/// | [`cut_body`](Fault::cut_body) | yes | the response's head and a part of its body |
/// | [`delay`](Fault::delay) | yes | the response, late |
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use avala_sandbox::{Fault, Sandbox};
///
/// let sandbox = Sandbox::start().await?;
/// sandbox.fault(Fault::status(503).header("retry-after", "1").on("GET", "/tasks/*").times(2))?;
/// sandbox.fault(Fault::drop_response().on("POST", "/exports/"))?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a fault does nothing until the sandbox has it"]
pub struct Fault {
    pub(crate) effect: Effect,
    target: Target,
    times: usize,
    /// What was wrong with the first wrong argument: told by `Sandbox::fault`, so that calls can be chained.
    error: Option<FaultError>,
}

/// What a fault does to a request.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    Response(Response),
    DropConnection,
    DropResponse,
    CutBody(usize),
    Delay(Duration),
}

/// A response that is given instead of processing.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

/// The requests that a fault fits.
#[derive(Debug, Default)]
struct Target {
    method: Option<Method>,
    path: Option<String>,
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
        Self::with_effect(Effect::CutBody(after_bytes))
    }

    /// Processes the request at once and sends the response after this time.
    pub fn delay(time: Duration) -> Self {
        Self::with_effect(Effect::Delay(time))
    }

    /// Sets a header of a response that is given instead of processing.
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

    /// Sets the body of a response that is given instead of processing.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        match &mut self.effect {
            Effect::Response(response) => {
                response.body = body.into();
                self
            }
            _ => self.or_error(FaultError::no_response()),
        }
    }

    /// Meets only requests with this method and this path below `/api/v1`, as `/exports/`.
    ///
    /// Addresses that files are sent to are not below `/api/v1`; for them it is the whole path.
    /// A path that ends in `*` stands for all paths that start with the rest of it. Without a call of this
    /// method the fault fits every request.
    pub fn on<M>(mut self, method: M, path: impl Into<String>) -> Self
    where
        Method: TryFrom<M>,
        <Method as TryFrom<M>>::Error: Into<http::Error>,
    {
        let path = path.into();
        if !path.starts_with('/') {
            return self.or_error(FaultError::path(&path));
        }
        match Method::try_from(method) {
            Ok(method) => {
                self.target = Target { method: Some(method), path: Some(path) };
                self
            }
            Err(error) => self.or_error(FaultError::http(error)),
        }
    }

    /// Meets this many requests instead of one. `usize::MAX` lasts until the faults are cleared.
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    fn with_effect(effect: Effect) -> Self {
        Self { effect, target: Target::default(), times: 1, error: None }
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

impl Target {
    fn fits(&self, method: &Method, api_path: &str) -> bool {
        let method_fits = self.method.as_ref().is_none_or(|wanted| wanted == method);
        let path_fits = self.path.as_deref().is_none_or(|wanted| match wanted.strip_suffix('*') {
            Some(prefix) => api_path.starts_with(prefix),
            None => api_path == wanted,
        });
        method_fits && path_fits
    }
}
