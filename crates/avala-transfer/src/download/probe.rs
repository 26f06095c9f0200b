//! The default probe: tests the file system of a target by creating two files.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::names::{NameProbe, NameRules, RESERVED_PREFIX};

/// Probe that creates two temporary files in the target folder and deletes them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FileProbe;

/// Returns the prefix of the names of the probe's files.
fn prefix() -> String {
    format!("{RESERVED_PREFIX}probe-")
}

/// How often a file is created again after another process deleted it as a leftover of a killed process.
const MOST_TRIES: usize = 10;

impl NameProbe for FileProbe {
    fn probe(&self, folder: &Path) -> io::Result<NameRules> {
        remove_rests(folder)?;
        let unique = format!("{}{:016x}", prefix(), fastrand::u64(..));
        let name = |suffix: &str| folder.join(format!("{unique}-{suffix}"));
        let case = is_distinct(&name("a"), &name("A"))?;
        let unicode_forms = is_distinct(&name("\u{e9}"), &name("e\u{301}"))?;
        Ok(NameRules { case, unicode_forms })
    }
}

/// Creates a file and returns whether it cannot be found by another name.
fn is_distinct(created: &Path, other: &Path) -> io::Result<bool> {
    for _ in 0..MOST_TRIES {
        let _probe = Temporary::create(created)?;
        let is_found = exists(other)?;
        if is_found || exists(created)? {
            return Ok(!is_found);
        }
    }
    Err(io::Error::other("another process deletes the files that are created to examine the folder"))
}

fn exists(path: &Path) -> io::Result<bool> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Deletes files of processes that were killed while they examined the folder. Running processes hold locks on their
/// files.
fn remove_rests(folder: &Path) -> io::Result<()> {
    let prefix = prefix();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let is_probe = entry.file_name().to_string_lossy().starts_with(&prefix) && entry.file_type()?.is_file();
        // Another process may delete the file first. A file that cannot be locked is kept.
        if is_probe && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// File that is deleted on drop.
struct Temporary {
    path: PathBuf,
    _file: File,
}

impl Temporary {
    fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        // Without locks, as on some network file systems, other processes keep the file too.
        let _ = file.try_lock();
        Ok(Self { path: path.to_owned(), _file: file })
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // A leftover file has a reserved name, and is deleted by the next probe.
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

    #[test]
    fn rests_of_killed_processes_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let name = |suffix: &str| folder.path().join(format!("{}0123456789abcdef-{suffix}", prefix()));
        std::fs::write(name("a"), "").unwrap();
        let living = Temporary::create(&name("b")).unwrap();
        std::fs::write(folder.path().join("a"), "a file of the user").unwrap();
        FileProbe.probe(folder.path()).unwrap();
        assert!(!name("a").exists() && name("b").exists() && folder.path().join("a").exists());
        drop(living);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
