//! Error type of the transport.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tower::BoxError;

use crate::context::report::CallReport;
use crate::context::time_spent::TimeSpent;
use crate::redact;

/// Maximum length of a message, in bytes.
const MAX_MESSAGE: usize = 4 * 1024;

/// Maximum number of bytes of a library's error that a message repeats.
const MAX_CAUSE: usize = 512;

/// Maximum number of errors of a chain that are visited: the sources of a foreign error can form a cycle.
const MAX_CHAIN: usize = 64;

/// Error of a call that has no response.
///
/// One pointer wide, so that a `Result` with it stays small.
///
/// ```
/// use avala_transport::{BaseUrl, TransportErrorKind};
///
/// let error = BaseUrl::parse("http://api.avala.ai").unwrap_err();
/// assert_eq!(error.kind(), TransportErrorKind::Configuration);
/// ```
///
/// # Design
/// The message is one printable line that names the cause. Neither the message nor a source shows a secret in `Display`
/// or `Debug`: messages are [redacted](crate::redact) when they are set. A source that contains a secret, or is longer
/// than 4 kB, is replaced with a redacted copy of its messages; every other source can be downcast.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct TransportError(Box<Details>);

#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Details {
    kind: TransportErrorKind,
    message: Cow<'static, str>,
    source: Option<BoxError>,
    sent: Sent,
    report: CallReport,
    timeout_phase: Option<TimeoutPhase>,
    retry_after: Option<Duration>,
    status: Option<StatusCode>,
    redirect_host: Option<Box<str>>,
    limit_bytes: Option<usize>,
}

/// Kind of a [`TransportError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// A setting is invalid: a base URL, an API key, a certificate, or proxy credentials.
    Configuration,
    /// The request cannot be sent: an invalid URI, another origin, or a request body that failed while it was read.
    Request,
    /// No connection could be made: the name did not resolve, or the connection was refused.
    Connect,
    /// TLS failed permanently, for example because the server's certificate is not trusted.
    Tls,
    /// A timeout elapsed; see [`TransportError::timeout_phase`].
    Timeout,
    /// The connection was lost, the response was cut off, or it is not valid HTTP.
    ConnectionLost,
    /// The client-side rate limiter cannot admit the call before its deadline.
    RateLimited,
    /// The server responded with a redirect. Redirects are never followed.
    Redirect,
    /// The response body is larger than the cap.
    BodyTooLarge,
    /// The response bodies buffered at once would exceed the client's memory budget; see
    /// [`memory_budget`](crate::TransportBuilder::memory_budget).
    MemoryBudget,
    /// A user's layer or service failed; its error is the source.
    Layer,
}

/// The timeout that elapsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeoutPhase {
    /// Connect timeout: name lookup, TCP and TLS.
    Connect,
    /// Attempt timeout: one attempt, including its body.
    Attempt,
    /// Call timeout: all attempts and waits.
    Total,
    /// Idle timeout: the next piece of a streamed body.
    Idle,
}

/// Whether the request may have reached the server.
///
/// Ordered from [`No`](Self::No) to [`Yes`](Self::Yes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sent {
    /// The server did not process the request: it was not sent, or the server refused it over HTTP/2.
    No,
    /// Unknown: the server may have processed the request.
    Maybe,
    /// The server received the request and responded.
    Yes,
}

impl TransportError {
    /// Creates an error of this kind, for your own layers and services.
    ///
    /// `sent` starts as [`Sent::No`] for the kinds [`Configuration`](TransportErrorKind::Configuration),
    /// [`Request`](TransportErrorKind::Request), [`Connect`](TransportErrorKind::Connect),
    /// [`Tls`](TransportErrorKind::Tls) and [`RateLimited`](TransportErrorKind::RateLimited), and as [`Sent::Maybe`]
    /// for all others.
    pub fn new(kind: TransportErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        use TransportErrorKind::{Configuration, Connect, RateLimited, Request, Tls};
        let sent = match kind {
            Configuration | Request | Connect | Tls | RateLimited => Sent::No,
            _ => Sent::Maybe,
        };
        Self(Box::new(Details {
            kind,
            message: safe(message.into()),
            source: None,
            sent,
            report: CallReport::default(),
            timeout_phase: None,
            retry_after: None,
            status: None,
            redirect_host: None,
            limit_bytes: None,
        }))
    }

