//! Rate limit headers.

use http::{HeaderMap, HeaderValue};

const LIMIT: &str = "x-ratelimit-limit";
const REMAINING: &str = "x-ratelimit-remaining";
const RESET: &str = "x-ratelimit-reset";

/// Maximum plausible number of calls; larger numbers are timestamps or garbage.
const MOST_CALLS: u64 = 100_000_000;

/// Rate limit as reported by the server's headers. A missing or implausible header is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RateLimitState {
    /// Calls per minute, from `X-RateLimit-Limit`. Zero and more than 100 million are ignored.
    pub limit: Option<u64>,
    /// Calls that are left in this minute, from `X-RateLimit-Remaining`.
    pub remaining: Option<u64>,
    /// When the count restarts, in seconds since the Unix epoch, from `X-RateLimit-Reset`.
    pub reset: Option<u64>,
}

impl RateLimitState {
    /// Reads the headers; `None` if there are none, or none is valid.
    ///
    /// ```
    /// use avala_transport::RateLimitState;
    ///
    /// let mut headers = http::HeaderMap::new();
    /// headers.insert("x-ratelimit-remaining", http::HeaderValue::from_static("41"));
    /// let state = RateLimitState::from_headers(&headers);
    /// assert_eq!(state.and_then(|state| state.remaining), Some(41));
    /// ```
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let [mut limit, mut remaining, mut reset] = [None; 3];
        // One pass, because a lookup hashes its name: three of them take longer than all names of a response.
        for (name, value) in headers {
            let first = match name.as_str() {
                LIMIT => &mut limit,
                REMAINING => &mut remaining,
                RESET => &mut reset,
                _ => continue,
            };
            first.get_or_insert(value);
        }
        let state = Self {
            limit: limit.and_then(number).filter(|limit| (1..=MOST_CALLS).contains(limit)),
            remaining: remaining.and_then(number).filter(|remaining| *remaining <= MOST_CALLS),
            reset: reset.and_then(number),
        };
        if state == Self::default() { None } else { Some(state) }
    }
}

fn number(value: &HeaderValue) -> Option<u64> {
    // ASCII trimming suffices for digits. `u64::from_str` accepts a plus sign; the header does not.
    let text = str::from_utf8(value.as_bytes().trim_ascii()).ok()?;
    if text.starts_with('+') { None } else { text.parse().ok() }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn invalid_headers_are_ignored() {
        let mut headers = HeaderMap::new();
        assert_eq!(RateLimitState::from_headers(&headers), None);
        headers.insert(LIMIT, HeaderValue::from_static("many"));
        assert_eq!(RateLimitState::from_headers(&headers), None);
        headers.insert(RESET, HeaderValue::from_static(" 1700000000 "));
        let expected = RateLimitState { reset: Some(1_700_000_000), ..Default::default() };
        assert_eq!(RateLimitState::from_headers(&headers), Some(expected));
    }

    #[test]
    fn implausible_header_values_are_ignored() {
        let table = [
            ("0", [None, Some(0), Some(0)]),
            ("1", [Some(1); 3]),
            ("100000000", [Some(100_000_000); 3]),
            ("100000001", [None, None, Some(100_000_001)]),
            ("1764158400", [None, None, Some(1_764_158_400)]),
            ("18446744073709551614", [None, None, Some(u64::MAX - 1)]),
            ("18446744073709551615", [None, None, Some(u64::MAX)]),
            ("18446744073709551616", [None; 3]),
            ("-1", [None; 3]),
            ("+5", [None; 3]),
            ("1.5", [None; 3]),
            ("100, 100;w=60", [None; 3]),
            ("", [None; 3]),
            ("NaN", [None; 3]),
        ];
        for (text, expected) in table {
            for (name, expected) in [LIMIT, REMAINING, RESET].into_iter().zip(expected) {
                let mut headers = HeaderMap::new();
                headers.insert(name, HeaderValue::from_static(text));
                let state = RateLimitState::from_headers(&headers).unwrap_or_default();
                let read = state.limit.or(state.remaining).or(state.reset);
                assert_eq!(read, expected, "{name}: {text}");
            }
        }
    }
}
