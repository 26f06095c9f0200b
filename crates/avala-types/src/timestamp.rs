//! A point in time, as the API writes it.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A point in time: RFC 3339 on the wire, [`time::OffsetDateTime`] inside.
///
/// It reads a fraction of any length (kept to nanoseconds), `Z` or an offset, and a missing offset as UTC.
/// It compares as a point in time: the same moment under two offsets is equal.
///
/// ```
/// use avala_types::Timestamp;
///
/// let created: Timestamp = "2025-01-15T09:30:00+02:00".parse()?;
/// assert_eq!(created, "2025-01-15T07:30:00".parse()?);
/// assert_eq!(created.to_string(), "2025-01-15T09:30:00+02:00");
/// assert_eq!(time::OffsetDateTime::from(created).unix_timestamp(), 1_736_926_200);
/// # Ok::<(), avala_types::TimestampError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(OffsetDateTime);

impl Timestamp {
    /// The moment that lies `seconds` after the Unix epoch, or `None` outside the years -9999 to 9999.
    #[must_use]
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        OffsetDateTime::from_unix_timestamp(seconds).ok().map(Self)
    }

    /// Seconds since the Unix epoch, rounded down.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.0.unix_timestamp()
    }
}

/// The text is not a point in time that the API could have written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampError(Box<str>);

impl fmt::Display for TimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not an RFC 3339 timestamp such as 2025-01-15T09:30:00Z", self.0)
    }
}

impl std::error::Error for TimestampError {}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = OffsetDateTime::parse(text, &Rfc3339);
        // Older rows have no offset; their times are in UTC.
        let parsed = parsed.or_else(|_| OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339));
        // The text comes from outside: an error message repeats no more of it than a timestamp is long.
        parsed.map(Self).map_err(|_| TimestampError(text.chars().take(40).collect()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.format(&Rfc3339) {
            Ok(text) => f.pad(&text),
            // A year or an offset that RFC 3339 has no room for.
            Err(_) => self.0.fmt(f),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

impl From<OffsetDateTime> for Timestamp {
    fn from(time: OffsetDateTime) -> Self {
        Self(time)
    }
}

impl From<Timestamp> for OffsetDateTime {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        Self(time.into())
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0.into()
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.format(&Rfc3339).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&text)
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::field::try_read_str(deserializer, "an RFC 3339 timestamp", str::parse)
    }
}

crate::field::plain_field!(Timestamp);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_form_is_read() {
        let moment: Timestamp = "2025-01-15T09:30:00Z".parse().unwrap();
        assert_eq!(moment.unix_seconds(), 1_736_933_400);
        for same in ["2025-01-15T09:30:00+00:00", "2025-01-15T09:30:00", "2025-01-15T04:00:00.000000-05:30"] {
            assert_eq!(same.parse::<Timestamp>().unwrap(), moment, "{same}");
        }
        let fraction: Timestamp = "2025-01-15T09:30:00.123456".parse().unwrap();
        assert_eq!(OffsetDateTime::from(fraction).nanosecond(), 123_456_000);
    }

    #[test]
    fn the_same_text_is_written_back() {
        for text in ["2025-01-15T09:30:00Z", "2025-01-15T09:30:00.123456Z", "2024-02-29T23:59:59.5+05:45"] {
            let json = format!("\"{text}\"");
            let timestamp: Timestamp = serde_json::from_str(&json).unwrap();
            assert_eq!(serde_json::to_string(&timestamp).unwrap(), json);
        }
    }

    #[test]
    fn what_is_no_timestamp_is_refused_and_named() {
        for text in ["", "now", "2025-01-15", "2025-13-15T09:30:00Z", "2025-02-30T09:30:00Z", "09:30:00", "1736933400"]
        {
            let error = text.parse::<Timestamp>().unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
        }
        let long = "x".repeat(10_000);
        assert!(long.parse::<Timestamp>().unwrap_err().to_string().len() < 120);
        assert!(serde_json::from_str::<Timestamp>("1736933400").is_err());
    }

    #[test]
    fn it_converts_both_ways() {
        let moment = Timestamp::from_unix_seconds(1_736_933_400).unwrap();
        assert_eq!(Timestamp::from(OffsetDateTime::from(moment)), moment);
        assert_eq!(Timestamp::from(SystemTime::from(moment)), moment);
        assert_eq!(Timestamp::from_unix_seconds(i64::MAX), None);
        // In UTC, this moment lies in a year that has no date.
        let last: Timestamp = "9999-12-31T23:59:59-23:59".parse().unwrap();
        let since_epoch = SystemTime::from(last).duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(last.unix_seconds().try_into(), Ok(since_epoch.as_secs()));
        assert_eq!(format!("{moment:?}"), "Timestamp(2025-01-15T09:30:00Z)");
    }
}
