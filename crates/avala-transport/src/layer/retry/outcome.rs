//! What an attempt says about a second one.

use std::time::Duration;

use http::{Method, Response, StatusCode};
use tower::load_shed::error::Overloaded;

use crate::body::Body;
use crate::context::record::Evidence;
use crate::context::safety::refuses;
use crate::error::find_in_chain;
use crate::error::{Sent, TimeoutPhase, TransportError, TransportErrorKind};
use crate::retry_after::retry_after;

/// How an attempt ended that another attempt could mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The server never saw the request.
    NeverSent,
    /// The server saw it and refused to do it now.
    Refused,
    /// Nobody can tell whether the server did it.
    Unknown,
}

impl Outcome {
    /// `None` when another attempt would end the same way.
    ///
    /// The result alone says whether another attempt can help. Whether the server may have acted is what `evidence`
    /// says, since the result may come from a layer or service of the user; without evidence the result is believed.
    pub(super) fn of(result: &Result<Response<Body>, TransportError>, evidence: Option<Evidence>) -> Option<Self> {
        let claimed = match result {
            Ok(response) => of_response(response),
            Err(error) => of_error(error),
        }?;
        Some(match evidence {
            None => claimed,
            Some(evidence) if evidence.may_have_acted() => Self::Unknown,
            // A layer may refuse by itself, before anything is sent.
            Some(evidence) if evidence.sent() == Sent::Yes || claimed == Self::Refused => Self::Refused,
            Some(_) => Self::NeverSent,
        })
    }

    /// Whether a request may be sent again after this. One that is not repeatable may, if it certainly was not done.
    pub(super) fn allows_repeat(self, repeatable: bool) -> bool {
        match self {
            Self::NeverSent | Self::Refused => true,
            Self::Unknown => repeatable,
        }
    }
}

fn of_response(response: &Response<Body>) -> Option<Outcome> {
    of_status(response.status(), || retry_after(response.headers()))
}

fn of_status(status: StatusCode, retry_after: impl FnOnce() -> Option<Duration>) -> Option<Outcome> {
    match status.as_u16() {
        _ if refuses(status, retry_after) => Some(Outcome::Refused),
        408 | 425 | 500 | 502 | 503 | 504 | 520 | 522 | 524 => Some(Outcome::Unknown),
        _ => None,
    }
}

fn of_error(error: &TransportError) -> Option<Outcome> {
    let worth_a_repeat = match error.kind() {
        TransportErrorKind::Connect | TransportErrorKind::Connection => true,
        // When the total time is over there is none left for another attempt.
        TransportErrorKind::Timeout => error.timeout_phase() != Some(TimeoutPhase::Total),
        // A limit of a layer or service refuses for the moment. The own rate limiter has said that there is no time.
        TransportErrorKind::RateLimited => find_in_chain::<Overloaded>(error).is_some(),
        _ => false,
    };
    // An answer that broke off in its body has said with its status whether the server did anything.
    let status = error.status().and_then(|status| of_status(status, || error.retry_after()));
    match error.sent() {
        _ if !worth_a_repeat => None,
        _ if status == Some(Outcome::Refused) => status,
        Sent::No => Some(Outcome::NeverSent),
        Sent::Maybe | Sent::Yes => Some(Outcome::Unknown),
    }
}

/// What an attempt says about whether the request arrived.
pub(super) fn sent(result: &Result<Response<Body>, TransportError>, evidence: Option<Evidence>) -> Sent {
    match (result, evidence) {
        (Ok(_), Some(evidence)) => evidence.sent(),
        (Ok(_), None) => Sent::Yes,
        (Err(error), Some(evidence)) => evidence.limit(error.sent()),
        (Err(error), None) => error.sent(),
    }
}

/// Whether this is the answer to a repeated `DELETE` whose first attempt did the work.
///
/// The 404 has to come from the server, and as the response to a `DELETE`.
pub(super) fn is_already_deleted(method: &Method, status: StatusCode, evidence: Option<Evidence>) -> bool {
    *method == Method::DELETE
        && status == StatusCode::NOT_FOUND
        && evidence.is_none_or(|evidence| evidence.got_response() && evidence.has_only_deletes())
}