    /// Returns the `TransportError` in `error`, or wraps it as [`TransportErrorKind::Layer`].
    ///
    /// If the source chain of `error` contains a `TransportError`, its kind, status and `sent` are used, and
    /// `error` is kept as the source.
    #[must_use]
    pub fn from_box(error: BoxError) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(own) => return *own,
            Err(other) => other,
        };
        let message = redact::display(&error, MAX_MESSAGE);
        let wrapped = match find_in_chain::<Self>(&*error) {
            Some(inner) => inner.copy_with_message(message),
            None => Self::new(TransportErrorKind::Layer, format!("a layer failed: {message}")),
        };
        wrapped.with_source(error)
    }

    pub(crate) fn timeout(phase: TimeoutPhase, message: impl Into<Cow<'static, str>>) -> Self {
        let mut error = Self::new(TransportErrorKind::Timeout, message);
        error.0.timeout_phase = Some(phase);
        error
    }

    pub(crate) fn configuration(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(TransportErrorKind::Configuration, message)
    }

    /// Sets the host that a rejected redirect points to.
    pub(crate) fn with_redirect_host(mut self, host: String) -> Self {
        self.0.redirect_host = Some(host.into());
        self
    }

    pub(crate) fn body_too_large(limit: usize) -> Self {
        let message = format!("the body is larger than the cap of {limit} bytes; raise `max_body_bytes` or stream it");
        let mut error = Self::new(TransportErrorKind::BodyTooLarge, message).with_sent(Sent::Yes);
        error.0.limit_bytes = Some(limit);
        error
    }

    pub(crate) fn memory_budget(limit: usize) -> Self {
        let message = format!(
            "the responses buffered at once exceed the client's memory budget of {limit} bytes; make fewer calls at \
             once or raise `memory_budget`"
        );
        let mut error = Self::new(TransportErrorKind::MemoryBudget, message).with_sent(Sent::Yes);
        error.0.limit_bytes = Some(limit);
        error
    }

    /// Sets the source. A source that contains a secret is replaced with a redacted copy.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(redact::source(source.into()));
        self
    }

    /// Sets whether the request may have reached the server.
    #[must_use]
    pub fn with_sent(mut self, sent: Sent) -> Self {
        self.set_sent(sent);
        self
    }

    pub(crate) fn set_sent(&mut self, sent: Sent) {
        self.0.sent = sent;
    }

    /// Sets the status of the response that the failure belongs to.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Sets which timeout elapsed, for errors of the kind [`TransportErrorKind::Timeout`].
    #[must_use]
    pub fn with_timeout_phase(mut self, phase: TimeoutPhase) -> Self {
        self.0.timeout_phase = Some(phase);
        self
    }

    /// Sets how long to wait before the call is tried again.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Sets the report about the whole call.
    pub(crate) fn with_report(mut self, report: CallReport) -> Self {
        self.0.report = report;
        self
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.0.kind
    }

    /// Returns which timeout elapsed, for errors of the kind [`TransportErrorKind::Timeout`].
    #[must_use]
    pub fn timeout_phase(&self) -> Option<TimeoutPhase> {
        self.0.timeout_phase
    }

    /// Returns whether the request may have reached the server, over all attempts of the call.
    #[must_use]
    pub fn sent(&self) -> Sent {
        self.0.sent
    }

    /// Returns the report about the whole call: attempts, elapsed time, and how it was spent.
    #[must_use]
    pub fn report(&self) -> &CallReport {
        &self.0.report
    }

    /// Returns the number of attempts that were started, including one that was still queued by the rate limiter.
    ///
    /// Zero if the call failed before its first attempt, or without a retry layer.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.report.attempts
    }

    /// Returns the time from the start of the call to this error.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.report.elapsed
    }

    /// Returns how the elapsed time was spent: queued, backing off, in attempts.
    #[must_use]
    pub fn time_spent(&self) -> TimeSpent {
        self.0.report.time_spent
    }

    /// Returns how long to wait before the call is tried again, if the server or the client-side rate limiter named a
    /// time.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns the status of the response, if the failure happened after its headers: a cut or too large body, a
    /// redirect.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// Returns the host that a rejected redirect points to, without path and query.
    #[must_use]
    pub fn redirect_host(&self) -> Option<&str> {
        self.0.redirect_host.as_deref()
    }

    /// Returns the exceeded limit in bytes: the body cap for [`TransportErrorKind::BodyTooLarge`], the budget for
    /// [`TransportErrorKind::MemoryBudget`].
    #[must_use]
    pub fn limit_bytes(&self) -> Option<usize> {
        self.0.limit_bytes
    }

    fn copy_with_message(&self, message: String) -> Self {
        let Details { kind, sent, timeout_phase, retry_after, status, limit_bytes, .. } = *self.0;
        Self(Box::new(Details {
            kind,
            message: safe(message.into()),
            source: None,
            sent,
            report: self.0.report.clone(),
            timeout_phase,
            retry_after,
            status,
            redirect_host: self.0.redirect_host.clone(),
            limit_bytes,
        }))
    }
}

