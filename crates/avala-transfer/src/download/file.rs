//! Downloads one object into a temporary file, over one or several connections.
//!
//! With a strong entity tag (or a hash that the API published) several connections request ranges. Otherwise one
//! connection requests the whole object, and an interrupted attempt starts from zero. If the object changes meanwhile,
//! the download starts over once.

use std::sync::Arc;

use super::archive;
use super::archive::Broken;
use super::filling::{Filling, MOST_UNUSABLE, Stop};
use super::record::Begun;
use super::request::{Attempts, open};
use super::response::Meaning;
use super::target_error::TargetError;
use super::{parallel, whole};
use crate::error::{Error, ErrorKind};
use crate::hash::{Digest, Hasher};

/// Size of the first range of a download. Smaller objects arrive in one response.
const FIRST_RANGE: u64 = 8 << 20;

/// A completed download of a file.
#[derive(Debug)]
pub(crate) struct Complete {
    pub(crate) size: u64,
    /// The hash, computed if the API publishes one.
    pub(crate) sha256: Option<Digest>,
    /// Whether the object changed once and the download started over.
    pub(crate) was_restarted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Ranges,
    Whole,
}

/// Downloads an object; `begun` is the state of an earlier run.
///
/// After an error, received bytes that can be resumed are durable and recorded. With `tests_archive`, a
/// complete file is tested by its format, for objects of unknown length and hash.
pub(crate) async fn download(
    filling: &Arc<Filling>,
    begun: Option<Begun>,
    tests_archive: bool,
) -> Result<Complete, Error> {
    let mut begun = usable(filling, begun).await?;
    let (mut way, mut was_restarted, mut gave_up) = (Way::Ranges, false, None);
    loop {
        // A change since an earlier run does not count as a change during this run.
        let is_resumed = begun.is_some();
        let stop = match Box::pin(attempt(filling, way, begun.take())).await {
            Ok(total) => match verify(filling, total, tests_archive).await? {
                Verified::Right { sha256 } => {
                    return Ok(Complete { size: total, sha256, was_restarted });
                }
                // The ranges may be of two versions, which a single response cannot mix.
                Verified::Wrong(_) if !was_restarted => {
                    way = Way::Whole;
                    Stop::Changed
                }
                Verified::Wrong(error) => {
                    filling.clear().await?;
                    return Err(error);
                }
            },
            Err(stop) => stop,
        };
        match stop {
            Stop::Failed(error) => return Err(error),
            Stop::Changed if is_resumed => {}
            Stop::Changed if was_restarted => {
                filling.clear().await?;
                let message = "the object was replaced again while it was downloaded";
                return Err(Error::new(ErrorKind::RemoteChanged, message)
                    .about(&filling.remote.name)
                    .help("download it again when it is no longer being written"));
            }
            Stop::Changed => was_restarted = true,
            Stop::NoRanges(reason) => match gave_up.replace(reason) {
                None => way = Way::Whole,
                Some(_) => {
                    let message = format!("the storage host does not send the requested bytes: {reason}");
                    return Err(Error::new(ErrorKind::Protocol, message)
                        .about(&filling.remote.name)
                        .help("check proxies and caches between this machine and the storage host"));
                }
            },
        }
        filling.clear().await?;
    }
}

/// Returns the durable bytes of an earlier run, if the temporary file is unchanged since.
async fn usable(filling: &Arc<Filling>, begun: Option<Begun>) -> Result<Option<Begun>, Error> {
    let size = filling.blocking(|this| this.part.size()).await?;
    let was_recorded = begun.is_some();
    let begun = begun.filter(|begun| {
        begun.version.etag.is_some()
            && size == begun.version.total
            && filling.remote.size.is_none_or(|size| size == begun.version.total)
    });
    if begun.is_none() && (was_recorded || size > 0) {
        filling.drop_recorded(was_recorded).await?;
    }
    Ok(begun)
}

async fn attempt(filling: &Arc<Filling>, way: Way, begun: Option<Begun>) -> Result<u64, Stop> {
    if let Some(Begun { version, durable }) = begun {
        filling.resume(durable);
        return parallel::run(filling, version, None).await;
    }
    if way == Way::Whole || !filling.remote.links.get(None).await?.link.ranges {
        return Box::pin(whole::run(filling, None, way == Way::Ranges)).await;
    }
    let mut attempts = Attempts::default();
    let mut unusable = 0;
    loop {
        // A size that the API says is a wish, not a fact: the response says how much there is. Only a run whose bytes are
        // limited requests no more, so that other files can have the rest.
        let is_limited = filling.context.limit.has_max_bytes();
        let size = filling.remote.size.filter(|_| is_limited).unwrap_or(FIRST_RANGE);
        let claim = filling.context.claim_up_to(size.clamp(1, FIRST_RANGE)).await?;
        let range = 0..claim.length();
        let state = (&mut attempts, claim);
        let mut opened = open(&filling.context, &filling.remote, Some(&range), None, state).await?;
        match &opened.meaning {
            Meaning::Part { range, version } => {
                filling.check_size(version.total)?;
                opened.claim.resize(range.end - range.start)?;
                let is_all = *range == (0..version.total);
                if version.etag.is_none() && filling.remote.sha256.is_none() && !is_all {
                    drop(opened);
                    return Box::pin(whole::run(filling, None, false)).await;
                }
                let (range, version) = (range.clone(), version.clone());
                return parallel::run(filling, version, Some((range, opened))).await;
            }
            Meaning::Whole { .. } => return Box::pin(whole::run(filling, Some(opened), true)).await,
            Meaning::Empty => {
                filling.check_size(0)?;
                filling.blocking(|this| this.part.reserve(0)).await?;
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

async fn verify(filling: &Arc<Filling>, total: u64, tests_archive: bool) -> Result<Verified, Error> {
    filling.check_size(total)?;
    let wrong = |message: String| {
        let error = Error::new(ErrorKind::Integrity, message).about(&filling.remote.name);
        Verified::Wrong(error.help("run the same download again; if it fails again, report it"))
    };
    let mut sha256 = None;
    if let Some(expected) = filling.remote.sha256 {
        let actual = filling.blocking(move |this| digest(this, total)).await?;
        if actual != expected {
            return Ok(wrong(format!("the content has the SHA-256 {actual}, but the API reports {expected}")));
        }
        sha256 = Some(actual);
    }
    if tests_archive {
        let this = Arc::clone(filling);
        let test = tokio::task::spawn_blocking(move || archive::test(&this.part, total));
        match test.await.map_err(|_| Error::aborted())? {
            Ok(_) => {}
            Err(Broken::Target(error)) => return Err(error.into()),
            Err(broken) => return Ok(wrong(broken.to_string())),
        }
    }
    Ok(Verified::Right { sha256 })
}

fn digest(filling: &Filling, total: u64) -> Result<Digest, TargetError> {
    const STEP: u64 = 1 << 20;
    let (mut hasher, mut buffer, mut position) = (Hasher::default(), Vec::new(), 0);
    while position < total {
        let end = total.min(position + STEP);
        filling.part.read(position..end, &mut buffer)?;
        hasher.update(&buffer);
        position = end;
    }
    Ok(hasher.finish())
}

enum Verified {
    Right { sha256: Option<Digest> },
    Wrong(Error),
}
