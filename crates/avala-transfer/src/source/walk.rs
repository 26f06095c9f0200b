//! Finds the files of a source.

use std::collections::HashSet;
use std::fs::{self, FileType, Metadata};
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind};
use crate::source::names;
use crate::source::stamp::Stamp;
use crate::sync::filter::Filter;

/// How a source is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct WalkOptions {
    /// Whether links to files are followed. Links to folders are always rejected.
    pub(crate) follow_links: bool,
    /// Whether names that begin with a dot are skipped.
    pub(crate) skip_hidden: bool,
    /// If set, only these paths, relative to the source.
    pub(crate) only: Option<HashSet<String>>,
    /// Filter. Excluded files are not examined.
    pub(crate) filter: Filter,
    /// A folder that must not be uploaded: the state folder.
    pub(crate) forbidden: Option<PathBuf>,
}

impl WalkOptions {
    fn selects(&self, path: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(path)) && self.filter.matches(path)
    }
}

/// A file to upload.
#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    /// Local path.
    pub(crate) local: PathBuf,
    /// Path in the dataset or recording.
    pub(crate) path: String,
    pub(crate) stamp: Stamp,
    /// Device and inode, which show within a run whether the path names another file.
    pub(crate) identity: (u64, u64),
    pub(crate) follow_links: bool,
}

/// Finds the files of all sources, sorted by path within each source. Blocking.
///
/// # Errors
/// A name that cannot be uploaded, a link, a special file, a folder without permission, or two files with one
/// destination. Every error names the file.
pub(crate) fn files(sources: &[PathBuf], options: &WalkOptions) -> Result<Vec<SourceFile>, Error> {
    let mut found = Vec::new();
    for source in sources {
        let start = found.len();
        // The source itself may be a link, because the caller chose it.
        let metadata = fs::metadata(source).map_err(|error| Error::io(ErrorKind::Source, "read it", source, error))?;
        if metadata.is_dir() {
            let mut walk = Walk { options, found: &mut found };
            walk.folder(source, "")?;
        } else if metadata.is_file() {
            let name = source.file_name().map(|name| text(Path::new(name), source)).transpose()?.unwrap_or_default();
            let file = file(source, name, &metadata, true)?;
            if options.selects(&file.path) {
                found.push(file);
            }
        } else {
            return Err(special(source, metadata.file_type()));
        }
        found.get_mut(start..).unwrap_or_default().sort_by(|left, right| left.path.cmp(&right.path));
    }
    check_destinations(&found)?;
    check_only(&found, options)?;
    Ok(found)
}

struct Walk<'a> {
    options: &'a WalkOptions,
    found: &'a mut Vec<SourceFile>,
}

impl Walk<'_> {
    /// Reads a folder and its subfolders, without recursion: a deep tree must not overflow the stack.
    fn folder(&mut self, root: &Path, prefix: &str) -> Result<(), Error> {
        let mut folders = vec![(root.to_owned(), prefix.to_owned())];
        while let Some((folder, prefix)) = folders.pop() {
            self.check_forbidden(&folder)?;
            let failed = |error| Error::io(ErrorKind::Source, "read the folder", &folder, error);
            for entry in fs::read_dir(&folder).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let local = entry.path();
                let name = text(Path::new(&entry.file_name()), &local)?;
                if self.options.skip_hidden && name.starts_with('.') {
                    continue;
                }
                let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
                let kind = entry.file_type().map_err(failed)?;
                if kind.is_dir() {
                    folders.push((local, path));
                } else if self.options.selects(&path) {
                    let file = self.entry(&local, path, kind)?;
                    self.found.push(file);
                }
            }
        }
        Ok(())
    }

    fn entry(&self, local: &Path, path: String, kind: FileType) -> Result<SourceFile, Error> {
        let failed = |error| Error::io(ErrorKind::Source, "read it", local, error);
        if kind.is_file() {
            return file(local, path, &fs::symlink_metadata(local).map_err(failed)?, false);
        }
        if kind.is_symlink() && self.options.follow_links {
            let metadata = fs::metadata(local).map_err(failed)?;
            if metadata.is_file() {
                return file(local, path, &metadata, true);
            }
            if metadata.is_dir() {
                return Err(Error::new(ErrorKind::Source, "it is a link to a folder")
                    .about_path(local)
                    .help("add that folder as another source, or replace the link by a copy"));
            }
            return Err(special(local, metadata.file_type()));
        }
        Err(special(local, kind))
    }

    fn check_forbidden(&self, folder: &Path) -> Result<(), Error> {
        let Some(forbidden) = &self.options.forbidden else { return Ok(()) };
        let is_it = matches!((fs::canonicalize(folder), fs::canonicalize(forbidden)), (Ok(one), Ok(two)) if one == two);
        if is_it {
            return Err(Error::new(ErrorKind::Source, "it is the state folder of transfers")
                .about_path(folder)
                .help("keep the state folder outside the uploaded folder"));
        }
        Ok(())
    }
}

fn text(name: &Path, local: &Path) -> Result<String, Error> {
    name.to_str().map(str::to_owned).ok_or_else(|| {
        Error::new(ErrorKind::Source, "its name is not valid UTF-8").about_path(local).help("rename the file")
    })
}

fn file(local: &Path, path: String, metadata: &Metadata, follow_links: bool) -> Result<SourceFile, Error> {
    if let Some(problem) = names::problem(&path) {
        return Err(Error::new(ErrorKind::Source, problem).about(path).help("rename the file"));
    }
    let stamp = Stamp::of(metadata);
    Ok(SourceFile { local: local.to_owned(), path, stamp, identity: identity(metadata), follow_links })
}

