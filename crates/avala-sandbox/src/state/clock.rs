//! Clocks: the time of the sandbox that its clients see, and the time of its background work.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use avala_types::Timestamp;

/// The clock of the expiry of URLs and of the `Date` header. Tests move it; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    /// Returns the current time, moved by the offset.
    pub(crate) fn now(&self) -> SystemTime {
        let offset = self.0.load(Ordering::Relaxed);
        let distance = Duration::from_millis(offset.unsigned_abs());
        let now = SystemTime::now();
        let moved = if offset < 0 { now.checked_sub(distance) } else { now.checked_add(distance) };
        moved.unwrap_or(now)
    }

    /// Milliseconds by which this clock is ahead of the machine's; negative if it is behind.
    pub(crate) fn set_offset(&self, milliseconds: i64) {
        self.0.store(milliseconds, Ordering::Relaxed);
    }

    /// Moves the clock forward.
    pub(crate) fn advance(&self, time: Duration) {
        self.0.fetch_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 2), Ordering::Relaxed);
    }
}

/// Returns the time in microseconds, as the real server writes it. It is never `None`; the fields for it are optional.
pub(crate) fn now() -> Option<Timestamp> {
    after(Duration::ZERO)
}

/// Returns the time after a wait from now.
pub(crate) fn after(wait: Duration) -> Option<Timestamp> {
    let age = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default() + wait;
    let micros = Duration::new(age.as_secs(), age.subsec_micros() * 1000);
    Some(Timestamp::from(SystemTime::UNIX_EPOCH + micros))
}

/// Returns the whole seconds since 1970.
pub(crate) fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Returns the end of a lifetime that starts at the whole second of `now`.
pub(crate) fn expiry(now: SystemTime, lifetime: Duration) -> Timestamp {
    Timestamp::from(SystemTime::UNIX_EPOCH + Duration::from_secs(unix_seconds(now)) + lifetime)
}

/// Returns year, month, day, hour, minute and second in UTC.
pub(crate) fn civil(time: SystemTime) -> [u64; 6] {
    let seconds = unix_seconds(time);
    let (days, second_of_day) = (seconds / 86_400, seconds % 86_400);
    // Howard Hinnant's algorithm: years start in March, so that the leap day is the last one.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    [year, month, day, second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60]
}

/// Formats a time as `2025-01-15T09:30:00Z`, with microseconds if there are any, as Django does.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let [year, month, day, hour, minute, second] = civil(time);
    let micros = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().subsec_micros();
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// Formats a time as `20250115T093000Z`.
pub(crate) fn amz_date(time: SystemTime) -> String {
    let [year, month, day, hour, minute, second] = civil(time);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// Reads `20250115T093000Z` as seconds since 1970.
pub(crate) fn parse_amz_date(text: &str) -> Option<u64> {
    let digits: String = text.strip_suffix('Z')?.chars().filter(|character| *character != 'T').collect();
    if digits.len() != 14 || text.len() != 16 {
        return None;
    }
    let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<u64>().ok();
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    let time = number(8..10)? * 3600 + number(10..12)? * 60 + number(12..14)?;
    let shifted_year = if month <= 2 { year.checked_sub(1)? } else { year };
    let (era, year_of_era) = (shifted_year / 400, shifted_year % 400);
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day.checked_sub(1)?;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    ((era * 146_097 + day_of_era).checked_sub(719_468)?).checked_mul(86_400)?.checked_add(time)
}

/// Formats a time as `Wed, 15 Jan 2025 09:30:00 GMT`.
pub(crate) fn http_date(time: SystemTime) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let [year, month, day, hour, minute, second] = civil(time);
    let name = |names: &[&'static str], index: u64| {
        usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
    };
    let weekday = name(&DAYS, unix_seconds(time) / 86_400 % 7);
    let month = name(&MONTHS, month - 1);
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amz_date_is_read_as_it_is_written() {
        for (seconds, text) in [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (1_736_933_400, "20250115T093000Z"),
            (4_107_542_400, "21000301T000000Z"),
        ] {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(amz_date(time), text);
            assert_eq!(parse_amz_date(text), Some(seconds));
        }
        for wrong in ["", "2025", "20250115T093000", "2025011509300000Z", "x0250115T093000Z"] {
            assert_eq!(parse_amz_date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn clock_moves_both_ways_and_is_shared() {
        let clock = Clock::default();
        clock.clone().set_offset(-3_600_000);
        assert!(clock.now() < SystemTime::now() - Duration::from_secs(3000));
        clock.advance(Duration::from_secs(7200));
        assert!(clock.now() > SystemTime::now() + Duration::from_secs(3000));
    }

    #[test]
    fn rfc3339_has_microseconds_only_if_needed() {
        let date = |micros| rfc3339(SystemTime::UNIX_EPOCH + Duration::from_micros(micros));
        assert_eq!(date(1_736_933_400_000_000), "2025-01-15T09:30:00Z");
        assert_eq!(date(1_736_933_400_000_120), "2025-01-15T09:30:00.000120Z");
    }

    #[test]
    fn http_dates_have_their_weekday() {
        let date = |seconds| http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(date(1_709_210_096), "Thu, 29 Feb 2024 12:34:56 GMT");
    }
}
