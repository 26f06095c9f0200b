//! Rate limits reported by the server.

use crate::plain_struct::{read_struct, write_struct};
use crate::timestamp::Timestamp;

/// Rate limit reported in response headers.
///
/// A deployment may report none of them; missing or invalid values are `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimitInfo {
    /// Allowed calls per minute (`X-RateLimit-Limit`).
    pub limit: Option<u64>,
    /// Remaining calls until the reset (`X-RateLimit-Remaining`).
    pub remaining: Option<u64>,
    /// Reset time of the count, in Unix seconds (`X-RateLimit-Reset`).
    pub reset: Option<u64>,
}

write_struct!(RateLimitInfo { limit, remaining, reset });
read_struct!(RateLimitInfo { required {} optional { limit, remaining, reset } });
crate::field::plain_field!(RateLimitInfo);

impl RateLimitInfo {
    /// Reads the three headers through a function that returns a header by its lower-case name.
    ///
    /// ```
    /// use avala_types::RateLimitInfo;
    ///
    /// let headers = std::collections::HashMap::from([("x-ratelimit-remaining", "42")]);
    /// let info = RateLimitInfo::from_lookup(|name| headers.get(name).copied());
    /// assert_eq!((info.limit, info.remaining), (None, Some(42)));
    /// ```
    pub fn from_lookup<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Self {
        let number = |name| header(name).and_then(|text| text.trim().parse().ok());
        Self {
            limit: number("x-ratelimit-limit"),
            remaining: number("x-ratelimit-remaining"),
            reset: number("x-ratelimit-reset"),
        }
    }

    /// Returns the reset time of the count.
    #[must_use]
    pub fn reset_at(&self) -> Option<Timestamp> {
        Timestamp::from_unix_seconds(self.reset?.try_into().ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_as_good_as_nothing() {
        let info = RateLimitInfo::from_lookup(|name| match name {
            "x-ratelimit-limit" => Some(" 100 "),
            "x-ratelimit-remaining" => Some("-1"),
            "x-ratelimit-reset" => Some("18446744073709551615"),
            _ => None,
        });
        assert_eq!((info.limit, info.remaining), (Some(100), None));
        assert_eq!(info.reset_at(), None, "beyond any calendar");
    }
}
