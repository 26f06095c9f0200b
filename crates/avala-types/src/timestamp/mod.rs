//! A point in time, as the API writes it.

#[cfg(any(feature = "chrono", feature = "jiff"))]
mod convert;
mod parse;
mod rest;
mod words;

#[cfg(any(feature = "chrono", feature = "jiff"))]
pub use convert::OutOfRange;

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::de::{self, Deserializer, Visitor};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use crate::refused_text::TEXT;
use crate::scalar::{Scalar, wrong_value};

/// A point in time: RFC 3339 on the wire,
/// [`time::OffsetDateTime`](https://docs.rs/time/0.3/time/struct.OffsetDateTime.html) inside.
///
/// Compares as a point in time: the same moment under two offsets is equal.
///
/// # Forms that are read
/// RFC 3339, and what databases and languages write instead:
/// - a date of ISO 8601 with `-`, `/` or `.` between its parts, as a week (`2025-W03-3`) or a day of the year
///   (`2025-015`), and the basic form (`20250115T093000Z`); a date alone is its midnight, in UTC, as in JavaScript;
/// - a space, `t` or `-` instead of `T` (`2025-01-15-09.30.00` of Db2), no seconds, a comma instead of the point, a
///   fraction of any length (kept to nanoseconds), and ` AM` or ` PM` after the time;
/// - the offset as `Z`, `UTC`, `GMT`, `Etc/UTC`, `+02`, `+0200`, `+02:00`, `+02:00:00` or `UTC+02:00`, with or without
///   a space before it (`2025-01-15 09:30:00.1234567 +01:00` of SQL Server); a missing offset is UTC;
/// - the name of the zone after the offset, which is dropped: `[Europe/Paris]` of Java, ` +0200 CEST` of Go;
/// - the dates of HTTP, email and cookies: `Wed, 15 Jan 2025 09:30:00 GMT`, and those of RFC 850, whose weekday gives
///   the century (`Wednesday, 15-Jan-25 09:30:00 GMT`);
/// - any other text with the name of a month, a day, a year of four digits and a time: `Wed Jan 15 09:30:00 2025` of C,
///   `Wed Jan 15 09:30:00 UTC 2025` of Java, `Wed Jan 15 2025 09:30:00 GMT+0000 (UTC)` of JavaScript,
///   `Wednesday, January 15, 2025 9:30:00 AM` of C#, `Jan 15 2025  9:30AM` of SQL Server.
///
/// Not read, because it has more than one meaning: a month in digits that does not follow the year (`01/02/2025`), a
/// year of two digits without a weekday, the name of a zone without its offset (`09:30 CET`, `Europe/Paris`), and a
/// number, because it could count seconds or milliseconds.
/// [`from_unix_seconds`](Self::from_unix_seconds) is for numbers whose unit is known.
///
/// RFC 3339 is written, with the offset that was read. It has no years before 0, so that encoding such a time fails.
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
    /// Returns the time `seconds` after the Unix epoch, or `None` outside the years -9999 to 9999.
    #[must_use]
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        OffsetDateTime::from_unix_timestamp(seconds).ok().map(Self)
    }

    /// Returns the current time in UTC, by the clock of the system.
    #[must_use]
    pub fn now() -> Self {
        Self(OffsetDateTime::now_utc())
    }

    /// Adds a duration, or returns `None` outside the years -9999 to 9999.
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration.try_into().ok()?).map(Self)
    }

    /// Subtracts a duration, or returns `None` outside the years -9999 to 9999.
    #[must_use]
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        self.0.checked_sub(duration.try_into().ok()?).map(Self)
    }

    /// Returns the time since an earlier timestamp, or `None` if that one is later.
    #[must_use]
    pub fn duration_since(self, earlier: Self) -> Option<Duration> {
        (self.0 - earlier.0).try_into().ok()
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
        // The text is foreign: an error message repeats at most the length of a timestamp.
        parse::parse(text.trim_ascii()).map(Self).ok_or_else(|| TimestampError(text.chars().take(40).collect()))
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

/// A time outside the years -9999 to 9999 becomes the first or the last timestamp.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let epoch = OffsetDateTime::UNIX_EPOCH;
        let duration = |duration: Duration| time::Duration::try_from(duration).unwrap_or(time::Duration::MAX);
        Self(match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => epoch.saturating_add(duration(after)),
            Err(before) => epoch.saturating_sub(duration(before.duration())),
        })
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0.into()
    }
}

