//! Downloads one object into a temporary file: which way, and what happens when the way turns out to be closed.
//!
//! With a strong entity tag (or a hash that the API published) several connections request ranges. Otherwise one
//! connection requests the whole object, and an interrupted attempt starts from zero. An object that changes meanwhile is
//! started over once.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use super::archive;
use super::archive::{Broken, Content};
use super::context::Context;
use super::link::Remote;
use super::parallel;
use super::part_file::PartFile;
use super::ranges::RangeSet;
use super::record::{Begun, part};
use super::request::{Attempts, Opened, open};
use super::response::{Meaning, Unusable, Version};
use super::target_error::TargetError;
use super::whole;
use crate::error::{Error, ErrorKind};
use crate::hash::{Digest, Hasher};
use crate::state::journal::Journal;

/// First range of a download. Smaller objects arrive in one response.
const FIRST_RANGE: u64 = 8 << 20;
/// Bytes and time after which received bytes are made durable.
const SYNC_BYTES: u64 = 64 << 20;
const SYNC_SECONDS: u64 = 10;
/// Partial responses in a row that may be unusable before ranges are given up.
pub(super) const MOST_UNUSABLE: u32 = 2;

/// A temporary file that is being filled, and what of it is durable.
#[derive(Debug)]
pub(crate) struct FileDownload {
    pub(crate) context: Arc<Context>,
    pub(crate) remote: Remote,
    pub(crate) part: Arc<PartFile>,
    /// Path under which the state is recorded.
    pub(crate) path: String,
    pub(crate) journal: Journal,
    /// Whether to test the file as an archive: its length and hash are not known.
    pub(crate) tests_archive: bool,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    durable: RangeSet,
    /// Bytes that the meter counts as done.
    counted: u64,
    synced_at: Instant,
    /// Only one connection syncs at a time.
    is_syncing: bool,
}

/// Why an attempt ended without the whole object.
#[derive(Debug)]
pub(super) enum Stop {
    /// The object is another one than at the beginning.
    Changed,
    /// The host does not send ranges that can be used.
    NoRanges(Unusable),
    /// The run ends here.
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

/// A complete file.
#[derive(Debug)]
pub(crate) struct Complete {
    pub(crate) size: u64,
    /// Computed where the API publishes a hash.
    pub(crate) sha256: Option<Digest>,
    /// Result of the archive test, if one was made.
    pub(crate) content: Option<Content>,
    /// Whether the object changed once and was started over.
    pub(crate) was_restarted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Ranges,
    Whole,
}

impl FileDownload {
    pub(crate) fn new(
        context: &Arc<Context>,
        remote: Remote,
        part: PartFile,
        path: String,
        journal: Journal,
        tests_archive: bool,
    ) -> Self {
        let progress =
            Progress { durable: RangeSet::default(), counted: 0, synced_at: Instant::now(), is_syncing: false };
        Self {
            context: Arc::clone(context),
            remote,
            part: Arc::new(part),
            path,
            journal,
            tests_archive,
            progress: Mutex::new(progress),
        }
    }

    /// Downloads the object; `begun` is what an earlier run left.
    ///
    /// After an error, what was received is durable and recorded as far as it can be resumed.
    pub(crate) async fn run(self: &Arc<Self>, begun: Option<Begun>) -> Result<Complete, Error> {
        let mut begun = self.usable(begun).await?;
        let (mut way, mut was_restarted, mut gave_up) = (Way::Ranges, false, None);
        loop {
            // A change since an earlier run is no change during this one.
            let is_resumed = begun.is_some();
            let stop = match self.attempt(way, begun.take()).await {
                Ok(total) => match self.verify(total).await? {
                    Verified::Right { sha256, content } => {
                        return Ok(Complete { size: total, sha256, content, was_restarted });
                    }
                    // Ranges of two versions, perhaps: one response cannot mix them.
                    Verified::Wrong(_) if !was_restarted => {
                        way = Way::Whole;
                        Stop::Changed
                    }
                    Verified::Wrong(error) => {
                        self.clear().await?;
                        return Err(error);
                    }
                },
                Err(stop) => stop,
            };
            match stop {
                Stop::Failed(error) => return Err(error),
                Stop::Changed if is_resumed => {}
                Stop::Changed if was_restarted => {
                    self.clear().await?;
                    let message = "the object was replaced again while it was downloaded";
                    return Err(Error::new(ErrorKind::RemoteChanged, message)
                        .about(&self.remote.name)
                        .help("download it when nobody writes it"));
                }
                Stop::Changed => was_restarted = true,
                Stop::NoRanges(reason) => match gave_up.replace(reason) {
                    None => way = Way::Whole,
                    Some(_) => {
                        let message = format!("the storage host does not send what was requested: {reason}");
                        return Err(Error::new(ErrorKind::Protocol, message)
                            .about(&self.remote.name)
                            .help("check proxies and caches between this machine and the storage host"));
                    }
                },
            }
            self.clear().await?;
        }
    }

    /// Returns the durable bytes of an earlier run, unless the temporary file is not as that run left it.
    async fn usable(self: &Arc<Self>, begun: Option<Begun>) -> Result<Option<Begun>, Error> {
        let size = self.blocking(|this| this.part.size()).await?;
        let begun = begun.filter(|begun| {
            begun.version.etag.is_some()
                && size == begun.version.total
                && self.remote.size.is_none_or(|size| size == begun.version.total)
        });
        if begun.is_none() && size > 0 {
            self.clear().await?;
        }
        Ok(begun)
    }

