//! The temporary file of a download: reserves space, writes at positions, and tracks durable ranges.
//!
//! The file is beside its destination, so that it can be renamed atomically, and its name is a hash, so that it does
//! not grow with the name of the destination. Only synced bytes count after a failure: a write that reported
//! success may still be lost with a full disk or a power failure.

use std::fs::{File, TryLockError};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use rustix::fs::FallocateFlags;
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::folder::Place;
use super::names::RESERVED_PREFIX;
use super::ranges::RangeSet;
use super::target_error::{TargetError, is_full};

/// How long to wait for a locked file, and how often to try again.
const PATIENCE: Duration = Duration::from_secs(5);
const INTERVAL: Duration = Duration::from_millis(5);

/// Temporary file that this process has locked.
#[derive(Debug)]
pub(crate) struct PartFile {
    place: Place,
    name: String,
    file: File,
    /// Written since the last sync.
    written: Mutex<RangeSet>,
    /// Number of the current version. Locked while bytes are written, so that no bytes are written after
    /// [`clear`](Self::clear).
    epoch: RwLock<u64>,
}

impl PartFile {
    /// Opens the temporary file of a destination and locks it against other processes with the same state. Waits
    /// briefly for a thread that writes the last block of a dropped run. Blocks.
    ///
    /// # Errors
    /// [`TargetError::Busy`] if another process has locked it.
    pub(crate) fn open(place: Place, token: &str) -> Result<Self, TargetError> {
        Self::open_within(place, token, PATIENCE)
    }

    fn open_within(place: Place, token: &str, patience: Duration) -> Result<Self, TargetError> {
        let started = Instant::now();
        let name = temporary_name(&place.path().file_name().unwrap_or_default().to_string_lossy(), token);
        // Another process may have renamed or deleted the file between opening and locking.
        let mut replaced = 0;
        while replaced < 100 {
            let file = place.open_temporary(&name)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if started.elapsed() < patience => {
                    std::thread::sleep(INTERVAL);
                    continue;
                }
                Err(TryLockError::WouldBlock) => return Err(TargetError::Busy { path: place.path().to_owned() }),
                // Some file systems have no locks; the lock of the state folder remains.
                Err(TryLockError::Error(_)) => {}
            }
            if place.is_temporary(&name, &file)? {
                return Ok(Self { place, name, file, written: Mutex::default(), epoch: RwLock::default() });
            }
            replaced += 1;
        }
        Err(TargetError::Busy { path: place.path().to_owned() })
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// Returns the length of the file.
    pub(crate) fn size(&self) -> Result<u64, TargetError> {
        let metadata = self.file.metadata().map_err(|error| self.io("examine", error))?;
        Ok(metadata.len())
    }

