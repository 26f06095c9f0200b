//! Converts timestamps, as databases and languages write them, to RFC 3339.

use std::borrow::Cow;

use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

use super::rest::Rest;
use super::words;

/// Reads a timestamp in any of the forms that [`Timestamp`](super::Timestamp) lists.
pub(super) fn parse(text: &str) -> Option<OffsetDateTime> {
    // Nearly every text has this form, which `time` reads fast.
    if let Ok(time) = OffsetDateTime::parse(text, &Rfc3339) {
        return Some(time);
    }
    let text = with_plain_spaces(text);
    if let Some((text, seconds)) = year_first(&text) {
        let time = OffsetDateTime::parse(&text, &Rfc3339).ok()?;
        // What is read can be written: RFC 3339 has no years before 0.
        return time.checked_sub(time::Duration::seconds(seconds)).filter(|time| time.year() >= 0);
    }
    // Starts with the name of a weekday or, without it, with the day.
    OffsetDateTime::parse(&text, &Rfc2822).ok().or_else(|| words::parse(&text))
}

/// Returns the text with a plain space for each kind of space that browsers write before AM and PM.
fn with_plain_spaces(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { text.into() } else { text.replace(['\u{202f}', '\u{a0}'], " ").into() }
}

/// Returns a text that starts with the year as RFC 3339, and the seconds of its offset, for which RFC 3339 has no room.
fn year_first(text: &str) -> Option<(String, i64)> {
    let mut rest = Rest(text);
    let (date, sign) = rest.date()?;
    if rest.0.is_empty() && !sign.is_empty() {
        return Some((format!("{date}T00:00:00Z"), 0));
    }
    let is_db2 = sign == "-" && rest.skip("-");
    (is_db2 || rest.skip("T") || rest.skip("t") || rest.skip(" ")).then_some(())?;
    rest.spaces();
    let time = rest.time(is_db2)?;
    rest.spaces();
    let (offset, seconds) = rest.offset()?;
    rest.is_end().then(|| (format!("{date}T{time}{offset}"), seconds))
}
