//! Uploads a file in parallel parts.

use std::collections::BTreeMap;
use std::sync::Arc;

use avala_types::{ManualUploadSession, SignParts, UploadUid};
use http::{Method, StatusCode};
use tokio::task::JoinSet;

use crate::error::{Error, ErrorKind};
use crate::hash::Digest;
use crate::run::{RunContext, Turn, blocking};
use crate::state::journal::Journal;
use crate::trace;
use crate::upload::backoff;
use crate::upload::body::{Around, Part, Release};
use crate::upload::dataset::records::{Record, Session};
use crate::upload::dataset::uploader::{
    MAX_ATTEMPTS, MAX_REFUSALS, Outcome, Step, Upload, Uploader, print_of_parts, refuse,
};
use crate::upload::put::{self, Presigned, Put};
use crate::upload::urls::{Fetch, UrlPool};

pub(crate) const MIN_PART: u64 = 5 << 20;
const MAX_PART: u64 = 128 << 20;
const MAX_PARTS: u64 = 10_000;
/// Number of parts whose URLs one call requests.
pub(crate) const SIGN_AT_ONCE: usize = 8;

/// Division of a file into parts.
#[derive(Clone, Copy, Debug)]
struct Layout {
    size: u64,
    part_size: u64,
    count: u64,
}

impl Layout {
    fn length(&self, number: u64) -> u64 {
        self.part_size.min(self.size.saturating_sub(self.offset(number)))
    }

    fn offset(&self, number: u64) -> u64 {
        (number - 1) * self.part_size
    }
}

pub(crate) async fn upload(
    uploader: &Uploader,
    upload: &mut Upload,
    session: &ManualUploadSession,
) -> Result<Step, Error> {
    let layout = layout(upload, session)?;
    let known = known_parts(uploader, upload, session, &layout).await?;
    if session.complete == Some(true) {
        return complete_again(uploader, upload, session, &layout, &known).await;
    }
    let mut digests = present_parts(uploader, upload, session, &layout, known).await?;
    let present: u64 = digests.keys().map(|number| layout.length(*number)).sum();
    upload.count(&uploader.context.meter, present);
    let missing: Vec<u64> = (1..=layout.count).filter(|number| !digests.contains_key(number)).collect();
    let sent = send_all(uploader, upload, &session.upload_uid, &layout, missing, &mut digests).await;
    upload.counted = digests.keys().map(|number| layout.length(*number)).sum();
    remember(upload, &digests);
    if let Err(error) = sent {
        if error.kind() == ErrorKind::SourceChanged {
            // The session has parts of the former content, with which new content must not be mixed.
            return uploader.spoil(upload).await;
        }
        // Each part had all its attempts. Only a session that is gone is worth another attempt of the file.
        let is_gone = error.status() == Some(StatusCode::NOT_FOUND) && error.is_transient();
        return if is_gone { Ok(Step::Failed(error)) } else { Err(error) };
    }
    let print = print_of_parts(digests.into_values(), layout.part_size);
    uploader.check_unchanged(upload, print).await?;
    uploader.complete(upload, &session.upload_uid, print, Outcome::Sent).await
}

fn layout(upload: &Upload, session: &ManualUploadSession) -> Result<Layout, Error> {
    let size = upload.file.stamp.size;
    let (Some(part_size), Some(count)) = (session.part_size, session.part_count) else {
        return Err(refuse(upload, "the API returned no part size or no part count"));
    };
    if !(MIN_PART..=MAX_PART).contains(&part_size) {
        return Err(refuse(upload, &format!("the API requests parts of {part_size} bytes; 5 to 128 MiB are allowed")));
    }
    if !(1..=MAX_PARTS).contains(&count) || count != size.div_ceil(part_size) {
        let message = format!("the API requests {count} parts of {part_size} bytes, but the file has {size} bytes");
        return Err(refuse(upload, &message));
    }
    Ok(Layout { size, part_size, count })
}