    /// Returns the number of the current version.
    pub(crate) fn epoch(&self) -> u64 {
        *self.epoch.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops all bytes, for a download from the start. Queued writes of the former version are dropped.
    pub(crate) fn clear(&self) -> Result<(), TargetError> {
        let mut epoch = self.epoch.write().unwrap_or_else(PoisonError::into_inner);
        *epoch += 1;
        self.file.set_len(0).map_err(|error| self.io("shorten", error))?;
        *self.written.lock().unwrap_or_else(PoisonError::into_inner) = RangeSet::default();
        Ok(())
    }

    /// Reserves space for a file of `total` bytes, so that a full disk is reported before bytes are transferred.
    pub(crate) fn reserve(&self, total: u64) -> Result<(), TargetError> {
        if total == 0 {
            return self.file.set_len(0).map_err(|error| self.io("shorten", error));
        }
        match rustix::fs::fallocate(&self.file, FallocateFlags::empty(), 0, total) {
            Ok(()) => {}
            Err(Errno::NOTSUP | Errno::NOSYS | Errno::INVAL) => self.check_free(total)?,
            Err(error) if is_full(&error.into()) => return Err(self.no_space(total)),
            Err(error) => return Err(self.io("reserve space for", error)),
        }
        // A longer file has bytes of another version at its end.
        self.file.set_len(total).map_err(|error| self.io("set the length of", error))
    }

    fn check_free(&self, total: u64) -> Result<(), TargetError> {
        let has_room = self.free().is_none_or(|free| free >= total.saturating_sub(self.allocated()));
        if has_room { Ok(()) } else { Err(self.no_space(total)) }
    }

    fn free(&self) -> Option<u64> {
        let stat = rustix::fs::fstatvfs(&self.file).ok()?;
        Some(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn allocated(&self) -> u64 {
        use std::os::unix::fs::MetadataExt as _;
        self.file.metadata().map_or(0, |metadata| metadata.blocks().saturating_mul(512))
    }

    fn no_space(&self, total: u64) -> TargetError {
        let needed = total.saturating_sub(self.allocated());
        TargetError::NoSpace { path: self.place.path().to_owned(), needed, available: self.free().unwrap_or_default() }
    }

    /// Writes `bytes` at `offset`, unless the file was cleared since `epoch`. Blocks.
    pub(crate) fn write(&self, epoch: u64, bytes: &[u8], offset: u64) -> Result<(), TargetError> {
        let current = self.epoch.read().unwrap_or_else(PoisonError::into_inner);
        if *current != epoch {
            return Ok(());
        }
        // `write_all_at` continues after a short write, and reports why the rest failed.
        self.file.write_all_at(bytes, offset).map_err(|error| self.io("write", error))?;
        let end = offset.saturating_add(bytes.len() as u64);
        self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(offset..end);
        Ok(())
    }

    /// Syncs all bytes that were written before the call, and adds them to `durable`. Blocks.
    ///
    /// A failed sync adds no bytes: the system may have dropped any bytes that were written since the previous sync.
    pub(crate) fn sync(&self, durable: &mut RangeSet) -> Result<(), TargetError> {
        let written = std::mem::take(&mut *self.written.lock().unwrap_or_else(PoisonError::into_inner));
        self.file.sync_data().map_err(|error| self.io("sync", error))?;
        durable.extend(&written);
        Ok(())
    }

    /// Returns the number of bytes that were written since the last sync.
    pub(crate) fn unsynced(&self) -> u64 {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Reads exactly the bytes of a range. Blocks.
    pub(crate) fn read(&self, range: Range<u64>, buffer: &mut Vec<u8>) -> Result<(), TargetError> {
        buffer.resize(usize::try_from(range.end - range.start).unwrap_or(usize::MAX), 0);
        self.file.read_exact_at(buffer, range.start).map_err(|error| self.io("read", error))
    }

    /// Returns a reader from the start of the file.
    pub(crate) fn reader(&self) -> impl io::Read + '_ {
        Reader { file: &self.file, position: 0 }
    }

    /// Returns a reader from an offset.
    pub(crate) fn reader_at(&self, position: u64) -> impl io::Read + '_ {
        Reader { file: &self.file, position }
    }

    /// Syncs the file and renames it to its final name.
    pub(crate) fn publish(&self) -> Result<(), TargetError> {
        self.file.sync_all().map_err(|error| self.io("sync", error))?;
        self.place.publish(&self.name)
    }

    /// Deletes the file.
    pub(crate) fn discard(&self) -> Result<(), TargetError> {
        self.place.remove_temporary(&self.name)
    }

    fn io(&self, action: &'static str, error: impl Into<io::Error>) -> TargetError {
        TargetError::io(action, self.place.path(), error)
    }
}

struct Reader<'a> {
    file: &'a File,
    position: u64,
}

impl io::Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

/// Returns the name of the temporary file of a destination, with the same length for all names. `token` is from the
/// state that describes the file.
pub(crate) fn temporary_name(name: &str, token: &str) -> String {
    let digest = Sha256::digest(format!("{token}/{name}"));
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{RESERVED_PREFIX}{hex}.part")
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::path::Path;

    use super::*;
    use crate::download::folder::TargetFolder;
    use crate::download::names::SafePath;

    fn place(folder: &Path, name: &str) -> Place {
        let folder = TargetFolder::open(folder, true).unwrap().unwrap();
        folder.place(&SafePath::new(name).unwrap(), true).unwrap().unwrap()
    }

    #[test]
    fn bytes_at_positions_become_the_file() {
        let root = tempfile::tempdir().unwrap();
        let part = PartFile::open(place(root.path(), "a/b"), "t").unwrap();
        part.reserve(10).unwrap();
        part.write(0, b"56789", 5).unwrap();
        part.write(0, b"01234", 0).unwrap();
        assert_eq!(part.unsynced(), 10);
        let mut durable = RangeSet::default();
        part.sync(&mut durable).unwrap();
        assert_eq!((durable.to_pairs(), part.unsynced()), (vec![[0, 10]], 0));
        let mut text = String::new();
        part.reader().read_to_string(&mut text).unwrap();
        assert_eq!(text, "0123456789");
        part.publish().unwrap();
        assert_eq!(std::fs::read_to_string(root.path().join("a/b")).unwrap(), "0123456789");
        assert_eq!(std::fs::read_dir(root.path().join("a")).unwrap().count(), 1);
    }

    #[test]
    fn longest_names_have_temporary_files() {
        let root = tempfile::tempdir().unwrap();
        for name in ["x".repeat(255), "日".repeat(85)] {
            let part = PartFile::open(place(root.path(), &name), "t").unwrap();
            part.write(0, b"1", 0).unwrap();
            part.publish().unwrap();
            assert_eq!(std::fs::read_to_string(root.path().join(&name)).unwrap(), "1");
        }
        assert_eq!(temporary_name("a", "t").len(), temporary_name(&"x".repeat(255), "t").len());
    }

    #[test]
    fn second_writer_is_rejected_until_the_first_ends() {
        let root = tempfile::tempdir().unwrap();
        let first = PartFile::open(place(root.path(), "a"), "t").unwrap();
        let at_once = PartFile::open_within(place(root.path(), "a"), "t", Duration::ZERO);
        assert!(matches!(at_once, Err(TargetError::Busy { .. })));
        let at = place(root.path(), "a");
        let waiting = std::thread::spawn(move || PartFile::open_within(at, "t", Duration::from_secs(60)));
        drop(first);
        let second = waiting.join().unwrap().unwrap();
        second.discard().unwrap();
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    }

    #[test]
    fn every_state_has_its_own_temporary_file() {
        let root = tempfile::tempdir().unwrap();
        let first = PartFile::open(place(root.path(), "a"), "t1").unwrap();
        let second = PartFile::open(place(root.path(), "a"), "t2").unwrap();
        first.write(0, b"first", 0).unwrap();
        assert_eq!(second.size().unwrap(), 0);
    }

    #[test]
    fn longer_rest_of_another_version_is_cut() {
        let root = tempfile::tempdir().unwrap();
        let part = PartFile::open(place(root.path(), "a"), "t").unwrap();
        part.write(0, b"0123456789", 0).unwrap();
        part.reserve(4).unwrap();
        assert_eq!(part.size().unwrap(), 4);
        part.clear().unwrap();
        assert_eq!((part.size().unwrap(), part.unsynced()), (0, 0));
        part.write(0, b"late", 0).unwrap();
        assert_eq!(part.size().unwrap(), 0, "bytes of the version before are dropped");
        part.write(part.epoch(), b"new", 0).unwrap();
        assert_eq!(part.size().unwrap(), 3);
    }

    #[test]
    fn file_larger_than_the_disk_is_rejected_before_bytes_arrive() {
        let root = tempfile::tempdir().unwrap();
        let part = PartFile::open(place(root.path(), "a"), "t").unwrap();
        let error = part.reserve(1 << 60).unwrap_err();
        assert!(matches!(error, TargetError::NoSpace { needed, .. } if needed > 1 << 50), "{error}");
    }
}
