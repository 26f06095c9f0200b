//! The default probe: asks the file system of a target by creating two files.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::names::{NameProbe, NameRules, RESERVED_PREFIX};

/// Probe that creates two temporary files in the target folder and deletes them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FileProbe;

impl NameProbe for FileProbe {
    fn probe(&self, folder: &Path) -> io::Result<NameRules> {
        let unique = format!("{:016x}", fastrand::u64(..));
        let name = |suffix: &str| folder.join(format!("{RESERVED_PREFIX}{unique}-{suffix}"));
        let case = is_distinct(name("a"), &name("A"))?;
        let unicode_forms = is_distinct(name("\u{e9}"), &name("e\u{301}"))?;
        Ok(NameRules { case, unicode_forms })
    }
}

/// Creates a file and returns whether another name does not find it.
fn is_distinct(created: PathBuf, other: &Path) -> io::Result<bool> {
    let _probe = Temporary::create(created)?;
    match std::fs::symlink_metadata(other) {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// File that is deleted on drop.
struct Temporary {
    path: PathBuf,
    _file: File,
}

impl Temporary {
    fn create(path: PathBuf) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok(Self { path, _file: file })
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // A rest has a reserved name, and is deleted with the folder at the latest.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probe_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let rules = FileProbe.probe(folder.path()).unwrap();
        if cfg!(target_os = "linux") {
            assert_eq!(rules, NameRules::EXACT);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(FileProbe.probe(&folder.path().join("missing")).is_err());
    }
}