/// Returns the hashes of the parts that this state folder sent to the session. A new session is recorded.
async fn known_parts(
    uploader: &Uploader,
    upload: &mut Upload,
    session: &ManualUploadSession,
    layout: &Layout,
) -> Result<BTreeMap<u64, Digest>, Error> {
    let uid = session.upload_uid.as_str();
    let part_size = layout.part_size;
    if let Some(known) = upload.known.session.as_ref().filter(|known| known.upload == uid) {
        if known.part_size != part_size {
            let message = format!("the part size of the upload changed from {} to {part_size} bytes", known.part_size);
            return Err(refuse(upload, &message));
        }
        return Ok(known.parts.clone());
    }
    let (path, stamp) = (upload.source.path.clone(), upload.file.stamp);
    uploader.journal.append(&Record::Session { path, upload: uid.to_owned(), stamp, part_size }).await?;
    upload.known.session = Some(Session { upload: uid.to_owned(), stamp, part_size, parts: BTreeMap::new() });
    Ok(BTreeMap::new())
}

/// Accepts a complete session only if every part was sent from this state folder and matches the
/// file.
async fn complete_again(
    uploader: &Uploader,
    upload: &mut Upload,
    session: &ManualUploadSession,
    layout: &Layout,
    known: &BTreeMap<u64, Digest>,
) -> Result<Step, Error> {
    if known.len() as u64 != layout.count {
        return uploader.present(upload, session).await;
    }
    let print = print_of_parts(known.values().copied(), layout.part_size);
    if !uploader.matches(upload, print).await? {
        return uploader.spoil(upload).await;
    }
    uploader.complete(upload, &session.upload_uid, print, Outcome::Skipped).await
}

/// Returns the parts that do not have to be sent: the storage has them with the right size, and they match the file.
async fn present_parts(
    uploader: &Uploader,
    upload: &Upload,
    session: &ManualUploadSession,
    layout: &Layout,
    known: BTreeMap<u64, Digest>,
) -> Result<BTreeMap<u64, Digest>, Error> {
    let mut present = BTreeMap::new();
    for part in &session.uploaded_parts {
        let number = part.part_number;
        if !(1..=layout.count).contains(&number) {
            return Err(refuse(upload, &format!("the API lists part {number} of {}", layout.count)));
        }
        if part.size == Some(layout.length(number)) {
            present.extend(known.get(&number).map(|digest| (number, *digest)));
        }
    }
    let stamp = upload.known.session.as_ref().map(|session| session.stamp);
    if present.is_empty() || stamp == Some(upload.file.stamp) {
        return Ok(present);
    }
    // The stamp changed: only the bytes show whether the file still has the content of the session.
    let (file, source, layout, checked) =
        (Arc::clone(&upload.file), Arc::clone(&upload.source), *layout, present.clone());
    let is_same = blocking(move || {
        for (number, digest) in checked {
            let own = file.hash(layout.offset(number), layout.length(number));
            if own.map_err(|error| Error::io(ErrorKind::Source, "read it", &source.local, error))? != Some(digest) {
                return Ok(false);
            }
        }
        Ok(true)
    });
    if is_same.await? { Ok(present) } else { uploader.spoil(upload).await }
}

fn remember(upload: &mut Upload, digests: &BTreeMap<u64, Digest>) {
    if let Some(session) = &mut upload.known.session {
        let before = session.parts.len();
        session.parts.extend(digests.iter().map(|(number, digest)| (*number, *digest)));
        upload.has_progress |= session.parts.len() > before;
    }
}

/// Sends the missing parts, with the concurrency that the storage host allows.
async fn send_all(
    uploader: &Uploader,
    upload: &Upload,
    uid: &UploadUid,
    layout: &Layout,
    missing: Vec<u64>,
    digests: &mut BTreeMap<u64, Digest>,
) -> Result<(), Error> {
    let sender = Arc::new(PartSender {
        context: uploader.context.clone(),
        journal: uploader.journal.clone(),
        part: Part { source: Arc::clone(&upload.source), file: Arc::clone(&upload.file), offset: 0, length: 0 },
        layout: *layout,
        uid: uid.clone(),
        urls: urls(&uploader.context, uid, missing.clone()),
    });
    let mut numbers = missing.into_iter();
    let mut tasks = JoinSet::new();
    let at_once = uploader.context.transfers.max_uploads();
    let mut limit = None;
    loop {
        while tasks.len() < at_once && limit.is_none() {
            let Some(number) = numbers.next() else { break };
            let sender = Arc::clone(&sender);
            tasks.spawn(async move { Box::pin(sender.send(number)).await });
        }
        let Some(sent) = tasks.join_next().await else { return limit.map_or(Ok(()), Err) };
        let (number, digest) = match sent {
            // The other parts were started within the limit.
            Ok(Err(error)) if error.kind() == ErrorKind::LimitReached => {
                limit.get_or_insert(error);
                continue;
            }
            Ok(sent) => sent?,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => return Err(Error::aborted()),
        };
        digests.insert(number, digest);
        uploader.context.meter.part_done();
    }
}

