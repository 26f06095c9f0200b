//! The error of this crate.

mod body;
mod create;
mod display;
mod json;
mod kept;
mod kind;
pub(crate) mod limits;
#[cfg(feature = "testing")]
pub(crate) mod testing;

use std::time::Duration;

use avala_transport::{BoxError, CallReport, Sent, TimeSpent, TimeoutPhase, redact};
use avala_types::Json;
use http::{Method, StatusCode};

pub use body::{FieldError, Quota};
pub use kind::ErrorKind;

use crate::endpoint::Endpoint;

/// Error of a call: one pointer wide, with everything that is known.
///
/// `Display` is one printable line: the call, what failed, the number of attempts and the elapsed time.
///
/// No secret appears in the message, the fields, the kept body, `Debug`, or any source: see
/// [`redact`](avala_transport::redact) for what is recognized. At most the first 64 kB of a body are read, and the
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

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the operation, such as `datasets.get`; `None` for an error outside a call, such as an invalid
    /// configuration.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.0.endpoint.as_ref().map(|endpoint| endpoint.operation)
    }

    /// Returns the method of the call; `None` for an error outside a call.
    #[must_use]
    pub fn method(&self) -> Option<&Method> {
        self.0.endpoint.as_ref().map(|endpoint| &endpoint.method)
    }

    /// Returns the path with placeholders, such as `/datasets/{uid}/`; `None` for an error outside a call.
    #[must_use]
    pub fn route(&self) -> Option<&str> {
        self.0.endpoint.as_ref().map(|endpoint| endpoint.route)
    }

    /// Returns the message (the server's, if it sent one), with secrets redacted. It may have line breaks.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the status of the response, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// Returns the server's error code, such as `dataset_limit_reached`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// Returns the URL of the server's documentation of the error, if its response has one.
    #[must_use]
    pub fn doc_url(&self) -> Option<&str> {
        self.0.doc_url.as_deref()
    }

    /// Returns the server's messages about single fields: at most 64 fields, and 16 kB in all.
    #[must_use]
    pub fn field_errors(&self) -> &[FieldError] {
        &self.0.field_errors
    }

    /// Returns the exceeded quota, for errors of the kind [`ErrorKind::QuotaExceeded`].
    #[must_use]
    pub fn quota(&self) -> Option<Quota> {
        self.0.quota
    }

    /// Returns the request ID of the server, to quote to its support.
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

    /// Returns the time from the start of the call to its error, with retries and queueing.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.report.elapsed
    }

    /// Returns the time spent queued, backing off, and in attempts.
    #[must_use]
    pub fn time_spent(&self) -> TimeSpent {
        self.0.report.time_spent
    }

    /// Returns whether the server may have executed the call. After `Maybe`, check before you repeat a call that is not
    /// repeatable.
    #[must_use]
    pub fn sent(&self) -> Sent {
        self.0.sent
    }

    /// Returns which timeout elapsed, for errors of the kind [`ErrorKind::Timeout`]; `None` for the timeout of a wait.
    #[must_use]
    pub fn timeout_phase(&self) -> Option<TimeoutPhase> {
        self.0.timeout_phase
    }

    /// Returns how long to wait before the call is tried again, if the server or the rate limiter named a time.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns whether the same call may succeed later.
    ///
    /// The transport has made its own retries before it returned this error: put the work back in its queue, or try
    /// again after [`retry_after`](Self::retry_after). Repeating may still have an effect twice: for a call that
    /// creates something, check [`sent`](Self::sent) first.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.kind.is_retryable(self.0.status)
    }

    /// Returns whether the server has no such resource (404), or a sequence no such frame.
    ///
    /// A resource of another account is also not found. Check the identifier, and which account the key belongs to.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ErrorKind::NotFound
    }

    /// Returns whether the API key is missing, wrong or revoked (401). Repeating the call with the same key does not
    /// help.
    #[must_use]
    pub fn is_authentication(&self) -> bool {
        self.0.kind == ErrorKind::Authentication
    }

    /// Returns whether the request conflicts with the state of the resource (409), such as a name that is taken.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.0.kind == ErrorKind::Conflict
    }

    /// Returns whether the server rejected values of the request (400 or 422): see
    /// [`field_errors`](Self::field_errors).
    #[must_use]
    pub fn is_validation(&self) -> bool {
        self.0.kind == ErrorKind::Validation
    }

    /// Returns whether a rate limit, the server's or the client's own, rejected the call: see
    /// [`retry_after`](Self::retry_after).
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.0.kind == ErrorKind::RateLimited
    }

    /// Returns whether a timeout ended the call: see [`timeout_phase`](Self::timeout_phase), and [`sent`](Self::sent)
    /// for whether the server may have acted.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
    }

    /// Returns the host that a rejected redirect points to, for errors of the kind [`ErrorKind::Redirect`].
    #[must_use]
    pub fn redirect_host(&self) -> Option<&str> {
        self.0.redirect_host.as_deref()
    }

    /// Returns the path in the response at which decoding failed, such as `results[3].uid`, for errors of the kind
    /// [`ErrorKind::Decode`]; for errors of the kind [`ErrorKind::Request`], the path in the payload of a number that
    /// JSON cannot express.
    #[must_use]
    pub fn json_path(&self) -> Option<&str> {
        self.0.json_path.as_deref()
    }

    /// Returns the exact text of the record of a list that could not be decoded, including any secrets.
    ///
    /// `Display` and `Debug` of the error do not show it.
    #[must_use]
    pub fn raw_record(&self) -> Option<&Json> {
        self.0.record.as_ref()
    }

    /// Returns the body of the response, with secrets redacted.
    ///
    /// It is valid JSON if the body was valid JSON, and not longer than 64 kB. Of a longer body it has the values that
    /// are complete within the first 64 kB, and ends with `… (truncated)`. Of a text that is not JSON it has the first
    /// 4 kB.
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
            "datasets.get: validation failed; slug: Taken. Too short. (GET /datasets/{uid}/, status 400, \
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
