//! A target folder, with access to files below it that cannot be redirected by links.
//!
//! Each part of a path is opened relative to its parent folder, and links are never followed. So changes by
//! other programs cannot make a download create, open or delete a file elsewhere. The target folder
//! itself may be reached through links, because the caller chose it.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{self, AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::names::SafePath;
use super::target_error::TargetError;

/// Opened target folder.
#[derive(Debug)]
pub(crate) struct TargetFolder {
    fd: OwnedFd,
    /// Canonical path, so that every spelling of a folder has the same state and lock.
    path: PathBuf,
}

/// The folder and the name of a file.
#[derive(Debug)]
pub(crate) struct Place {
    fd: OwnedFd,
    name: String,
    /// Path for messages, and identity of the destination.
    path: PathBuf,
}

/// State of an existing file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Existing {
    pub(crate) size: u64,
    /// Modification time in nanoseconds since 1970.
    pub(crate) modified_ns: i128,
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

impl TargetFolder {
    /// Opens a folder, which is created unless `create` is false.
    ///
    /// Returns `None` if the folder does not exist and `create` is false.
    pub(crate) fn open(path: &Path, create: bool) -> Result<Option<Self>, TargetError> {
        if create {
            std::fs::create_dir_all(path).map_err(|error| TargetError::io("create", path, error))?;
        }
        let path = match path.canonicalize() {
            Ok(path) => path,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !create => return Ok(None),
            Err(error) => return Err(TargetError::io("open", path, error)),
        };
        let fd = fs::open(&path, FOLDER, Mode::empty()).map_err(|error| TargetError::io("open", &path, error))?;
        Ok(Some(Self { fd, path }))
    }

    /// Returns the canonical path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the folder for temporary files.
    pub(super) fn itself(&self) -> Result<Place, TargetError> {
        let fd = self.fd.try_clone().map_err(|error| TargetError::io("open", &self.path, error))?;
        Ok(Place { fd, name: String::new(), path: self.path.clone() })
    }

    /// Finds the place of a file. Missing parent folders are created if `create` is true.
    ///
    /// Returns `None` if a parent folder does not exist and `create` is false.
    pub(crate) fn place(&self, path: &SafePath, create: bool) -> Result<Option<Place>, TargetError> {
        let (folders, name) = path.split();
        let mut fd = self.fd.try_clone().map_err(|error| TargetError::io("open", &self.path, error))?;
        let mut here = self.path.clone();
        for folder in folders {
            here.push(folder);
            fd = match open_folder(&fd, folder) {
                Err(Errno::NOENT) if !create => return Ok(None),
                Err(Errno::NOENT) => {
                    make_folder(&fd, folder, &here)?;
                    open_folder(&fd, folder)
                }
                opened => opened,
            }
            .map_err(|error| not_a_folder(&fd, folder, &here, error))?;
        }
        Ok(Some(Place { fd, name: name.to_owned(), path: here.join(name) }))
    }
}

fn open_folder(parent: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    fs::openat(parent, name, FOLDER | OFlags::NOFOLLOW, Mode::empty())
}

fn make_folder(parent: &OwnedFd, name: &str, path: &Path) -> Result<(), TargetError> {
    match fs::mkdirat(parent, name, Mode::from_raw_mode(0o777)) {
        // Another process created it first.
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(TargetError::io("create", path, error)),
    }
}

/// Returns why a part of a path cannot be opened as a folder. Systems report links in different ways.
fn not_a_folder(parent: &OwnedFd, name: &str, path: &Path, error: Errno) -> TargetError {
    match fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW).map(|stat| file_type(&stat)) {
        Ok(FileType::Symlink) => TargetError::Link { path: path.to_owned() },
        Ok(kind) if kind != FileType::Directory => TargetError::NotAFolder { path: path.to_owned() },
        _ => TargetError::io("open", path, error),
    }
}

