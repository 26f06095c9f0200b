//! The file on disk: private, locked during changes, replaced atomically, and found through links.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::failure::{Failure, Outcome};
use crate::terminal::signals;

/// Maximum size of the file in bytes.
const LONGEST: u64 = 1 << 20;

/// Maximum number of links on the path to the file.
const MOST_LINKS: usize = 32;

/// How long a command waits for other commands that write the file.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads the file; `None` if it does not exist.
pub(super) fn read(path: &Path) -> Outcome<Option<String>> {
    let is_missing = |error: &io::Error| matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
    // Opening a named pipe would wait for a writer.
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(Failure::usage(format!("{} is not a file; pass another --config-file", path.display()))),
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(unreadable(path, &error)),
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(unreadable(path, &error)),
    };
    let metadata = file.metadata().map_err(|error| unreadable(path, &error))?;
    check_mode(path, &metadata)?;
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > LONGEST {
        return Err(Failure::usage(format!("{} is longer than {LONGEST} bytes", path.display())));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let line =
            error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|&&byte| byte == b'\n').count() + 1;
        Failure::usage(format!("{}, line {line}: not UTF-8; correct it, nothing was changed", path.display()))
    })?;
    Ok(Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!(
        "cannot read the configuration file {}: {error}; --config-file or AVALA_CONFIG_FILE names another one",
        path.display()
    ))
}

#[cfg(unix)]
fn check_mode(path: &Path, metadata: &fs::Metadata) -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{path} has mode {mode:04o}, so other users can read or change its keys; run: chmod 600 {path}",
        path = path.display()
    )))
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &fs::Metadata) -> Outcome {
    Ok(())
}

/// The exclusive right to change the file, until it is dropped.
pub(super) struct Lock {
    /// The locked folder of the file, which needs no lock file.
    _folder: File,
    target: PathBuf,
}

/// Waits for the exclusive right to change the file. Its folder is created, private, if it does not exist.
pub(super) fn lock(path: &Path) -> Outcome<Lock> {
    let target = target_of(path)?;
    let folder = folder_of(&target);
    let unwritable = |error: &io::Error| Failure::other(format!("cannot write {}: {error}", target.display()));
    create_folder(&folder).map_err(|error| unwritable(&error))?;
    let handle = File::open(&folder).map_err(|error| unwritable(&error))?;
    let started = Instant::now();
    loop {
        match handle.try_lock() {
            Ok(()) => return Ok(Lock { _folder: handle, target }),
            Err(TryLockError::WouldBlock) if started.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(fastrand::u64(2..12)));
            }
            Err(TryLockError::WouldBlock) => {
                let seconds = PATIENCE.as_secs();
                return Err(Failure::other(format!(
                    "cannot write {}: another command has been writing it for {seconds} s",
                    target.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(unwritable(&error)),
        }
    }
}

/// Resolves the links of a path. The file does not have to exist.
fn target_of(path: &Path) -> Outcome<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&target) {
            Ok(link) => target = folder_of(&target).join(link),
            Err(_) => return Ok(target),
        }
    }
    Err(Failure::usage(format!("{} has more than {MOST_LINKS} links", path.display())))
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

impl Lock {
    /// Replaces the file atomically: readers see the old text or the new text. The mode is 0600.
    ///
    /// The name of the new file is fixed, so that the file of a killed writer is reused.
    pub(super) fn replace(&self, text: &str) -> Result<(), String> {
        let name = self.target.file_name().unwrap_or_default().to_string_lossy();
        let new = folder_of(&self.target).join(format!(".{name}.new"));
        let unwritable = |error: io::Error| format!("cannot write {}: {error}", self.target.display());
        signals::uninterrupted(|| {
            self.write(&new, text).map_err(|error| {
                let _ = fs::remove_file(&new);
                unwritable(error)
            })
        })
    }

    fn write(&self, new: &Path, text: &str) -> io::Result<()> {
        // Left by a killed writer. No other process writes the file, because the folder is locked.
        match fs::remove_file(new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        if let Ok(metadata) = fs::metadata(&self.target)
            && metadata.permissions().readonly()
        {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
        }
        if !unnamed::write(&folder_of(&self.target), new, text)? {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(new)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
        }
        fs::rename(new, &self.target)
    }
}

/// Files that have no name until they are complete, so that a killed writer leaves none behind.
#[cfg(target_os = "linux")]
mod unnamed {
    use std::fs::OpenOptions;
    use std::io::{self, Write as _};
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    use std::path::Path;

    use rustix::fs::{AtFlags, CWD, OFlags, linkat};

    /// Writes a private file and gives it its name; `false` if the file system, or a root without `/proc`, cannot do that.
    pub(super) fn write(folder: &Path, name: &Path, text: &str) -> io::Result<bool> {
        let flags = OFlags::TMPFILE.bits().cast_signed();
        let Ok(mut file) = OpenOptions::new().write(true).mode(0o600).custom_flags(flags).open(folder) else {
            return Ok(false);
        };
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        Ok(linkat(CWD, path, CWD, name, AtFlags::SYMLINK_FOLLOW).is_ok())
    }
}

#[cfg(not(target_os = "linux"))]
mod unnamed {
    pub(super) fn write(_: &std::path::Path, _: &std::path::Path, _: &str) -> std::io::Result<bool> {
        Ok(false)
    }
}
