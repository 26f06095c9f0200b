//! Byte ranges.

/// The part of a file that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Range {
    Whole,
    /// From `start` to `end`, inclusive.
    Part {
        start: u64,
        end: u64,
    },
    Unsatisfiable,
}

impl Range {
    /// Parses the value of a `Range` header. Only the first of several ranges is used; other units are ignored.
    pub(super) fn parse(text: &str, size: u64) -> Self {
        let Some(ranges) = text.trim().strip_prefix("bytes=") else { return Self::Whole };
        let first = ranges.split(',').next().unwrap_or_default().trim();
        let Some((start, end)) = first.split_once('-') else { return Self::Whole };
        let number =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
        match (start, end) {
            ("", suffix) => match number(suffix) {
                None => Self::Whole,
                Some(0) => Self::Unsatisfiable,
                Some(_) if size == 0 => Self::Unsatisfiable,
                Some(length) => Self::Part { start: size.saturating_sub(length), end: size - 1 },
            },
            (start, "") => match number(start) {
                None => Self::Whole,
                Some(start) if start >= size => Self::Unsatisfiable,
                Some(start) => Self::Part { start, end: size - 1 },
            },
            (start, end) => match (number(start), number(end)) {
                (Some(start), Some(end)) if start > end => Self::Whole,
                (Some(start), Some(_)) if start >= size => Self::Unsatisfiable,
                (Some(start), Some(end)) => Self::Part { start, end: end.min(size - 1) },
                _ => Self::Whole,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_stay_in_the_file() {
        let part = |start, end| Range::Part { start, end };
        for (text, size, range) in [
            ("bytes=0-9", 100, part(0, 9)),
            ("bytes=90-", 100, part(90, 99)),
            ("bytes=-10", 100, part(90, 99)),
            ("bytes=-1000", 100, part(0, 99)),
            ("bytes=50-1000", 100, part(50, 99)),
            ("bytes=1-2, 4-5", 100, part(1, 2)),
            ("bytes=100-", 100, Range::Unsatisfiable),
            ("bytes=-0", 100, Range::Unsatisfiable),
            ("bytes=0-", 0, Range::Unsatisfiable),
            ("bytes=-1", 0, Range::Unsatisfiable),
            ("bytes=9-1", 100, Range::Whole),
            ("bytes=+1-2", 100, Range::Whole),
            ("items=0-1", 100, Range::Whole),
            ("bytes=99999999999999999999-", 100, Range::Whole),
        ] {
            assert_eq!(Range::parse(text, size), range, "{text}");
        }
    }
}
