//! Compares two lists of files.

use crate::hash::Digest;

/// How files of the same path are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompareBy {
    /// By size, and by whether the file is unchanged since it was transferred or compared by hash. Reads only new
    /// files.
    #[default]
    SizeAndTime,
    /// By SHA-256 of the content. Reads every file.
    Hash,
}

/// A file on one side of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Size in bytes.
    pub(crate) size: Option<u64>,
    pub(crate) sha256: Option<Digest>,
}

/// Difference of two files of the same path.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// The sizes differ.
    Size {
        /// Size at the source in bytes.
        source: u64,
        /// Size at the target in bytes.
        target: u64,
    },
    /// The sizes are equal, but the contents differ.
    Content,
    /// Both sides have no common property to compare.
    Unknown,
    /// The file at the target cannot be read, or is not a regular file; the text says why.
    Unreadable(String),
}

/// Result of a comparison. Paths are sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// Paths that only the source has.
    pub missing: Vec<String>,
    /// Paths that only the target has.
    pub extra: Vec<String>,
    /// Paths with different content.
    pub different: Vec<(String, Difference)>,
    /// Paths with the same content.
    pub same: Vec<String>,
    /// Paths with the same size, whose content cannot be compared without transferring it.
    pub same_size: Vec<String>,
}

impl Comparison {
    /// Returns whether no difference was found: both sides have the same files with the same sizes and contents.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty() && self.different.is_empty()
    }
}

/// Returns how two files differ; `None` if they are the same. Equal sizes alone do not make files the same.
pub(crate) fn difference(source: &Facts, target: &Facts) -> Option<Difference> {
    if let (Some(source), Some(target)) = (source.size, target.size)
        && source != target
    {
        return Some(Difference::Size { source, target });
    }
    match (source.sha256, target.sha256) {
        (Some(source), Some(target)) if source == target => None,
        (Some(_), Some(_)) => Some(Difference::Content),
        _ => Some(Difference::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(content: &str) -> Facts {
        Facts { size: Some(content.len() as u64), sha256: Some(Digest::of(content.as_bytes())) }
    }

    #[test]
    fn size_alone_never_makes_two_files_the_same() {
        let size_only = Facts { size: Some(1), sha256: None };
        assert_eq!(difference(&facts("1"), &facts("1")), None);
        let size = Difference::Size { source: 1, target: 2 };
        assert_eq!(difference(&facts("2"), &facts("22")), Some(size));
        assert_eq!(difference(&facts("3"), &facts("0")), Some(Difference::Content));
        assert_eq!(difference(&size_only, &facts("6")), Some(Difference::Unknown));
        assert_eq!(difference(&Facts::default(), &Facts::default()), Some(Difference::Unknown));
    }

    #[test]
    fn comparison_without_differences_is_equal() {
        let mut result =
            Comparison { same: vec!["a".to_owned()], same_size: vec!["b".to_owned()], ..Default::default() };
        assert!(result.is_equal());
        result.extra.push("c".to_owned());
        assert!(!result.is_equal());
    }
}
