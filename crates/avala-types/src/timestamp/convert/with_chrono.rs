//! Conversions from and to chrono (feature `chrono`).

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
