//! Finds the state folder and the content store inside a target.
//!
//! Objects must not replace files in them, and a sync must not delete their files.

use std::path::{Path, PathBuf};

use super::names::NameRules;
use crate::error::{Error, ErrorKind};

/// Paths of these folders below a target, with `/` between their parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnFolders(Vec<String>);

impl OwnFolders {
    /// Finds the `folders` that are below `target`, a canonical path. Blocks.
    ///
    /// # Errors
    /// If the target is one of the folders, or below one of them.
    pub(crate) fn below(target: &Path, folders: &[PathBuf]) -> Result<Self, Error> {
        let mut found = Vec::new();
        for folder in folders {
            // A missing folder has no files, and no target can be below it.
            let Ok(folder) = folder.canonicalize() else { continue };
            if target.starts_with(&folder) {
                return Err(Error::new(
                    ErrorKind::Configuration,
                    "it is the state folder or a content store, or inside one",
                )
                .about_path(target)
                .help("choose a target outside the state folder and the content store"));
            }
            if let Ok(relative) = folder.strip_prefix(target)
                && let Some(relative) = relative.to_str()
            {
                found.push(relative.replace(std::path::MAIN_SEPARATOR, "/"));
            }
        }
        Ok(Self(found))
    }

    /// Returns whether a path is one of the folders or below it, as the target compares names.
    pub(crate) fn cover(&self, path: &str, rules: NameRules) -> bool {
        let path = rules.key(path);
        self.0.iter().any(|folder| {
            let rest = path.strip_prefix(rules.key(folder).as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_folders_inside_a_target_are_covered() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let (target, store) = (root.join("out"), root.join("out/.cache/Store"));
        std::fs::create_dir_all(&store).unwrap();
        std::fs::create_dir(root.join("state")).unwrap();
        let all = [root.join("state"), store.join("../Store"), root.join("missing")];
        let own = OwnFolders::below(&target, &all).unwrap();
        assert_eq!(own, OwnFolders(vec![".cache/Store".to_owned()]));
        let other_case = NameRules { case: false, unicode_forms: true };
        for (path, rules, expected) in [
            (".cache/Store", NameRules::EXACT, true),
            (".cache/Store/ab/cd", NameRules::EXACT, true),
            (".cache/Stores", NameRules::EXACT, false),
            (".cache/store/x", NameRules::EXACT, false),
            (".cache/store/x", other_case, true),
            (".cache", NameRules::EXACT, false),
        ] {
            assert_eq!(own.cover(path, rules), expected, "{path}");
        }
        for inside in [store.clone(), store.join("ab")] {
            std::fs::create_dir_all(&inside).unwrap();
            let error = OwnFolders::below(&inside, &all).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        }
    }
}