struct PartSender {
    context: RunContext,
    journal: Journal,
    part: Part,
    layout: Layout,
    uid: UploadUid,
    urls: UrlPool,
}

impl PartSender {
    async fn send(&self, number: u64) -> Result<(u64, Digest), Error> {
        let path = &self.part.source.path;
        let (mut failed, mut refused) = (0, 0);
        loop {
            self.context.gate().await?;
            let turn = self.context.turn().await;
            let put = match self.urls.url(number).await {
                Ok(presigned) => self.put(number, &presigned, turn).await?,
                Err(error) => Put::Failed(error.about(path), None),
            };
            let error = match put {
                Put::Stored(digest, _) => return Ok((number, digest)),
                Put::Expired => {
                    continue;
                }
                Put::Exists => {
                    return Err(Error::new(ErrorKind::Storage, format!("the storage refused part {number} (412)"))
                        .about(path)
                        .help("start a new batch with `new_batch`"));
                }
                Put::Refused(error) => {
                    refused += 1;
                    if refused >= MAX_REFUSALS {
                        return Err(error);
                    }
                    continue;
                }
                // The session does not exist any more: the next attempt opens another one.
                Put::Failed(error, _) if error.status() == Some(StatusCode::NOT_FOUND) => return Err(error.transient()),
                Put::Failed(error, _) => error,
            };
            failed += 1;
            if failed >= MAX_ATTEMPTS || !error.is_transient() {
                return Err(error);
            }
            self.context.meter.retried();
            trace::retry(path, failed, &error);
            tokio::time::sleep(backoff::wait(failed, error.retry_after())).await;
        }
    }

    async fn put(&self, number: u64, presigned: &Presigned, turn: Turn) -> Result<Put, Error> {
        let (journal, path) = (self.journal.clone(), self.part.source.path.clone());
        let upload = self.uid.to_string();
        let release: Release = Box::new(move |sha256| {
            Box::pin(async move { journal.append(&Record::Part { path, upload, number, sha256 }).await })
        });
        let part = Part { offset: self.layout.offset(number), length: self.layout.length(number), ..self.part.clone() };
        put::send(&self.context, Method::PUT, presigned, part, Around::default(), release, turn).await
    }
}

/// Requests the URLs of parts.
fn urls(context: &RunContext, uid: &UploadUid, missing: Vec<u64>) -> UrlPool {
    let (context, uid) = (context.clone(), uid.clone());
    let fetch: Fetch = Box::new(move |numbers| {
        let (context, uid) = (context.clone(), uid.clone());
        Box::pin(async move { sign(&context, &uid, numbers).await })
    });
    UrlPool::new(missing, SIGN_AT_ONCE, fetch)
}

async fn sign(context: &RunContext, uid: &UploadUid, numbers: Vec<u64>) -> Result<Vec<(u64, Presigned)>, Error> {
    let uploads = context.transfers.avala().uploads();
    let call = uploads.sign_parts(uid, &SignParts::new(numbers.clone())).repeatable(true);
    let response = call.with_meta().await.map_err(Error::api)?;
    let mut named: Vec<u64> = response.value.parts.iter().map(|part| part.part_number).collect();
    named.sort_unstable();
    if named != numbers {
        let message = "the API did not return the requested URLs of parts";
        return Err(Error::new(ErrorKind::Protocol, message).help("report it to Avala"));
    }
    let date = response.meta.date;
    let parts = response.value.parts.iter();
    parts.map(|part| Ok((part.part_number, Presigned::new(context, &part.url, &part.headers, date)?))).collect()
}
