//! Errors of the target that a download writes to.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind};

/// Reason why a file of a target cannot be read or written.
#[derive(Debug)]
pub(crate) enum TargetError {
    /// A link inside the target.
    Link {
        path: PathBuf,
    },
    /// A part of a path that is not a folder.
    NotAFolder {
        path: PathBuf,
    },
    /// The name of a file belongs to something that is not a regular file.
    NotAFile {
        path: PathBuf,
    },
    /// The disk has no space for the whole file.
    NoSpace {
        path: PathBuf,
        needed: u64,
        available: u64,
    },
    /// The disk became full.
    DiskFull {
        path: PathBuf,
        source: io::Error,
    },
    /// Another process writes the file.
    Busy {
        path: PathBuf,
    },
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// The temporary file beside `path` cannot be read or written.
    Temporary {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

impl TargetError {
    pub(crate) fn io(action: &'static str, path: &Path, error: impl Into<io::Error>) -> Self {
        let source = error.into();
        if is_full(&source) {
            return Self::DiskFull { path: path.to_owned(), source };
        }
        Self::Io { action, path: path.to_owned(), source }
    }

    /// Returns what failed and why, and what to do, without the path.
    fn message_and_help(&self) -> (String, &'static str) {
        const OTHER: &str = "remove it or choose another target";
        const SPACE: &str = "free space and run the same download again: it continues";
        match self {
            Self::Link { .. } => ("it is a link, and links inside a target are not followed".to_owned(), OTHER),
            Self::NotAFolder { .. } => ("it is not a folder".to_owned(), OTHER),
            Self::NotAFile { .. } => ("it is not a regular file".to_owned(), OTHER),
            Self::NoSpace { needed, available, .. } => {
                (format!("{needed} bytes are needed, and {available} bytes are free on the disk"), SPACE)
            }
            Self::DiskFull { source, .. } => (format!("the disk is full ({source})"), SPACE),
            Self::Busy { .. } => ("another process is writing it".to_owned(), "wait until that process ends"),
            Self::Io { action, source, .. } => (format!("cannot {action} it: {}", reason(source)), help(source)),
            Self::Temporary { action, source, .. } => {
                (format!("cannot {action} the temporary file beside it: {}", reason(source)), help(source))
            }
        }
    }

    /// Returns the path of the file or folder.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Link { path }
            | Self::NotAFolder { path }
            | Self::NotAFile { path }
            | Self::NoSpace { path, .. }
            | Self::DiskFull { path, .. }
            | Self::Busy { path }
            | Self::Io { path, .. }
            | Self::Temporary { path, .. } => path,
        }
    }
}

/// Returns whether an error means that a file cannot grow: no space, a quota, or the maximum file size.
pub(crate) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

fn reason(source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => "a part of the path is not a folder".to_owned(),
        _ => source.to_string(),
    }
}

fn help(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::PermissionDenied => "give this user write access to it",
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "choose another target"
        }
        io::ErrorKind::InvalidFilename => "choose a target on a file system that allows this name",
        _ => "check the disk and run the same download again: it continues",
    }
}

/// For tests and logs; errors of a run have the fields of [`Error`].
impl std::fmt::Display for TargetError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (message, help) = self.message_and_help();
        write!(f, "`{}`: {message}; {help}", self.path().to_string_lossy().escape_debug())
    }
}

impl std::error::Error for TargetError {}

impl From<TargetError> for Error {
    fn from(error: TargetError) -> Self {
        let kind = match &error {
            TargetError::Busy { .. } => ErrorKind::Locked,
            _ => ErrorKind::Target,
        };
        // The path is in the message, because the subject is the object if there is one.
        let path = error.path().to_string_lossy().into_owned();
        let (message, help) = error.message_and_help();
        let converted = Self::new(kind, format!("`{path}`: {message}")).help(help);
        match error {
            TargetError::Io { source, .. }
            | TargetError::Temporary { source, .. }
            | TargetError::DiskFull { source, .. } => converted.with_source(source),
            _ => converted,
        }
    }
}
