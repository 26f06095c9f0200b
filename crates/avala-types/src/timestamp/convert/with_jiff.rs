//! Conversions from and to jiff (feature `jiff`).

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
