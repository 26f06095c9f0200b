//! The one error of this crate.

mod body;
mod kind;
mod redact;

use std::fmt;
use std::time::Duration;

use avala_transport::{BoxError, Sent, TimeSpent, TimeoutPhase, TransportError};
use avala_types::{Cursor, LinkError};
use http::{Method, StatusCode};

pub use body::{FieldError, Quota};
pub use kind::ErrorKind;
pub(crate) use redact::redact;

use crate::endpoint::Endpoint;
use crate::meta::Meta;
use body::ErrorBody;

/// How much of an answer an error keeps, in bytes.
const KEPT_BODY: usize = 4096;

/// Why a call failed: one pointer wide, with everything that is known.
///
/// `Display` is one line to act on: what was called, what happened, and how often and how long it was tried.
///
/// ```
/// # async fn example(avala: avala_client::Avala) {
/// use avala_client::ErrorKind;
///
/// match avala.datasets().get("d1").await {
///     Ok(dataset) => println!("{}", dataset.name),
///     Err(error) if error.kind() == ErrorKind::NotFound => println!("no such dataset"),
///     Err(error) if error.is_retryable() => println!("later, perhaps: {error}"),
///     Err(error) => eprintln!("{error}"),
/// }
/// # }
/// ```
pub struct Error(Box<Details>);

struct Details {
    kind: ErrorKind,
    endpoint: Option<Endpoint>,
    message: String,
    status: Option<StatusCode>,
    code: Option<String>,
    field_errors: Vec<FieldError>,
    quota: Option<Quota>,
    request_id: Option<String>,
    attempts: u32,
    elapsed: Duration,
    time_spent: TimeSpent,
    sent: Sent,
    timeout_phase: Option<TimeoutPhase>,
    retry_after: Option<Duration>,
    redirect_host: Option<String>,
    json_path: Option<String>,
    body: Option<String>,
    source: Option<BoxError>,
}

/// An argument that no request can be made of. It keeps a call cloneable until somebody sends it.
#[derive(Clone, Debug)]
pub(crate) struct Invalid {
    pub(crate) endpoint: Endpoint,
    pub(crate) message: String,
    /// Where in the payload it is.
    pub(crate) json_path: Option<String>,
}

impl Invalid {
    pub(crate) fn new(endpoint: &Endpoint, message: impl Into<String>) -> Self {
        Self { endpoint: endpoint.clone(), message: message.into(), json_path: None }
    }
}

