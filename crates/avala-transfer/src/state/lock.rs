//! Locks a destination with a lock file that names its holder.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind};
use crate::state::file;
use crate::state::holder::{Holder, Liveness, process_start};

/// Maximum size of a lock file, in bytes.
const MAX_BYTES: u64 = 4 * 1024;

/// A lock that this run holds until it is dropped.
///
/// The kernel's lock on the file decides, so a killed process holds no lock, and if two processes take over at the
/// same time, one of them wins. The content names the holder for messages, and for file systems whose locks do
/// not exclude other machines. The file is kept, because deleting it would let two runs lock two files of one name.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

/// Function that locks a file; replaced in tests.
type TryLock = fn(&File) -> Result<(), TryLockError>;

impl Lock {
    /// Acquires the lock, or fails immediately with an error that names the holder. `what` names the destination.
    pub(crate) fn acquire(path: &Path, what: &str) -> Result<Self, Error> {
        let run = format!("{:08x}", fastrand::u32(..));
        Self::acquire_as(path, what, &Holder::own(&run), File::try_lock)
    }

    fn acquire_as(path: &Path, what: &str, own: &Holder, try_lock: TryLock) -> Result<Self, Error> {
        let failed = |error| Error::io(ErrorKind::Io, "open the lock file", path, error);
        let mut file =
            file::private().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        let named = read_holder(&mut file);
        match try_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(what, path, named.as_ref())),
            Err(TryLockError::Error(error)) => return Err(no_locks(what, path, named.as_ref(), error)),
        }
        // Read again, because the holder may have changed before the lock was acquired.
        if let Some(other) = read_holder(&mut file) {
            let is_own = other.pid == own.pid && other.process_start == own.process_start && other.host == own.host;
            match own.judge(&other, |pid| process_start(Path::new("/proc"), pid)) {
                Liveness::Dead => {}
                // An earlier run of this process whose destructor did not run.
                Liveness::Alive if is_own => {}
                Liveness::Alive => return Err(held(what, path, Some(&other))),
                Liveness::Foreign => return Err(foreign(what, path, &other)),
            }
        }
        write_holder(&mut file, own).map_err(|error| Error::io(ErrorKind::Io, "write the lock file", path, error))?;
        Ok(Self { file })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // An empty file is free for every host. If this fails, the next run finds a holder that has ended.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

pub(crate) fn read_holder(file: &mut File) -> Option<Holder> {
    let mut text = Vec::new();
    file.rewind().ok()?;
    Read::take(&mut *file, MAX_BYTES).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

pub(crate) fn write_holder(file: &mut File, holder: &Holder) -> io::Result<()> {
    let text = serde_json::to_vec(holder)?;
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(&text)?;
    file.sync_all()
}

pub(crate) fn held(what: &str, path: &Path, holder: Option<&Holder>) -> Error {
    let who = holder.map_or_else(|| "another process".to_owned(), Holder::describe);
    Error::new(ErrorKind::Locked, format!("{who} is transferring to it"))
        .about(what)
        .help(format!("wait for that run or end it; the lock file is {}", shown(path)))
}

pub(crate) fn foreign(what: &str, path: &Path, holder: &Holder) -> Error {
    let who = holder.describe();
    Error::new(
        ErrorKind::Locked,
        format!("{who} holds the lock, and this machine cannot determine whether that run is still active"),
    )
    .about(what)
    .help(format!("if it has ended, delete {} and run again", shown(path)))
}

fn no_locks(what: &str, path: &Path, holder: Option<&Holder>, error: io::Error) -> Error {
    let who =
        holder.map_or_else(|| "no holder is recorded".to_owned(), |holder| format!("recorded: {}", holder.describe()));
    Error::new(ErrorKind::Locked, format!("the file system of the state folder cannot lock files ({error}); {who}"))
        .about(what)
        .help(format!("put the state folder on a local disk; to release an old lock delete {}", shown(path)))
        .with_source(error)
}

fn shown(path: &Path) -> String {
    let path: PathBuf = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn path() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        (folder, path)
    }

    fn left_by(path: &Path, change: impl FnOnce(&mut Holder)) {
        let mut holder = Holder::own("earlier");
        change(&mut holder);
        fs::write(path, serde_json::to_vec(&holder).unwrap()).unwrap();
    }

    #[test]
    fn second_run_fails_and_names_the_first() {
        let (_folder, path) = path();
        let first = Lock::acquire(&path, "set").unwrap();
        let error = Lock::acquire(&path, "set").unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ErrorKind::Locked, Some("set")));
        assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
        assert!(error.is_resumable());
        drop(first);
        Lock::acquire(&path, "set").unwrap();
    }

    #[test]
    fn dead_holder_and_reused_process_id_are_taken_over() {
        let (_folder, path) = path();
        left_by(&path, |holder| holder.pid = u32::MAX);
        drop(Lock::acquire(&path, "set").unwrap());
        // The process ID was reused: another process took the lock.
        left_by(&path, |holder| holder.process_start = Some(0));
        drop(Lock::acquire(&path, "set").unwrap());
        fs::write(&path, "torn {").unwrap();
        drop(Lock::acquire(&path, "set").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"");
    }

    #[test]
    fn holder_of_another_host_is_an_error_with_a_way_out() {
        let (_folder, path) = path();
        left_by(&path, |holder| {
            holder.host = "robot-7".to_owned();
            holder.boot_id = Some("other".to_owned());
            holder.since -= 3 * 3_600;
        });
        let error = Lock::acquire(&path, "set").unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind(), ErrorKind::Locked);
        assert!(text.contains("host robot-7") && text.contains("3 h ago") && text.contains("delete"), "{text}");
        fs::remove_file(&path).unwrap();
        Lock::acquire(&path, "set").unwrap();
    }

    #[test]
    fn file_system_without_locks_is_an_error_with_a_way_out() {
        let (_folder, path) = path();
        left_by(&path, |_| {});
        let refuse: TryLock = |_| Err(TryLockError::Error(io::Error::from_raw_os_error(37)));
        let error = Lock::acquire_as(&path, "set", &Holder::own("r"), refuse).unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind(), ErrorKind::Locked);
        assert!(text.contains("local disk") && text.contains("recorded: process"), "{text}");
    }

    #[test]
    fn one_of_many_takers_wins() {
        let (_folder, path) = path();
        left_by(&path, |holder| holder.pid = u32::MAX);
        let barrier = std::sync::Barrier::new(8);
        let wins: usize = std::thread::scope(|scope| {
            let takers: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        let lock = Lock::acquire(&path, "set");
                        barrier.wait();
                        usize::from(lock.is_ok())
                    })
                })
                .collect();
            takers.into_iter().map(|taker| taker.join().unwrap()).sum()
        });
        assert_eq!(wins, 1);
    }
}
