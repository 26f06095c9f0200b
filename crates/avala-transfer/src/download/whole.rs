//! Downloads an object over one connection.

use std::sync::Arc;

use super::file_writer::FileWriter;
use super::filling::{Filling, MOST_UNUSABLE, Stop};
use super::receive::{End, receive};
use super::request::{Attempts, Opened, claim_all, open};
use super::response::{Meaning, Version};
use crate::budget::concurrency::Slot;
use crate::budget::run_limit::Claim;
use crate::error::{Error, ErrorKind};

/// Downloads the whole object; `first` is a response that was opened before.
///
/// After a lost connection, the remaining bytes are requested if `may_resume` and the object has a strong entity tag;
/// otherwise the object is requested again from the start.
pub(super) async fn run(file: &Arc<Filling>, first: Option<Opened>, may_resume: bool) -> Result<u64, Stop> {
    let mut next = first;
    let mut attempts = Attempts::default();
    let mut unusable = 0;
    let (mut version, mut offset): (Option<Version>, u64) = (None, 0);
    loop {
        let range = version.as_ref().filter(|_| may_resume && offset > 0).map(|version| offset..version.total);
        let mut opened = match next.take() {
            Some(opened) => opened,
            None => {
                let expected = version.as_ref().filter(|_| range.is_some());
                let wanted = range.as_ref().map_or(0, |range| range.end - range.start);
                let claim = match file.context.claim_up_to(wanted).await {
                    Ok(claim) => claim,
                    Err(error) => return Err(stopped(file, version.as_ref().filter(|_| may_resume), error).await),
                };
                let range = range.as_ref().map(|range| range.start..range.start + claim.length());
                open(&file.context, &file.remote, range.as_ref(), expected, (&mut attempts, claim)).await?
            }
        };
        // Bytes until the end of the response; `None` until the connection ends.
        let limit = match opened.meaning {
            Meaning::Whole { etag, length, encoding } => {
                if offset > 0 {
                    file.clear().await?;
                    offset = 0;
                }
                if let Some(length) = length {
                    file.check_size(length)?;
                    claim_all(&file.context, (&mut opened.slot, &mut opened.claim), length).await?;
                    file.blocking(move |file| file.part.reserve(length)).await?;
                }
                // Without a length or a strong tag, the remaining bytes cannot be requested.
                version = length.filter(|_| etag.is_some()).map(|total| Version { etag, total, encoding });
                length
            }
            Meaning::Part { ref range, .. } => Some(range.end - range.start),
            Meaning::Empty => {
                file.blocking(|file| file.part.reserve(0)).await?;
                return Ok(0);
            }
            Meaning::Unusable(reason) => {
                unusable += 1;
                // More requests do not help if the host sends a part that was not requested.
                if range.is_none() || unusable >= MOST_UNUSABLE {
                    return Err(Stop::NoRanges(reason));
                }
                continue;
            }
            _ => return Err(Stop::Changed),
        };
        let mut writer = FileWriter::new(&file.writes, offset);
        // One byte more than the size that the API reports is an error.
        let most = limit.or(file.remote.size.map(|size| size.saturating_add(1)));
        let limit = limit.map_or(Limit::Open(most), Limit::Exact);
        let holds = (&mut opened.slot, &mut opened.claim);
        let (received, end) = match limit {
            Limit::Exact(length) => {
                receive(&file.context, &file.remote.name, opened.body, Some(length), holds, &mut writer).await
            }
            Limit::Open(most) => receive_open(file, opened.body, most, holds, &mut writer).await,
        };
        drop(opened.claim);
        offset += received;
        file.count(received);
        let total = version.as_ref().map(|version| version.total);
        match end {
            End::Complete if total.is_none_or(|total| offset >= total) => {
                opened.slot.succeeded();
                return Ok(offset);
            }
            // The slice is shorter than requested: the remaining bytes are requested next.
            End::Complete => {
                attempts.progressed();
                opened.slot.succeeded();
            }
            End::Cut(error) => {
                drop(opened.slot);
                if let Some(version) = &version
                    && may_resume
                {
                    file.save(version).await?;
                    if received > 0 {
                        attempts.progressed();
                    }
                }
                attempts.failed(&file.context, &file.remote.name, error, None).await?;
            }
            End::Stopped(error) => {
                return Err(stopped(file, version.as_ref().filter(|_| may_resume), error).await);
            }
        }
    }
}

enum Limit {
    Exact(u64),
    Open(Option<u64>),
}

/// Receives a body of unknown length.
async fn receive_open(
    file: &Arc<Filling>,
    body: avala_transport::Body,
    most: Option<u64>,
    holds: (&mut Slot, &mut Claim),
    writer: &mut FileWriter,
) -> (u64, End) {
    let Some(most) = most else { return receive(&file.context, &file.remote.name, body, None, holds, writer).await };
    let (received, end) = receive(&file.context, &file.remote.name, body, Some(most), holds, writer).await;
    match end {
        End::Complete => {
            let message = format!("the storage host sends more than the {} bytes that the API reports", most - 1);
            let error = Error::new(ErrorKind::Integrity, message).about(&file.remote.name);
            (received, End::Stopped(error.help("report it to the owner")))
        }
        // The end of the body is the end of the object if the size matches.
        End::Cut(_) if received == most - 1 => (received, End::Complete),
        end => (received, end),
    }
}

/// Records received bytes of a version that the next run can resume.
async fn stopped(file: &Arc<Filling>, version: Option<&Version>, error: Error) -> Stop {
    if let Some(version) = version {
        save_after(file, version, &error).await;
    }
    Stop::Failed(error)
}

/// Records received bytes after another failure, which counts more than a failure to record.
pub(super) async fn save_after(file: &Arc<Filling>, version: &Version, _failure: &Error) {
    let _ = file.save(version).await;
}
