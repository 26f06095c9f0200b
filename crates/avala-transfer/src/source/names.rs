//! Names of files in datasets and recordings.

/// Maximum length of a path, in bytes.
pub(crate) const MAX_PATH_BYTES: usize = 1024;

/// Returns why `path` cannot be the path of an uploaded file.
///
/// Names are never normalized: they are sent unchanged or rejected.
pub(crate) fn problem(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("the path is empty");
    }
    if path.len() > MAX_PATH_BYTES {
        return Some("the path is longer than 1,024 bytes");
    }
    if path.chars().any(char::is_control) {
        return Some("the path has a control character");
    }
    if path.contains('\\') {
        return Some("the path has a backslash");
    }
    path.split('/').find_map(|segment| match segment {
        "" => Some("the path has an empty segment"),
        "." | ".." => Some("the path has a `.` or `..` segment"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_as_they_are_or_refused() {
        let long = "x".repeat(1025);
        for name in ["a", "a/b.jpg", ".hidden", "日本/ä.bin", "a b", "x%2f", "..."] {
            assert_eq!(problem(name), None, "{name}");
        }
        for name in ["", "/a", "a/", "a//b", ".", "a/../b", "./a", "a\\b", "a\nb", "a\u{7f}", "a\u{85}", &long] {
            assert!(problem(name).is_some(), "{name}");
        }
    }
}
