//! The one error of this crate.

mod body;
mod display;
mod json;
mod kept;
mod kind;
pub(crate) mod limits;
#[cfg(feature = "testing")]
pub(crate) mod testing;

use std::time::Duration;

use avala_transport::{BoxError, CallReport, Sent, TimeSpent, TimeoutPhase, TransportError, redact};
use avala_types::{Cursor, Json, LinkError};
use http::header::{CONTENT_ENCODING, LOCATION};
use http::response::Parts;
use http::{HeaderMap, Method, StatusCode, Uri};

pub use body::{FieldError, Quota};
pub use kind::ErrorKind;

use crate::endpoint::Endpoint;
use crate::meta::Meta;
use body::ErrorBody;
use kept::Kept;

/// Why a call failed: one pointer wide, with everything that is known.
///
/// `Display` is one printable line to act on: what was called, what happened, and how often and how long it was tried.
///
/// No secret appears in the message, the fields, the kept body, `Debug`, or any source: see
/// [`redact`](avala_transport::redact) for what is recognized. At most the first 64 kB of a body are looked at, and the
/// number and length of messages are limited.
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
    doc_url: Option<String>,
    field_errors: Vec<FieldError>,
    quota: Option<Quota>,
    request_id: Option<String>,
    report: CallReport,
    sent: Sent,
    timeout_phase: Option<TimeoutPhase>,
    retry_after: Option<Duration>,
    redirect_host: Option<String>,
    json_path: Option<String>,
    body: Option<String>,
    record: Option<Json>,
    source: Option<BoxError>,
}

