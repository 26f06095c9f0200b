//! Settings of a download: its source, target and options.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use avala_types::{DatasetSlug, ExportUid, ItemUid, OwnerName, SequenceUid};
use tokio::io::AsyncWrite;

use super::names::NameProbe;
use super::options::Options;
use super::plan::DownloadPlan;
use super::run;
use super::session::{Target, blocking};
use super::source::Source;
use super::writer::WriterDownload;
use crate::error::{Error, ErrorKind, Report};
use crate::progress::event::{Event, Phase};
use crate::public::store::ContentStore;
use crate::public::{reference, revision};
use crate::run::{Run, RunContext, RunSettings};
use crate::sync::compare::{CompareBy, Comparison};
use crate::sync::filter::Filter;
use crate::sync::{dry, verify};
use crate::transfers::Transfers;
use crate::upload::dataset::OnFailure;

impl Transfers {
    /// Downloads the file of an export, after waiting until it is written.
    ///
    /// The complete file is tested: a ZIP archive by its end record, a gzip stream by its checksum, a JSON
    /// document by its syntax, because the API publishes neither its size nor its hash.
    ///
    /// ```no_run
    /// # async fn example(transfers: avala_transfer::Transfers) -> Result<(), avala_transfer::Error> {
    /// let report = transfers.download_export("e1").to_file("march.zip").await?;
    /// println!("{} bytes", report.totals.bytes_done);
    /// # Ok(())
    /// # }
    /// ```
    pub fn download_export(&self, uid: impl Into<ExportUid>) -> ObjectDownload {
        ObjectDownload { transfers: self.clone(), source: Source::Export(uid.into()) }
    }

    /// Downloads the file of an item of a dataset.
    pub fn download_item(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
        item: impl Into<ItemUid>,
    ) -> ObjectDownload {
        ObjectDownload { transfers: self.clone(), source: Source::Item(owner.into(), slug.into(), item.into()) }
    }

    /// Downloads the files of all items of a dataset, each to its path in the dataset.
    pub fn download_dataset(&self, owner: impl Into<OwnerName>, slug: impl Into<DatasetSlug>) -> CollectionDownload {
        CollectionDownload { transfers: self.clone(), source: Source::Dataset(owner.into(), slug.into()) }
    }

    /// Downloads the files of all frames of a sequence: the asset of a frame to its key, and its images to
    /// `000007/camera-0.jpg` for the first camera of frame 7.
    pub fn download_sequence(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
        sequence: impl Into<SequenceUid>,
    ) -> CollectionDownload {
        let source = Source::Sequence(owner.into(), slug.into(), sequence.into());
        CollectionDownload { transfers: self.clone(), source }
    }

    /// Downloads a published revision of a public dataset: `owner/dataset`, `owner/dataset@revision` or
    /// `avala://datasets/<uuid>@<digest>`. No key is sent.
    ///
    /// The SHA-256 of every file is compared with the one that the API publishes.
    ///
    /// ```no_run
    /// # async fn example(transfers: avala_transfer::Transfers) -> Result<(), avala_transfer::Error> {
    /// let report = transfers.download_revision("acme/drives@main").to_folder("drives").await?;
    /// for (path, error) in report.failed() {
    ///     eprintln!("{path}: {error}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn download_revision(&self, reference: impl Into<String>) -> RevisionDownload {
        let source = Source::Revision { reference: reference.into(), revision: None, is_offline: false };
        RevisionDownload { transfers: self.clone(), source, store: None }
    }
}

/// Download of one object. Created by [`Transfers::download_export`] and [`Transfers::download_item`].
#[derive(Clone, Debug)]
#[must_use = "choose a target"]
pub struct ObjectDownload {
    transfers: Transfers,
    source: Source,
}

impl ObjectDownload {
    /// Writes the object to this file, which is replaced atomically when the object is complete and verified.
    pub fn to_file(self, path: impl Into<PathBuf>) -> Download {
        Download::new(self.transfers, self.source, Place::Files(Target::File(path.into())), None)
    }

    /// Writes the object into this folder: an item to its path in the dataset, an export to `export-<uid>` and the
    /// extension of its file.
    pub fn to_folder(self, path: impl Into<PathBuf>) -> Download {
        Download::new(self.transfers, self.source, Place::Files(Target::Folder(path.into())), None)
    }

