//! Classifies errors of layers and services from outside this crate.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tower::BoxError;
use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;

use crate::error::{Sent, TimeoutPhase, TransportError, TransportErrorKind, as_error, chain};

/// Classification of a foreign error: its kind, and whether the request can be retried.
///
/// Returned by the function that is given to [`AdaptLayer::classify`](crate::layer::AdaptLayer::classify) or
/// [`service_with_classifier`](crate::TransportBuilder::service_with_classifier).
///
/// ```
/// use avala_transport::layer::Classified;
/// use avala_transport::{Sent, TransportErrorKind};
///
/// // The service knows that it had no connection, so a POST may also be sent again.
/// let not_sent = Classified::new(TransportErrorKind::Connect).sent(Sent::No);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Classified {
    kind: TransportErrorKind,
    sent: Sent,
    phase: Option<TimeoutPhase>,
    retry_after: Option<Duration>,
}

impl Classified {
    /// Creates a classification with [`Sent::Maybe`]: only requests that are safe to repeat are retried.
    pub const fn new(kind: TransportErrorKind) -> Self {
        Self { kind, sent: Sent::Maybe, phase: None, retry_after: None }
    }

    /// Creates a [`Timeout`](TransportErrorKind::Timeout) of this phase, with [`Sent::Maybe`].
    pub const fn timeout(phase: TimeoutPhase) -> Self {
        Self { phase: Some(phase), ..Self::new(TransportErrorKind::Timeout) }
    }

    /// Sets whether the request can have reached the server. Default: [`Sent::Maybe`].
    ///
    /// Used for the innermost service only. [`Sent::No`] also allows requests such as `POST` to be retried, so it must
    /// be certain.
    pub const fn sent(mut self, sent: Sent) -> Self {
        self.sent = sent;
        self
    }

    /// Sets how long to wait before the next attempt. Default: unset, the policy's backoff applies.
    pub const fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    fn into_error(self, source: BoxError) -> TransportError {
        let mut error = TransportError::new(self.kind, source.to_string()).with_sent(self.sent);
        if let Some(phase) = self.phase {
            error = error.with_timeout_phase(phase);
        }
        if let Some(wait) = self.retry_after {
            error = error.with_retry_after(wait);
        }
        error.with_source(source)
    }
}

/// A user's function that classifies errors; `None` leaves an error to the built-in rules.
#[derive(Clone)]
pub(crate) struct Classifier(Arc<Classify>);

type Classify = dyn Fn(&BoxError) -> Option<Classified> + Send + Sync;

impl Classifier {
    pub(crate) fn new(classify: impl Fn(&BoxError) -> Option<Classified> + Send + Sync + 'static) -> Self {
        Self(Arc::new(classify))
    }
}

impl fmt::Debug for Classifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Classifier")
    }
}

/// Origin of an error in the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A layer around the whole call.
    PerCall,
    /// A layer around each attempt.
    PerAttempt,
    /// The innermost service.
    Innermost,
}

/// Translates an error of a user's layer or service.
///
/// The error's `Sent` is used for the innermost service only, and only if the service returned the error itself: an
/// error further down its source chain may belong to another request, such as one to an audit service.
pub(crate) fn translate(error: BoxError, place: Place, classifier: Option<&Classifier>) -> TransportError {
    let error = match error.downcast::<TransportError>() {
        Ok(own) => return *own,
        Err(other) => other,
    };
    let classified = classifier.and_then(|classifier| classifier.0(&error));
    match classified.or_else(|| by_chain(&*error, place)) {
        Some(classified) => classified.into_error(error),
        None => {
            let translated = TransportError::from_box(error);
            if place == Place::Innermost { translated.with_sent(Sent::Maybe) } else { translated }
        }
    }
}