impl Error {
    fn new(kind: ErrorKind, endpoint: Option<&Endpoint>, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            kind,
            endpoint: endpoint.cloned(),
            message: message.into(),
            status: None,
            code: None,
            field_errors: Vec::new(),
            quota: None,
            request_id: None,
            attempts: 0,
            elapsed: Duration::ZERO,
            time_spent: TimeSpent::default(),
            sent: Sent::No,
            timeout_phase: None,
            retry_after: None,
            redirect_host: None,
            json_path: None,
            body: None,
            source: None,
        }))
    }

    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, None, message)
    }

    /// The transport gave no answer, or refused to be built when there is no endpoint.
    pub(crate) fn transport(endpoint: Option<&Endpoint>, error: TransportError) -> Self {
        let mut this = Self::new(ErrorKind::of_transport(error.kind()), endpoint, redact(&error.to_string()));
        let details = &mut this.0;
        details.status = error.status();
        details.attempts = error.attempts();
        details.elapsed = error.elapsed();
        details.time_spent = error.time_spent();
        details.sent = error.sent();
        details.timeout_phase = error.timeout_phase();
        details.retry_after = error.retry_after();
        details.redirect_host = error.redirect_host().map(str::to_owned);
        details.source = Some(Box::new(error));
        this
    }

    /// The server answered with a status that is not success.
    pub(crate) fn response(endpoint: &Endpoint, meta: Meta, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let read = ErrorBody::read(body);
        let kind = ErrorKind::of_status(meta.status, read.quota.is_some());
        let message = read.message.unwrap_or_else(|| kind.describe().to_owned());
        let mut this = Self::new(kind, Some(endpoint), message).answered(meta, body);
        let details = &mut this.0;
        details.code = read.code;
        details.field_errors = read.field_errors;
        details.quota = read.quota;
        details.retry_after = retry_after;
        this
    }

    /// The server's answer is not what the call promises.
    pub(crate) fn answer(endpoint: &Endpoint, meta: Meta, body: &[u8], failure: Failure) -> Self {
        let mut this = Self::new(failure.kind, Some(endpoint), redact(&failure.message)).answered(meta, body);
        this.0.json_path = failure.json_path;
        this.0.source = failure.source;
        this
    }

    /// A list that comes back to a page which it had already.
    pub(crate) fn circle(endpoint: &Endpoint, cursor: &Cursor) -> Self {
        let message = format!("the next page is one that the list had already ({cursor}), so it would never end");
        let mut this = Self::new(ErrorKind::Pagination, Some(endpoint), message);
        this.0.sent = Sent::Yes;
        this
    }

    /// Creates the error of a link that does not lead to a page of the list; `sent` says whether this call sent anything.
    pub(crate) fn link(endpoint: &Endpoint, error: &LinkError, sent: Sent) -> Self {
        let mut this = Self::new(ErrorKind::Pagination, Some(endpoint), redact(&error.to_string()));
        this.0.sent = sent;
        this
    }

    /// What was waited for ended, and not well.
    pub(crate) fn job_failed(endpoint: &Endpoint, meta: Meta, message: String) -> Self {
        Self::new(ErrorKind::JobFailed, Some(endpoint), redact(&message)).answered(meta, &[])
    }

    /// What was waited for did not come in time; `source` is the last poll that failed, if one did.
    pub(crate) fn wait_timeout(endpoint: &Endpoint, message: String, elapsed: Duration, source: Option<Self>) -> Self {
        let mut this = Self::new(ErrorKind::Timeout, Some(endpoint), message);
        this.0.elapsed = elapsed;
        this.0.sent = Sent::Yes;
        this.0.source = source.map(Into::into);
        this
    }

    fn answered(mut self, meta: Meta, body: &[u8]) -> Self {
        let details = &mut self.0;
        details.status = Some(meta.status);
        details.request_id = meta.request_id;
        details.attempts = meta.attempts;
        details.elapsed = meta.elapsed;
        details.time_spent = meta.time_spent;
        details.sent = Sent::Yes;
        details.body = Some(kept(body));
        self
    }

    /// What went wrong, in one word.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The call, as `datasets.get`; empty when there was none.
    #[must_use]
    pub fn operation(&self) -> &str {
        self.0.endpoint.as_ref().map_or("", |endpoint| endpoint.operation)
    }

    /// The method of the call.
    #[must_use]
    pub fn method(&self) -> Option<&Method> {
        self.0.endpoint.as_ref().map(|endpoint| &endpoint.method)
    }

    /// The path of the call with its placeholders, as `/datasets/{uid}/`; empty when there was none.
    #[must_use]
    pub fn route(&self) -> &str {
        self.0.endpoint.as_ref().map_or("", |endpoint| endpoint.route)
    }

    /// What happened, in the server's words where it had some. Secrets are blotted out.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The status of the answer, when there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The server's own code for what happened, as `dataset_limit_reached`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// What the server found wrong, field by field.
    #[must_use]
    pub fn field_errors(&self) -> &[FieldError] {
        &self.0.field_errors
    }

    /// The quota that is used up, for errors of the kind [`ErrorKind::QuotaExceeded`].
    #[must_use]
    pub fn quota(&self) -> Option<Quota> {
        self.0.quota
    }

    /// The server's name for this call, to quote to its support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How many attempts were made.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long the call took, retries and waiting included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// Where that time went: standing in line, backing off, in attempts.
    #[must_use]
    pub fn time_spent(&self) -> TimeSpent {
        self.0.time_spent
    }

    /// Whether the server can have acted on the call. `Maybe` means: look before you repeat what is not repeatable.
    #[must_use]
    pub fn sent(&self) -> Sent {
        self.0.sent
    }

    /// Which time ran out, for errors of the kind [`ErrorKind::Timeout`]; `None` when waiting for a job took too long.
    #[must_use]
    pub fn timeout_phase(&self) -> Option<TimeoutPhase> {
        self.0.timeout_phase
    }

    /// How long to wait before the call is worth another try, where the server or the rate limiter said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the same call may succeed later, with nothing changed.
    ///
    /// When you see this, the transport has made its own retries already: put the work back in its queue, or try
    /// again after [`retry_after`](Self::retry_after). It does not say that repeating is harmless: for a call that
    /// creates something, look at [`sent`](Self::sent) first.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.kind.is_retryable(self.0.status)
    }

    /// The host that a refused redirect points to, for errors of the kind [`ErrorKind::Redirect`].
    #[must_use]
    pub fn redirect_host(&self) -> Option<&str> {
        self.0.redirect_host.as_deref()
    }

    /// Where in the answer decoding failed, as `results[3].uid`, for errors of the kind [`ErrorKind::Decode`]; where in
    /// the payload a number is that JSON cannot express, for errors of the kind [`ErrorKind::Request`].
    #[must_use]
    pub fn json_path(&self) -> Option<&str> {
        self.0.json_path.as_deref()
    }

    /// The start of the answer, with secrets blotted out.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        self.0.body.as_deref()
    }
}

/// Why an answer with a good status cannot be used.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) json_path: Option<String>,
    pub(crate) source: Option<BoxError>,
}

impl Failure {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), json_path: None, source: None }
    }
}

/// The start of a body that an error keeps. Secrets go first, so that none is cut into something unrecognizable.
fn kept(body: &[u8]) -> String {
    let start = body.get(..4 * KEPT_BODY).unwrap_or(body);
    let mut text = redact(&String::from_utf8_lossy(start));
    if text.len() > KEPT_BODY {
        text.truncate(text.floor_char_boundary(KEPT_BODY));
        text.push('…');
    }
    text
}

