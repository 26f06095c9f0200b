//! Classifies attempts for retry.

use std::time::Duration;

use http::{Method, Response, StatusCode};
use tower::load_shed::error::Overloaded;

use crate::body::Body;
use crate::context::record::Evidence;
use crate::context::safety::refuses;
use crate::error::find_in_chain;
use crate::error::{Sent, TimeoutPhase, TransportError, TransportErrorKind};
use crate::retry_after::retry_after;

/// Outcome of an attempt that another attempt may improve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The server did not receive the request, or refused to execute it now.
    NotExecuted,
    /// The server may or may not have executed the request.
    Unknown,
}

impl Outcome {
    /// Classifies the result of an attempt; `None` if another attempt would end the same way.
    ///
    /// The result decides whether another attempt can help. `evidence` decides whether the server may have executed the
    /// request, because the result may be from a user's layer or service. Without evidence, the result decides both.
    pub(super) fn of(result: &Result<Response<Body>, TransportError>, evidence: Option<Evidence>) -> Option<Self> {
        let claimed = match result {
            Ok(response) => of_response(response),
            Err(error) => of_error(error),
        }?;
        Some(match evidence {
            None => claimed,
            Some(evidence) if evidence.may_have_acted() => Self::Unknown,
            Some(_) => Self::NotExecuted,
        })
    }

    /// Returns whether the request may be sent again. A request that is not repeatable may, if it certainly was not
    /// executed.
    pub(super) fn allows_repeat(self, repeatable: bool) -> bool {
        match self {
            Self::NotExecuted => true,
            Self::Unknown => repeatable,
        }
    }
}

fn of_response(response: &Response<Body>) -> Option<Outcome> {
    of_status(response.status(), || retry_after(response.headers()))
}

fn of_status(status: StatusCode, retry_after: impl FnOnce() -> Option<Duration>) -> Option<Outcome> {
    match status.as_u16() {
        _ if refuses(status, retry_after) => Some(Outcome::NotExecuted),
        408 | 425 | 500 | 502 | 503 | 504 | 520 | 522 | 524 => Some(Outcome::Unknown),
        _ => None,
    }
}

fn of_error(error: &TransportError) -> Option<Outcome> {
    let worth_a_repeat = match error.kind() {
        TransportErrorKind::Connect | TransportErrorKind::ConnectionLost => true,
        // After the call timeout there is no time for another attempt.
        TransportErrorKind::Timeout => error.timeout_phase() != Some(TimeoutPhase::Total),
        // `Overloaded` of a layer or service is transient. The client-side rate limiter has already found that there is
        // no time.
        TransportErrorKind::RateLimited => find_in_chain::<Overloaded>(error).is_some(),
        _ => false,
    };
    // The status of a response whose body was cut shows whether the server executed the request.
    let status = error.status().and_then(|status| of_status(status, || error.retry_after()));
    match error.sent() {
        _ if !worth_a_repeat => None,
        _ if status == Some(Outcome::NotExecuted) => status,
        Sent::No => Some(Outcome::NotExecuted),
        Sent::Maybe | Sent::Yes => Some(Outcome::Unknown),
    }
}

/// Returns whether the request of the attempt may have reached the server.
pub(super) fn sent(result: &Result<Response<Body>, TransportError>, evidence: Option<Evidence>) -> Sent {
    match (result, evidence) {
        (Ok(_), Some(evidence)) => evidence.sent(),
        (Ok(_), None) => Sent::Yes,
        (Err(error), Some(evidence)) => evidence.limit(error.sent()),
        (Err(error), None) => error.sent(),
    }
}

/// Returns whether this is the response to a repeated `DELETE` whose earlier attempt succeeded.
///
/// The 404 must come from the server, as the response to a `DELETE`.
pub(super) fn is_already_deleted(method: &Method, status: StatusCode, evidence: Option<Evidence>) -> bool {
    *method == Method::DELETE
        && status == StatusCode::NOT_FOUND
        && evidence.is_none_or(|evidence| evidence.got_response() && evidence.has_only_deletes())
}