impl Error {
    fn new(kind: ErrorKind, endpoint: Option<&Endpoint>, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            kind,
            endpoint: endpoint.cloned(),
            message: redact::shorten(&message.into(), limits::MESSAGE),
            status: None,
            code: None,
            doc_url: None,
            field_errors: Vec::new(),
            quota: None,
            request_id: None,
            report: CallReport::default(),
            sent: Sent::No,
            timeout_phase: None,
            retry_after: None,
            redirect_host: None,
            json_path: None,
            body: None,
            record: None,
            source: None,
        }))
    }

    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, None, message)
    }

    /// An argument that no request can be made of; `json_path` is where in the payload it is.
    pub(crate) fn invalid(endpoint: &Endpoint, message: impl Into<String>, json_path: Option<String>) -> Self {
        let mut this = Self::new(ErrorKind::Request, Some(endpoint), message);
        // A value without an inside has no path.
        this.0.json_path = json_path.filter(|path| !path.is_empty());
        this
    }

    /// The transport gave no response, or refused to be built when there is no endpoint.
    pub(crate) fn transport(endpoint: Option<&Endpoint>, error: TransportError) -> Self {
        let mut this = Self::new(ErrorKind::of_transport(error.kind()), endpoint, error.to_string());
        let details = &mut this.0;
        details.status = error.status();
        details.report = error.report().clone();
        details.sent = error.sent();
        details.timeout_phase = error.timeout_phase();
        details.retry_after = error.retry_after();
        details.redirect_host = error.redirect_host().map(str::to_owned);
        details.source = Some(Box::new(error));
        this
    }

    /// The server responded with a status that is not success. `was_cut` says that the body goes on.
    pub(crate) fn response(endpoint: &Endpoint, parts: &Parts, body: &[u8], was_cut: bool) -> Self {
        let kept = Kept::read(body, was_cut);
        let read = kept.node.as_ref().map(ErrorBody::read).unwrap_or_default();
        let kind = ErrorKind::of_status(parts.status, read.quota.is_some());
        let redirect_host = if kind == ErrorKind::Redirect { redirect_host(&parts.headers) } else { None };
        let message = read.message.unwrap_or_else(|| match (&redirect_host, encoding(&parts.headers)) {
            (Some(host), _) => format!("the server responded {} and points to {host}", parts.status.as_u16()),
            (None, Some(encoding)) if !body.is_empty() => {
                format!("{}; the body has the content encoding `{encoding}`, which cannot be decoded", kind.describe())
            }
            _ => kind.describe().to_owned(),
        });
        let mut this = Self::new(kind, Some(endpoint), message).responded(Meta::of(parts), kept);
        let details = &mut this.0;
        details.code = read.code;
        details.doc_url = read.doc_url;
        details.field_errors = read.field_errors;
        details.quota = read.quota;
        details.retry_after = avala_transport::retry_after(&parts.headers);
        details.redirect_host = redirect_host;
        this
    }

    /// The response is not what the call promises.
    pub(crate) fn decoding(endpoint: &Endpoint, parts: &Parts, body: &[u8], failure: Failure) -> Self {
        let message = match encoding(&parts.headers) {
            Some(encoding) if failure.kind == ErrorKind::Decode => {
                format!("the body has the content encoding `{encoding}`, which cannot be decoded; {}", failure.message)
            }
            _ => failure.message,
        };
        let kept = Kept::read(body, false);
        let mut this = Self::new(failure.kind, Some(endpoint), message).responded(Meta::of(parts), kept);
        this.0.json_path = failure.json_path.map(|path| redact::shorten(&path, limits::PATH));
        this.0.record = failure.record;
        this.0.source = failure.source.map(redact::source);
        this
    }

    /// A record of a page is not what the list promises.
    pub(crate) fn record(endpoint: &Endpoint, meta: Meta, failure: Failure) -> Self {
        let kept = Kept::read(failure.record.as_ref().map(Json::get).unwrap_or_default().as_bytes(), false);
        let mut this = Self::new(failure.kind, Some(endpoint), failure.message).responded(meta, kept);
        this.0.json_path = failure.json_path;
        this.0.record = failure.record;
        this
    }

    /// A list that comes back to a page which it had already.
    pub(crate) fn repeated_page(endpoint: &Endpoint, cursor: &Cursor) -> Self {
        let message = format!("the next page is one that the list had already ({cursor}), so it would never end");
        let mut this = Self::new(ErrorKind::Pagination, Some(endpoint), message);
        this.0.sent = Sent::Yes;
        this
    }

    /// Creates the error of a link that does not lead to a page of the list; `sent` says whether this call sent anything.
    pub(crate) fn link(endpoint: &Endpoint, error: &LinkError, sent: Sent) -> Self {
        let mut this = Self::new(ErrorKind::Pagination, Some(endpoint), error.to_string());
        this.0.sent = sent;
        this
    }

    /// What was waited for ended, and not well.
    pub(crate) fn job_failed(endpoint: &Endpoint, meta: Meta, message: String) -> Self {
        Self::new(ErrorKind::JobFailed, Some(endpoint), message).responded(meta, Kept::read(&[], false))
    }

    /// What was waited for did not come in time; `source` is the last poll that failed, if one did.
    pub(crate) fn wait_timeout(endpoint: &Endpoint, message: String, elapsed: Duration, source: Option<Self>) -> Self {
        let mut this = Self::new(ErrorKind::Timeout, Some(endpoint), message);
        this.0.report.elapsed = elapsed;
        this.0.sent = Sent::Yes;
        this.0.source = source.map(Into::into);
        this
    }

    fn responded(mut self, meta: Meta, kept: Kept) -> Self {
        let details = &mut self.0;
        details.status = Some(meta.status);
        details.request_id = meta.request_id;
        details.report = meta.report;
        details.sent = Sent::Yes;
        details.body = Some(kept.text);
        self
    }

    /// The kind of an error.
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

    /// The error message (the server's, if it sent one), with secrets redacted. It may have line breaks.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the status of the response, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The server's own code for what happened, as `dataset_limit_reached`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The server's documentation of the error, if its response names a page.
    #[must_use]
    pub fn doc_url(&self) -> Option<&str> {
        self.0.doc_url.as_deref()
    }

    /// What the server found wrong, field by field: at most 64 fields, and 16 kB in all.
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

    /// Returns the report about the call: attempts, elapsed time, and how it was spent.
    #[must_use]
    pub fn report(&self) -> &CallReport {
        &self.0.report
    }

    /// Returns the number of attempts.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.report.attempts
    }

    /// How long the call took, retries and waiting included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.report.elapsed
    }

    /// Returns the time spent queued, backing off, and in attempts.
    #[must_use]
    pub fn time_spent(&self) -> TimeSpent {
        self.0.report.time_spent
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

    /// Whether the server has no such resource (404), or a sequence no such frame.
    ///
    /// A resource of another account is also not found. Check the identifier, and which account the key belongs to.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ErrorKind::NotFound
    }

    /// Whether the API key is missing, wrong or revoked (401). Repeating the call with the same key will not help.
    #[must_use]
    pub fn is_authentication(&self) -> bool {
        self.0.kind == ErrorKind::Authentication
    }

    /// Whether the request contradicts the state of the resource (409), as when a name is taken.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.0.kind == ErrorKind::Conflict
    }

    /// Whether the server rejected values of the request (400 or 422): see [`field_errors`](Self::field_errors).
    #[must_use]
    pub fn is_validation(&self) -> bool {
        self.0.kind == ErrorKind::Validation
    }

    /// Whether a rate limit, the server's or the client's own, refused the call: see
    /// [`retry_after`](Self::retry_after).
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.0.kind == ErrorKind::RateLimited
    }

    /// Whether a timeout ended the call: see [`timeout_phase`](Self::timeout_phase), and [`sent`](Self::sent) for
    /// whether the server may have acted.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
    }

    /// The host that a refused redirect points to, for errors of the kind [`ErrorKind::Redirect`].
    #[must_use]
    pub fn redirect_host(&self) -> Option<&str> {
        self.0.redirect_host.as_deref()
    }

    /// Where in the response decoding failed, as `results[3].uid`, for errors of the kind [`ErrorKind::Decode`]; where in
    /// the payload a number is that JSON cannot express, for errors of the kind [`ErrorKind::Request`].
    #[must_use]
    pub fn json_path(&self) -> Option<&str> {
        self.0.json_path.as_deref()
    }

    /// The exact text of the record of a list that could not be decoded, with any secrets in it.
    ///
    /// `Display` and `Debug` of the error do not show it.
    #[must_use]
    pub fn raw_record(&self) -> Option<&Json> {
        self.0.record.as_ref()
    }

    /// The body of the response, with secrets redacted.
    ///
    /// It is valid JSON if the body was, and not longer than 64 kB. Of a longer body it has the values that are complete
    /// within the first 64 kB, and ends with `… (truncated)`. Of a text that is not JSON it has the first 4 kB.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        self.0.body.as_deref()
    }
}

