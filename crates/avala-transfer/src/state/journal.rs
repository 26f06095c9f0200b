//! A journal of durable records.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::error::{Error, ErrorKind};
use crate::state::file;
use crate::state::folder::{Destination, Held};

/// Format of all journals of this crate.
const FORMAT: &str = "avala-transfer";
/// Version of the format. Newer files are rejected.
const VERSION: u32 = 1;
/// Maximum length of a line, in bytes: a path of 4 KiB with every character escaped, and some fields.
const MAX_LINE: u64 = 64 * 1024;

/// First line of a journal.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    /// Kind of the transfer, such as `dataset`.
    kind: String,
    /// Hash of the transfer's identity.
    key: String,
}

/// Appends records, one JSON line each. Clones write to the same file.
///
/// [`append`](Self::append) returns when the record is on disk. Records that arrive while the disk is busy are written
/// and synced together.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    shared: Arc<Shared>,
    /// Lock of the destination, which the run holds.
    lock: Weak<Held>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    queue: Mutex<Queue>,
    /// Number of the last record that is durable, or that writing failed.
    durable: watch::Sender<Durable>,
}

#[derive(Debug)]
struct Queue {
    /// `None` while a thread writes.
    file: Option<File>,
    pending: Vec<u8>,
    last: u64,
    /// Keeps the destination locked until these records are written, even if the run is dropped meanwhile.
    lock: Option<Arc<Held>>,
}

#[derive(Clone, Debug, Default)]
struct Durable {
    last: u64,
    failure: Option<Arc<io::Error>>,
}

impl Journal {
    /// Opens the journal of a destination and reads its records; creates it if it does not exist. Blocking.
    pub(crate) fn of<R: DeserializeOwned>(destination: &Destination, kind: &str) -> Result<(Self, Vec<R>), Error> {
        Self::open(&destination.journal, kind, &destination.key, Arc::downgrade(&destination.lock))
    }

