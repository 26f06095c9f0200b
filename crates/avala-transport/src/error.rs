//! The one error of this crate.

use std::borrow::Cow;
use std::error::Error;
use std::time::Duration;

use http::StatusCode;

use crate::context::time_spent::TimeSpent;
use crate::layer::reject_redirects::Target;
use crate::{BoxError, redact};

/// The longest message, in bytes.
const MAX_MESSAGE: usize = 4 * 1024;

/// The most that a message repeats of the error of a library, in bytes.
#[cfg(feature = "hyper")]
const MAX_CAUSE: usize = 512;

/// The most errors of a chain that are looked at: `source` of a foreign error may lead in a circle.
const MAX_CHAIN: usize = 64;

/// Why a call has no response.
///
/// It is one pointer wide, so a `Result` that holds it stays small.
///
/// ```
/// use avala_transport::{BaseUrl, TransportErrorKind};
///
/// let error = BaseUrl::parse("http://api.avala.ai").unwrap_err();
/// assert_eq!(error.kind(), TransportErrorKind::Configuration);
/// ```
///
/// # Design
///
/// The message is one printable line that names the cause. Neither the message nor a source shows a secret, in
/// `Display` or in `Debug`: messages are [redacted](crate::redact) when they are set. A source that would show one, or
/// is longer than 4 kB, is replaced with a copy of its messages; every other source can be downcast.
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
    attempts: u32,
    elapsed: Duration,
    time_spent: TimeSpent,
    timeout_phase: Option<TimeoutPhase>,
    retry_after: Option<Duration>,
    status: Option<StatusCode>,
    redirect_host: Option<Box<str>>,
    limit_bytes: Option<usize>,
}

/// What went wrong, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// A setting is wrong: a base URL, an API key, a certificate, the credentials of a proxy.
    Configuration,
    /// The request itself cannot be sent: an illegal URI, a foreign origin, a body that failed while it was read.
    Request,
    /// No connection could be made: the name did not resolve, or nobody accepted.
    Connect,
    /// The server was reached, but no secure connection to it is possible, because of its certificate for example.
    Tls,
    /// Time ran out; [`TransportError::timeout_phase`] says which time.
    Timeout,
    /// The connection broke, ended inside the answer, or carried something that is not HTTP.
    Connection,
    /// This client's own rate limiter has no place for the call before its deadline.
    RateLimited,
    /// The server answered with a redirect, and redirects are never followed.
    Redirect,
    /// The body of the answer is larger than the cap.
    BodyTooLarge,
    /// The responses that the client buffers at once would exceed its memory budget; see
    /// [`memory_budget`](crate::TransportBuilder::memory_budget).
    MemoryBudget,
    /// A layer or service that the user put in the stack failed; its error is the source.
    Layer,
}

/// Which time ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeoutPhase {
    /// Making the connection: name lookup, TCP and TLS.
    Connect,
    /// One attempt, from its start to the end of the body.
    Attempt,
    /// The whole call: all attempts and all waiting.
    Total,
    /// The next piece of a streamed body.
    Idle,
}

/// Whether the request can have reached the server.
///
/// The order is from the least to the most that the server can have seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sent {
    /// Certainly not: the server knows nothing of it, or said in the words of HTTP/2 that it did not look at it.
    No,
    /// Nobody can tell: the server may have acted on it.
    Maybe,
    /// Certainly: the server answered.
    Yes,
}

