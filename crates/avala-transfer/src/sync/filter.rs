//! Filters files by path.

use std::collections::BTreeSet;

/// Selects files by their paths, with `/` between the parts.
///
/// A file is selected if it is in the [list](Self::only) (if there is one), matches an [include](Self::include) pattern
/// (if there is one), and matches no [exclude](Self::exclude) pattern. In patterns, `*` and `?` match within a part of
/// the path, `**` matches any number of parts, `[a-z]` and `{a,b}` match alternatives. A pattern without `/` is
/// compared with the last part of the path.
///
/// ```
/// use avala_transfer::Filter;
///
/// let filter = Filter::new().include("run1/**/*.mcap").exclude("*.tmp").exclude("**/.git/**");
/// assert!(filter.matches("run1/a/b.mcap"));
/// assert!(!filter.matches("run2/a/b.mcap"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    include: Vec<String>,
    exclude: Vec<String>,
    only: Option<BTreeSet<String>>,
}

impl Filter {
    /// Creates a filter that selects everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Selects only files that match this pattern or another include pattern.
    #[must_use]
    pub fn include(mut self, pattern: impl Into<String>) -> Self {
        self.include.push(pattern.into());
        self
    }

    /// Excludes files that match this pattern.
    #[must_use]
    pub fn exclude(mut self, pattern: impl Into<String>) -> Self {
        self.exclude.push(pattern.into());
        self
    }

    /// Selects only files with exactly these paths, such as the failed files of an earlier run.
    #[must_use]
    pub fn only<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.only.get_or_insert_default().extend(paths.into_iter().map(Into::into));
        self
    }

    /// Selects only the files of a list, one path per line. Empty lines are ignored.
    ///
    /// The list of failed files of a report has this form.
    #[must_use]
    pub fn only_lines(self, text: &str) -> Self {
        self.only(text.lines().filter(|line| !line.is_empty()))
    }

    /// Returns whether the file at a path is selected.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let matches = |pattern: &String| {
            let name = path.rsplit('/').next().unwrap_or_default();
            fast_glob::glob_match(pattern, if pattern.contains('/') { path } else { name })
        };
        self.only.as_ref().is_none_or(|only| only.contains(path))
            && (self.include.is_empty() || self.include.iter().any(matches))
            && !self.exclude.iter().any(matches)
    }

    /// Returns the listed paths that are not in `known`, which cannot be transferred.
    pub(crate) fn unknown<'a>(&'a self, known: &BTreeSet<&str>) -> impl Iterator<Item = &'a str> {
        let missing: Vec<_> =
            self.only.iter().flatten().map(String::as_str).filter(|path| !known.contains(path)).collect();
        missing.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_select_files() {
        let filter = Filter::new().include("*.bin").include("logs/**").exclude("**/tmp/**").exclude("b.*");
        for (path, expected) in [
            ("a.bin", true),
            ("x/y/a.bin", true),
            ("logs/1.txt", true),
            ("logs/x/1.txt", true),
            ("other/1.txt", false),
            ("logs/tmp/1.txt", false),
            ("x/b.bin", false),
            ("a.bin.txt", false),
        ] {
            assert_eq!(filter.matches(path), expected, "{path}");
        }
        assert!(Filter::new().matches("anything/at all"));
    }

    #[test]
    fn list_selects_exact_paths() {
        let filter = Filter::new().only_lines("a/b\r\n\nc\n").only(["*"]);
        assert!(filter.matches("a/b") && filter.matches("c") && filter.matches("*"));
        assert!(!filter.matches("a/bc") && !filter.matches("d"));
        assert_eq!(filter.unknown(&BTreeSet::from(["c", "d"])).collect::<Vec<_>>(), ["*", "a/b"]);
        assert!(!Filter::new().only(Vec::<String>::new()).matches("a"));
    }
}