/// Returns the device and inode.
pub(crate) fn identity(metadata: &Metadata) -> (u64, u64) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        (metadata.dev(), metadata.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        (0, 0)
    }
}

fn special(local: &Path, kind: FileType) -> Error {
    let (what, help) = if kind.is_symlink() {
        ("it is a link", "replace the link by a copy, or allow links with `follow_links`")
    } else {
        ("it is neither a file nor a folder, but a device, a pipe or a socket", "remove it from the source")
    };
    Error::new(ErrorKind::Source, what).about_path(local).help(help)
}

fn check_destinations(files: &[SourceFile]) -> Result<(), Error> {
    let mut seen = HashSet::with_capacity(files.len());
    match files.iter().find(|file| !seen.insert(file.path.as_str())) {
        None => Ok(()),
        Some(file) => Err(Error::new(ErrorKind::Source, "two files have this destination")
            .about(&file.path)
            .help("rename one of them, or upload their folders separately")),
    }
}

fn check_only(files: &[SourceFile], options: &WalkOptions) -> Result<(), Error> {
    let Some(only) = &options.only else { return Ok(()) };
    let found: HashSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let mut missing: Vec<_> = only.iter().filter(|path| !found.contains(path.as_str())).collect();
    missing.sort();
    match missing.first() {
        None => Ok(()),
        Some(path) => {
            Err(Error::new(ErrorKind::Source, format!("{} listed files are not in the source", missing.len()))
                .about(path)
                .help("remove them from the list of files, or add the folder that has them"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        folder
    }

    fn walk(sources: &[&Path], options: &WalkOptions) -> Result<Vec<String>, Error> {
        let sources: Vec<_> = sources.iter().map(|path| path.to_path_buf()).collect();
        Ok(files(&sources, options)?.into_iter().map(|file| file.path).collect())
    }

    #[test]
    fn files_are_sorted_and_hidden_ones_can_be_left_out() {
        let folder = tree(&["b.bin", "a/2.bin", "a/1.bin", ".hidden/x", "a/.y"]);
        let all = walk(&[folder.path()], &WalkOptions::default()).unwrap();
        assert_eq!(all, [".hidden/x", "a/.y", "a/1.bin", "a/2.bin", "b.bin"]);
        let options = WalkOptions { skip_hidden: true, ..WalkOptions::default() };
        assert_eq!(walk(&[folder.path()], &options).unwrap(), ["a/1.bin", "a/2.bin", "b.bin"]);
    }

    #[test]
    fn two_files_with_one_destination_are_refused() {
        let (one, two) = (tree(&["a.bin"]), tree(&["a.bin"]));
        let error = walk(&[one.path(), two.path()], &WalkOptions::default()).unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ErrorKind::Source, Some("a.bin")));
        let error = walk(&[&one.path().join("a.bin"), two.path()], &WalkOptions::default()).unwrap_err();
        assert_eq!(error.subject(), Some("a.bin"));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_refused_unless_allowed() {
        let folder = tree(&["a.bin", "sub/b.bin"]);
        let link = folder.path().join("link.bin");
        std::os::unix::fs::symlink(folder.path().join("a.bin"), &link).unwrap();
        let error = walk(&[folder.path()], &WalkOptions::default()).unwrap_err();
        assert!(error.to_string().contains("it is a link"), "{error}");
        let follow = WalkOptions { follow_links: true, ..WalkOptions::default() };
        assert_eq!(walk(&[folder.path()], &follow).unwrap(), ["a.bin", "link.bin", "sub/b.bin"]);
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(folder.path().join("sub"), &link).unwrap();
        let error = walk(&[folder.path()], &follow).unwrap_err();
        assert!(error.to_string().contains("link to a folder"), "{error}");
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert_eq!(walk(&[folder.path()], &follow).unwrap_err().kind(), ErrorKind::Source);
    }

    #[cfg(unix)]
    #[test]
    fn special_files_and_bad_names_are_refused() {
        let folder = tree(&["a.bin"]);
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("s")).unwrap();
        let error = walk(&[folder.path()], &WalkOptions::default()).unwrap_err();
        assert!(error.to_string().contains("neither a file nor a folder"), "{error}");
        assert!(walk(&[Path::new("/dev/null")], &WalkOptions::default()).is_err());
        for name in ["a\\b", "a\nb"] {
            let folder = tree(&[name]);
            assert_eq!(walk(&[folder.path()], &WalkOptions::default()).unwrap_err().kind(), ErrorKind::Source);
        }
        let name: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff");
        let folder = tree(&[]);
        fs::write(folder.path().join(name), "").unwrap();
        let error = walk(&[folder.path()], &WalkOptions::default()).unwrap_err();
        assert!(error.to_string().contains("UTF-8"), "{error}");
    }

    #[test]
    fn state_folder_is_refused_as_a_source() {
        let folder = tree(&["state/x.journal"]);
        let options = WalkOptions { forbidden: Some(folder.path().join("state/.")), ..WalkOptions::default() };
        assert!(walk(&[folder.path()], &options).is_err());
    }

    #[test]
    fn list_of_files_selects_and_reports_what_is_missing() {
        let folder = tree(&["a", "b", "c"]);
        let only = |names: &[&str]| WalkOptions {
            only: Some(names.iter().map(|name| (*name).to_owned()).collect()),
            ..WalkOptions::default()
        };
        assert_eq!(walk(&[folder.path()], &only(&["c", "a"])).unwrap(), ["a", "c"]);
        assert_eq!(walk(&[folder.path()], &only(&["d"])).unwrap_err().subject(), Some("d"));
    }
}
