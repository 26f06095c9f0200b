//! Conversions between a timestamp and the types of other libraries for dates.

use time::OffsetDateTime;

use super::Timestamp;

/// The timestamp is outside the range of the other type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange;

impl std::fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the timestamp is outside the range of the other type")
    }
}

impl std::error::Error for OutOfRange {}

fn from_nanoseconds(seconds: i64, nanoseconds: i64) -> Option<Timestamp> {
    let seconds = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    seconds.checked_add(time::Duration::nanoseconds(nanoseconds)).map(Timestamp)
}

#[cfg(feature = "chrono")]
mod with_chrono;

#[cfg(feature = "jiff")]
mod with_jiff;

#[cfg(test)]
mod tests {
    #[cfg(feature = "chrono")]
    #[test]
    fn chrono_keeps_moment_and_offset() {
        let timestamp: super::Timestamp = "2025-01-15T09:30:00.123456789+05:45".parse().unwrap();
        let chrono = chrono::DateTime::<chrono::FixedOffset>::from(timestamp);
        assert_eq!(chrono.to_rfc3339(), timestamp.to_string());
        assert_eq!(super::Timestamp::try_from(chrono).unwrap().to_string(), timestamp.to_string());
        let in_utc = chrono::DateTime::<chrono::Utc>::from(timestamp);
        assert_eq!(super::Timestamp::try_from(in_utc), Ok(timestamp));
        assert!(super::Timestamp::try_from(chrono::DateTime::<chrono::Utc>::MAX_UTC).is_err());
    }

    #[cfg(feature = "jiff")]
    #[test]
    fn jiff_keeps_the_moment() {
        for text in ["2025-01-15T09:30:00.123456789+05:45", "1960-01-15T09:30:00.25Z"] {
            let timestamp: super::Timestamp = text.parse().unwrap();
            let jiff = jiff::Timestamp::try_from(timestamp).unwrap();
            assert_eq!(super::Timestamp::try_from(jiff), Ok(timestamp));
        }
    }
}
