//! Scanning of bytes, for the recognition of secrets.

/// Position of a secret in a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    /// Start of the secret; text before it is kept.
    pub(super) start: usize,
    /// Position at which the text continues.
    pub(super) end: usize,
}

/// Returns whether `bytes` has `word` at `at`, ignoring case.
pub(super) fn has_word(bytes: &[u8], at: usize, word: &str) -> bool {
    bytes.get(at..at.saturating_add(word.len())).is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()))
}

/// Returns the end of the run of bytes from `at` on that `keep` accepts.
pub(super) fn run(bytes: &[u8], at: usize, keep: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| !keep(*byte)).unwrap_or(rest.len())
}

/// Returns the position of `needle` in `bytes`, from `at` on.
pub(super) fn find(bytes: &[u8], at: usize, needle: &[u8]) -> Option<usize> {
    let rest = bytes.get(at..)?;
    rest.windows(needle.len()).position(|window| window == needle).map(|offset| at + offset)
}