/// Returns the classification of the first known error in the chain. `None` if there is none, or if the first known
/// error is a `TransportError`.
fn by_chain(error: &(dyn Error + 'static), place: Place) -> Option<Classified> {
    for (index, error) in chain(error).enumerate() {
        if as_error::<TransportError>(error).is_some() {
            return None;
        }
        if let Some(classified) = of_one(error, place) {
            let is_own_word = index == 0 && place == Place::Innermost;
            return Some(if is_own_word { classified } else { classified.sent(Sent::Maybe) });
        }
    }
    None
}

fn of_one(error: &(dyn Error + 'static), place: Place) -> Option<Classified> {
    if as_error::<Elapsed>(error).is_some() || as_error::<tokio::time::error::Elapsed>(error).is_some() {
        let phase = if place == Place::PerCall { TimeoutPhase::Total } else { TimeoutPhase::Attempt };
        return Some(Classified::timeout(phase));
    }
    if as_error::<Overloaded>(error).is_some() {
        // `Overloaded` is returned instead of calling the inner service.
        return Some(Classified::new(TransportErrorKind::RateLimited).sent(Sent::No));
    }
    if let Some(error) = as_error::<io::Error>(error) {
        return of_io(error.kind());
    }
    of_hyper(error)
}

fn of_io(kind: io::ErrorKind) -> Option<Classified> {
    use io::ErrorKind as Io;
    Some(match kind {
        // Only "connection refused" proves that no connection was made. The other kinds can also concern an existing
        // connection.
        Io::ConnectionRefused => Classified::new(TransportErrorKind::Connect).sent(Sent::No),
        Io::AddrNotAvailable | Io::HostUnreachable | Io::NetworkUnreachable | Io::NetworkDown => {
            Classified::new(TransportErrorKind::Connect)
        }
        Io::ConnectionReset | Io::ConnectionAborted | Io::NotConnected | Io::BrokenPipe | Io::UnexpectedEof => {
            Classified::new(TransportErrorKind::ConnectionLost)
        }
        Io::TimedOut => Classified::timeout(TimeoutPhase::Attempt),
        _ => return None,
    })
}

#[cfg(feature = "hyper")]
fn of_hyper(error: &(dyn Error + 'static)) -> Option<Classified> {
    if let Some(error) = as_error::<hyper_util::client::legacy::Error>(error) {
        // Without a source, the client rejected the request itself. Otherwise the source is classified.
        return match error.source() {
            None => Some(Classified::new(TransportErrorKind::Request)),
            Some(_) if error.is_connect() => Some(Classified::new(TransportErrorKind::Connect).sent(Sent::No)),
            Some(source) => {
                by_chain(source, Place::PerAttempt).or(Some(Classified::new(TransportErrorKind::ConnectionLost)))
            }
        };
    }
    if let Some(error) = as_error::<hyper::Error>(error) {
        return Some(if error.is_timeout() {
            Classified::timeout(TimeoutPhase::Attempt)
        } else if error.is_user() {
            Classified::new(TransportErrorKind::Request)
        } else {
            Classified::new(TransportErrorKind::ConnectionLost)
        });
    }
    #[cfg(feature = "http2")]
    if as_error::<h2::Error>(error).is_some() {
        return Some(Classified::new(TransportErrorKind::ConnectionLost));
    }
    None
}

#[cfg(not(feature = "hyper"))]
fn of_hyper(_error: &(dyn Error + 'static)) -> Option<Classified> {
    None
}

/// Classifies the errors of `reqwest` (feature `reqwest`), for
/// [`service_with_classifier`](crate::TransportBuilder::service_with_classifier).
///
/// Build the client with `redirect::Policy::none()`. A client that follows redirects sends the API key to other hosts,
/// and "could not connect" may then concern a redirect target while the first request was already processed.
///
/// | Error of reqwest | Kind | Sent |
/// |---|---|---|
/// | no connection, refused or timed out | `Connect`, or `Timeout` of the phase `Connect` | no |
/// | `is_timeout` | `Timeout` of the phase `Attempt` | maybe |
/// | `is_builder` | `Request` | no |
/// | `is_redirect` | `Redirect` | maybe |
/// | the request or the body was cut off | `ConnectionLost` | maybe |
/// | any other | left to the built-in rules | maybe |
#[cfg(feature = "reqwest")]
#[must_use]
pub fn classify_reqwest(error: &BoxError) -> Option<Classified> {
    let error = error.downcast_ref::<reqwest::Error>()?;
    Some(if error.is_builder() {
        Classified::new(TransportErrorKind::Request).sent(Sent::No)
    } else if error.is_redirect() {
        Classified::new(TransportErrorKind::Redirect)
    } else if error.is_connect() && error.is_timeout() {
        Classified::timeout(TimeoutPhase::Connect).sent(Sent::No)
    } else if error.is_connect() {
        Classified::new(TransportErrorKind::Connect).sent(Sent::No)
    } else if error.is_timeout() {
        Classified::timeout(TimeoutPhase::Attempt)
    } else if error.is_request() || error.is_body() {
        Classified::new(TransportErrorKind::ConnectionLost)
    } else {
        return None;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("wrapped")]
    struct Wrapped(#[source] BoxError);

    fn translated(error: impl Into<BoxError>, place: Place) -> (TransportErrorKind, Sent) {
        let error = translate(error.into(), place, None);
        (error.kind(), error.sent())
    }

    fn refused() -> io::Error {
        io::ErrorKind::ConnectionRefused.into()
    }

    #[test]
    fn only_the_service_itself_can_claim_not_sent() {
        use TransportErrorKind::Connect;
        assert_eq!(translated(refused(), Place::Innermost), (Connect, Sent::No));
        assert_eq!(translated(refused(), Place::PerAttempt), (Connect, Sent::Maybe));
        assert_eq!(translated(Wrapped(refused().into()), Place::Innermost), (Connect, Sent::Maybe));
        let foreign = || TransportError::new(Connect, "the audit service is down");
        assert_eq!(translated(Wrapped(foreign().into()), Place::Innermost), (Connect, Sent::Maybe));
        assert_eq!(translated(foreign(), Place::Innermost), (Connect, Sent::No), "the service's own value");
    }

    #[test]
    fn io_errors_are_classified_by_kind_wherever_they_are() {
        use io::ErrorKind as Io;
        let kind = |kind: Io| translated(io::Error::other(Wrapped(io::Error::from(kind).into())), Place::PerAttempt).0;
        assert_eq!(kind(Io::ConnectionReset), TransportErrorKind::ConnectionLost);
        assert_eq!(kind(Io::TimedOut), TransportErrorKind::Timeout);
        assert_eq!(kind(Io::HostUnreachable), TransportErrorKind::Connect);
        assert_eq!(kind(Io::PermissionDenied), TransportErrorKind::Layer);
    }

    #[test]
    fn errors_in_pointers_are_classified_too() {
        use TransportErrorKind::{Connect, ConnectionLost, Layer, RateLimited, Timeout};
        #[derive(Debug, thiserror::Error)]
        #[error("shared")]
        struct Shared<E: Error + 'static>(#[source] Arc<E>);

        let reset = || io::Error::from(io::ErrorKind::ConnectionReset);
        let elapsed = || io::Error::other(Elapsed::new());
        for place in [Place::PerAttempt, Place::Innermost] {
            let kind = |error: BoxError| translated(error, place).0;
            assert_eq!(kind(Arc::new(reset()).into()), ConnectionLost);
            assert_eq!(kind(Box::new(Box::new(reset()))), ConnectionLost);
            assert_eq!(kind(Shared(Arc::new(reset())).into()), ConnectionLost);
            assert_eq!(kind(io::Error::other(Arc::new(elapsed())).into()), Timeout);
            assert_eq!(kind(Shared(Arc::new(Overloaded::new())).into()), RateLimited);
            assert_eq!(kind(Arc::new(TransportError::new(Connect, "down")).into()), Connect);
            let held: Arc<dyn Error + Send + Sync> = Arc::new(Wrapped(elapsed().into()));
            assert_eq!(kind(held.into()), Timeout);
            assert_eq!(kind(Arc::new(io::Error::from(io::ErrorKind::InvalidData)).into()), Layer);
        }
        assert_eq!(translated(Arc::new(refused()), Place::Innermost), (Connect, Sent::No), "the service's own value");
        assert_eq!(translated(Shared(Arc::new(refused())), Place::Innermost), (Connect, Sent::Maybe));
    }

    #[tokio::test(start_paused = true)]
    async fn timeout_of_tokio_is_a_timeout() {
        let never = std::future::pending::<()>();
        let elapsed = tokio::time::timeout(Duration::from_secs(1), never).await.unwrap_err();
        assert_eq!(translated(elapsed, Place::Innermost), (TransportErrorKind::Timeout, Sent::Maybe));
    }

    #[test]
    fn user_classifier_comes_first() {
        let classifier = Classifier::new(|error| {
            error.is::<Wrapped>().then(|| Classified::new(TransportErrorKind::Tls).retry_after(Duration::from_secs(1)))
        });
        let error = translate(Wrapped(refused().into()).into(), Place::Innermost, Some(&classifier));
        assert_eq!((error.kind(), error.retry_after()), (TransportErrorKind::Tls, Some(Duration::from_secs(1))));
        let error = translate(refused().into(), Place::Innermost, Some(&classifier));
        assert_eq!(error.kind(), TransportErrorKind::Connect, "unknown errors are left to the rules");
    }
}
