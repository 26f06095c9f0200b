//! Downloads ranges of an object over several connections.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

use super::file_writer::FileWriter;
use super::filling::{Filling, MOST_UNUSABLE, OpenedRange, Stop};
use super::ranges::{RangeQueue, SMALLEST_RANGE};
use super::receive::{End, receive};
use super::request::{Attempts, Opened, open};
use super::response::{Meaning, Version};
use super::whole::save_after;
use crate::error::{Error, ErrorKind};

/// State that the connections of one object share.
struct Shared {
    file: Arc<Filling>,
    version: Version,
    queue: Mutex<RangeQueue>,
}

/// Downloads the missing ranges of `version`; `first` is a response that was opened before.
///
/// Every connection requests ranges of this version only. No connection writes after this function ends.
pub(super) async fn run(file: &Arc<Filling>, version: Version, first: Option<OpenedRange>) -> Result<u64, Stop> {
    let total = version.total;
    file.check_size(total)?;
    file.blocking(move |file| file.part.reserve(total)).await?;
    // The first response starts at zero, and no bytes are durable yet.
    let begun = first.as_ref().map_or(0, |(range, _)| range.end);
    let missing = file.missing(begun, total);
    let left: u64 = missing.iter().map(|range| range.end - range.start).sum();
    let useful = usize::try_from(left.div_ceil(SMALLEST_RANGE)).unwrap_or(usize::MAX) + usize::from(first.is_some());
    let connections = file.context.connections.clamp(1, useful.max(1));
    let queue = Mutex::new(RangeQueue::new(missing, connections));
    let shared = Arc::new(Shared { file: Arc::clone(file), version, queue });

    let mut workers = JoinSet::new();
    let mut first = first;
    for _ in 0..connections {
        workers.spawn(work(Arc::clone(&shared), first.take()));
    }
    let mut outcome = Ok(());
    while let Some(ended) = workers.join_next().await {
        let ended = ended.unwrap_or_else(|_| Err(Stop::Failed(Error::aborted())));
        if let (Ok(()), Err(stop)) = (&outcome, ended) {
            // A cancelled run and one whose time is over end the others too, after they wrote what they received, and
            // what they claimed of its bytes is theirs. Otherwise they stop where they are.
            let ends = [ErrorKind::Cancelled, ErrorKind::LimitReached];
            let is_ended = matches!(&stop, Stop::Failed(error) if ends.contains(&error.kind()));
            outcome = Err(stop);
            if !is_ended {
                workers.abort_all();
            }
        }
    }
    match outcome {
        Ok(()) => Ok(total),
        Err(Stop::Failed(error)) => {
            save_after(file, &shared.version, &error).await;
            Err(Stop::Failed(error))
        }
        Err(stop) => Err(stop),
    }
}

/// Runs a connection, which claims ranges until no range is left.
async fn work(shared: Arc<Shared>, mut first: Option<OpenedRange>) -> Result<(), Stop> {
    let mut attempts = Attempts::default();
    let mut unusable = 0;
    loop {
        let (range, opened) = match first.take() {
            Some((range, opened)) => (range, opened),
            None => {
                let Some(range) = shared.queue().claim() else { return Ok(()) };
                let (context, remote) = (&shared.file.context, &shared.file.remote);
                // Only what the run may still receive is requested.
                let claim = context.claim_up_to(range.end - range.start).await?;
                let end = range.start + claim.length();
                shared.queue().put_back(end..range.end);
                let (range, state) = (range.start..end, (&mut attempts, claim));
                let opened = open(context, remote, Some(&range), Some(&shared.version), state).await?;
                (range, opened)
            }
        };
        match &opened.meaning {
            Meaning::Part { .. } => shared.receive(range, opened, &mut attempts).await?,
            Meaning::Unusable(reason) => {
                unusable += 1;
                if unusable >= MOST_UNUSABLE {
                    return Err(Stop::NoRanges(*reason));
                }
                shared.queue().put_back(range);
            }
            // The same version, whatever the range.
            Meaning::Whole { .. } => {
                return Err(Stop::NoRanges(super::response::Unusable::Range(
                    super::content_range::WrongRange::Missing,
                )));
            }
            _ => return Err(Stop::Changed),
        }
    }
}

impl Shared {
    async fn receive(&self, asked: Range<u64>, mut opened: Opened, attempts: &mut Attempts) -> Result<(), Stop> {
        let Meaning::Part { ref range, .. } = opened.meaning else { return Ok(()) };
        let (file, context) = (&self.file, &self.file.context);
        let mut writer = FileWriter::new(&file.writes, range.start);
        let length = range.end - range.start;
        opened.claim.resize(length)?;
        let holds = (&mut opened.slot, &mut opened.claim);
        let (received, end) = receive(context, &file.remote.name, opened.body, Some(length), holds, &mut writer).await;
        drop(opened.claim);
        file.count(received);
        self.queue().put_back(asked.start + received..asked.end);
        match end {
            End::Complete => {
                context.meter.part_done();
                opened.slot.succeeded();
                attempts.progressed();
            }
            End::Cut(error) => {
                drop(opened.slot);
                if received >= 64 << 10 {
                    attempts.progressed();
                }
                attempts.failed(context, &file.remote.name, error, None).await?;
            }
            End::Stopped(error) => return Err(Stop::Failed(error)),
        }
        file.checkpoint(&self.version).await?;
        Ok(())
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, RangeQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
