//! HTTP rules for repeating requests.

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};

use crate::error::TransportError;
use crate::retry_after::retry_after;

/// Returns whether a request of this method can safely be executed twice.
pub(crate) fn is_repeatable(method: &Method) -> bool {
    !matches!(*method, Method::POST | Method::PATCH | Method::CONNECT)
}

/// Returns whether this status means that the server did not execute the request.
pub(crate) fn refuses(status: StatusCode, retry_after: impl FnOnce() -> Option<Duration>) -> bool {
    match status {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::SERVICE_UNAVAILABLE => retry_after().is_some(),
        _ => false,
    }
}

/// Returns whether a response is a refusal.
pub(crate) fn is_refusal(status: StatusCode, headers: &HeaderMap) -> bool {
    refuses(status, || retry_after(headers))
}

/// Returns whether the server refused the request, although the response was lost.
pub(crate) fn is_refused(error: &TransportError) -> bool {
    error.status().is_some_and(|status| refuses(status, || error.retry_after()))
}