/// Arithmetic panics outside the years -9999 to 9999, as that of `SystemTime` does outside its range; see
/// [`Timestamp::checked_add`].
macro_rules! arithmetic {
    ($($duration:ty),+) => {$(
        impl Add<$duration> for Timestamp {
            type Output = Self;

            fn add(self, duration: $duration) -> Self {
                Self(self.0 + duration)
            }
        }

        impl Sub<$duration> for Timestamp {
            type Output = Self;

            fn sub(self, duration: $duration) -> Self {
                Self(self.0 - duration)
            }
        }

        impl AddAssign<$duration> for Timestamp {
            fn add_assign(&mut self, duration: $duration) {
                *self = *self + duration;
            }
        }

        impl SubAssign<$duration> for Timestamp {
            fn sub_assign(&mut self, duration: $duration) {
                *self = *self - duration;
            }
        }
    )+};
}

arithmetic!(Duration, time::Duration);

/// The time from one to the other, which is negative if the first one is earlier.
impl Sub for Timestamp {
    type Output = time::Duration;

    fn sub(self, other: Self) -> time::Duration {
        self.0 - other.0
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.format(&Rfc3339);
        // RFC 3339 has no room for an offset with seconds.
        let text = text.or_else(|error| match self.0.checked_to_offset(UtcOffset::UTC) {
            Some(in_utc) if self.0.offset().seconds_past_minute() != 0 => in_utc.format(&Rfc3339),
            _ => Err(error),
        });
        serializer.serialize_str(&text.map_err(serde::ser::Error::custom)?)
    }
}

impl Scalar for Timestamp {
    const EXPECTED: &'static str = "an RFC 3339 timestamp";

    fn from_text<E: de::Error>(text: &str) -> Result<Self, E> {
        text.parse().map_err(|_| wrong_value::<Self, E>(TEXT))
    }

    fn ask<'de, D: Deserializer<'de>, V: Visitor<'de>>(deserializer: D, visitor: V) -> Result<V::Value, D::Error> {
        deserializer.deserialize_string(visitor)
    }
}

crate::scalar::scalar!(Timestamp);