    fn open<R: DeserializeOwned>(
        path: &Path,
        kind: &str,
        key: &str,
        lock: Weak<Held>,
    ) -> Result<(Self, Vec<R>), Error> {
        let header = Header { format: FORMAT.to_owned(), version: VERSION, kind: kind.to_owned(), key: key.to_owned() };
        let failed = |error| Error::io(ErrorKind::Io, "open the state file", path, error);
        let mut file = match file::private().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                file::replace(path, &line(&header)?).map_err(failed)?;
                file::private().read(true).write(true).open(path).map_err(failed)?
            }
            Err(error) => return Err(failed(error)),
        };
        let (records, length) = read(&mut file, path, &header)?;
        // A last line without a line break was not written completely, and does not count.
        file.set_len(length).and_then(|()| file.seek(SeekFrom::End(0))).map_err(failed)?;
        let queue = Queue { file: Some(file), pending: Vec::new(), last: 0, lock: None };
        let durable = watch::Sender::default();
        let shared = Shared { path: path.to_owned(), queue: Mutex::new(queue), durable };
        Ok((Self { shared: Arc::new(shared), lock }, records))
    }

    /// Reads the records of a journal without changing it; no records if it does not exist. Blocking.
    pub(crate) fn peek<R: DeserializeOwned>(path: &Path, kind: &str, key: &str) -> Result<Vec<R>, Error> {
        let header = Header { format: FORMAT.to_owned(), version: VERSION, kind: kind.to_owned(), key: key.to_owned() };
        match file::private().read(true).open(path) {
            Ok(mut file) => Ok(read(&mut file, path, &header)?.0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(Error::io(ErrorKind::Io, "open the state file", path, error)),
        }
    }

    /// Replaces the records of a journal that is not open, to drop outdated records. Blocking.
    pub(crate) fn rewrite<R: Serialize>(path: &Path, kind: &str, key: &str, records: &[R]) -> Result<(), Error> {
        let header = Header { format: FORMAT.to_owned(), version: VERSION, kind: kind.to_owned(), key: key.to_owned() };
        let mut content = line(&header)?;
        for record in records {
            content.extend(line(record)?);
        }
        file::replace(path, &content).map_err(|error| Error::io(ErrorKind::Io, "write the state file", path, error))
    }

    /// Returns the lock of the destination, to hold it for longer than the run.
    pub(crate) fn lock(&self) -> Option<Arc<Held>> {
        self.lock.upgrade()
    }

    /// Appends a record and returns when it is on disk.
    pub(crate) async fn append(&self, record: &impl Serialize) -> Result<(), Error> {
        self.append_all(std::slice::from_ref(record)).await
    }

    /// Appends records together and returns when they are on disk.
    pub(crate) async fn append_all(&self, records: &[impl Serialize]) -> Result<(), Error> {
        let mut lines = Vec::new();
        for record in records {
            lines.extend(line(record)?);
        }
        let number = {
            let mut queue = self.queue();
            queue.pending.extend(lines);
            queue.lock = self.lock.upgrade();
            queue.last += 1;
            queue.last
        };
        let mut durable = self.shared.durable.subscribe();
        loop {
            self.write_pending();
            let state = durable.wait_for(|state| state.last >= number || state.failure.is_some()).await;
            // The sender is `self`, so it cannot be gone.
            let Ok(state) = state else { return Err(Error::aborted()) };
            if let Some(failure) = &state.failure {
                let failure = io::Error::new(failure.kind(), failure.to_string());
                return Err(Error::io(ErrorKind::Io, "write the state file", &self.shared.path, failure));
            }
            if state.last >= number {
                return Ok(());
            }
        }
    }

    /// Starts a thread that writes, unless one does already.
    fn write_pending(&self) {
        let file = {
            let mut queue = self.queue();
            if queue.pending.is_empty() { None } else { queue.file.take() }
        };
        let Some(file) = file else { return };
        let this = self.clone();
        // Detached, because a dropped caller must not truncate a record.
        tokio::task::spawn_blocking(move || this.write_all(file));
    }

    fn write_all(&self, mut file: File) {
        loop {
            let (lines, last, lock) = {
                let mut queue = self.queue();
                if queue.pending.is_empty() {
                    queue.file = Some(file);
                    return;
                }
                (std::mem::take(&mut queue.pending), queue.last, queue.lock.take())
            };
            let written = file.write_all(&lines).and_then(|()| file.sync_data());
            // Released before callers are notified, so that a run that ends now leaves no lock.
            drop(lock);
            match written {
                Ok(()) => self.shared.durable.send_modify(|state| state.last = last),
                // The file is not used again, because its end is unknown until it is read.
                Err(error) => {
                    self.shared.durable.send_modify(|state| state.failure = Some(Arc::new(error)));
                    return;
                }
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn line(record: &impl Serialize) -> Result<Vec<u8>, Error> {
    let mut line = serde_json::to_vec(record)
        .map_err(|error| Error::new(ErrorKind::State, "a record cannot be written").with_source(error))?;
    line.push(b'\n');
    Ok(line)
}

/// Reads all records, and the length of the valid part.
fn read<R: DeserializeOwned>(file: &mut File, path: &Path, expected: &Header) -> Result<(Vec<R>, u64), Error> {
    let failed = |error| Error::io(ErrorKind::Io, "read the state file", path, error);
    let mut reader = BufReader::new(file);
    let mut records = Vec::new();
    let (mut length, mut number) = (0, 0_u64);
    let mut text = Vec::new();
    loop {
        text.clear();
        let read = io::Read::take(&mut reader, MAX_LINE).read_until(b'\n', &mut text).map_err(failed)?;
        if text.last() != Some(&b'\n') {
            if read as u64 == MAX_LINE {
                return Err(unusable(path, format!("line {} is longer than {MAX_LINE} bytes", number + 1)));
            }
            break;
        }
        length += read as u64;
        number += 1;
        if number == 1 {
            check_header(&text, path, expected)?;
            continue;
        }
        let record = serde_json::from_slice(&text)
            .map_err(|error| unusable(path, format!("line {number} cannot be read")).with_source(error))?;
        records.push(record);
    }
    if number == 0 {
        return Err(unusable(path, "it has no header".to_owned()));
    }
    Ok((records, length))
}

fn check_header(text: &[u8], path: &Path, expected: &Header) -> Result<(), Error> {
    let header: Header = serde_json::from_slice(text)
        .map_err(|error| unusable(path, "its header cannot be read".to_owned()).with_source(error))?;
    if header.format == FORMAT && header.version > VERSION {
        let newer = format!("it has version {}, and this program knows up to {VERSION}", header.version);
        return Err(Error::new(ErrorKind::State, newer)
            .about_path(path)
            .help("continue with the newer program, or move the file away to send all files again"));
    }
    if header != *expected {
        return Err(unusable(path, "it belongs to another transfer".to_owned()));
    }
    Ok(())
}

fn unusable(path: &Path, message: String) -> Error {
    Error::new(ErrorKind::State, message)
        .about_path(path)
        .help("restore the file, or move it away to start this transfer from the beginning")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn path() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.journal");
        (folder, path)
    }

    fn open(path: &Path) -> Result<(Journal, Vec<String>), Error> {
        Journal::open(path, "test", "key", Weak::new())
    }

    #[tokio::test]
    async fn records_are_read_back_in_order() {
        let (_folder, path) = path();
        let (journal, records) = open(&path).unwrap();
        assert!(records.is_empty());
        let writers: Vec<_> = (0..100)
            .map(|number| {
                let journal = journal.clone();
                tokio::spawn(async move { journal.append(&number.to_string()).await })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap().unwrap();
        }
        let (_, mut records) = open(&path).unwrap();
        records.sort_by_key(|record| record.parse::<u32>().unwrap());
        assert_eq!(records, (0..100).map(|number: u32| number.to_string()).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn torn_last_line_is_dropped_and_overwritten() {
        let (_folder, path) = path();
        let (journal, _) = open(&path).unwrap();
        journal.append(&"one").await.unwrap();
        let mut text = fs::read(&path).unwrap();
        text.extend(b"\"tw");
        fs::write(&path, text).unwrap();
        let (journal, records) = open(&path).unwrap();
        assert_eq!(records, ["one"]);
        journal.append(&"two").await.unwrap();
        assert_eq!(open(&path).unwrap().1, ["one", "two"]);
    }

    #[test]
    fn unreadable_newer_and_foreign_files_are_errors() {
        let (_folder, path) = path();
        drop(open(&path).unwrap());
        let header = fs::read_to_string(&path).unwrap();
        let table = [
            (String::new(), "no header"),
            ("{}\n".to_owned(), "header cannot be read"),
            (header.replace("\"version\":1", "\"version\":2"), "version 2"),
            (header.replace("\"test\"", "\"other\""), "another transfer"),
            (header.replace("\"key\":\"key\"", "\"key\":\"k\""), "another transfer"),
            (format!("{header}nonsense\n\"one\"\n"), "line 2"),
            (format!("{header}{}", "x".repeat(70_000)), "longer than"),
        ];
        for (content, expected) in table {
            fs::write(&path, content).unwrap();
            let error = open(&path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::State);
            assert!(error.to_string().contains(expected), "{expected}: {error}");
        }
    }

    #[tokio::test]
    async fn full_disk_fails_every_waiting_record() {
        if !Path::new("/dev/full").exists() {
            return;
        }
        let (_folder, path) = path();
        let (journal, _) = open(&path).unwrap();
        journal.queue().file = Some(File::options().write(true).open("/dev/full").unwrap());
        let error = journal.append(&"one").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().contains("disk is full"), "{error}");
        journal.append(&"two").await.unwrap_err();
    }
}