/// Returns the message on one line, with secrets redacted.
fn safe(message: Cow<'static, str>) -> Cow<'static, str> {
    let redacted = redact::shorten(&message, MAX_MESSAGE);
    let line = redact::one_line(&redacted);
    if line == message { message } else { line.into() }
}

/// Iterates over the error chain from `error` on, including errors that `io::Error` wraps without naming them as its
/// source.
pub(crate) fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    fn next<'a>(error: &&'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
        let error = *error;
        if let Some(wrapped) = as_error::<std::io::Error>(error).and_then(std::io::Error::get_ref) {
            return Some(wrapped);
        }
        match error.downcast_ref::<Arc<dyn Error + Send + Sync>>() {
            Some(held) => Some(&**held),
            None => error.source(),
        }
    }
    std::iter::successors(Some(error), next).take(MAX_CHAIN)
}

/// Returns the first error of type `E` in the chain.
pub(crate) fn find_in_chain<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    chain(error).find_map(as_error)
}

/// Returns the error as an `E`, or the `E` in a pointer: `Arc` and `Box` are errors of their own type, whose source is
/// that of the error inside.
pub(crate) fn as_error<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let in_arc = || error.downcast_ref::<Arc<E>>().map(|held| &**held);
    let in_box = || error.downcast_ref::<Box<E>>().map(|held| &**held);
    error.downcast_ref::<E>().or_else(in_arc).or_else(in_box)
}

/// Returns the message of the innermost error of the chain, redacted and shortened.
pub(crate) fn cause(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(|innermost| redact::display(innermost, MAX_CAUSE)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn boxed_transport_error_is_unboxed_unchanged() {
        let error =
            TransportError::new(TransportErrorKind::Connect, "refused").with_retry_after(Duration::from_secs(3));
        let out = TransportError::from_box(Box::new(error));
        assert_eq!(out.kind(), TransportErrorKind::Connect);
        assert_eq!(out.retry_after(), Some(Duration::from_secs(3)));
        assert!(out.source().is_none());
    }

    #[test]
    fn nested_transport_error_determines_the_kind() {
        let inner = TransportError::new(TransportErrorKind::ConnectionLost, "cut").with_sent(Sent::Yes);
        let out = TransportError::from_box(Box::new(io::Error::other(io::Error::other(inner))));
        assert_eq!((out.kind(), out.sent()), (TransportErrorKind::ConnectionLost, Sent::Yes));
        assert!(out.source().is_some_and(<dyn Error>::is::<io::Error>));
    }

    #[test]
    fn foreign_error_becomes_a_layer_error_with_its_source() {
        let out = TransportError::from_box(Box::new(io::Error::other("quota file is locked")));
        assert_eq!((out.kind(), out.sent()), (TransportErrorKind::Layer, Sent::Maybe));
        assert_eq!(out.to_string(), "a layer failed: quota file is locked");
        assert!(out.source().is_some_and(|source| source.downcast_ref::<io::Error>().is_some()));
    }
}