impl TransportError {
    /// An error of this kind, for layers and services of your own.
    ///
    /// What is not known yet has the careful value: the request may have been sent. Only errors of the kinds
    /// [`Configuration`](TransportErrorKind::Configuration), [`Request`](TransportErrorKind::Request),
    /// [`Connect`](TransportErrorKind::Connect), [`Tls`](TransportErrorKind::Tls) and
    /// [`RateLimited`](TransportErrorKind::RateLimited) start with [`Sent::No`].
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
            attempts: 0,
            elapsed: Duration::ZERO,
            time_spent: TimeSpent::default(),
            timeout_phase: None,
            retry_after: None,
            status: None,
            redirect_host: None,
            limit_bytes: None,
        }))
    }

    /// Finds the `TransportError` in `error`, or wraps it as [`TransportErrorKind::Layer`].
    ///
    /// An error that has a `TransportError` somewhere in its chain of sources takes over what that one knows
    /// (kind, status, whether the request was sent) and keeps `error` as its source.
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

    pub(crate) fn redirect(status: StatusCode, target: Option<Target>) -> Self {
        let place = target.as_ref().map_or("an unnamed host".to_owned(), ToString::to_string);
        let message = format!(
            "the server responded {} and points to {place}; redirects are not followed, as the key would travel \
             with them: set the right base URL",
            status.as_u16()
        );
        let mut error = Self::new(TransportErrorKind::Redirect, message).with_sent(Sent::Yes).with_status(status);
        error.0.redirect_host = target.map(|target| target.host.into());
        error
    }

    pub(crate) fn body_too_large(limit: usize) -> Self {
        let message = format!("the body is larger than the cap of {limit} bytes; raise `max_body_bytes` or stream it");
        let mut error = Self::new(TransportErrorKind::BodyTooLarge, message).with_sent(Sent::Yes);
        error.0.limit_bytes = Some(limit);
        error
    }

    pub(crate) fn memory_budget(limit: usize) -> Self {
        let message = format!(
            "the responses buffered at once exceed the client's memory budget of {limit} bytes; make fewer calls at a \
             time or raise `memory_budget`"
        );
        let mut error = Self::new(TransportErrorKind::MemoryBudget, message).with_sent(Sent::Yes);
        error.0.limit_bytes = Some(limit);
        error
    }

    /// Adds the error that this one comes from. One that would show a secret is replaced with a redacted copy.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(redact::source(source.into()));
        self
    }

    /// Says whether the request can have reached the server.
    #[must_use]
    pub fn with_sent(mut self, sent: Sent) -> Self {
        self.0.sent = sent;
        self
    }

    /// Adds the status of the answer that came with the failure.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Says which time ran out, for errors of the kind [`TransportErrorKind::Timeout`].
    #[must_use]
    pub fn with_timeout_phase(mut self, phase: TimeoutPhase) -> Self {
        self.0.timeout_phase = Some(phase);
        self
    }

    /// Says how long to wait before the call is worth another try.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Writes down what the whole call took so far.
    pub(crate) fn with_call(mut self, attempts: u32, elapsed: Duration, time_spent: TimeSpent) -> Self {
        self.0.attempts = attempts;
        self.0.elapsed = elapsed;
        self.0.time_spent = time_spent;
        self
    }

    /// What went wrong, in one word.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.0.kind
    }

    /// Which time ran out, for errors of the kind [`TransportErrorKind::Timeout`].
    #[must_use]
    pub fn timeout_phase(&self) -> Option<TimeoutPhase> {
        self.0.timeout_phase
    }

    /// Whether the request can have reached the server, over all attempts of the call.
    #[must_use]
    pub fn sent(&self) -> Sent {
        self.0.sent
    }

    /// How many attempts were begun, counting one that was still waiting for the rate limiter.
    ///
    /// Zero when the call failed before its first attempt, or without a retry layer.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The time from the start of the call to this error.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// Where that time went: waiting for permission, backing off, attempts.
    #[must_use]
    pub fn time_spent(&self) -> TimeSpent {
        self.0.time_spent
    }

    /// How long to wait before the call is worth another try, where the server or the own limiter said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The status of the answer, when the failure came after it: a cut or too large body, a redirect.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The host that a refused redirect points to, without its path and query.
    #[must_use]
    pub fn redirect_host(&self) -> Option<&str> {
        self.0.redirect_host.as_deref()
    }

    /// The limit in bytes that was exceeded: the cap on a body for errors of the kind
    /// [`TransportErrorKind::BodyTooLarge`], the budget for [`TransportErrorKind::MemoryBudget`].
    #[must_use]
    pub fn limit_bytes(&self) -> Option<usize> {
        self.0.limit_bytes
    }

    fn copy_with_message(&self, message: String) -> Self {
        let Details {
            kind, sent, attempts, elapsed, time_spent, timeout_phase, retry_after, status, limit_bytes, ..
        } = *self.0;
        Self(Box::new(Details {
            kind,
            message: safe(message.into()),
            source: None,
            sent,
            attempts,
            elapsed,
            time_spent,
            timeout_phase,
            retry_after,
            status,
            redirect_host: self.0.redirect_host.clone(),
            limit_bytes,
        }))
    }
}

/// A message without secrets, on one line.
fn safe(message: Cow<'static, str>) -> Cow<'static, str> {
    let redacted = redact::shorten(&message, MAX_MESSAGE);
    let line = redact::one_line(&redacted);
    if line == message { message } else { line.into() }
}

/// Each error of the chain that starts at `error`, with those that `io::Error` leaves out of its own chain.
pub(crate) fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    fn next<'a>(error: &&'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
        let error = *error;
        match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        }
    }
    std::iter::successors(Some(error), next).take(MAX_CHAIN)
}

/// The first error of type `E` in the chain that starts at `error`.
pub(crate) fn find_in_chain<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    chain(error).find_map(|error| error.downcast_ref::<E>())
}

/// What the innermost error of the chain says, redacted and short: the outer ones say where it was met.
#[cfg(feature = "hyper")]
pub(crate) fn cause(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(|innermost| redact::display(innermost, MAX_CAUSE)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn an_own_error_comes_out_of_the_box_unchanged() {
        let error =
            TransportError::new(TransportErrorKind::Connect, "refused").with_retry_after(Duration::from_secs(3));
        let out = TransportError::from_box(Box::new(error));
        assert_eq!(out.kind(), TransportErrorKind::Connect);
        assert_eq!(out.retry_after(), Some(Duration::from_secs(3)));
        assert!(out.source().is_none());
    }

    #[test]
    fn an_own_error_deep_in_the_chain_lends_its_kind() {
        let inner = TransportError::new(TransportErrorKind::Connection, "cut").with_sent(Sent::Yes);
        let out = TransportError::from_box(Box::new(io::Error::other(io::Error::other(inner))));
        assert_eq!((out.kind(), out.sent()), (TransportErrorKind::Connection, Sent::Yes));
        assert!(out.source().is_some_and(<dyn Error>::is::<io::Error>));
    }

    #[test]
    fn a_foreign_error_becomes_a_layer_error_and_can_be_had_back() {
        let out = TransportError::from_box(Box::new(io::Error::other("quota file is locked")));
        assert_eq!((out.kind(), out.sent()), (TransportErrorKind::Layer, Sent::Maybe));
        assert_eq!(out.to_string(), "a layer failed: quota file is locked");
        assert!(out.source().is_some_and(|source| source.downcast_ref::<io::Error>().is_some()));
    }
}
