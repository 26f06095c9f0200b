//! Response metadata.

use std::ops::{Deref, DerefMut};
use std::time::SystemTime;

use avala_transport::layer::response_date;
use avala_transport::{CallReport, RateLimitState, redact};
use avala_types::RateLimitInfo;
use http::StatusCode;
use http::response::Parts;

/// Maximum length of a request ID, in bytes.
const MAX_REQUEST_ID: usize = 200;

/// A value with response metadata. Returned by [`Call::with_meta`](crate::Call::with_meta).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Response<T> {
    /// The value itself.
    pub value: T,
    /// Status, request ID, rate limit, attempts and times.
    pub meta: Meta,
}

/// Response metadata.
///
/// The fields of its [report](Self::report) are also fields of the metadata: `meta.attempts` is `meta.report.attempts`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Meta {
    /// The status, which is 200, 201, 202, 203 or 204.
    pub status: StatusCode,
    /// Request ID of the server (`X-Request-Id`), to quote to its support.
    pub request_id: Option<String>,
    /// The server's clock when it responded (`Date`). Unset without the header.
    pub date: Option<SystemTime>,
    /// Rate limit that the server reported.
    pub rate_limit: RateLimitInfo,
    /// Attempts and times of the call, with retries and queueing. Your own service without layers has one
    /// attempt.
    pub report: CallReport,
}

impl Meta {
    pub(crate) fn of(parts: &Parts) -> Self {
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            status: parts.status,
            request_id: header("x-request-id").map(|id| redact::shorten(id, MAX_REQUEST_ID)),
            date: response_date(&parts.headers),
            rate_limit: RateLimitInfo::from_lookup(header),
            report: parts.extensions.get::<CallReport>().cloned().unwrap_or_else(one_attempt),
        }
    }
}

/// Returns the report of a service without one.
pub(crate) fn one_attempt() -> CallReport {
    let mut report = CallReport::default();
    report.attempts = 1;
    report
}

impl Deref for Meta {
    type Target = CallReport;

    fn deref(&self) -> &CallReport {
        &self.report
    }
}

impl DerefMut for Meta {
    fn deref_mut(&mut self) -> &mut CallReport {
        &mut self.report
    }
}

/// Converts the last rate limit of the transport.
pub(crate) fn rate_limit_info(state: RateLimitState) -> RateLimitInfo {
    let mut info = RateLimitInfo::default();
    info.limit = state.limit;
    info.remaining = state.remaining;
    info.reset = state.reset;
    info
}
