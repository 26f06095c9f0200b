//! Reads the parts of a timestamp one after the other.

use time::{Date, Weekday};

/// The rest of a text that is read from its start.
pub(super) struct Rest<'a>(pub(super) &'a str);

impl<'a> Rest<'a> {
    pub(super) fn skip(&mut self, prefix: &str) -> bool {
        match self.0.split_at_checked(prefix.len()) {
            Some((start, rest)) if start.eq_ignore_ascii_case(prefix) => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    pub(super) fn spaces(&mut self) {
        self.0 = self.0.trim_start_matches(' ');
    }

    /// Returns the number of digits that follow.
    pub(super) fn count_digits(&self) -> usize {
        self.0.bytes().take_while(u8::is_ascii_digit).count()
    }

    /// Reads exactly this many digits.
    pub(super) fn digits(&mut self, count: usize) -> Option<&'a str> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| {
            self.0 = rest;
            digits
        })
    }

    /// Reads all digits that follow, which must be one or two.
    pub(super) fn one_or_two(&mut self) -> Option<u8> {
        match self.count_digits() {
            count @ (1 | 2) => self.digits(count)?.parse().ok(),
            _ => None,
        }
    }

    /// Reads a date that starts with the year, and returns it with the sign between its parts.
    pub(super) fn date(&mut self) -> Option<(Date, &'static str)> {
        let year = self.digits(4)?.parse().ok()?;
        let sign = ["-", "/", "."].into_iter().find(|sign| self.skip(sign)).unwrap_or_default();
        let is_iso = matches!(sign, "" | "-");
        let date = if is_iso && self.skip("W") {
            let week = self.digits(2)?.parse().ok()?;
            (sign.is_empty() || self.skip(sign)).then_some(())?;
            let day = self.digits(1)?.parse::<u8>().ok().filter(|day| (1..=7).contains(day))?;
            Date::from_iso_week_date(year, week, Weekday::Sunday.nth_next(day)).ok()?
        } else if is_iso && self.count_digits() == 3 {
            Date::from_ordinal_date(year, self.digits(3)?.parse().ok()?).ok()?
        } else if sign.is_empty() {
            let month = self.digits(2)?.parse::<u8>().ok()?;
            Date::from_calendar_date(year, month.try_into().ok()?, self.digits(2)?.parse().ok()?).ok()?
        } else {
            let month = self.one_or_two()?;
            self.skip(sign).then_some(())?;
            Date::from_calendar_date(year, month.try_into().ok()?, self.one_or_two()?).ok()?
        };
        Some((date, sign))
    }

    /// Reads the time of a day, and returns it as RFC 3339 writes it.
    pub(super) fn time(&mut self, with_points: bool) -> Option<String> {
        let sign = if with_points { "." } else { ":" };
        let basic = self.count_digits() > 2;
        let mut hour = if basic { self.digits(2)?.parse().ok()? } else { self.one_or_two()? };
        (basic || self.skip(sign)).then_some(())?;
        let minute = self.digits(2)?;
        let has_second = if basic { self.count_digits() > 0 } else { self.skip(sign) };
        let second = if has_second { self.digits(2)? } else { "00" };
        let fraction = if has_second && (self.skip(".") || self.skip(",")) { self.fraction()? } else { "0" };
        let before_half = self.0;
        self.spaces();
        match (self.skip("AM"), self.skip("PM")) {
            (false, false) => self.0 = before_half,
            _ if !(1..=12).contains(&hour) => return None,
            (true, true) => return None,
            (is_morning, _) => hour = hour % 12 + if is_morning { 0 } else { 12 },
        }
        Some(format!("{hour:02}:{minute}:{second}.{fraction}"))
    }

    /// Returns the digits of a fraction, of which nanoseconds are kept.
    pub(super) fn fraction(&mut self) -> Option<&'a str> {
        let length = self.count_digits();
        let digits = self.digits(length)?;
        (length > 0).then(|| digits.get(..9).unwrap_or(digits))
    }

    /// Returns the offset as RFC 3339 writes it, and its seconds. A missing one is UTC.
    pub(super) fn offset(&mut self) -> Option<(String, i64)> {
        let utc = || Some(("Z".to_owned(), 0));
        if self.0.is_empty() || self.skip("Z") || self.skip("Etc/UTC") {
            return utc();
        }
        if (self.skip("UTC") || self.skip("GMT")) && !self.0.starts_with(['+', '-', '\u{2212}']) {
            return utc();
        }
        let sign = if self.skip("+") { '+' } else { (self.skip("-") || self.skip("\u{2212}")).then_some('-')? };
        let (hours, colons) = (self.digits(2)?, self.skip(":"));
        let minutes = if colons { self.digits(2)? } else { self.digits(2).unwrap_or("00") };
        let seconds: i64 = if colons && self.skip(":") { self.digits(2)?.parse().ok()? } else { 0 };
        let seconds = (0..60).contains(&seconds).then_some(if sign == '-' { -seconds } else { seconds })?;
        Some((format!("{sign}{hours}:{minutes}"), seconds))
    }

    /// Returns whether only the name of the zone follows: `[Europe/Paris]` of Java, ` UTC` or ` CET m=+0.1` of
    /// Go.
    pub(super) fn is_end(&self) -> bool {
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
