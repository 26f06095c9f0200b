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
mod with_chrono {
    use chrono::{DateTime, FixedOffset, TimeZone, Utc};
    use time::UtcOffset;

    use super::{OutOfRange, Timestamp, from_nanoseconds};

    /// Keeps the offset.
    impl<Z: TimeZone> TryFrom<DateTime<Z>> for Timestamp {
        type Error = OutOfRange;

        fn try_from(time: DateTime<Z>) -> Result<Self, OutOfRange> {
            let nanoseconds = time.timestamp_subsec_nanos().into();
            let in_utc = from_nanoseconds(time.timestamp(), nanoseconds).ok_or(OutOfRange)?;
            let offset = time.fixed_offset().offset().local_minus_utc();
            let offset = UtcOffset::from_whole_seconds(offset).map_err(|_| OutOfRange)?;
            in_utc.0.checked_to_offset(offset).map(Self).ok_or(OutOfRange)
        }
    }

    impl From<Timestamp> for DateTime<Utc> {
        fn from(timestamp: Timestamp) -> Self {
            // Every year of a timestamp is one of chrono's, so the default is never used.
            DateTime::from_timestamp(timestamp.0.unix_timestamp(), timestamp.0.nanosecond()).unwrap_or_default()
        }
    }

    impl From<Timestamp> for DateTime<FixedOffset> {
        fn from(timestamp: Timestamp) -> Self {
            let in_utc = DateTime::<Utc>::from(timestamp);
            match FixedOffset::east_opt(timestamp.0.offset().whole_seconds()) {
                Some(offset) => in_utc.with_timezone(&offset),
                None => in_utc.fixed_offset(),
            }
        }
    }
}

#[cfg(feature = "jiff")]
mod with_jiff {
    use super::{OutOfRange, Timestamp, from_nanoseconds};

    impl TryFrom<jiff::Timestamp> for Timestamp {
        type Error = OutOfRange;

        fn try_from(time: jiff::Timestamp) -> Result<Self, OutOfRange> {
            from_nanoseconds(time.as_second(), time.subsec_nanosecond().into()).ok_or(OutOfRange)
        }
    }

    /// Leaves out the offset, which a `jiff::Timestamp` does not have.
    impl TryFrom<Timestamp> for jiff::Timestamp {
        type Error = jiff::Error;

        fn try_from(timestamp: Timestamp) -> Result<Self, jiff::Error> {
            jiff::Timestamp::from_nanosecond(timestamp.0.unix_timestamp_nanos())
        }
    }
}

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
