//! Locks a target, so that one run writes to it, even if other runs have other state folders.
//!
//! The lock of the state folder does not exclude a process with another state folder. This lock is a file in the target
//! that names its holder, and exists only while a run writes. As in [`Lock`](crate::state::lock::Lock), the kernel's
//! lock decides, so that the file of a killed process is taken over.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use super::folder::{Place, TargetFolder};
use super::names::{RESERVED_PREFIX, SafePath};
use crate::error::Error;
use crate::state::holder::{Holder, Liveness, process_start};
use crate::state::lock::{foreign, held, read_holder, write_holder};

/// How long to wait for a holder that may be ending, and how often to try again.
const PATIENCE: Duration = Duration::from_secs(1);
const INTERVAL: Duration = Duration::from_millis(5);

/// Lock of a target that this run holds until it is dropped.
#[derive(Debug)]
pub(crate) struct TargetLock {
    place: Place,
    name: String,
    _file: File,
}

impl TargetLock {
    /// Acquires the lock of a file or of a whole folder, or fails with an error that names the holder. Blocks.
    pub(crate) fn take(folder: &TargetFolder, file_name: Option<&SafePath>) -> Result<Self, Error> {
        Self::take_within(folder, file_name, PATIENCE)
    }

    /// Returns whether there is a lock file, of a run that is active or was killed.
    pub(crate) fn is_left(folder: &TargetFolder, file_name: Option<&SafePath>) -> Result<bool, Error> {
        let name = lock_name(file_name.map_or("", SafePath::as_str));
        Ok(folder.itself()?.has_temporary(&name)?)
    }

    fn take_within(folder: &TargetFolder, file_name: Option<&SafePath>, patience: Duration) -> Result<Self, Error> {
        let name = lock_name(file_name.map_or("", SafePath::as_str));
        let target = file_name.map_or_else(|| folder.path().to_owned(), |file| folder.path().join(file.as_str()));
        let what = target.to_string_lossy().escape_debug().to_string();
        let path = folder.path().join(&name);
        let place = folder.itself()?;
        let own = Holder::own(&format!("{:08x}", fastrand::u32(..)));
        let started = Instant::now();
        loop {
            let mut file = place.open_temporary(&name)?;
            match file.try_lock() {
                Ok(()) if place.is_temporary(&name, &file)? => {
                    claim(&mut file, &own, &what, &path)?;
                    return Ok(Self { place, name, _file: file });
                }
                // Another run ended and deleted the file between opening and locking.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if started.elapsed() >= patience => {
                    return Err(held(&what, &path, read_holder(&mut file).as_ref()));
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(INTERVAL),
                // On a file system without locks, the name of the holder decides.
                Err(TryLockError::Error(_)) => {
                    claim(&mut file, &own, &what, &path)?;
                    return Ok(Self { place, name, _file: file });
                }
            }
        }
    }
}

/// Writes the holder into a lock file.
fn claim(file: &mut File, own: &Holder, what: &str, path: &Path) -> Result<(), Error> {
    if let Some(other) = read_holder(file) {
        let is_own = other.pid == own.pid && other.process_start == own.process_start && other.host == own.host;
        match own.judge(&other, |pid| process_start(Path::new("/proc"), pid)) {
            Liveness::Alive if !is_own => return Err(held(what, path, Some(&other))),
            Liveness::Foreign => return Err(foreign(what, path, &other)),
            Liveness::Alive | Liveness::Dead => {}
        }
    }
    // The name is only for messages: a full disk is reported by the write of a file.
    let _ = write_holder(file, own);
    Ok(())
}

impl Drop for TargetLock {
    fn drop(&mut self) {
        // Deleted while it is locked: a process that opened it before notices that its name is gone, and creates a new
        // file.
        let _ = self.place.remove_temporary(&self.name);
    }
}

/// Returns the name of the lock file, with the same length for all names.
fn lock_name(target: &str) -> String {
    let digest = Sha256::digest(format!("lock/{target}"));
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{RESERVED_PREFIX}{hex}.lock")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::error::ErrorKind;

    fn open(folder: &Path) -> TargetFolder {
        TargetFolder::open(folder, true).unwrap().unwrap()
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn second_run_fails_and_names_the_first() {
        let root = tempfile::tempdir().unwrap();
        let folder = open(root.path());
        let (name, other) = (SafePath::new("x").unwrap(), SafePath::new("y").unwrap());
        let first = TargetLock::take(&folder, Some(&name)).unwrap();
        let error = TargetLock::take_within(&folder, Some(&name), Duration::ZERO).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Locked);
        assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
        drop(TargetLock::take(&folder, Some(&other)).unwrap());
        drop(first);
        drop(TargetLock::take_within(&folder, Some(&name), Duration::ZERO).unwrap());
        assert!(files(root.path()).is_empty());
    }

    #[test]
    fn file_of_a_dead_holder_is_taken_over_and_deleted() {
        let root = tempfile::tempdir().unwrap();
        let folder = open(root.path());
        let mut holder = Holder::own("earlier");
        holder.pid = u32::MAX;
        for text in [serde_json::to_string(&holder).unwrap(), "torn {".to_owned()] {
            std::fs::write(root.path().join(lock_name("")), text).unwrap();
            drop(TargetLock::take(&folder, None).unwrap());
            assert!(files(root.path()).is_empty());
        }
    }

    #[test]
    fn holder_of_another_host_is_an_error_with_a_way_out() {
        let root = tempfile::tempdir().unwrap();
        let mut holder = Holder::own("earlier");
        (holder.host, holder.boot_id) = ("robot-7".to_owned(), Some("other".to_owned()));
        std::fs::write(root.path().join(lock_name("")), serde_json::to_string(&holder).unwrap()).unwrap();
        let text = TargetLock::take(&open(root.path()), None).unwrap_err().to_string();
        assert!(text.contains("host robot-7") && text.contains("delete"), "{text}");
    }

    #[test]
    fn link_in_the_place_of_the_lock_is_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let victim = root.path().join("victim");
        std::fs::write(&victim, "precious").unwrap();
        std::fs::create_dir(root.path().join("t")).unwrap();
        std::os::unix::fs::symlink(&victim, root.path().join("t").join(lock_name(""))).unwrap();
        TargetLock::take(&open(&root.path().join("t")), None).unwrap_err();
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
    }

    #[test]
    fn one_of_many_takers_holds_it_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let folder = open(root.path());
        let holders = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let lock = TargetLock::take_within(&folder, None, Duration::from_secs(60)).unwrap();
                        assert_eq!(holders.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        holders.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
        assert!(files(root.path()).is_empty());
    }
}
