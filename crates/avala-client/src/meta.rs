//! Response metadata.

use std::time::{Duration, SystemTime};

use avala_transport::{CallReport, RateLimitState, TimeSpent, redact, response_date};
use avala_types::RateLimitInfo;
use http::StatusCode;
use http::response::Parts;

/// The longest request ID, in bytes.
const MAX_REQUEST_ID: usize = 200;

/// A value with response metadata. Returned by [`Call::with_meta`](crate::Call::with_meta).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Response<T> {
    /// The value itself.
    pub value: T,
    /// Everything else.
    pub meta: Meta,
}

/// Response metadata.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Meta {
    /// The status, which is 200, 201, 202, 203 or 204.
    pub status: StatusCode,
    /// The server's name for this call (`X-Request-Id`), to quote to its support.
    pub request_id: Option<String>,
    /// The server's clock when it responded (`Date`). Unset without the header.
    pub date: Option<SystemTime>,
    /// What the server said of its rate limit.
    pub rate_limit: RateLimitInfo,
    /// How many attempts it took.
    pub attempts: u32,
    /// How long it took, retries and waiting included.
    pub elapsed: Duration,
    /// Where that time went.
    pub time_spent: TimeSpent,
}

impl Meta {
    pub(crate) fn of(parts: &Parts) -> Self {
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let report = parts.extensions.get::<CallReport>();
        Self {
            status: parts.status,
            request_id: header("x-request-id").map(|id| redact::shorten(id, MAX_REQUEST_ID)),
            date: response_date(&parts.headers),
            rate_limit: RateLimitInfo::from_lookup(header),
            attempts: report.map_or(1, CallReport::attempts),
            elapsed: report.map(CallReport::elapsed).unwrap_or_default(),
            time_spent: report.map(CallReport::time_spent).unwrap_or_default(),
        }
    }
}

/// The limit that the transport saw last, in the words of the types.
pub(crate) fn rate_limit_info(state: RateLimitState) -> RateLimitInfo {
    let mut info = RateLimitInfo::default();
    info.limit = state.limit;
    info.remaining = state.remaining;
    info.reset = state.reset;
    info
}
