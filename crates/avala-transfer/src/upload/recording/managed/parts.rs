//! Sends the parts of one file of a managed upload.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;

use avala_types::GrantManagedParts;
use http::{Method, StatusCode};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::error::{Error, ErrorKind};
use crate::hash::Digest;
use crate::run::{RunContext, Turn, blocking};
use crate::source::open::{OpenFile, changed};
use crate::source::stamp::Stamp;
use crate::source::walk::SourceFile;
use crate::state::journal::Journal;
use crate::trace;
use crate::upload::backoff;
use crate::upload::body::{Around, Part, Release};
use crate::upload::put::{self, Presigned, Put};
use crate::upload::recording::managed::check::{check_identity, check_progress, ensure};
use crate::upload::recording::managed::document::{Grants, PART_SIZE, PROTOCOL, Progress};
use crate::upload::recording::managed::grant::{self, Expected};
use crate::upload::recording::records::Record;

/// Number of concurrent parts.
const AT_ONCE: usize = 4;
const MAX_ATTEMPTS: u32 = 8;
const MAX_REFUSALS: u32 = 2;
/// Pages of stored parts: at most 128 parts of 100 per page.
const MAX_PAGES: u32 = 2;

/// One file with its multipart upload.
#[derive(Clone, Debug)]
pub(crate) struct Original {
    pub(crate) context: RunContext,
    pub(crate) journal: Journal,
    pub(crate) recording: String,
    pub(crate) session: String,
    pub(crate) file_uid: String,
    pub(crate) generation: String,
    pub(crate) source: Arc<SourceFile>,
    /// Stamp at the time of the announced hash.
    pub(crate) stamp: Stamp,
    pub(crate) sha256: Digest,
    /// Target of the parts, set by the first grant.
    pub(crate) pin: Arc<Mutex<Option<Digest>>>,
}

impl Original {
    /// Sends every part that the storage does not have. Returns whether a part was sent.
    pub(crate) async fn send(&self) -> Result<bool, Error> {
        let (source, stamp) = (Arc::clone(&self.source), self.stamp);
        let file = blocking(move || {
            let file = OpenFile::open(&source)?;
            if file.stamp != stamp {
                return Err(changed(&source, "it changed after its hash was announced"));
            }
            Ok(Arc::new(file))
        })
        .await?;
        let size = self.source.stamp.size;
        let present = self.present(0).await?;
        let count = size.div_ceil(PART_SIZE);
        let missing: Vec<u64> = (1..=count).filter(|number| !present.contains(number)).collect();
        let is_sent = !missing.is_empty();
        self.context.meter.done(present.iter().map(|number| self.length(*number)).sum());
        let mut waiting = missing.into_iter();
        let mut tasks = JoinSet::new();
        let mut limit = None;
        loop {
            while tasks.len() < AT_ONCE && limit.is_none() {
                let Some(number) = waiting.next() else { break };
                let (this, file) = (self.clone(), Arc::clone(&file));
                tasks.spawn(async move { Box::pin(this.send_part(number, file)).await });
            }
            match tasks.join_next().await {
                None => break,
                // The others were begun within the limit.
                Some(Ok(Err(error))) if error.kind() == ErrorKind::LimitReached => {
                    limit.get_or_insert(error);
                    continue;
                }
                Some(Ok(sent)) => sent?,
                Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Some(Err(_)) => return Err(Error::aborted()),
            }
            self.context.meter.part_done();
        }
        if let Some(error) = limit {
            return Err(error);
        }
        self.check_content(file).await?;
        Ok(is_sent)
    }

    fn offset(&self, number: u64) -> u64 {
        (number - 1) * PART_SIZE
    }

    fn length(&self, number: u64) -> u64 {
        PART_SIZE.min(self.source.stamp.size.saturating_sub(self.offset(number)))
    }

    /// Returns the stored parts after a part.
    async fn present(&self, after: u64) -> Result<BTreeSet<u64>, Error> {
        let uploads = self.context.transfers.avala().fleet().managed_uploads();
        let (mut present, mut after) = (BTreeSet::new(), after);
        for _ in 0..MAX_PAGES {
            let call = uploads.get_progress(
                self.recording.as_str(),
                self.session.as_str(),
                self.file_uid.as_str(),
                self.generation.as_str(),
            );
            let call = if after > 0 { call.after(after) } else { call };
            let page = call.decode_as::<Progress>().await.map_err(Error::api)?;
            let size = self.source.stamp.size;
            let numbers = check_progress(&page, &self.session, &self.file_uid, &self.generation, size, after)?;
            present.extend(numbers);
            match page.next_cursor {
                Some(cursor) => after = cursor,
                None => return Ok(present),
            }
        }
        ensure(false, "the stored parts have more pages than parts")?;
        Ok(present)
    }

