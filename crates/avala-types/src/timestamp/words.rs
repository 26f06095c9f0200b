//! Reads timestamps with the name of a month, in the words of C, Java, JavaScript, C#, PHP, Go, SQL Server and `date`.
//!
//! The name distinguishes month and day, so the order of the words does not matter.

use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime, Weekday};

use super::rest::Rest;

const WEEKDAYS: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

/// The parts that were found in the words so far.
#[derive(Default)]
struct Found<'a> {
    weekday: Option<Weekday>,
    month: Option<Month>,
    /// The day and the year.
    numbers: Vec<&'a str>,
    time: Option<&'a str>,
    /// `AM` or `PM`.
    half: Option<&'a str>,
    offset: Option<String>,
}

/// Reads a date with the name of its month, a time, and an offset or none, in any order.
pub(super) fn parse(text: &str) -> Option<OffsetDateTime> {
    let mut found = Found::default();
    // JavaScript adds the name of the zone.
    let text = text.strip_suffix(')').and_then(|text| text.split_once(" (")).map_or(text, |(text, _)| text);
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        found.add(word)?;
    }
    found.read()
}

impl<'a> Found<'a> {
    /// Adds a word, or returns `None` if it is unknown or its part was set already.
    fn add(&mut self, word: &'a str) -> Option<()> {
        let mut parts = word.split('-');
        if let (Some(day), Some(month), Some(year), None) = (parts.next(), parts.next(), parts.next(), parts.next())
            && let Some(month) = month_of(month)
        {
            put(&mut self.month, month)?;
            return self.add_number(day).and_then(|()| self.add_number(year));
        }
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.add_number(word);
        }
        if word.contains(':') && word.starts_with(|first: char| first.is_ascii_digit()) {
            return put(&mut self.time, word);
        }
        if let Some(weekday) = WEEKDAYS.into_iter().find(|day| is_name(word, &day.to_string())) {
            return put(&mut self.weekday, weekday);
        }
        if let Some(month) = month_of(word) {
            return put(&mut self.month, month);
        }
        if word.eq_ignore_ascii_case("AM") || word.eq_ignore_ascii_case("PM") {
            return put(&mut self.half, word);
        }
        let mut rest = Rest(word);
        let (offset, seconds) = rest.offset()?;
        (rest.0.is_empty() && seconds == 0).then_some(())?;
        put(&mut self.offset, offset)
    }

    fn add_number(&mut self, digits: &'a str) -> Option<()> {
        let is_number = matches!(digits.len(), 1 | 2 | 4) && digits.bytes().all(|byte| byte.is_ascii_digit());
        (is_number && self.numbers.len() < 2).then(|| self.numbers.push(digits))
    }

    fn read(self) -> Option<OffsetDateTime> {
        let month = self.month?;
        let [first, second] = self.numbers[..] else { return None };
        let date = |year: i32, day: &str| Date::from_calendar_date(year, month, day.parse().ok()?).ok();
        let date = match (first.len(), second.len()) {
            (4, 1 | 2) => date(first.parse().ok()?, second)?,
            (1 | 2, 4) => date(second.parse().ok()?, first)?,
            // The weekday decides between two centuries.
            (1 | 2, 2) => {
                let (weekday, year) = (self.weekday?, second.parse::<i32>().ok()?);
                let mut dates = [1900, 2000].into_iter().filter_map(|century| date(century + year, first));
                dates.find(|date| date.weekday() == weekday)?
            }
            _ => return None,
        };
        let time = match self.half {
            Some(half) => format!("{} {half}", self.time?),
            None => self.time?.to_owned(),
        };
        let mut rest = Rest(&time);
        let time = rest.time(false)?;
        rest.0.is_empty().then_some(())?;
        let offset = self.offset.unwrap_or_else(|| "Z".to_owned());
        OffsetDateTime::parse(&format!("{date}T{time}{offset}"), &Rfc3339).ok()
    }
}

/// Sets a part that is not set yet.
fn put<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.is_none().then(|| *place = Some(value))
}

/// Returns the month of this name, such as `Jan`, `JAN` or `January`.
fn month_of(name: &str) -> Option<Month> {
    (1..=12).filter_map(|number| Month::try_from(number).ok()).find(|month| is_name(name, &month.to_string()))
}

/// Returns whether a word is a name, or its first three letters.
fn is_name(word: &str, name: &str) -> bool {
    word.eq_ignore_ascii_case(name) || name.get(..3).is_some_and(|short| word.eq_ignore_ascii_case(short))
}