    /// Writes the object to a writer, in order and over one connection.
    ///
    /// A writer cannot go back: if the object is replaced, or the connection is lost and the object has no strong
    /// entity tag, the download fails after a part was written. Nothing is resumed by a later run, and no archive is
    /// tested.
    pub fn to_writer<W: AsyncWrite + Unpin + Send + 'static>(self, writer: W) -> WriterDownload<W> {
        WriterDownload::new(self.transfers, self.source, writer)
    }

    /// Writes the object to this path of an object store, where it appears when it is complete.
    #[cfg(feature = "object-store")]
    pub fn to_object_store(
        self,
        store: Arc<dyn object_store::ObjectStore>,
        path: impl Into<object_store::path::Path>,
    ) -> Download {
        let place = super::object_store::StoreTarget { store, prefix: path.into(), is_object: true };
        Download::new(self.transfers, self.source, Place::Store(place), None)
    }
}

/// Download of many objects. Created by [`Transfers::download_dataset`] and [`Transfers::download_sequence`].
#[derive(Clone, Debug)]
#[must_use = "choose a target"]
pub struct CollectionDownload {
    transfers: Transfers,
    source: Source,
}

impl CollectionDownload {
    /// Writes the objects into this folder, each to its own path. Existing files are not transferred again.
    pub fn to_folder(self, path: impl Into<PathBuf>) -> Download {
        Download::new(self.transfers, self.source, Place::Files(Target::Folder(path.into())), None)
    }

    /// Writes the objects to paths below this prefix of an object store. Each run transfers all of them.
    #[cfg(feature = "object-store")]
    pub fn to_object_store(
        self,
        store: Arc<dyn object_store::ObjectStore>,
        prefix: impl Into<object_store::path::Path>,
    ) -> Download {
        let place = super::object_store::StoreTarget { store, prefix: prefix.into(), is_object: false };
        Download::new(self.transfers, self.source, Place::Store(place), None)
    }
}

/// Download of a public revision. Created by [`Transfers::download_revision`].
#[derive(Clone, Debug)]
#[must_use = "choose a target"]
pub struct RevisionDownload {
    transfers: Transfers,
    source: Source,
    store: Option<PathBuf>,
}

impl RevisionDownload {
    /// Sets the revision, an alias or a digest, if it is not in the reference. Default: `main`.
    pub fn revision(mut self, selector: impl Into<String>) -> Self {
        if let Source::Revision { revision, .. } = &mut self.source {
            *revision = Some(selector.into());
        }
        self
    }

    /// Keeps each content once in this folder, under its SHA-256, and copies it to the targets.
    ///
    /// Content is compared with its hash whenever it is read, and downloaded again if it is damaged. Several runs and
    /// revisions may share a store. Default: none.
    pub fn content_store(mut self, folder: impl Into<PathBuf>) -> Self {
        self.store = Some(folder.into());
        self
    }

    /// Sets whether the download sends no requests, and uses the list that an earlier download saved, and a content
    /// store.
    ///
    /// The reference has to be canonical, `avala://datasets/<uuid>@<digest>`. Default: `false`.
    pub fn offline(mut self, offline: bool) -> Self {
        if let Source::Revision { is_offline, .. } = &mut self.source {
            *is_offline = offline;
        }
        self
    }

    /// Returns the reference that always names the same revision, `avala://datasets/<uuid>@<digest>`, and saves its
    /// list for offline downloads.
    ///
    /// # Errors
    /// If the reference is invalid, or the revision does not exist or was withdrawn.
    pub async fn canonical_reference(&self) -> Result<String, Error> {
        let Source::Revision { reference, revision: selector, is_offline } = &self.source else {
            return Err(Error::aborted());
        };
        let reference = reference::parse(reference, selector.as_deref())?;
        let resolved = revision::resolve(&self.transfers, &reference, !is_offline).await?;
        Ok(resolved.revision.canonical_reference)
    }

    /// Writes the objects into this folder, each to its logical path. Existing files are not transferred again.
    pub fn to_folder(self, path: impl Into<PathBuf>) -> Download {
        Download::new(self.transfers, self.source, Place::Files(Target::Folder(path.into())), self.store)
    }

