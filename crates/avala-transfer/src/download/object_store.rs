//! Downloads into an object store: S3, Google Cloud Storage, Azure, a disk, or memory.

use std::sync::Arc;

use object_store::path::Path as StorePath;
use object_store::{ObjectStore, ObjectStoreExt as _, WriteMultipart};
use tokio::task::JoinSet;

use super::context::Context;
use super::listing::{Listed, Listing};
use super::names::{NameRules, SafePath, collisions};
use super::options::Options;
use super::receive::{Block, BlockWriter};
use super::sink::stream;
use crate::error::{Error, ErrorKind, FileOutcome, FileReport, Report};
use crate::progress::event::Event;

/// Size of the parts of a multipart upload.
const PART: usize = 8 << 20;
/// Number of concurrent uploads of parts of one object.
const PARTS: usize = 2;

/// Target of the objects.
#[derive(Clone)]
pub(crate) struct StoreTarget {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) prefix: StorePath,
    /// Whether `prefix` is the path of a single object.
    pub(crate) is_object: bool,
}

impl std::fmt::Debug for StoreTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoreTarget({})", self.prefix)
    }
}

/// Downloads the objects of a listing into a store.
///
/// An object appears in the store when it is complete and verified; a failed upload is aborted.
pub(crate) async fn download(
    context: Arc<Context>,
    listing: Listing,
    target: StoreTarget,
    options: &Options,
) -> Result<Report, Error> {
    let mut warnings = listing.warnings;
    let objects = listing.objects;
    let objects: Vec<_> = objects.into_iter().filter(|object| options.filter.matches(&object.name)).collect();
    let paths: Vec<_> = objects.iter().map(|object| SafePath::new(&object.name)).collect();
    // A store keeps names byte by byte, and has no folders.
    for pair in collisions(paths.iter().flatten(), NameRules::EXACT).iter().filter(|pair| !pair.is_folder) {
        warnings.push(format!("{pair}: the second object replaces the first one"));
    }
    context.meter.add_files(objects.len() as u64, objects.iter().filter_map(|object| object.size).sum());
    let mut files: Vec<_> = objects
        .iter()
        .map(|object| FileReport {
            path: object.name.clone(),
            size: object.size.unwrap_or_default(),
            outcome: FileOutcome::NotStarted,
        })
        .collect();
    let mut waiting = objects.into_iter().zip(paths).enumerate();
    let mut running = JoinSet::new();
    let mut ended: Option<Error> = None;
    loop {
        while ended.is_none() && running.len() < options.files.max(1) {
            let Some((position, (object, path))) = waiting.next() else { break };
            let (context, target) = (Arc::clone(&context), target.clone());
            running.spawn(async move {
                let result = Box::pin(one(&context, &target, &object, path)).await;
                (position, result.map_err(|error| error.about(&object.name)))
            });
        }
        let Some(joined) = running.join_next().await else { break };
        let Ok((position, result)) = joined else { return Err(Error::aborted()) };
        let Some(report) = files.get_mut(position) else { continue };
        match result {
            Ok(size) => {
                context.meter.file_done();
                report.size = size;
                report.outcome = FileOutcome::Transferred;
            }
            Err(error) => {
                context.meter.file_failed();
                let path = report.path.clone();
                context.meter.emit(|| Event::FileFailed { path, error: error.to_string() });
                let ends = matches!(error.kind(), ErrorKind::Cancelled | ErrorKind::LimitReached);
                if ends || options.stops_at_failure || target.is_object {
                    if error.kind() != ErrorKind::LimitReached {
                        context.halt.cancel();
                    }
                    ended.get_or_insert(error);
                } else {
                    report.outcome = FileOutcome::Failed(error);
                }
            }
        }
    }
    let totals = context.meter.totals();
    let report = Report { files, elapsed: totals.elapsed, totals, warnings };
    match ended {
        Some(error) => Err(error.with_report(report)),
        None => Ok(report),
    }
}

async fn one(
    context: &Arc<Context>,
    target: &StoreTarget,
    object: &Listed,
    path: Result<SafePath, super::names::UnsafeName>,
) -> Result<u64, Error> {
    context.gate().await?;
    let at = if target.is_object {
        target.prefix.clone()
    } else {
        let unsafe_name = |reason: &dyn std::fmt::Display| {
            Error::new(ErrorKind::Target, format!("its name cannot be a path in the store: {reason}"))
                .about(&object.name)
                .help("rename it in the dataset, or exclude it with a filter")
        };
        let path = path.map_err(|reason| unsafe_name(&reason))?;
        let below = match target.prefix.as_ref() {
            "" => path.as_str().to_owned(),
            prefix => format!("{prefix}/{path}"),
        };
        StorePath::parse(below).map_err(|reason| unsafe_name(&reason))?
    };
    let failed = |error| failed(&object.name, error);
    let upload = target.store.put_multipart(&at).await.map_err(failed)?;
    let upload = WriteMultipart::new_with_chunk_size(upload, PART);
    let mut writer = StoreWriter { upload: Some(upload), name: object.name.clone() };
    match stream(context, &object.remote(), &mut writer).await {
        Ok(size) => {
            let Some(upload) = writer.upload.take() else { return Err(Error::aborted()) };
            upload.finish().await.map_err(failed)?;
            Ok(size)
        }
        Err(error) => {
            if let Some(upload) = writer.upload.take() {
                // The remaining parts are deleted by the lifecycle rules of the bucket.
                let _ = upload.abort().await;
            }
            Err(error)
        }
    }
}

struct StoreWriter {
    upload: Option<WriteMultipart>,
    name: String,
}

impl BlockWriter for StoreWriter {
    async fn write(&mut self, block: Block) -> Result<(), Error> {
        let Some(upload) = &mut self.upload else { return Err(Error::aborted()) };
        upload.wait_for_capacity(PARTS).await.map_err(|error| failed(&self.name, error))?;
        // Copied, because collected parts must not keep the buffers of the connection alive.
        block.chunks.iter().for_each(|chunk| upload.write(chunk));
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

fn failed(name: &str, error: object_store::Error) -> Error {
    Error::new(ErrorKind::Target, format!("the object store failed: {error}"))
        .about(name)
        .help("check the store and run the same download again")
        .with_source(error)
}