crate::setter::converted!(Timestamp);

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
    fn forms_of_databases_and_languages_are_read() {
        let moment: Timestamp = "2025-01-15T09:30:00Z".parse().unwrap();
        for same in [
            "2025-01-15 09:30:00",
            "2025-01-15 09:30:00+00",
            "2025-01-15 09:30:00.000000+00",
            "2025-01-15 15:15:00+05:45",
            "2025-01-15 09:30:00.0000000 +00:00",
            "2025-01-15 09:30:00 UTC",
            "2025-01-15 11:30:00 +0200",
            "2025-01-15 11:30:00 +0200 CEST",
            "2025-01-15 09:30:00.000000001 +0000 UTC m=+0.000000001",
            "2025-01-15T09:30",
            "2025-01-15T10:30+01:00[Europe/Paris]",
            "2025-01-15t09:30:00z",
            "2025-01-15T09:30:00,000Z",
            "2025-01-15T09:30:00.000000000000Z",
            "2025-01-15T09:30:00+0000",
            "2025-01-15T09:49:32+00:19:32",
            "2025-01-15T09:10:28-00:19:32",
            "20250115T093000Z",
            "Wed, 15 Jan 2025 09:30:00 GMT",
            "Wed, 15 Jan 2025 11:30:00 +0200",
            "Wed Jan 15 09:30:00 2025",
            "Wed Jan 15 09:30:00 UTC 2025",
            "Wed Jan 15 11:30:00 +0200 2025",
            "Wed Jan 15 2025 10:30:00 GMT+0100 (Central European Standard Time)",
            "Wed Jan 15 2025 09:30:00 GMT+0000",
            "Wed Jan 15 2025 09:30:00 GMT",
            " 2025-01-15T09:30:00Z\n",
            // SQL Server, Db2, Oracle and PostgreSQL.
            "2025-01-15 10:30:00.1234567 +01:00",
            "2025-01-15-09.30.00.000000",
            "Jan 15 2025  9:30AM",
            "15-JAN-2025 09:30:00",
            "Wed Jan 15 09:30:00 2025 UTC",
            "Wed Jan 15 09:30:00.123456 2025 UTC",
            "2025-01-15 09:30:00 Etc/UTC",
            // ISO 8601: a week, a day of the year.
            "2025-W03-3T09:30:00Z",
            "2025W033T093000Z",
            "2025-015T09:30:00Z",
            "2025015T093000Z",
            // Go's log, PHP, EXIF's relatives, the crate `time`.
            "2025/01/15 09:30:00",
            "2025.01.15 09:30:00",
            "2025-1-15 9:30",
            "2025-01-15 9:30:00.0 +00:00:00",
            "2025-01-15 10:30:00 GMT+01:00",
            "2025-01-15T11:30:00 UTC+02:00",
            "2025-01-15 9:30:00 AM",
            "2025-01-15 09:30:00 utc",
            "Wednesday, 15-Jan-25 09:30:00 GMT",
            "Wed, 15-Jan-2025 09:30:00 GMT",
            "Wednesday, 15-Jan-2025 09:30:00 UTC",
            "Wed, 15 Jan 25 09:30:00 +0000",
            "Wednesday, January 15, 2025 9:30:00 AM",
            "Wed Jan 15 09:30:00 AM UTC 2025",
            "Wed 15 Jan 2025 09:30:00 AM UTC",
            "15 January 2025 09:30",
            "Jan 15, 2025, 9:30:00 AM",
            "Jan 15, 2025, 9:30:00\u{202f}AM",
        ] {
            let read: Timestamp = same.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(read.unix_seconds(), moment.unix_seconds(), "{same}");
            let written = serde_json::to_string(&read).unwrap();
            assert_eq!(serde_json::from_str::<Timestamp>(&written).unwrap(), read, "{same}");
        }
        for (text, expected) in [
            ("2025-01-15", "2025-01-15T00:00:00Z"),
            ("2025/01/15", "2025-01-15T00:00:00Z"),
            ("2025-W03-3", "2025-01-15T00:00:00Z"),
            ("2025-015", "2025-01-15T00:00:00Z"),
            ("2020-W53-7", "2021-01-03T00:00:00Z"),
            ("2024-366", "2024-12-31T00:00:00Z"),
            ("2025-01-15 12:30:00 AM", "2025-01-15T00:30:00Z"),
            ("2025-01-15 12:30:00 PM", "2025-01-15T12:30:00Z"),
            ("2025-01-15 1:30 pm +01:00", "2025-01-15T13:30:00+01:00"),
            ("Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Saturday, 06-Nov-94 08:49:37 GMT", "2094-11-06T08:49:37Z"),
            ("Thu Mar 05 10:00:00 UTC 2026", "2026-03-05T10:00:00Z"),
            // The weekday is not needed here, and not checked.
            ("Tue Mar 05 10:00:00 UTC 2026", "2026-03-05T10:00:00Z"),
            ("2026-01-02 03:04:05.1234567 +01:00", "2026-01-02T03:04:05.1234567+01:00"),
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), expected, "{text}");
        }
        let nanoseconds: Timestamp = "2025-01-15 09:30:00.1234567891".parse().unwrap();
        assert_eq!(nanoseconds.to_string(), "2025-01-15T09:30:00.123456789Z");
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
        for text in [
            "",
            "now",
            "infinity",
            "0000-00-00 00:00:00",
            "2025-01",
            "2025",
            "20250115",
            "2025-13-15T09:30:00Z",
            "0000-01-01T00:00:00+00:00:30",
            "2025-W54-1T09:30:00Z",
            "2025-366",
            "2025-01/15 09:30:00",
            "2025-01-15 13:30:00 AM",
            "2025-01-15 0:30:00 PM",
            "2025-01-15 09:30:00 CET",
            "2025-01-15 09:30:00 Europe/Paris",
            "01-02-2025 09:30:00",
            "1/15/2025 9:30:00 AM",
            "15 Jan 25 09:30 UTC",
            "15-JAN-25 09.30.00.000000 AM",
            "Monday, 15-Jan-25 09:30:00 GMT",
            "15 15 Jan 2025 09:30:00",
            "Jan Feb 15 2025 09:30:00",
            "Jan 15 2025",
            "Jan 2025 09:30",
            "Wed 15 2025 09:30:00",
            "Jan 15 2025 09:30:00 10:30:00",
            "Jan 15 2025 09:30:00 GMT (",
            "2025-01-15é09:30:00",
            "2025-02-30T09:30:00Z",
            "2025-01-15 24:30:00",
            "2025-01-15T09",
            "2025-01-15T09:30:00.",
            "2025-01-15T09:30:00+2",
            "2025-01-15T09:30:00 [x",
            "2025-0115T09:30:00",
            "15/01/2025 09:30",
            "09:30:00",
            "1736933400",
            "Wed Jan 15 2025",
            "Wed Jan 35 09:30:00 2025",
            "Wed Jan 15 09:30:00 CET 2025",
            "Wed Jab 15 09:30:00 2025",
            "Wed Jan 15 09:30:00 2025 and more",
        ] {
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

    #[test]
    fn extreme_system_times_become_the_first_and_the_last_timestamp() {
        let last = OffsetDateTime::from_unix_timestamp(253_402_300_799).unwrap();
        let first = OffsetDateTime::from_unix_timestamp(-377_705_116_800).unwrap();
        let read = |time: SystemTime| OffsetDateTime::from(Timestamp::from(time)).unix_timestamp();
        // A system with a smaller range of its clock has no such time.
        for seconds in [253_402_300_799, 253_402_300_800, 1 << 40, i64::MAX as u64 - 1, i64::MAX as u64] {
            let after = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
            assert!(after.is_none_or(|time| read(time) == last.unix_timestamp()), "{seconds}");
        }
        for seconds in [377_705_116_800, 377_705_116_801, 1 << 40, i64::MAX as u64, i64::MAX as u64 + 1] {
            let before = SystemTime::UNIX_EPOCH.checked_sub(Duration::from_secs(seconds));
            assert!(before.is_none_or(|time| read(time) == first.unix_timestamp()), "{seconds}");
        }
        for nanoseconds in [0, 1, 999_999_999, 1_000_000_001] {
            let duration = Duration::from_nanos(nanoseconds);
            for time in [SystemTime::UNIX_EPOCH + duration, SystemTime::UNIX_EPOCH - duration] {
                assert_eq!(SystemTime::from(Timestamp::from(time)), time);
            }
        }
    }

    #[test]
    fn extreme_timestamps_become_system_times() {
        let offset = |hours| UtcOffset::from_hms(hours, 59 * hours.signum(), 59 * hours.signum()).unwrap();
        let (first, last) = (time::PrimitiveDateTime::MIN, time::PrimitiveDateTime::MAX);
        for time in [first, last].iter().flat_map(|time| [-23, 0, 23].map(|hours| time.assume_offset(offset(hours)))) {
            let timestamp = Timestamp::from(time);
            let system = SystemTime::from(timestamp);
            let seconds = match system.duration_since(SystemTime::UNIX_EPOCH) {
                Ok(after) => i128::from(after.as_secs()),
                Err(before) => -i128::from(before.duration().as_secs()),
            };
            assert_eq!(seconds, i128::from(timestamp.unix_seconds()), "{timestamp:?}");
            // Back in UTC, a moment of the years 10,000 and -10,000 has no date, and becomes the nearest one.
            let back = OffsetDateTime::from(Timestamp::from(system));
            let is_in_range = (first.assume_utc()..=last.assume_utc()).contains(&time);
            assert_eq!(back == time, is_in_range, "{time} {back}");
        }
    }
}
