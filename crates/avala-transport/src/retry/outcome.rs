//! What an attempt says about a second one.

use std::time::Duration;

use http::{Method, Response, StatusCode};

use crate::{Body, Sent, TimeoutPhase, TransportError, TransportErrorKind, retry_after};

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
    pub(super) fn of(result: &Result<Response<Body>, TransportError>) -> Option<Self> {
        match result {
            Ok(response) => of_response(response),
            Err(error) => of_error(error),
        }
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
        429 => Some(Outcome::Refused),
        503 if retry_after().is_some() => Some(Outcome::Refused),
        408 | 425 | 500 | 502 | 503 | 504 | 520 | 522 | 524 => Some(Outcome::Unknown),
        _ => None,
    }
}

fn of_error(error: &TransportError) -> Option<Outcome> {
    let worth_a_repeat = match error.kind() {
        TransportErrorKind::Connect | TransportErrorKind::Connection => true,
        // When the total time is over there is none left for another attempt.
        TransportErrorKind::Timeout => error.timeout_phase() != Some(TimeoutPhase::Total),
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

/// What an answer or an error says about whether the request arrived.
pub(super) fn sent(result: &Result<Response<Body>, TransportError>) -> Sent {
    match result {
        Ok(_) => Sent::Yes,
        Err(error) => error.sent(),
    }
}

/// Whether doing a request twice does no harm, going by its method alone.
pub(super) fn is_repeatable(method: &Method) -> bool {
    !matches!(*method, Method::POST | Method::PATCH | Method::CONNECT)
}

/// Whether this is the answer to a repeated `DELETE` whose first attempt did the work.
pub(super) fn is_already_deleted(method: &Method, status: StatusCode, unknown_before: bool) -> bool {
    unknown_before && *method == Method::DELETE && status == StatusCode::NOT_FOUND
}
