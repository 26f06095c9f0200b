//! Lifetime of presigned URLs, by the server's clock.

use std::time::{Duration, SystemTime};

use http::Uri;
use tokio::time::Instant;

/// The server's clock: a `Date` header, and the monotonic time of its arrival.
///
/// The local wall clock is not used, so it may be wrong or jump.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerClock {
    date: SystemTime,
    seen_at: Instant,
}

impl ServerClock {
    pub(crate) fn new(date: SystemTime, seen_at: Instant) -> Self {
        Self { date, seen_at }
    }

    pub(crate) fn now(&self, now: Instant) -> SystemTime {
        self.date + now.saturating_duration_since(self.seen_at)
    }

    /// Returns the difference between the local clock and the server's, for messages.
    pub(crate) fn skew(&self, now: Instant) -> (bool, Duration) {
        let (server, local) = (self.now(now), SystemTime::now());
        match local.duration_since(server) {
            Ok(ahead) => (true, ahead),
            Err(behind) => (false, behind.duration()),
        }
    }
}

/// When a URL was signed and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Signed {
    /// `None` if the URL has only its expiry.
    from: Option<SystemTime>,
    until: SystemTime,
}

/// The lifetime of a URL.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UrlLife {
    expires_at: Option<Instant>,
}

impl UrlLife {
    /// Reads the lifetime from the parameters of a presigned URL that was received at `received`.
    ///
    /// With the server's clock the remaining time is exact. Without it, a URL with a lifetime counts as signed
    /// when it was received.
    pub(crate) fn of(uri: &Uri, clock: Option<ServerClock>, received: Instant) -> Self {
        let Some(signed) = signed(uri) else { return Self { expires_at: None } };
        let left = match (clock, signed.from) {
            (Some(clock), _) => signed.until.duration_since(clock.now(received)).unwrap_or_default(),
            (None, Some(from)) => signed.until.duration_since(from).unwrap_or_default(),
            (None, None) => return Self { expires_at: None },
        };
        Self { expires_at: Some(received + left) }
    }

    /// Creates the lifetime of a URL that has this much time left at `received`.
    pub(crate) fn lasting(left: Duration, received: Instant) -> Self {
        Self { expires_at: received.checked_add(left) }
    }

    /// Returns the remaining time: `Duration::MAX` for a URL without an expiry.
    pub(crate) fn left(&self, now: Instant) -> Duration {
        self.expires_at.map_or(Duration::MAX, |at| at.saturating_duration_since(now))
    }
}

fn signed(uri: &Uri) -> Option<Signed> {
    let query = uri.query()?;
    let parameter = |name: &str| {
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| key.eq_ignore_ascii_case(name))
    };
    for provider in ["Amz", "Goog"] {
        let date = parameter(&format!("X-{provider}-Date")).and_then(|(_, text)| basic_date(text));
        let seconds = parameter(&format!("X-{provider}-Expires")).and_then(|(_, text)| text.parse().ok());
        if let (Some(from), Some(seconds)) = (date, seconds) {
            return Some(Signed { from: Some(from), until: from.checked_add(Duration::from_secs(seconds))? });
        }
    }
    // Version 2 of S3 and GCS, and Azure.
    if let Some(seconds) = parameter("Expires").and_then(|(_, text)| text.parse().ok()) {
        let until = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
        return Some(Signed { from: None, until });
    }
    let (_, end) = parameter("se")?;
    let digits: String = end.replace("%3A", "").replace("%3a", "").chars().filter(|c| !"-:".contains(*c)).collect();
    Some(Signed { from: None, until: basic_date(&digits)? })
}

/// Reads `20250115T093000Z`.
pub(crate) fn basic_date(text: &str) -> Option<SystemTime> {
    let number = |range: std::ops::Range<usize>| {
        let digits = text.get(range)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u64>().ok()).flatten()
    };
    if text.len() != 16 || text.get(8..9) != Some("T") || text.get(15..) != Some("Z") {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    let (hour, minute, second) = (number(9..11)?, number(11..13)?, number(13..15)?);
    let is_valid = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !is_valid || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Days since 1970 of the proleptic Gregorian calendar, counted from March on.
    let (shifted_year, shifted_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let era = shifted_year / 400;
    let year_of_era = shifted_year % 400;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = (era * 146_097 + day_of_era).checked_sub(719_468)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(days * 86_400 + hour * 3_600 + minute * 60 + second))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unix(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn left(query: &str, clock: Option<u64>) -> Duration {
        let now = Instant::now();
        let uri = format!("https://s3.amazonaws.com/b/k?{query}").parse().unwrap();
        UrlLife::of(&uri, clock.map(|seconds| ServerClock::new(unix(seconds), now)), now).left(now)
    }

    #[test]
    fn dates_are_read() {
        let table = [
            ("19700101T000000Z", Some(0)),
            ("20250115T093000Z", Some(1_736_933_400)),
            ("20240229T235959Z", Some(1_709_251_199)),
            ("20000301T000000Z", Some(951_868_800)),
            ("20251301T000000Z", None),
            ("20250115 093000Z", None),
            ("2025-01-15T09:30", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(basic_date(text), expected.map(unix), "{text}");
        }
    }

    #[test]
    fn remaining_time_comes_from_the_server() {
        let aws = "X-Amz-Date=20250115T093000Z&X-Amz-Expires=300";
        assert_eq!(left(aws, Some(1_736_933_400)).as_secs(), 300);
        assert_eq!(left(aws, Some(1_736_933_690)).as_secs(), 10);
        assert_eq!(left(aws, Some(1_736_999_999)).as_secs(), 0);
        assert_eq!(left(aws, None).as_secs(), 300, "signed when it was received");
        let google = "X-Goog-Date=20250115T093000Z&X-Goog-Expires=60";
        assert_eq!(left(google, Some(1_736_933_400)).as_secs(), 60);
        assert_eq!(left("Expires=1736933400&Signature=x", Some(1_736_933_000)).as_secs(), 400);
        assert_eq!(left("sv=1&se=2025-01-15T09%3A30%3A00Z&sig=x", Some(1_736_933_340)).as_secs(), 60);
        assert_eq!(left("grant=x", Some(0)), Duration::MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn remaining_time_shrinks_with_the_monotonic_clock() {
        let received = Instant::now();
        let uri = "https://s3.amazonaws.com/k?X-Amz-Date=20250115T093000Z&X-Amz-Expires=2".parse().unwrap();
        let life = UrlLife::of(&uri, None, received);
        tokio::time::advance(Duration::from_millis(1_500)).await;
        assert_eq!(life.left(Instant::now()), Duration::from_millis(500));
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(life.left(Instant::now()), Duration::ZERO);
    }
}
