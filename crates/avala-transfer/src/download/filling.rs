//! The temporary file of one object while it is filled, with its durable and recorded ranges.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::context::Context;
use super::file_writer::WriteQueue;
use super::link::Remote;
use super::part_file::PartFile;
use super::ranges::RangeSet;
use super::record::{Record, part};
use super::request::Opened;
use super::response::{Unusable, Version};
use super::target_error::TargetError;
use crate::error::{Error, ErrorKind};
use crate::state::journal::Journal;

/// Number of bytes and time after which received bytes are synced.
const SYNC_BYTES: u64 = 64 << 20;
const SYNC_SECONDS: u64 = 10;
/// Maximum number of consecutive unusable partial responses before ranges are no longer requested.
pub(super) const MOST_UNUSABLE: u32 = 2;

/// A temporary file that is being filled, and its durable ranges.
#[derive(Debug)]
pub(crate) struct Filling {
    pub(crate) context: Arc<Context>,
    pub(crate) remote: Remote,
    pub(crate) part: Arc<PartFile>,
    pub(super) writes: Arc<WriteQueue>,
    /// Path under which the state is recorded.
    pub(crate) path: String,
    pub(crate) journal: Journal,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    durable: RangeSet,
    /// Bytes that the meter counts as done.
    counted: u64,
    /// Whether the meter knows the size of the object.
    is_announced: bool,
    /// Whether durable ranges are recorded.
    has_record: bool,
    synced_at: Instant,
    /// Lock that lets one connection sync at a time.
    is_syncing: bool,
}

/// Reason why an attempt ended without the whole object.
#[derive(Debug)]
pub(super) enum Stop {
    /// The object was replaced since the beginning.
    Changed,
    /// The host does not send usable ranges.
    NoRanges(Unusable),
    /// The error ends the run.
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<TargetError> for Stop {
    fn from(error: TargetError) -> Self {
        Self::Failed(error.into())
    }
}

impl Filling {
    pub(crate) fn new(context: &Arc<Context>, remote: Remote, part: PartFile, path: String, journal: Journal) -> Self {
        let progress = Progress {
            durable: RangeSet::default(),
            counted: 0,
            has_record: false,
            is_announced: false,
            synced_at: Instant::now(),
            is_syncing: false,
        };
        let part = Arc::new(part);
        Self {
            context: Arc::clone(context),
            remote,
            writes: WriteQueue::new(&part),
            part,
            path,
            journal,
            progress: Mutex::new(progress),
        }
    }

    /// Adds the size of an object to the totals if the API does not report it.
    fn announce(&self, size: u64) {
        let is_known = std::mem::replace(&mut self.progress().is_announced, true);
        if !is_known && self.remote.size.is_none() {
            self.context.meter.add_files(0, size);
        }
    }

    /// Sets the size that a response announces. Fails if the API reported another size.
    pub(super) fn check_size(&self, actual: u64) -> Result<(), Error> {
        self.announce(actual);
        match self.remote.size.filter(|size| *size != actual) {
            None => Ok(()),
            Some(expected) => {
                let message = format!("the storage host has {actual} bytes, but the API reports {expected}");
                Err(Error::new(ErrorKind::Integrity, message).about(&self.remote.name).help("report it to the owner"))
            }
        }
    }

    /// Returns the missing ranges of an object of `total` bytes, after its first `begun` bytes.
    pub(super) fn missing(&self, begun: u64, total: u64) -> Vec<Range<u64>> {
        let mut there = self.progress().durable.clone();
        there.insert(0..begun);
        there.missing(total)
    }

    /// Syncs received bytes and records them, if there are enough of them.
    pub(super) async fn checkpoint(self: &Arc<Self>, version: &Version) -> Result<(), Error> {
        let is_due = {
            let mut progress = self.progress();
            let unsynced = self.part.unsynced();
            let is_due =
                unsynced >= SYNC_BYTES || (unsynced > 0 && progress.synced_at.elapsed().as_secs() >= SYNC_SECONDS);
            let is_mine = is_due && !progress.is_syncing;
            progress.is_syncing |= is_mine;
            is_mine
        };
        if !is_due {
            return Ok(());
        }
        let result = self.save(version).await;
        self.progress().is_syncing = false;
        result
    }

    /// Syncs all received bytes, and records them if the version has a strong tag.
    pub(super) async fn save(self: &Arc<Self>, version: &Version) -> Result<(), Error> {
        if version.etag.is_none() {
            return Ok(());
        }
        let synced = self.blocking(|this| {
            let mut synced = RangeSet::default();
            this.part.sync(&mut synced).map(|()| synced)
        });
        let synced = synced.await?;
        let record = {
            let mut progress = self.progress();
            progress.durable.extend(&synced);
            progress.synced_at = Instant::now();
            progress.has_record = true;
            part(&self.path, version, &progress.durable)
        };
        match record {
            Some(record) => self.journal.append(&record).await,
            None => Ok(()),
        }
    }

    /// Deletes the temporary file if none of its bytes can be resumed.
    pub(crate) async fn discard_useless(self: &Arc<Self>) {
        if self.progress().durable.len() == 0 {
            // If the file remains, the next run uses or clears it.
            let _ = self.blocking(|this| this.part.discard()).await;
        }
    }

    /// Starts with the durable bytes of an earlier run.
    pub(super) fn resume(&self, durable: RangeSet) {
        self.count(durable.len());
        let mut progress = self.progress();
        progress.durable = durable;
        progress.has_record = true;
    }

    /// Counts bytes that do not have to be received again.
    pub(super) fn count(&self, bytes: u64) {
        self.progress().counted += bytes;
        self.context.meter.done(bytes);
    }

    /// Drops the bytes of an earlier run, and their record if there is one.
    pub(super) async fn drop_recorded(self: &Arc<Self>, was_recorded: bool) -> Result<(), Error> {
        self.progress().has_record = was_recorded;
        self.clear().await
    }

    /// Drops all received bytes.
    ///
    /// Their record is dropped before the file can grow again, because it would otherwise be applied to bytes that were
    /// never received.
    pub(super) async fn clear(self: &Arc<Self>) -> Result<(), Error> {
        let (counted, had_record) = {
            let mut progress = self.progress();
            progress.durable = RangeSet::default();
            (std::mem::take(&mut progress.counted), std::mem::take(&mut progress.has_record))
        };
        self.context.meter.undone(counted);
        self.blocking(|this| this.part.clear()).await?;
        if had_record {
            self.journal.append(&Record::Dropped { path: self.path.clone() }).await?;
        }
        Ok(())
    }

    /// Runs file operations outside the runtime's threads.
    pub(crate) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, TargetError> + Send + 'static,
    ) -> Result<T, Error> {
        let this = Arc::clone(self);
        let work = tokio::task::spawn_blocking(move || work(&this));
        Ok(work.await.map_err(|_| Error::aborted())??)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A response that was opened, for a range of the object.
pub(super) type OpenedRange = (Range<u64>, Opened);