impl From<Invalid> for Error {
    fn from(Invalid { endpoint, message, json_path }: Invalid) -> Self {
        let mut this = Self::new(ErrorKind::Request, Some(&endpoint), message);
        // A value without an inside has no path.
        this.0.json_path = json_path.filter(|path| !path.is_empty());
        this
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { kind, endpoint, message, status, request_id, attempts, elapsed, retry_after, .. } = &*self.0;
        if let Some(endpoint) = endpoint {
            write!(f, "{}: ", endpoint.operation)?;
        }
        f.write_str(kind.describe())?;
        if message != kind.describe() {
            // A server may send line breaks, and this must stay one line.
            write!(f, ": {}", message.replace(['\r', '\n'], " "))?;
        }
        for FieldError { field, messages } in &self.0.field_errors {
            write!(f, "; {field}: {}", messages.join(" ").replace(['\r', '\n'], " "))?;
        }
        if let Some(path) = &self.0.json_path {
            write!(f, " at {path}")?;
        }
        let Some(endpoint) = endpoint else { return Ok(()) };
        write!(f, " ({} {}", endpoint.method, endpoint.route)?;
        if let Some(status) = status {
            write!(f, ", status {}", status.as_u16())?;
        }
        if let Some(id) = request_id {
            write!(f, ", request id {id}")?;
        }
        if *attempts > 0 {
            let plural = if *attempts == 1 { "" } else { "s" };
            write!(f, ", {attempts} attempt{plural} in {:.3} s", elapsed.as_secs_f64())?;
        }
        if let Some(wait) = retry_after {
            write!(f, ", retry after {:.0} s", wait.as_secs_f64().ceil())?;
        }
        f.write_str(")")
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details {
            kind, endpoint, message, status, code, field_errors, request_id, attempts, elapsed, sent, ..
        } = &*self.0;
        f.debug_struct("Error")
            .field("kind", kind)
            .field("operation", &endpoint.as_ref().map(|endpoint| endpoint.operation))
            .field("message", message)
            .field("status", status)
            .field("code", code)
            .field("field_errors", field_errors)
            .field("request_id", request_id)
            .field("attempts", attempts)
            .field("elapsed", elapsed)
            .field("sent", sent)
            .field("json_path", &self.0.json_path)
            .field("body", &self.0.body)
            // Its own `Debug` may repeat what the server sent, which is blotted out everywhere else.
            .field("source", &self.0.source.as_ref().map(|source| redact(&source.to_string())))
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, body: &str) -> Error {
        let mut meta = Meta::of(&http::Response::new(()).into_parts().0);
        meta.status = StatusCode::from_u16(status).unwrap();
        meta.attempts = 1;
        Error::response(&Endpoint::get("datasets.get", "/datasets/{uid}/"), meta, None, body.as_bytes())
    }

    #[test]
    fn it_is_one_pointer_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn display_is_one_line_to_act_on() {
        assert_eq!(
            answered(404, r#"{"detail": "No such\ndataset."}"#).to_string(),
            "datasets.get: not found: No such dataset. (GET /datasets/{uid}/, status 404, 1 attempt in 0.000 s)"
        );
        assert_eq!(
            answered(400, r#"{"slug": ["Taken.", "Too short."]}"#).to_string(),
            "datasets.get: refused as invalid; slug: Taken. Too short. (GET /datasets/{uid}/, status 400, \
             1 attempt in 0.000 s)"
        );
    }

    #[test]
    fn secrets_are_blotted_out_everywhere() {
        let error = answered(401, r#"{"detail": "avk_9f8e7d6c5b4a3210 is not valid", "api_key": "hunter2hunter2"}"#);
        let seen = format!("{error} {error:?} {:?} {}", error.body(), error.message());
        assert!(!seen.contains("9f8e7d6c") && !seen.contains("hunter2"), "{seen}");
    }

    #[test]
    fn no_secret_is_shown_by_way_of_the_source() {
        let body = bytes::Bytes::from_static(br#"{"uid": "t1", "created_at": "avk_9f8e7d6c5b4a3210"}"#);
        let source = crate::decode::Source { body: &body, path: "" };
        let failure = crate::decode::json::<avala_types::Task>(source).unwrap_err();
        let meta = Meta::of(&http::Response::new(()).into_parts().0);
        let error = Error::answer(&Endpoint::get("tasks.get", "/tasks/{uid}/"), meta, &body, failure);
        let seen = format!("{error} {error:?} {error:#?}");
        assert!(seen.contains("created_at") && seen.contains("avk_***") && !seen.contains("9f8e7d6c"), "{seen}");
    }

    #[test]
    fn a_long_body_is_cut_after_its_secrets_are_gone() {
        let secret = format!("{}Bearer {}", "é".repeat(KEPT_BODY / 2 - 4), "s".repeat(64));
        let error = answered(500, &secret);
        let body = error.body().unwrap();
        assert!(body.len() <= KEPT_BODY + "…".len() && !body.contains("sss"), "{}", body.len());
    }
}
