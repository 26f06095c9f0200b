//! Sends the files of a recording to the storage.

use std::collections::BTreeMap;
use std::sync::Arc;

use avala_types::GetUploadUrls;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};

use crate::error::{Error, ErrorKind};
use crate::hash::Digest;
use crate::progress::event::Event;
use crate::run::{RunContext, Turn, blocking};
use crate::source::open::OpenFile;
use crate::source::walk::SourceFile;
use crate::state::journal::Journal;
use crate::trace;
use crate::upload::backoff;
use crate::upload::body::{Around, Part, Release};
use crate::upload::put::{self, Presigned, Put, etag};
use crate::upload::recording::records::{Record, Stored};
use crate::upload::recording::session::{check_urls, invalid};
use crate::upload::urls::{Fetch, UrlPool};

/// Lifetime that is requested for URLs, in seconds.
const URL_SECONDS: u64 = 3_600;
const MAX_ATTEMPTS: u32 = 8;
const MAX_REFUSALS: u32 = 2;

/// Sends files, each in its own task.
pub(crate) struct Sender {
    context: RunContext,
    journal: Journal,
    urls: UrlPool,
}

impl Sender {
    /// Prepares to send these files, numbered in this order.
    pub(crate) fn new(
        context: &RunContext,
        journal: &Journal,
        recording: &str,
        session: (&str, &str),
        files: &[Arc<SourceFile>],
    ) -> Self {
        let paths: Arc<[String]> = files.iter().map(|file| file.path.clone()).collect();
        let missing = (0..files.len() as u64).collect();
        let (own, recording) = (context.clone(), recording.to_owned());
        let (session, prefix) = (session.0.to_owned(), session.1.to_owned());
        let fetch: Fetch = Box::new(move |numbers| {
            let name = |number: &u64| usize::try_from(*number).ok().and_then(|number| paths.get(number).cloned());
            let named: BTreeMap<String, u64> =
                numbers.iter().filter_map(|number| Some((name(number)?, *number))).collect();
            let (context, recording) = (own.clone(), recording.clone());
            let (session, prefix) = (session.clone(), prefix.clone());
            Box::pin(async move { fetch(&context, &recording, &session, &prefix, named).await })
        });
        let urls = UrlPool::new(missing, GetUploadUrls::MAX_PATHS, fetch);
        Self { context: context.clone(), journal: journal.clone(), urls }
    }

    /// Sends one file and records that the storage has it.
    pub(crate) async fn send(&self, number: u64, source: Arc<SourceFile>) -> Result<Stored, Error> {
        let (path, size) = (source.path.clone(), source.stamp.size);
        let meter = &self.context.meter;
        meter.emit(|| Event::FileStarted { path: path.clone(), size });
        let attempts = trace::file(&path, size, self.attempts(number, source));
        let result = self.context.limit.within(Box::pin(attempts)).await.map_err(|error| error.about(&path));
        match &result {
            Ok(stored) => {
                let (etag, stamp, sha256) = (stored.etag.clone(), stored.stamp, stored.sha256);
                self.journal.append(&Record::Stored { path: path.clone(), etag, stamp, sha256 }).await?;
                meter.file_done();
                meter.emit(|| Event::FileDone { path, bytes: size });
            }
            Err(error) => {
                meter.file_failed();
                meter.emit(|| Event::FileFailed { path, error: error.to_string() });
            }
        }
        result
    }

    async fn attempts(&self, number: u64, source: Arc<SourceFile>) -> Result<Stored, Error> {
        let opened = Arc::clone(&source);
        let file = Arc::new(blocking(move || OpenFile::open(&opened)).await?);
        let (mut failed, mut refused) = (0, 0);
        loop {
            self.context.gate().await?;
            let turn = self.context.turn().await;
            let put = match self.urls.url(number).await {
                Ok(presigned) => self.put(&presigned, &source, &file, turn).await?,
                Err(error) => Put::Failed(error, None),
            };
            let error = match put {
                Put::Stored(sha256, response) => {
                    let etag = etag(response.headers()).ok_or_else(|| {
                        Error::new(ErrorKind::Storage, "the storage responded without an ETag of 1 to 128 characters")
                            .help("report it to Avala")
                    })?;
                    return Ok(Stored { etag, stamp: file.stamp, sha256 });
                }
                Put::Expired => continue,
                Put::Exists => {
                    return Err(Error::new(ErrorKind::Storage, "the storage refused to replace the object (412)")
                        .help("report it to Avala"));
                }
                Put::Refused(error) => {
                    refused += 1;
                    if refused >= MAX_REFUSALS {
                        return Err(error);
                    }
                    continue;
                }
                Put::Failed(error, _) => error,
            };
            failed += 1;
            if failed >= MAX_ATTEMPTS || !error.is_transient() {
                return Err(error);
            }
            let wait = backoff::wait(failed, error.retry_after());
            self.context.meter.retried();
            trace::retry(&source.path, failed, &error);
            let path = || source.path.clone();
            self.context.meter.emit(|| Event::Retry { path: path(), attempt: failed, wait, error: error.to_string() });
            tokio::time::sleep(wait).await;
        }
    }

    async fn put(
        &self,
        presigned: &Presigned,
        source: &Arc<SourceFile>,
        file: &Arc<OpenFile>,
        turn: Turn,
    ) -> Result<Put, Error> {
        let mut presigned = presigned.clone();
        let default = HeaderValue::from_static("application/octet-stream");
        presigned.headers.entry(CONTENT_TYPE).or_insert(default);
        // A PUT replaces the object, so a PUT that may not have arrived does not matter.
        let release: Release = Box::new(|_: Digest| Box::pin(async { Ok(()) }));
        let part = Part { source: Arc::clone(source), file: Arc::clone(file), offset: 0, length: file.stamp.size };
        put::send(&self.context, Method::PUT, &presigned, part, Around::default(), release, turn).await
    }
}

/// Requests the URLs of files by their paths.
async fn fetch(
    context: &RunContext,
    recording: &str,
    session: &str,
    prefix: &str,
    named: BTreeMap<String, u64>,
) -> Result<Vec<(u64, Presigned)>, Error> {
    let paths: Vec<String> = named.keys().cloned().collect();
    let request = GetUploadUrls::new(session, paths.clone()).ttl_seconds(URL_SECONDS);
    let uploads = context.transfers.avala().fleet().uploads();
    let response =
        uploads.get_upload_urls(recording, &request).repeatable(true).with_meta().await.map_err(Error::api)?;
    let date = response.meta.date;
    let entries = check_urls(&response.value.urls, &paths, prefix)?;
    let presigned = |(path, entry): (&str, &avala_types::UploadUrlEntry)| {
        let number = named.get(path).copied().ok_or_else(|| invalid("the API returned a URL for another file"))?;
        let presigned =
            Presigned::new(context, &entry.put_url, &entry.headers, date).map_err(|error| error.about(path))?;
        Ok((number, presigned))
    };
    entries.into_iter().map(presigned).collect()
}
