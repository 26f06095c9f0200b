//! Redacts sources of errors.

use std::error::Error;
use std::fmt::{self, Write};
use tower::BoxError;

use super::replace::{REDACTED, Start, display, text};

/// Maximum number of bytes of an error that are checked, and kept if it is replaced.
const MAX_SHOWN: usize = 4 * 1024;

/// Maximum number of errors of a chain that are visited: sources can form a cycle.
const MAX_CHAIN: usize = 16;

/// Returns `error` as it is if no rendering of it, or of one of its sources, shows a secret or is longer than 4 kB.
/// Otherwise returns a copy of its chain with only the redacted messages.
///
/// ```
/// use std::io;
/// use avala_transport::redact;
///
/// let kept = redact::source(io::Error::other("disk full").into());
/// assert!(kept.is::<io::Error>());
/// let copied = redact::source(io::Error::other("password=hunter2").into());
/// assert_eq!(format!("{copied} {copied:?}"), r#"password=*** "password=***""#);
/// ```
#[must_use]
pub fn source(error: BoxError) -> BoxError {
    if is_clean(&*error) { error } else { copy(&*error).into() }
}

fn is_clean(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    for _ in 0..MAX_CHAIN {
        let Some(error) = next else { return true };
        if !shows_nothing(format_args!("{error}")) || !shows_nothing(format_args!("{error:?}")) {
            return false;
        }
        next = error.source();
    }
    next.is_none()
}

fn shows_nothing(rendering: fmt::Arguments<'_>) -> bool {
    let mut start = Start { text: String::new(), max: MAX_SHOWN };
    start.write_fmt(rendering).is_ok() && text(&start.text) == start.text && !has_bytes(&start.text)
}

/// Returns whether the text has a list of at least eight bytes in decimal: `Debug` output of bytes, which may be a key.
fn has_bytes(text: &str) -> bool {
    let mut count = 0;
    for item in text.split([',', '[', ']']) {
        let item = item.trim();
        let is_byte = !item.is_empty() && item.len() <= 3 && item.parse::<u8>().is_ok();
        count = if is_byte { count + 1 } else { 0 };
        if count >= 8 {
            return true;
        }
    }
    false
}

fn copy(error: &(dyn Error + 'static)) -> Redacted {
    let mut messages = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next
        && messages.len() < MAX_CHAIN
    {
        let message = display(error, MAX_SHOWN);
        messages.push(if has_bytes(&message) { REDACTED.to_owned() } else { message });
        next = error.source();
    }
    let innermost = Redacted { message: messages.pop().unwrap_or_default(), source: None };
    messages.into_iter().rev().fold(innermost, |source, message| Redacted { message, source: Some(Box::new(source)) })
}

/// Redacted copy of an error.
struct Redacted {
    message: String,
    source: Option<Box<Redacted>>,
}

impl fmt::Display for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.message, f)
    }
}

impl Error for Redacted {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    struct Circle(Vec<u8>);

    impl fmt::Debug for Circle {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            fmt::Debug::fmt(&self.0, f)
        }
    }

    impl fmt::Display for Circle {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("circle")
        }
    }

    impl Error for Circle {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(self)
        }
    }

    #[test]
    fn chain_without_end_is_cut() {
        let mut length = 0;
        let copied = source(Circle(Vec::new()).into());
        let mut next: Option<&(dyn Error + 'static)> = Some(&*copied);
        while let Some(error) = next {
            length += 1;
            next = error.source();
        }
        assert_eq!(length, MAX_CHAIN);
    }

    #[test]
    fn bytes_in_debug_output_are_not_kept() {
        let copied = source(io::Error::other(Circle(b"-----BEGIN PRIVATE KEY".to_vec())).into());
        assert!(!format!("{copied:?}").contains("45, 45"), "{copied:?}");
    }

    #[test]
    fn long_error_is_cut() {
        let copied = source("word ".repeat(1 << 20).into());
        assert!(copied.to_string().len() < MAX_SHOWN + 8 && copied.to_string().ends_with('…'));
    }
}