    /// Writes the objects to paths below this prefix of an object store. Each run transfers all of them.
    #[cfg(feature = "object-store")]
    pub fn to_object_store(
        self,
        store: Arc<dyn object_store::ObjectStore>,
        prefix: impl Into<object_store::path::Path>,
    ) -> Download {
        let place = super::object_store::StoreTarget { store, prefix: prefix.into(), is_object: false };
        Download::new(self.transfers, self.source, Place::Store(place), None)
    }
}

/// Target of the objects.
#[derive(Clone, Debug)]
enum Place {
    Files(Target),
    #[cfg(feature = "object-store")]
    Store(super::object_store::StoreTarget),
}

/// A download to files or to an object store: await it, [`start`](Self::start) it, or get its
/// [`plan`](Self::plan).
///
/// A download to a folder is also a sync: a second run transfers only changed files. It deletes no files unless
/// [`delete_extra`](Self::delete_extra) is set.
///
/// | Setting | Default |
/// |---|---|
/// | [`filter`](Self::filter) | everything |
/// | [`compare`](Self::compare) | by size and time |
/// | [`immutable`](Self::immutable) | files with other content are replaced |
/// | [`delete_extra`](Self::delete_extra) | nothing is deleted |
/// | [`on_failure`](Self::on_failure) | the other files continue |
/// | [`max_bytes`](Self::max_bytes), [`max_time`](Self::max_time) | no limit |
/// | [`connections`](Self::connections) | 4 per file |
/// | [`files_at_once`](Self::files_at_once) | 8 |
#[derive(Clone, Debug)]
#[must_use = "a download does nothing until it is awaited or started"]
pub struct Download {
    transfers: Transfers,
    source: Source,
    place: Place,
    store: Option<PathBuf>,
    options: Options,
}

impl Download {
    fn new(transfers: Transfers, source: Source, place: Place, store: Option<PathBuf>) -> Self {
        let mut own_folders = vec![transfers.state().path().to_owned()];
        own_folders.extend(store.clone());
        let tests_archive = matches!(source, Source::Export(_));
        let options = Options { tests_archive, own_folders, ..Options::default() };
        Self { transfers, source, place, store, options }
    }

