//! Points in time.

use std::time::SystemTime;

use avala_types::Timestamp;
use proptest::prelude::*;
use time::{OffsetDateTime, UtcOffset};

use super::cases;

/// The first and the last second of the years that RFC 3339 has room for, less the longest offset.
const SECONDS: std::ops::Range<i64> = -62_167_219_200 + 86_400..253_402_300_799 - 86_400;

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn any_time_with_any_offset_survives_a_round_trip(seconds in SECONDS, nanos in 0_u32..1_000_000_000, minutes in -1439_i32..1440) {
        let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap().replace_nanosecond(nanos).unwrap();
        let timestamp = Timestamp::from(moment.to_offset(UtcOffset::from_whole_seconds(minutes * 60).unwrap()));
        let text = timestamp.to_string();
        let read: Timestamp = text.parse().unwrap();
        prop_assert_eq!(read, timestamp);
        prop_assert_eq!(read.to_string(), text);
        prop_assert_eq!(read.unix_seconds(), seconds);
        prop_assert_eq!(Timestamp::from(SystemTime::from(read)), timestamp);
    }

    #[test]
    fn text_that_looks_like_a_timestamp_never_panics(
        text in "[0-9]{4}-(0[0-9]|1[0-9])-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,12})?(Z|z|[+-][0-2][0-9]:[0-6][0-9])?"
    ) {
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            let again: Timestamp = timestamp.to_string().parse().unwrap();
            prop_assert_eq!(again, timestamp);
            let _ = SystemTime::from(timestamp);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        if let Err(error) = text.parse::<Timestamp>() {
            prop_assert!(error.to_string().chars().count() < 400);
        }
    }
}

/// The last second of the last year, under an offset that puts it into the year after.
#[test]
fn first_and_last_year_are_valid() {
    for text in ["9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00+23:59", "9999-12-31T23:59:60Z"] {
        let timestamp: Timestamp = text.parse().unwrap();
        assert_eq!(timestamp.to_string().parse::<Timestamp>().unwrap(), timestamp);
        let system = SystemTime::from(timestamp);
        let since = system.duration_since(SystemTime::UNIX_EPOCH);
        let seconds = since.map_or_else(|before| -(before.duration().as_secs() as i64), |since| since.as_secs() as i64);
        assert_eq!(seconds, timestamp.unix_seconds(), "{text}");
    }
}