    async fn attempt(self: &Arc<Self>, way: Way, begun: Option<Begun>) -> Result<u64, Stop> {
        if let Some(Begun { version, durable }) = begun {
            self.count(durable.len());
            self.progress().durable = durable;
            return parallel::run(self, version, None).await;
        }
        if way == Way::Whole || !self.remote.links.get(None).await?.link.ranges {
            return whole::run(self, None, way == Way::Ranges).await;
        }
        let mut attempts = Attempts::default();
        let mut unusable = 0;
        loop {
            // A size that the API says is a wish, not a fact: the response says how much there is.
            let range = 0..FIRST_RANGE;
            let opened = open(&self.context, &self.remote, Some(&range), None, &mut attempts).await?;
            match &opened.meaning {
                Meaning::Part { range, version } => {
                    self.check_size(version.total)?;
                    let is_all = *range == (0..version.total);
                    if version.etag.is_none() && self.remote.sha256.is_none() && !is_all {
                        drop(opened);
                        return whole::run(self, None, false).await;
                    }
                    let (range, version) = (range.clone(), version.clone());
                    return parallel::run(self, version, Some((range, opened))).await;
                }
                Meaning::Whole { .. } => return whole::run(self, Some(opened), true).await,
                Meaning::Empty => {
                    self.check_size(0)?;
                    self.blocking(|this| this.part.reserve(0)).await?;
                    return Ok(0);
                }
                Meaning::Unusable(reason) => {
                    unusable += 1;
                    if unusable >= MOST_UNUSABLE {
                        return Err(Stop::NoRanges(*reason));
                    }
                }
                _ => return Err(Stop::Changed),
            }
        }
    }

    /// Fails if the object does not have the size that the API says.
    pub(super) fn check_size(&self, actual: u64) -> Result<(), Error> {
        match self.remote.size.filter(|size| *size != actual) {
            None => Ok(()),
            Some(expected) => {
                let message = format!("the storage host has {actual} bytes, and the API says {expected}");
                Err(Error::new(ErrorKind::Integrity, message).about(&self.remote.name).help("report it to the owner"))
            }
        }
    }

    async fn verify(self: &Arc<Self>, total: u64) -> Result<Verified, Error> {
        self.check_size(total)?;
        let wrong = |message: String| {
            let error = Error::new(ErrorKind::Integrity, message).about(&self.remote.name);
            Verified::Wrong(error.help("run the same download again; if it fails again, report it"))
        };
        let mut sha256 = None;
        if let Some(expected) = self.remote.sha256 {
            let actual = self.blocking(move |this| this.digest(total)).await?;
            if actual != expected {
                return Ok(wrong(format!("the content has the SHA-256 {actual}, and the API says {expected}")));
            }
            sha256 = Some(actual);
        }
        let mut content = None;
        if self.tests_archive {
            let this = Arc::clone(self);
            let test = tokio::task::spawn_blocking(move || archive::test(&this.part, total));
            match test.await.map_err(|_| Error::aborted())? {
                Ok(tested) => content = Some(tested),
                Err(Broken::Target(error)) => return Err(error.into()),
                Err(broken) => return Ok(wrong(broken.to_string())),
            }
        }
        Ok(Verified::Right { sha256, content })
    }

    fn digest(&self, total: u64) -> Result<Digest, TargetError> {
        const STEP: u64 = 1 << 20;
        let (mut hasher, mut buffer, mut position) = (Hasher::default(), Vec::new(), 0);
        while position < total {
            let end = total.min(position + STEP);
            self.part.read(position..end, &mut buffer)?;
            hasher.update(&buffer);
            position = end;
        }
        Ok(hasher.finish())
    }

    /// Ranges that are missing of an object of `total` bytes, besides its first `begun` bytes.
    pub(super) fn missing(&self, begun: u64, total: u64) -> Vec<Range<u64>> {
        let mut there = self.progress().durable.clone();
        there.insert(0..begun);
        there.missing(total)
    }

    /// Makes received bytes durable and records them, if there are enough of them.
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

    /// Makes all received bytes durable and records them. Nothing is recorded of a version without a strong tag.
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
            part(&self.path, version, &progress.durable)
        };
        match record {
            Some(record) => self.journal.append(&record).await,
            None => Ok(()),
        }
    }

    /// Deletes the temporary file if nothing in it can be resumed.
    pub(crate) async fn discard_useless(self: &Arc<Self>) {
        if self.progress().durable.len() == 0 {
            // A rest is used or cleared by the next run.
            let _ = self.blocking(|this| this.part.discard()).await;
        }
    }

    /// Counts bytes that need not be received again.
    pub(super) fn count(&self, bytes: u64) {
        self.progress().counted += bytes;
        self.context.meter.done(bytes);
    }

    /// Drops all received bytes.
    pub(super) async fn clear(self: &Arc<Self>) -> Result<(), Error> {
        let counted = {
            let mut progress = self.progress();
            progress.durable = RangeSet::default();
            std::mem::take(&mut progress.counted)
        };
        self.context.meter.undone(counted);
        self.blocking(|this| this.part.clear()).await
    }

    /// Runs file operations outside of the runtime's threads.
    pub(crate) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, TargetError> + Send + 'static,
    ) -> Result<T, Error> {
        let this = Arc::clone(self);
        let work = tokio::task::spawn_blocking(move || work(&this));
        Ok(work.await.map_err(|_| Error::aborted())??)
    }

    fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Verified {
    Right { sha256: Option<Digest>, content: Option<Content> },
    Wrong(Error),
}

/// A response that was opened, for a range of the object.
pub(super) type OpenedRange = (Range<u64>, Opened);
