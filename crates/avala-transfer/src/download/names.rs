//! Checks names from the API, which become paths below a target folder.
//!
//! The uploader of an object chooses its name, so a name is foreign data: it must not lead out of the folder, and two
//! names that the target cannot distinguish must not overwrite each other silently. No name is changed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// Maximum length of a file name on common file systems, in bytes.
const LONGEST_NAME: usize = 255;
/// Maximum length of the path of an object, in bytes.
const LONGEST_PATH: usize = 4096;
/// Names with this prefix are temporary files of a download.
pub(crate) const RESERVED_PREFIX: &str = ".avala-";

/// Relative path that is safe to create below a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SafePath(String);

/// Reason why a name cannot be a path below a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnsafeName {
    /// The name is empty.
    #[error("it is empty")]
    Empty,
    /// The name is absolute or has a drive letter.
    #[error("it is absolute")]
    Absolute,
    /// A part of the name is `.`, `..` or empty.
    #[error("it has a part that is empty, `.` or `..`")]
    Dots,
    /// The name has a backslash, a separator on other systems.
    #[error("it has a backslash")]
    Backslash,
    /// The name has a control character.
    #[error("it has a control character")]
    ControlCharacter,
    /// A part of the name is longer than file systems allow.
    #[error("a part of it has {bytes} bytes, and file systems allow 255")]
    LongPart {
        /// Length of the part.
        bytes: usize,
    },
    /// The whole name is longer than systems allow.
    #[error("it has {bytes} bytes, and systems allow 4,096")]
    LongPath {
        /// Length of the name.
        bytes: usize,
    },
    /// A part of the name is reserved for temporary files.
    #[error("a part of it starts with `.avala-`, which is reserved for temporary files")]
    Reserved,
}

impl SafePath {
    /// Checks a name, with `/` between its parts.
    pub(crate) fn new(name: &str) -> Result<Self, UnsafeName> {
        if name.is_empty() {
            return Err(UnsafeName::Empty);
        }
        if name.len() > LONGEST_PATH {
            return Err(UnsafeName::LongPath { bytes: name.len() });
        }
        if name.contains('\\') {
            return Err(UnsafeName::Backslash);
        }
        if name.contains(char::is_control) {
            return Err(UnsafeName::ControlCharacter);
        }
        if name.starts_with('/') || has_drive(name) {
            return Err(UnsafeName::Absolute);
        }
        for part in name.split('/') {
            if matches!(part, "" | "." | "..") {
                return Err(UnsafeName::Dots);
            }
            if part.len() > LONGEST_NAME {
                return Err(UnsafeName::LongPart { bytes: part.len() });
            }
            if part.to_ascii_lowercase().starts_with(RESERVED_PREFIX) {
                return Err(UnsafeName::Reserved);
            }
        }
        Ok(Self(name.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the folders and the last part.
    pub(crate) fn split(&self) -> (impl Iterator<Item = &str>, &str) {
        let (folders, name) = self.0.rsplit_once('/').unwrap_or(("", &self.0));
        (folders.split('/').filter(|folder| !folder.is_empty()), name)
    }
}

impl fmt::Display for SafePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns whether a name begins with a drive letter, like `c:`.
fn has_drive(name: &str) -> bool {
    cfg!(windows) && name.as_bytes().get(1) == Some(&b':')
}

/// Which names the file system of a target can distinguish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameRules {
    /// Whether `A` and `a` are different files.
    pub case: bool,
    /// Whether the composed and the decomposed form of a character are different files.
    pub unicode_forms: bool,
}

impl NameRules {
    /// Rules of a file system that keeps names byte by byte, like most on Linux.
    pub const EXACT: Self = Self { case: true, unicode_forms: true };

    /// Returns the usual rules of the operating system, for a folder that does not exist yet.
    pub(crate) fn of_platform() -> Self {
        let is_exact = !cfg!(any(windows, target_os = "macos", target_os = "ios"));
        Self { case: is_exact, unicode_forms: is_exact || cfg!(windows) }
    }

    /// Returns a form of the path that is equal for paths that the target cannot distinguish.
    pub(crate) fn key(self, path: &str) -> String {
        let composed = |text: &str| {
            if self.unicode_forms || is_nfc(text) { text.to_owned() } else { text.nfc().collect() }
        };
        if self.case {
            return composed(path);
        }
        // To upper case and back, because some characters have one upper-case and two lower-case forms.
        let folded: String = path.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect();
        composed(&folded)
    }
}

/// Determines which names the file system of a target folder can distinguish.
///
/// The default creates two temporary files in the folder. Replace it where that is not allowed, or in tests.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot determine which names a file system distinguishes",
    note = "implement `NameProbe`, or leave the default, which creates two temporary files in the target"
)]
pub trait NameProbe: Send + Sync + fmt::Debug {
    /// Returns the rules of the existing folder `folder`.
    ///
    /// # Errors
    /// If the folder cannot be examined.
    fn probe(&self, folder: &Path) -> std::io::Result<NameRules>;
}

/// Two names that would be the same file on the target.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NameCollision {
    /// The first of the two names in the listing.
    pub first: String,
    /// The name that would overwrite the first one.
    pub second: String,
    /// Whether one of the names is a file and the other one needs a folder of the same name.
    pub is_folder: bool,
}

