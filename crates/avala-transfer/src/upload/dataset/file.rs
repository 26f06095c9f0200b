//! Uploads one file of a dataset.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use avala_types::{CreateManualUploadUrl, FormUpload, ManualUploadSession, ManualUploadTarget, UploadMethod};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};

use crate::error::{Error, ErrorKind};
use crate::run::{Turn, blocking};
use crate::source::open::OpenFile;
use crate::source::walk::SourceFile;
use crate::upload::backoff;
use crate::upload::body::{Around, Part, Release};
use crate::upload::dataset::form;
use crate::upload::dataset::multipart;
use crate::upload::dataset::records::{FileState, Print, Record};
use crate::upload::dataset::uploader::{
    MAX_ATTEMPTS, MAX_REFUSALS, Outcome, Step, Upload, Uploader, other_content, refuse, spoiled,
};
use crate::upload::put::{self, Presigned, Put};

impl Uploader {
    pub(crate) async fn upload(&self, source: SourceFile, known: FileState) -> Result<Outcome, Error> {
        let source = Arc::new(source);
        let size = source.stamp.size;
        if known.done.is_some_and(|(stamp, _)| stamp == source.stamp) {
            self.context.meter.done(size);
            return Ok(Outcome::Skipped);
        }
        let opened = Arc::clone(&source);
        let file = Arc::new(blocking(move || OpenFile::open(&opened)).await?);
        let mut upload =
            Upload { source, file, known, has_other_content: false, was_sent: false, has_progress: false, counted: 0 };
        if let Some((_, print)) = upload.known.done {
            if self.matches(&upload, print).await? {
                self.record_done(&upload, print).await?;
                self.context.meter.done(size);
                return Ok(Outcome::Skipped);
            }
            upload.has_other_content = true;
        }
        if upload.known.is_spoiled {
            return Err(spoiled(&upload.source));
        }
        let result = self.attempts(&mut upload).await;
        let done = if result.is_ok() { size } else { 0 };
        upload.count(&self.context.meter, done);
        result
    }

