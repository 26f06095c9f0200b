//! Whether a request can be repeated without harm, going by what HTTP says.

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};

use crate::error::TransportError;
use crate::retry_after::retry_after;

/// Whether executing a request twice does no harm, going by its method alone.
pub(crate) fn is_repeatable(method: &Method) -> bool {
    !matches!(*method, Method::POST | Method::PATCH | Method::CONNECT)
}

/// Whether a server says with this status that it did not execute the request.
pub(crate) fn refuses(status: StatusCode, retry_after: impl FnOnce() -> Option<Duration>) -> bool {
    match status {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::SERVICE_UNAVAILABLE => retry_after().is_some(),
        _ => false,
    }
}

/// Whether a response is a refusal.
pub(crate) fn is_refusal(status: StatusCode, headers: &HeaderMap) -> bool {
    refuses(status, || retry_after(headers))
}

/// Whether a server refused the request before the response was lost.
pub(crate) fn is_refused(error: &TransportError) -> bool {
    error.status().is_some_and(|status| refuses(status, || error.retry_after()))
}