fn file_type(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

impl Place {
    /// Returns the path, for messages.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the size and the time of the file; `None` if it does not exist.
    ///
    /// # Errors
    /// If the path names something other than a regular file, which is neither followed nor replaced.
    pub(crate) fn existing(&self) -> Result<Option<Existing>, TargetError> {
        let stat = match fs::statat(&self.fd, &*self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(TargetError::io("examine", &self.path, error)),
        };
        match file_type(&stat) {
            FileType::RegularFile => Ok(Some(describe(&stat))),
            FileType::Symlink => Err(TargetError::Link { path: self.path.clone() }),
            _ => Err(TargetError::NotAFile { path: self.path.clone() }),
        }
    }

    /// Opens the existing file for reading.
    pub(crate) fn open(&self) -> Result<File, TargetError> {
        self.existing()?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let opened = fs::openat(&self.fd, &*self.name, flags, Mode::empty());
        opened.map(File::from).map_err(|error| TargetError::io("open", &self.path, error))
    }

    /// Opens a temporary file beside this file, creating it if needed.
    pub(super) fn open_temporary(&self, name: &str) -> Result<File, TargetError> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = fs::openat(&self.fd, name, flags, Mode::from_raw_mode(0o666));
        opened.map(File::from).map_err(|error| self.temporary_error("create", error))
    }

    /// Returns whether `file` is still the temporary file of this name.
    pub(super) fn is_temporary(&self, name: &str, file: &File) -> Result<bool, TargetError> {
        let opened = fs::fstat(file).map_err(|error| self.temporary_error("examine", error))?;
        match fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(named) => Ok((named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(self.temporary_error("examine", error)),
        }
    }

    /// Returns whether there is a temporary file of this name.
    pub(super) fn has_temporary(&self, name: &str) -> Result<bool, TargetError> {
        match fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(self.temporary_error("examine", error)),
        }
    }

    /// Renames a temporary file to this file atomically, and syncs the folder.
    ///
    /// # Errors
    /// If something other than a regular file has the name by now.
    pub(super) fn publish(&self, temporary: &str) -> Result<(), TargetError> {
        self.existing()?;
        let renamed = fs::renameat(&self.fd, temporary, &self.fd, &*self.name);
        renamed.map_err(|error| TargetError::io("create", &self.path, error))?;
        self.sync_folder()
    }

    /// Deletes a temporary file, if it exists.
    pub(super) fn remove_temporary(&self, name: &str) -> Result<(), TargetError> {
        match fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(self.temporary_error("delete", error)),
        }
    }

    /// Deletes the file, if it exists.
    pub(crate) fn remove(&self) -> Result<(), TargetError> {
        if self.existing()?.is_none() {
            return Ok(());
        }
        match fs::unlinkat(&self.fd, &*self.name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => self.sync_folder(),
            Err(error) => Err(TargetError::io("delete", &self.path, error)),
        }
    }

    fn sync_folder(&self) -> Result<(), TargetError> {
        match fs::fsync(self.fd.as_fd()) {
            // Some network file systems cannot sync folders and do not need it.
            Ok(()) | Err(Errno::INVAL | Errno::NOTSUP) => Ok(()),
            Err(error) => Err(TargetError::io("sync the folder of", &self.path, error)),
        }
    }

    fn temporary_error(&self, action: &'static str, error: Errno) -> TargetError {
        TargetError::Temporary { action, path: self.path.clone(), source: error.into() }
    }
}

#[allow(clippy::unnecessary_cast, reason = "the fields have other types on other systems")]
fn describe(stat: &Stat) -> Existing {
    Existing {
        size: u64::try_from(stat.st_size).unwrap_or_default(),
        modified_ns: stat.st_mtime as i128 * 1_000_000_000 + stat.st_mtime_nsec as i128,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn safe(name: &str) -> SafePath {
        SafePath::new(name).unwrap()
    }

    fn open(path: &Path) -> TargetFolder {
        TargetFolder::open(path, true).unwrap().unwrap()
    }

    #[test]
    fn folders_are_created_only_on_request() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("new/target");
        assert!(TargetFolder::open(&target, false).unwrap().is_none());
        assert!(!target.exists());
        let folder = open(&target);
        assert!(folder.place(&safe("a/b/c"), false).unwrap().is_none());
        assert!(!target.join("a").exists());
        let place = folder.place(&safe("a/b/c"), true).unwrap().unwrap();
        assert!(target.join("a/b").is_dir());
        assert_eq!(place.existing().unwrap(), None);
        assert_eq!(place.path(), target.canonicalize().unwrap().join("a/b/c"));
    }

    #[test]
    fn links_inside_the_target_are_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let (target, outside) = (root.path().join("target"), root.path().join("outside"));
        std::fs::create_dir_all(&target).unwrap();
        std::fs::create_dir_all(outside.join("b")).unwrap();
        std::fs::write(outside.join("file"), "x").unwrap();
        symlink(&outside, target.join("a")).unwrap();
        symlink(outside.join("file"), target.join("f")).unwrap();
        symlink(outside.join("missing"), target.join("dangling")).unwrap();
        let folder = open(&target);
        for name in ["a/b", "a/b/c", "a/new/c"] {
            let error = folder.place(&safe(name), true).unwrap_err();
            assert!(matches!(error, TargetError::Link { .. }), "{name}: {error}");
        }
        assert!(!outside.join("new").exists());
        for name in ["f", "a", "dangling"] {
            let place = folder.place(&safe(name), true).unwrap().unwrap();
            assert!(matches!(place.existing(), Err(TargetError::Link { .. })), "{name}");
            assert!(matches!(place.open(), Err(TargetError::Link { .. })), "{name}");
            assert!(matches!(place.remove(), Err(TargetError::Link { .. })), "{name}");
            assert!(matches!(place.publish("t"), Err(TargetError::Link { .. })), "{name}");
        }
        assert_eq!(std::fs::read_to_string(outside.join("file")).unwrap(), "x");
    }

    #[test]
    fn files_are_not_taken_for_folders_nor_folders_for_files() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("file"), "x").unwrap();
        std::fs::create_dir(root.path().join("folder")).unwrap();
        let folder = open(root.path());
        assert!(matches!(folder.place(&safe("file/x"), true), Err(TargetError::NotAFolder { .. })));
        let place = folder.place(&safe("folder"), true).unwrap().unwrap();
        assert!(matches!(place.existing(), Err(TargetError::NotAFile { .. })));
    }

    #[test]
    fn every_spelling_of_a_folder_has_one_path() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("target");
        let expected = open(&target).path().to_owned();
        symlink(&target, root.path().join("link")).unwrap();
        for spelling in ["target/", "link", "link/", "target/../target/.", "./target"] {
            assert_eq!(open(&root.path().join(spelling)).path(), expected, "{spelling}");
        }
    }
}