    async fn attempts(&self, upload: &mut Upload) -> Result<Outcome, Error> {
        let (mut failed, mut refused) = (0, 0);
        loop {
            self.context.gate().await?;
            upload.has_progress = false;
            let step = Box::pin(self.attempt(upload)).await?;
            if upload.has_progress {
                (failed, refused) = (0, 0);
            }
            match step {
                Step::Finished(outcome) => return Ok(outcome),
                Step::Again => {}
                Step::Refused(error) => {
                    refused += 1;
                    if refused >= MAX_REFUSALS {
                        return Err(error);
                    }
                    self.retry(&upload.source.path, refused, &error, Duration::ZERO);
                }
                Step::Failed(error) => {
                    failed += 1;
                    if failed >= MAX_ATTEMPTS || !error.is_transient() {
                        return Err(error);
                    }
                    let wait = backoff::wait(failed, error.retry_after());
                    self.retry(&upload.source.path, failed, &error, wait);
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    async fn attempt(&self, upload: &mut Upload) -> Result<Step, Error> {
        let turn = self.context.turn().await;
        let (target, date) = match self.target(upload).await {
            Ok(target) => target,
            Err(error) => return Ok(Step::Failed(error.about(&upload.source.path))),
        };
        match target {
            ManualUploadTarget::Form(form) => self.form(upload, &form, date, turn).await,
            ManualUploadTarget::Session(session) => self.session(upload, &session, date, turn).await,
            _ => Err(refuse(upload, "the API returned an unknown kind of upload")),
        }
    }

    async fn target(&self, upload: &Upload) -> Result<(ManualUploadTarget, Option<SystemTime>), Error> {
        let size = upload.file.stamp.size;
        let mut request = CreateManualUploadUrl::new(&self.settings.name, &upload.source.path, size);
        if let Some(batch) = &self.batch {
            request = request.upload_protocol_version(2_u64).dataset_upload_uid(batch);
        }
        if let Some(organization) = &self.settings.organization {
            request = request.organization_uid(organization.clone());
        }
        // The same batch and path find the same session, and an unused form has no effect.
        let call = self.context.transfers.avala().datasets().create_manual_upload_url(&request).repeatable(true);
        let response = call.with_meta().await.map_err(Error::api)?;
        Ok((response.value, response.meta.date))
    }

    /// Uploads a file by version 1 of the protocol: a form, which replaces an existing object.
    async fn form(
        &self,
        upload: &mut Upload,
        form: &FormUpload,
        date: Option<SystemTime>,
        turn: Turn,
    ) -> Result<Step, Error> {
        let mut presigned = Presigned::new(&self.context, &form.url, [], date)?;
        let (around, content_type) = form::around(&form.fields, &upload.source.path)?;
        let content_type = HeaderValue::try_from(content_type).map_err(|_| refuse(upload, "invalid form"))?;
        presigned.headers.insert(CONTENT_TYPE, content_type);
        let put = self.send(upload, Method::POST, &presigned, around, turn).await?;
        match put {
            Put::Stored(digest, _) => {
                upload.counted = upload.file.stamp.size;
                let print = Print { sha256: digest, part_size: 0 };
                self.check_unchanged(upload, print).await?;
                self.record_done(upload, print).await?;
                Ok(Step::Finished(Outcome::Sent))
            }
            Put::Exists => Ok(Step::Failed(refuse(upload, "the storage refused to replace the object (412)"))),
            Put::Expired => Ok(Step::Again),
            Put::Refused(error) => Ok(Step::Refused(error)),
            Put::Failed(error, _) => Ok(Step::Failed(error)),
        }
    }

    async fn session(
        &self,
        upload: &mut Upload,
        session: &ManualUploadSession,
        date: Option<SystemTime>,
        turn: Turn,
    ) -> Result<Step, Error> {
        if uuid::Uuid::try_parse(session.upload_uid.as_str()).is_err() {
            return Err(refuse(upload, "the API returned an upload_uid that is not a UUID"));
        }
        if upload.has_other_content {
            return Err(other_content(&upload.source));
        }
        match &session.method {
            Some(UploadMethod::Put) if session.complete == Some(true) => self.present(upload, session).await,
            Some(UploadMethod::Put) => {
                if upload.known.is_stored {
                    match self.present(upload, session).await {
                        // The object does not exist any more: the file is sent again.
                        Err(error) if error.kind() == ErrorKind::Integrity => upload.known.is_stored = false,
                        other => return other,
                    }
                }
                self.put(upload, session, date, turn).await
            }
            Some(UploadMethod::Multipart) => {
                // Each part has its own URL and turn.
                drop(turn);
                multipart::upload(self, upload, session).await
            }
            method => {
                let method = method.as_ref().map_or("none", UploadMethod::as_str);
                Err(refuse(upload, &format!("the API requests the unknown transfer method `{method}`")))
            }
        }
    }

    async fn put(
        &self,
        upload: &mut Upload,
        session: &ManualUploadSession,
        date: Option<SystemTime>,
        turn: Turn,
    ) -> Result<Step, Error> {
        let url = session.url.as_deref().ok_or_else(|| refuse(upload, "the API returned no URL"))?;
        let presigned = Presigned::new(&self.context, url, &session.headers, date)?;
        let stamp = upload.file.stamp;
        match self.send(upload, Method::PUT, &presigned, Around::default(), turn).await? {
            Put::Stored(digest, _) => {
                let print = Print { sha256: digest, part_size: 0 };
                upload.known.released = Some((stamp, print));
                (upload.known.is_stored, upload.was_sent) = (true, true);
                upload.has_progress = true;
                upload.counted = stamp.size;
                // Recorded before the confirmation: if the run is killed meanwhile, the next one does not send the file
                // again.
                let record = Record::Stored { path: upload.source.path.clone(), stamp, print };
                let confirmed = async {
                    self.check_unchanged(upload, print).await?;
                    self.complete(upload, &session.upload_uid, print, Outcome::Sent).await
                };
                let (recorded, step) = tokio::join!(self.journal.append(&record), confirmed);
                recorded?;
                step
            }
            Put::Exists => self.present(upload, session).await,
            Put::Expired => Ok(Step::Again),
            Put::Refused(error) => {
                self.forget_release(upload).await?;
                Ok(Step::Refused(error))
            }
            Put::Failed(error, maybe_stored) => {
                match maybe_stored {
                    Some(sha256) => upload.known.released = Some((stamp, Print { sha256, part_size: 0 })),
                    None => self.forget_release(upload).await?,
                }
                Ok(Step::Failed(error))
            }
        }
    }

    /// Reverts the record of released bytes that certainly did not arrive, unless those of an earlier attempt may have.
    async fn forget_release(&self, upload: &Upload) -> Result<(), Error> {
        let path = upload.source.path.clone();
        match upload.known.released {
            None => self.journal.append(&Record::Foreign { path }).await,
            Some((stamp, print)) => self.journal.append(&Record::Released { path, stamp, print }).await,
        }
    }

    async fn send(
        &self,
        upload: &Upload,
        method: Method,
        presigned: &Presigned,
        around: Around,
        turn: Turn,
    ) -> Result<Put, Error> {
        let stamp = upload.file.stamp;
        let (journal, path) = (self.journal.clone(), upload.source.path.clone());
        let release: Release = Box::new(move |sha256| {
            Box::pin(async move {
                let print = Print { sha256, part_size: 0 };
                journal.append(&Record::Released { path, stamp, print }).await
            })
        });
        let part =
            Part { source: Arc::clone(&upload.source), file: Arc::clone(&upload.file), offset: 0, length: stamp.size };
        put::send(&self.context, method, presigned, part, around, release, turn).await
    }
}
