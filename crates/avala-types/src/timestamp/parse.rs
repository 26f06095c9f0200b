//! Converts timestamps, as databases and languages write them, to RFC 3339.

use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

/// Reads a timestamp in any of the forms that [`Timestamp`](super::Timestamp) lists.
pub(super) fn parse(text: &str) -> Option<OffsetDateTime> {
    // Nearly every text is of this form, which `time` reads fast.
    if let Ok(time) = OffsetDateTime::parse(text, &Rfc3339) {
        return Some(time);
    }
    if let Some((text, seconds)) = to_rfc3339(text) {
        let time = OffsetDateTime::parse(&text, &Rfc3339).ok()?;
        return time.checked_sub(time::Duration::seconds(seconds));
    }
    // Starts with the name of a weekday or, without it, with the day.
    OffsetDateTime::parse(text, &Rfc2822).ok().or_else(|| parse(&month_first(text)?))
}

/// Names of months, with the number that each has.
const MONTHS: [(&str, &str); 12] = [
    ("Jan", "01"),
    ("Feb", "02"),
    ("Mar", "03"),
    ("Apr", "04"),
    ("May", "05"),
    ("Jun", "06"),
    ("Jul", "07"),
    ("Aug", "08"),
    ("Sep", "09"),
    ("Oct", "10"),
    ("Nov", "11"),
    ("Dec", "12"),
];

/// Reads forms that name the month before the day, and returns a date and a time in digits: `Wed Jan 15 09:30:00 2025`
/// of C, with an offset before the year in Ruby and Go, and `Wed Jan 15 2025 09:30:00 GMT+0100 (CET)` of JavaScript.
fn month_first(text: &str) -> Option<String> {
    let mut words = text.split_ascii_whitespace();
    let weekday = words.next()?;
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].contains(&weekday).then_some(())?;
    let name = words.next()?;
    let (_, month) = MONTHS.iter().find(|(known, _)| *known == name)?;
    let day = words.next()?;
    let (year, time, offset) = match (words.next()?, words.next()?) {
        (time, year) if time.contains(':') && year.len() == 4 => (year, time, "Z"),
        (time, offset) if time.contains(':') => (words.next()?, time, offset),
        (year, time) => (year, time, words.next()?),
    };
    // JavaScript adds the name of the zone.
    let rest = words.next();
    rest.is_none_or(|word| word.starts_with('(')).then_some(())?;
    let offset = offset.strip_prefix("GMT").filter(|offset| !offset.is_empty()).unwrap_or(offset);
    Some(format!("{year}-{month}-{day:0>2}T{time}{offset}"))
}

/// Returns the text as RFC 3339, and the seconds of its offset, for which RFC 3339 has no room.
fn to_rfc3339(text: &str) -> Option<(String, i64)> {
    let mut rest = Rest(text);
    let (year, dashes) = (rest.digits(4)?, rest.skip("-"));
    let month = rest.digits(2)?;
    (rest.skip("-") == dashes).then_some(())?;
    let day = rest.digits(2)?;
    (rest.skip("T") || rest.skip("t") || rest.skip(" ")).then_some(())?;

    let (hour, colons) = (rest.digits(2)?, rest.skip(":"));
    let minute = rest.digits(2)?;
    let has_second = if colons { rest.skip(":") } else { rest.0.starts_with(|next: char| next.is_ascii_digit()) };
    let second = if has_second { rest.digits(2)? } else { "00" };
    let fraction = if has_second && (rest.skip(".") || rest.skip(",")) { rest.fraction()? } else { "0" };

    rest.skip(" ");
    let (offset, seconds) = rest.offset()?;
    rest.is_end().then(|| (format!("{year}-{month}-{day}T{hour}:{minute}:{second}.{fraction}{offset}"), seconds))
}

/// The rest of a text.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn skip(&mut self, prefix: &str) -> bool {
        match self.0.strip_prefix(prefix) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    /// Reads exactly this many digits.
    fn digits(&mut self, count: usize) -> Option<&'a str> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| {
            self.0 = rest;
            digits
        })
    }

    /// Returns the digits of a fraction, of which nanoseconds are kept.
    fn fraction(&mut self) -> Option<&'a str> {
        let length = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        (length > 0).then(|| digits.get(..9).unwrap_or(digits))
    }

    /// Returns the offset as RFC 3339 writes it, and its seconds. A missing one is UTC.
    fn offset(&mut self) -> Option<(String, i64)> {
        if self.0.is_empty() {
            return Some(("Z".to_owned(), 0));
        }
        for utc in ["Z", "z", "UTC", "GMT"] {
            if self.skip(utc) {
                return Some(("Z".to_owned(), 0));
            }
        }
        let sign = if self.skip("+") { '+' } else { (self.skip("-") || self.skip("\u{2212}")).then_some('-')? };
        let (hours, colons) = (self.digits(2)?, self.skip(":"));
        let minutes = if colons { self.digits(2)? } else { self.digits(2).unwrap_or("00") };
        let seconds: i64 = if colons && self.skip(":") { self.digits(2)?.parse().ok()? } else { 0 };
        let seconds = (0..60).contains(&seconds).then_some(if sign == '-' { -seconds } else { seconds })?;
        Some((format!("{sign}{hours}:{minutes}"), seconds))
    }

    /// Returns whether nothing follows but the name of the zone: `[Europe/Paris]` of Java, ` UTC` or ` CET m=+0.1` of
    /// Go.
    fn is_end(&self) -> bool {
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte))
        };
        if self.0.is_empty() {
            return true;
        }
        if let Some(name) = self.0.strip_prefix('[') {
            return name.strip_suffix(']').is_some_and(is_name);
        }
        let Some(words) = self.0.strip_prefix(' ') else { return false };
        let (name, clock) = words.split_once(' ').unwrap_or((words, "m="));
        is_name(name) && clock.starts_with("m=")
    }
}