impl fmt::Display for NameCollision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = (self.first.escape_debug(), self.second.escape_debug());
        if self.is_folder {
            write!(f, "`{first}` and `{second}` need a file and a folder of the same name")
        } else {
            write!(f, "`{first}` and `{second}` are the same name on the target")
        }
    }
}

/// Finds names that collide on the target.
pub(crate) fn collisions<'a>(paths: impl IntoIterator<Item = &'a SafePath>, rules: NameRules) -> Vec<NameCollision> {
    let mut files: BTreeMap<String, &str> = BTreeMap::new();
    let mut found = Vec::new();
    let mut collide = |first: &str, second: &str, is_folder| {
        found.push(NameCollision { first: first.to_owned(), second: second.to_owned(), is_folder });
    };
    for path in paths {
        match files.entry(rules.key(path.as_str())) {
            std::collections::btree_map::Entry::Occupied(other) => collide(other.get(), path.as_str(), false),
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(path.as_str());
            }
        }
    }
    for (key, path) in &files {
        let folders = key.char_indices().filter(|(_, character)| *character == '/');
        for (end, _) in folders {
            if let Some(file) = key.get(..end).and_then(|folder| files.get(folder)) {
                collide(file, path, true);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> Vec<SafePath> {
        names.iter().map(|name| SafePath::new(name).unwrap()).collect()
    }

    fn pairs(names: &[&str], rules: NameRules) -> Vec<(String, String, bool)> {
        let found = collisions(&paths(names), rules);
        found.into_iter().map(|pair| (pair.first, pair.second, pair.is_folder)).collect()
    }

    #[test]
    fn plain_names_are_accepted() {
        let longest = "x".repeat(255);
        let wide = "日".repeat(85);
        for name in ["a", "a/b/c.bin", "...", "a..b", ".hidden", " ", "c:x", "日本/ñ", "a b", &longest, &wide] {
            assert_eq!(SafePath::new(name).map(|path| path.0).as_deref(), Ok(name));
        }
        let path = SafePath::new("a/b/c").unwrap();
        let (folders, name) = path.split();
        assert_eq!((folders.collect::<Vec<_>>(), name), (vec!["a", "b"], "c"));
    }

    #[test]
    fn names_that_lead_elsewhere_are_rejected() {
        for (name, expected) in [
            ("", UnsafeName::Empty),
            ("/etc/passwd", UnsafeName::Absolute),
            ("a/../../x", UnsafeName::Dots),
            ("..", UnsafeName::Dots),
            (".", UnsafeName::Dots),
            ("a/./b", UnsafeName::Dots),
            ("a//b", UnsafeName::Dots),
            ("a/", UnsafeName::Dots),
            ("a\\..\\b", UnsafeName::Backslash),
            ("a\0b", UnsafeName::ControlCharacter),
            ("a\u{1b}[31m", UnsafeName::ControlCharacter),
            ("a\u{85}", UnsafeName::ControlCharacter),
            ("a/.avala-0.part", UnsafeName::Reserved),
            (".AVALA-0", UnsafeName::Reserved),
        ] {
            assert_eq!(SafePath::new(name), Err(expected), "{name:?}");
        }
        assert_eq!(SafePath::new(&"x".repeat(256)), Err(UnsafeName::LongPart { bytes: 256 }));
        assert_eq!(SafePath::new(&"日".repeat(86)), Err(UnsafeName::LongPart { bytes: 258 }));
        assert_eq!(SafePath::new(&"x/".repeat(3000)), Err(UnsafeName::LongPath { bytes: 6000 }));
    }

    #[test]
    fn exact_target_holds_every_name() {
        assert_eq!(pairs(&["A.bin", "a.bin", "é", "e\u{301}", "A/x", "a/x"], NameRules::EXACT), []);
    }

    #[test]
    fn case_and_unicode_forms_collide_where_they_are_one() {
        let names = ["A.bin", "a.bin", "é", "e\u{301}", "É"];
        let case = NameRules { case: false, unicode_forms: true };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned(), false);
        assert_eq!(pairs(&names, case), [pair("A.bin", "a.bin"), pair("é", "É")]);
        let forms = NameRules { case: true, unicode_forms: false };
        assert_eq!(pairs(&names, forms), [pair("é", "e\u{301}")]);
        let neither = NameRules { case: false, unicode_forms: false };
        assert_eq!(pairs(&names, neither), [pair("A.bin", "a.bin"), pair("é", "e\u{301}"), pair("é", "É")]);
        assert_eq!(pairs(&["A/x", "a/x"], case), [pair("A/x", "a/x")]);
    }

    #[test]
    fn file_and_folder_of_one_name_collide() {
        let expected = vec![("a".to_owned(), "a/b/c".to_owned(), true)];
        assert_eq!(pairs(&["a/b/c", "a"], NameRules::EXACT), expected);
        assert_eq!(pairs(&["a/b/c", "a.b", "ab"], NameRules::EXACT), []);
        let case = NameRules { case: false, unicode_forms: true };
        assert_eq!(pairs(&["a/b/c", "A"], case), [("A".to_owned(), "a/b/c".to_owned(), true)]);
    }

    #[test]
    fn repeated_name_collides_with_itself() {
        assert_eq!(pairs(&["a", "a"], NameRules::EXACT), [("a".to_owned(), "a".to_owned(), false)]);
    }
}