/// Reason why a successful response cannot be used.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) json_path: Option<String>,
    /// The record of a page that could not be decoded.
    pub(crate) record: Option<Json>,
    pub(crate) source: Option<BoxError>,
}

impl Failure {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), json_path: None, record: None, source: None }
    }
}

/// The content encoding of a response that nothing has decoded, if it names one.
fn encoding(headers: &HeaderMap) -> Option<String> {
    let encoding = String::from_utf8_lossy(headers.get(CONTENT_ENCODING)?.as_bytes());
    let encoding = redact::shorten(encoding.trim(), 40);
    (!encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity")).then_some(encoding)
}

/// The host in a `Location`, without user information, path and query.
fn redirect_host(headers: &HeaderMap) -> Option<String> {
    let location = headers.get(LOCATION)?.to_str().ok()?;
    let uri: Uri = match location.strip_prefix("//") {
        Some(rest) => format!("https://{rest}").parse().ok()?,
        None => location.parse().ok()?,
    };
    uri.scheme()?;
    uri.host().map(|host| redact::shorten(host, limits::PATH))
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn responded(status: u16, body: &str) -> Error {
        let mut response = http::Response::new(());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        Error::response(&endpoint(), &response.into_parts().0, body.as_bytes(), false)
    }

    fn endpoint() -> Endpoint {
        Endpoint::get("datasets.get", "/datasets/{uid}/")
    }

    #[test]
    fn it_is_one_pointer_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn display_is_one_line_to_act_on() {
        assert_eq!(
            responded(404, r#"{"detail": "No such\ndataset."}"#).to_string(),
            "datasets.get: not found: No such dataset. (GET /datasets/{uid}/, status 404, 1 attempt in 0.000 s)"
        );
        assert_eq!(
            responded(404, r#"{"detail": "Not found."}"#).to_string(),
            "datasets.get: Not found. (GET /datasets/{uid}/, status 404, 1 attempt in 0.000 s)"
        );
        assert_eq!(
            responded(400, r#"{"slug": ["Taken.", "Too short."]}"#).to_string(),
            "datasets.get: refused as invalid; slug: Taken. Too short. (GET /datasets/{uid}/, status 400, \
             1 attempt in 0.000 s)"
        );
        let odd = responded(400, r#"{"slug\u202e": ["a\u001b[31m\u2028b\u200b"]}"#).to_string();
        assert!(odd.contains(r"slug\u{202e}: a\u{1b}[31m\u{2028}b\u{200b}"), "{odd}");
    }

    #[test]
    fn no_secret_is_shown_by_way_of_the_source() {
        let body = bytes::Bytes::from_static(br#"{"uid": "t1", "created_at": "avk_9f8e7d6c5b4a3210"}"#);
        let parts = http::Response::new(()).into_parts().0;
        let source = crate::decode::Source { body: &body, path: "", own_uid: None, is_strict: true, parts: &parts };
        let failure = crate::decode::model::<avala_types::Task>(source).unwrap_err();
        let error = Error::decoding(&endpoint(), &parts, &body, failure);
        let seen = format!("{error} {error:?} {error:#?}");
        assert!(seen.contains("created_at") && seen.contains("avk_***") && !seen.contains("9f8e7d6c"), "{seen}");
    }

    #[test]
    fn a_long_text_is_cut_after_its_secrets_are_gone() {
        let secret = format!("{}Bearer {}", "é".repeat(limits::KEPT_TEXT / 2 - 4), "s".repeat(64));
        let error = responded(500, &secret);
        let body = error.body().unwrap();
        assert!(body.len() <= limits::KEPT_TEXT + "…".len() && !body.contains("sss"), "{}", body.len());
    }
}
