//! The time at which a server sent a response.

use std::time::SystemTime;

use http::HeaderMap;
use http::header::DATE;

/// Reads the `date` header of a response. `None` if it is missing or no HTTP date.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// let mut headers = http::HeaderMap::new();
/// headers.insert("date", "Thu, 01 Jan 1970 00:01:00 GMT".parse()?);
/// assert_eq!(avala_transport::response_date(&headers), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(60)));
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[must_use]
pub fn response_date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()
}
