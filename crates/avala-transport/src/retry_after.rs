//! The headers `Retry-After` and `Date`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

/// Maximum accepted wait.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Returns the wait that the response requests with `Retry-After`, at most an hour: whole seconds, or an HTTP date.
/// `None` if the header is missing or invalid (decimals, negative numbers, lists).
///
/// Some servers send a Unix timestamp, in seconds or smaller units. A number that can only be a timestamp is read as
/// one. Dates and timestamps are compared with the response's `Date` header, so that a wrong local clock does no harm,
/// and with the local clock if that header is missing. A time in the past is a wait of zero. Of several headers, the
/// longest valid wait counts, so that no server on the way gets a request too early.
///
/// ```
/// use std::time::Duration;
///
/// let mut headers = http::HeaderMap::new();
/// headers.insert("retry-after", http::HeaderValue::from_static("7"));
/// assert_eq!(avala_transport::layer::retry_after(&headers), Some(Duration::from_secs(7)));
/// ```
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get_all(RETRY_AFTER).iter().filter_map(|value| wait(value.to_str().ok()?.trim(), headers)).max()
}

fn wait(text: &str, headers: &HeaderMap) -> Option<Duration> {
    let at = match whole_seconds(text) {
        Some(number) => match point_in_time(number) {
            Some(at) => at,
            None => return Some(Duration::from_secs(number).min(LONGEST)),
        },
        None => httpdate::parse_http_date(text).ok()?,
    };
    Some(at.duration_since(sent_at(headers)).unwrap_or(Duration::ZERO).min(LONGEST))
}

/// Reads a number that can only be a Unix timestamp from 2001 to 2286: in seconds, milliseconds, microseconds or
/// nanoseconds.
pub(crate) fn point_in_time(number: u64) -> Option<SystemTime> {
    let since_epoch = match number {
        1_000_000_000..10_000_000_000 => Duration::from_secs(number),
        1_000_000_000_000..10_000_000_000_000 => Duration::from_millis(number),
        1_000_000_000_000_000..10_000_000_000_000_000 => Duration::from_micros(number),
        1_000_000_000_000_000_000..10_000_000_000_000_000_000 => Duration::from_nanos(number),
        _ => return None,
    };
    UNIX_EPOCH.checked_add(since_epoch)
}

/// Reads the `Date` header of a response: when the server sent it. `None` if it is missing or not an HTTP date.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// let mut headers = http::HeaderMap::new();
/// headers.insert("date", "Thu, 01 Jan 1970 00:01:00 GMT".parse()?);
/// assert_eq!(avala_transport::layer::response_date(&headers), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(60)));
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[must_use]
pub fn response_date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()
}

/// Returns when the server sent the response: by its `Date` header, or else the local clock.
pub(crate) fn sent_at(headers: &HeaderMap) -> SystemTime {
    response_date(headers).unwrap_or_else(SystemTime::now)
}

fn whole_seconds(text: &str) -> Option<u64> {
    // `u64::from_str` accepts a plus sign; the header does not.
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(retry_after_text: &str, date: Option<&str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(retry_after_text).unwrap());
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_str(date).unwrap());
        }
        retry_after(&headers)
    }

    #[test]
    fn seconds() {
        assert_eq!(read("0", None), Some(Duration::ZERO));
        assert_eq!(read(" 120 ", None), Some(Duration::from_secs(120)));
    }

    #[test]
    fn dates_are_compared_with_the_date_header() {
        let date = Some("Sun, 06 Nov 1994 08:49:07 GMT");
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT", date), Some(Duration::from_secs(30)));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:00 GMT", date), Some(Duration::ZERO), "in the past");
        assert_eq!(read("Sunday, 06-Nov-94 08:49:37 GMT", date), Some(Duration::from_secs(30)), "the old form");
    }

    #[test]
    fn without_a_date_header_the_local_clock_counts() {
        let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3600));
        let wait = read(&soon, None).unwrap();
        assert!(wait > Duration::from_secs(3500) && wait <= Duration::from_secs(3600), "{wait:?}");
    }

    #[test]
    fn timestamps_are_points_in_time() {
        let date = Some("Wed, 26 Nov 2025 12:00:00 GMT");
        let at = 1_764_158_400_u64;
        for (number, expected) in [
            (at + 30, Some(30)),
            ((at + 30) * 1_000, Some(30)),
            ((at + 30) * 1_000_000, Some(30)),
            ((at + 30) * 1_000_000_000, Some(30)),
            (i64::MAX as u64, Some(3_600)),
            (at, Some(0)),
            (at - 5_000, Some(0)),
            (at + 7_200, Some(3_600)),
            (999_999_999, Some(3_600)),
            (1_000_000_000, Some(0)),
            (9_999_999_999, Some(3_600)),
            (9_999_999_999_999, Some(3_600)),
            (u64::MAX - 1, Some(3_600)),
            (u64::MAX, Some(3_600)),
        ] {
            assert_eq!(read(&number.to_string(), date), expected.map(Duration::from_secs), "{number}");
        }
    }

    #[test]
    fn no_wait_is_longer_than_an_hour() {
        for text in ["3600", "3601", "86400", "Fri, 31 Dec 9999 23:59:59 GMT"] {
            assert_eq!(read(text, None), Some(Duration::from_secs(3_600)), "{text}");
        }
        assert_eq!(read("3599", None), Some(Duration::from_secs(3_599)));
    }

    #[test]
    fn longest_of_several_headers_counts() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(RETRY_AFTER, HeaderValue::from_str(value).unwrap());
            }
            retry_after(&headers).map(|wait| wait.as_secs())
        };
        assert_eq!(of(&["5", "30"]), Some(30));
        assert_eq!(of(&["30", "5"]), Some(30));
        assert_eq!(of(&["soon", "5", "-1", ""]), Some(5), "invalid ones do not hide a valid one");
        assert_eq!(of(&["soon", "5, 10"]), None);
        let repeated = vec!["7"; 10_000];
        assert_eq!(of(&repeated), Some(7));
    }

    #[test]
    fn value_that_is_no_text_is_none() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_bytes(b"\xff5").unwrap());
        assert_eq!(retry_after(&headers), None);
        headers.insert(RETRY_AFTER, HeaderValue::from_static("\t 5\t"));
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(5)));
    }

    #[test]
    fn invalid_values_are_none() {
        for text in [
            "",
            "soon",
            "-1",
            "+5",
            "1.5",
            "99999999999999999999999",
            "Sun, 99 Nov 1994 08:49:37 GMT",
            "1 s",
            "5, 10",
            "5;6",
            "1e3",
            "0x10",
            "NaN",
            "-0",
        ] {
            assert_eq!(read(text, None), None, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