    /// Selects the files to download. Applies to folders and stores.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.options.filter = filter;
        self
    }

    /// Sets how existing files of the target are compared.
    pub fn compare(mut self, compare: CompareBy) -> Self {
        self.options.compare = compare;
        self
    }

    /// Makes a file with other content an error instead of replacing it.
    pub fn immutable(mut self, immutable: bool) -> Self {
        self.options.is_immutable = immutable;
        self
    }

    /// Deletes files of the target folder that the source does not have and the [filter](Self::filter) selects, after
    /// all downloads succeeded. If there are more than `maximum`, no file is deleted and the run fails.
    pub fn delete_extra(mut self, maximum: u64) -> Self {
        self.options.delete_extra = Some(maximum);
        self
    }

    /// Sets what happens when a file fails: the other files continue and the report lists the failed ones, or the run
    /// ends with its error.
    pub fn on_failure(mut self, policy: OnFailure) -> Self {
        self.options.stops_at_failure = policy == OnFailure::Stop;
        self
    }

    /// Ends the run with [`ErrorKind::LimitReached`] before it receives more than `bytes`. The next run continues.
    ///
    /// No more than that is requested. A file whose host sends no ranges is begun only if all of it may be received.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.options.max_bytes = Some(bytes);
        self
    }

    /// Ends the run with [`ErrorKind::LimitReached`] after this time. The next run continues.
    pub fn max_time(mut self, time: Duration) -> Self {
        self.options.max_time = Some(time);
        self
    }

    /// Sets how many connections one file may use, at least 1. More than one is used only for objects with a strong
    /// entity tag or a published hash.
    pub fn connections(mut self, connections: usize) -> Self {
        self.options.connections = connections.clamp(1, 64);
        self
    }

    /// Sets how many files are downloaded at once, at least 1.
    pub fn files_at_once(mut self, files: usize) -> Self {
        self.options.files = files.clamp(1, 64);
        self
    }

    /// Replaces the probe that determines which names the target can distinguish.
    pub fn name_probe(mut self, probe: impl NameProbe + 'static) -> Self {
        self.options.probe = Arc::new(probe);
        self
    }

    /// Sets whether a complete export is tested as an archive. Default: `true` for exports.
    pub fn test_archive(mut self, test: bool) -> Self {
        self.options.tests_archive = test;
        self
    }

    /// Plans a run, without transferring or changing a file of the target or of a content store.
    ///
    /// # Errors
    /// If the source cannot be listed, or the target cannot be examined.
    pub async fn plan(&self) -> Result<DownloadPlan, Error> {
        let listing = self.source.list(&self.transfers).await?;
        match &self.place {
            Place::Files(target) => {
                let is_online = !self.source.is_offline();
                if !is_online && self.store.is_none() {
                    return Err(needs_store());
                }
                let store = self.store.clone().map(|folder| dry::Stored { folder, is_online });
                dry::plan(&self.transfers, listing, target.clone(), self.options.clone(), store).await
            }
            #[cfg(feature = "object-store")]
            Place::Store(_) => dry::everything(&self.transfers, listing, &self.options),
        }
    }

    /// Compares the source with the target folder, without transferring files.
    ///
    /// The folder can be the target of a download of the dataset, or the source of its upload.
    /// Files of public revisions are compared by hash. For other files the API publishes no hash: unless they are
    /// unchanged since a download, their sizes are compared by requesting one byte of each, and files of equal size are
    /// listed in [`Comparison::same_size`]. With [`CompareBy::Hash`] their content is requested, compared and
    /// discarded.
    ///
    /// # Errors
    /// If the source cannot be listed, or the target does not exist.
    pub async fn verify(&self) -> Result<Comparison, Error> {
        let listing = self.source.list(&self.transfers).await?;
        match &self.place {
            Place::Files(target) => {
                let context = RunContext::new(&self.transfers, self.settings());
                verify::verify(&context, listing, target.clone(), self.options.clone()).await
            }
            #[cfg(feature = "object-store")]
            Place::Store(_) => {
                let message = "an object store cannot be compared without transferring its objects";
                Err(Error::new(ErrorKind::Configuration, message).help("compare with a folder"))
            }
        }
    }

    /// Starts the download as a task of the current Tokio runtime.
    pub fn start(self) -> Run<Report> {
        let context = RunContext::new(&self.transfers, self.settings());
        Run::start_graceful(context, move |context| async move { self.run(context).await })
    }

    fn settings(&self) -> RunSettings {
        RunSettings { max_bytes: self.options.max_bytes, max_time: self.options.max_time }
    }

    async fn run(self, context: RunContext) -> Result<Report, Error> {
        context.meter.emit(|| Event::Phase(Phase::Inventory));
        let cancelled = context.control.clone();
        let listing = tokio::select! {
            listing = context.limit.within(self.source.list(&self.transfers)) => listing?,
            () = cancelled.cancelled() => return Err(Error::cancelled()),
        };
        let is_single = matches!(&self.place, Place::Files(Target::File(_)));
        let is_object = matches!(self.source, Source::Export(_) | Source::Item(..));
        let report = match self.place {
            Place::Files(target) => {
                let is_online = !self.source.is_offline();
                let store = match self.store {
                    Some(path) => {
                        let open = move || ContentStore::open(&path, is_online).map(Arc::new);
                        Some(blocking(open).await?)
                    }
                    None => self.source.is_offline().then(|| Err(needs_store())).transpose()?,
                };
                let mut options = self.options;
                // There is only one object: its error is the error of the run.
                options.stops_at_failure |= is_single || is_object;
                run::download(&context, listing, target, options, store).await?
            }
            #[cfg(feature = "object-store")]
            Place::Store(target) => {
                let within = run::context(&context, &self.options);
                super::object_store::download(within, listing, target, &self.options).await?
            }
        };
        for warning in &report.warnings {
            context.meter.emit(|| Event::Warning(warning.clone()));
        }
        Ok(report)
    }
}

fn needs_store() -> Error {
    Error::new(ErrorKind::Configuration, "an offline download needs a content store")
        .help("set the content store of an earlier download")
}

impl IntoFuture for Download {
    type Output = Result<Report, Error>;
    type IntoFuture = Run<Report>;

    fn into_future(self) -> Run<Report> {
        self.start()
    }
}