    async fn send_part(&self, number: u64, file: Arc<OpenFile>) -> Result<(), Error> {
        let (mut failed, mut refused) = (0, 0);
        loop {
            self.context.gate().await?;
            let turn = self.context.turn().await;
            let put = match self.grant(number).await {
                Ok(presigned) => self.put(number, &presigned, &file, turn).await?,
                Err(error) => Put::Failed(error, None),
            };
            let (error, maybe_stored) = match put {
                Put::Stored(_, response) if response.status() == StatusCode::OK => return Ok(()),
                Put::Stored(_, response) => {
                    let message =
                        format!("the storage responded {} to part {number} instead of 200", response.status());
                    return Err(Error::new(ErrorKind::Storage, message).help("report it to Avala"));
                }
                Put::Exists => {
                    return Err(Error::new(ErrorKind::Storage, format!("the storage refused part {number} (412)"))
                        .help("report it to Avala"));
                }
                Put::Expired => continue,
                Put::Refused(error) => {
                    refused += 1;
                    if refused >= MAX_REFUSALS {
                        return Err(error);
                    }
                    continue;
                }
                Put::Failed(error, maybe_stored) => (error, maybe_stored.is_some()),
            };
            failed += 1;
            if failed >= MAX_ATTEMPTS || !error.is_transient() {
                return Err(error);
            }
            self.context.meter.retried();
            trace::retry(&self.source.path, failed, &error);
            tokio::time::sleep(backoff::wait(failed, error.retry_after())).await;
            // Only listed parts are certain.
            if maybe_stored && self.present(number - 1).await.is_ok_and(|present| present.contains(&number)) {
                self.context.meter.done(self.length(number));
                return Ok(());
            }
        }
    }

    /// Requests the grant of a part and checks it.
    async fn grant(&self, number: u64) -> Result<Presigned, Error> {
        let request = GrantManagedParts::new(
            PROTOCOL,
            self.session.as_str(),
            self.file_uid.as_str(),
            self.generation.as_str(),
            vec![number],
        );
        let uploads = self.context.transfers.avala().fleet().managed_uploads();
        let call = uploads.grant_parts(self.recording.as_str(), &request).decode_as::<Grants>();
        let response = call.with_meta().await.map_err(Error::api)?;
        let grants = response.value;
        check_identity(&grants.protocol, &grants.session_uid, &self.session)?;
        let is_same = grants.file_uid == self.file_uid && grants.generation_uid == self.generation;
        ensure(is_same, "the grant is for another file or multipart upload")?;
        let [grant] = &grants.parts[..] else {
            ensure(false, "the API did not return exactly one grant")?;
            return Err(Error::aborted());
        };
        let presigned = Presigned::new(&self.context, &grant.url, [], response.meta.date)?;
        let expected = Expected {
            session: &self.session,
            path: &self.source.path,
            size: self.source.stamp.size,
            number,
            now: response.meta.date.unwrap_or_else(SystemTime::now),
        };
        let pin = grant::check(grant, &presigned.url, expected)?;
        self.check_pin(pin).await?;
        Ok(presigned)
    }

    /// Checks that a grant has the same target as the first grant of its file.
    async fn check_pin(&self, pin: Digest) -> Result<(), Error> {
        let mut known = self.pin.lock().await;
        match *known {
            Some(known) => ensure(known == pin, "the grant has another target than the file's other parts"),
            None => {
                self.journal.append(&Record::Pin { path: self.source.path.clone(), sha256: pin }).await?;
                *known = Some(pin);
                Ok(())
            }
        }
    }

    async fn put(&self, number: u64, presigned: &Presigned, file: &Arc<OpenFile>, turn: Turn) -> Result<Put, Error> {
        // A part can be sent again, and its content is proved by the hash of the whole file.
        let release: Release = Box::new(|_: Digest| Box::pin(async { Ok(()) }));
        let part = Part {
            source: Arc::clone(&self.source),
            file: Arc::clone(file),
            offset: self.offset(number),
            length: self.length(number),
        };
        put::send(&self.context, Method::PUT, presigned, part, Around::default(), release, turn).await
    }

    /// Fails if the file differs from the announced content. Reads the file again only if its stamp is not sufficient.
    async fn check_content(&self, file: Arc<OpenFile>) -> Result<(), Error> {
        let (source, sha256) = (Arc::clone(&self.source), self.sha256);
        blocking(move || {
            let failed = |error| Error::io(ErrorKind::Source, "read it", &source.local, error);
            let is_same =
                file.is_unchanged().map_err(failed)? || file.hash(0, file.stamp.size).map_err(failed)? == Some(sha256);
            if is_same { Ok(()) } else { Err(changed(&source, "its content differs from the announced content")) }
        })
        .await
    }
}
