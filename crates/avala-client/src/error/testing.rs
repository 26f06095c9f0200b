//! Builds errors for unit tests.

use std::time::Duration;

use avala_transport::{BoxError, Sent, TimeSpent, TimeoutPhase, redact};
use avala_types::Json;
use http::{Method, StatusCode};

use super::{Error, ErrorKind, FieldError, Quota, limits};
use crate::endpoint::Endpoint;

/// Builds an [`Error`] for a unit test. Details that are not set are those of an error before anything was
/// sent.
///
/// Secrets in texts are redacted, as in every error.
///
/// ```
/// use avala_client::testing::ErrorBuilder;
/// use avala_client::{ErrorKind, Method};
///
/// let builder = ErrorBuilder::new(ErrorKind::NotFound, "No such dataset.").status(404).attempts(1);
/// let error = builder.call("datasets.get", Method::GET, "/datasets/{uid}/").build();
/// assert!(error.is_not_found());
/// assert!(error.to_string().contains("datasets.get"));
/// ```
#[must_use = "a builder does nothing until `build`"]
#[derive(Debug)]
pub struct ErrorBuilder(Error);

impl ErrorBuilder {
    /// Creates a builder for an error of this kind with a message.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Error::new(kind, None, message))
    }

    /// Sets the call: its operation, method and route.
    pub fn call(mut self, operation: &'static str, method: Method, route: &'static str) -> Self {
        self.0.0.endpoint = Some(Endpoint { operation, method, route });
        self
    }

    /// Sets the status of the response, and [`Sent::Yes`]. An invalid status is ignored.
    pub fn status(mut self, status: u16) -> Self {
        self.0.0.status = StatusCode::from_u16(status).ok();
        self.sent(Sent::Yes)
    }

    /// Sets the server's code for the error.
    pub fn code(mut self, code: impl AsRef<str>) -> Self {
        self.0.0.code = Some(redact::shorten(code.as_ref(), limits::FIELD_MESSAGE));
        self
    }

    /// Sets the URL of the server's documentation of the error.
    pub fn doc_url(mut self, url: impl AsRef<str>) -> Self {
        self.0.0.doc_url = Some(redact::shorten(url.as_ref(), limits::FIELD_MESSAGE));
        self
    }

    /// Adds a field with its messages.
    pub fn field_error<M: AsRef<str>>(mut self, field: impl AsRef<str>, messages: impl IntoIterator<Item = M>) -> Self {
        let messages = messages.into_iter();
        let messages = messages.map(|message| redact::shorten(message.as_ref(), limits::FIELD_MESSAGE)).collect();
        let field = redact::shorten(field.as_ref(), limits::PATH);
        self.0.0.field_errors.push(FieldError { field, messages });
        self
    }

    /// Sets the quota that is used up, in its unit: bytes for uploads.
    pub fn quota(mut self, limit: Option<u64>, used: Option<u64>) -> Self {
        self.0.0.quota = Some(Quota { limit, used });
        self
    }

    /// Sets the request ID.
    pub fn request_id(mut self, id: impl AsRef<str>) -> Self {
        self.0.0.request_id = Some(redact::shorten(id.as_ref(), limits::PATH));
        self
    }

    /// Sets the number of attempts.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.0.0.report.attempts = attempts;
        self
    }

    /// Sets the duration of the call.
    pub fn elapsed(mut self, elapsed: Duration) -> Self {
        self.0.0.report.elapsed = elapsed;
        self
    }

    /// Sets the time spent queued, backing off, and in attempts.
    pub fn time_spent(mut self, queued: Duration, backoff: Duration, attempts: Duration) -> Self {
        let mut spent = TimeSpent::default();
        (spent.waiting, spent.backoff, spent.attempts) = (queued, backoff, attempts);
        self.0.0.report.time_spent = spent;
        self
    }

    /// Sets whether the request may have reached the server.
    pub fn sent(mut self, sent: Sent) -> Self {
        self.0.0.sent = sent;
        self
    }

    /// Sets which timeout elapsed.
    pub fn timeout_phase(mut self, phase: TimeoutPhase) -> Self {
        self.0.0.timeout_phase = Some(phase);
        self
    }

    /// Sets how long to wait before the call is tried again.
    pub fn retry_after(mut self, time: Duration) -> Self {
        self.0.0.retry_after = Some(time);
        self
    }

    /// Sets the host that a rejected redirect points to.
    pub fn redirect_host(mut self, host: impl AsRef<str>) -> Self {
        self.0.0.redirect_host = Some(redact::shorten(host.as_ref(), limits::PATH));
        self
    }

    /// Sets the path in the response at which decoding failed, such as `results[3].uid`.
    pub fn json_path(mut self, path: impl AsRef<str>) -> Self {
        self.0.0.json_path = Some(redact::shorten(path.as_ref(), limits::PATH));
        self
    }

    /// Sets the record of a list that could not be decoded.
    pub fn raw_record(mut self, record: impl Into<Json>) -> Self {
        self.0.0.record = Some(record.into());
        self
    }

    /// Sets the body of the response.
    pub fn body(mut self, body: impl AsRef<str>) -> Self {
        self.0.0.body = Some(redact::shorten(body.as_ref(), limits::READ));
        self
    }

    /// Sets the source.
    pub fn source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.0.source = Some(redact::source(source.into()));
        self
    }

    /// Returns the error.
    #[must_use]
    pub fn build(self) -> Error {
        self.0
    }
}
