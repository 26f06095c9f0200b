//! The target of a running download: its lock, its state, and its existing files.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

use super::context::Context;
use super::file;
use super::file::Complete;
use super::filling::Filling;
use super::folder::{Existing, Place, TargetFolder};
use super::listing::Listed;
use super::names::{NameCollision, NameRules, SafePath, collisions};
use super::options::Options;
use super::own_folders::OwnFolders;
use super::part_file::{PartFile, temporary_name};
use super::record::{Begun, Done, Known, Record};
use super::target_error::TargetError;
use super::target_lock::TargetLock;
use crate::control::Control;
use crate::error::{Error, ErrorKind};
use crate::hash::{Digest, Hasher};
use crate::progress::event::Event;
use crate::state::folder::{Destination, StateFolder};
use crate::state::journal::Journal;
use crate::sync::compare::CompareBy;

/// Kind of the state of downloads.
const KIND: &str = "download";
/// Number of outdated records after which the state is rewritten.
const MOST_OUTDATED: usize = 1000;

/// Target of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// One file, independent of the name of the object.
    File(PathBuf),
    /// A folder, in which each object has its own path.
    Folder(PathBuf),
}

/// A locked target.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) folder: TargetFolder,
    /// Name of the file of a [`Target::File`].
    file_name: Option<SafePath>,
    pub(crate) own_folders: OwnFolders,
    known: Mutex<Known>,
    /// Lock that is acquired before the first file is written, and released before the state.
    target_lock: OnceCell<TargetLock>,
    /// Lock and journal; `None` in a dry run.
    writing: Option<Writing>,
    /// Part of the names of temporary files.
    pub(crate) token: String,
    is_immutable: bool,
    compare: CompareBy,
}

/// Permission to change a target, and its journal.
#[derive(Debug)]
struct Writing {
    journal: Journal,
    destination: Destination,
}

/// Decision about a file.
#[derive(Debug)]
pub(crate) enum Action {
    /// The target has it.
    Skip,
    Fetch,
}

impl Session {
    /// Opens and locks the target for the run of `control`, and reads its state. Creates the target if it does not
    /// exist. Without `control`, nothing is created, locked or changed. Blocks.
    pub(crate) fn open(
        state: &StateFolder,
        target: &Target,
        source: &str,
        options: &Options,
        control: Option<&Control>,
    ) -> Result<Self, Error> {
        let is_dry = control.is_none();
        let (folder, file_name) = open_target(target, !is_dry)?;
        let Some(folder) = folder else { return Err(no_target(target)) };
        let identity = match &file_name {
            Some(name) => folder.path().join(name.as_str()),
            None => folder.path().to_owned(),
        };
        // Two names that are not UTF-8 may look the same.
        let shown = identity.to_str().map_or_else(|| format!("{identity:?}"), str::to_owned);
        let (mut writing, records) = match control {
            Some(control) => {
                let destination = state.lock(KIND, &shown, &shown, control)?;
                let (journal, records) = Journal::of(&destination, KIND)?;
                (Some(Writing { journal, destination }), records)
            }
            None => {
                let (path, key) = state.journal(KIND, &shown)?;
                (None, Journal::peek(&path, KIND, &key)?)
            }
        };
        let target_lock = OnceCell::new();
        // Delete leftovers of a killed run, even if there is nothing to download.
        if !is_dry && TargetLock::is_left(&folder, file_name.as_ref())? {
            let _ = target_lock.set(TargetLock::take(&folder, file_name.as_ref())?);
        }
        // From here on, the state folder exists.
        let own_folders = OwnFolders::below(folder.path(), &options.own_folders)?;
        let mut known = Known::read(records);
        let is_other = known.source.as_deref().is_some_and(|known| known != source);
        if is_other {
            // The temporary files of another source cannot be used. Complete files are compared by content.
            if let Some(token) = known.token.as_deref().filter(|_| !is_dry) {
                discard(&folder, token, known.begun.keys())?;
            }
            known.begun.clear();
            known.done.clear();
        }
        let token = known.token.get_or_insert_with(|| format!("{:032x}", fastrand::u128(..))).clone();
        let is_outdated = is_other || known.source.is_none() || known.outdated > MOST_OUTDATED;
        if let Some(Writing { journal, destination }) = writing.as_mut().filter(|_| is_outdated) {
            known.source = Some(source.to_owned());
            Journal::rewrite(&destination.journal, KIND, &destination.key, &known.to_records())?;
            *journal = Journal::of::<Record>(destination, KIND)?.0;
        }
        Ok(Self {
            folder,
            file_name,
            own_folders,
            known: Mutex::new(known),
            target_lock,
            writing,
            token,
            is_immutable: options.is_immutable,
            compare: options.compare,
        })
    }

    /// Returns the path of an object below the target.
    pub(crate) fn path_of(&self, listed: &Listed) -> Result<SafePath, Error> {
        match &self.file_name {
            Some(name) => Ok(name.clone()),
            None => safe_path(listed),
        }
    }

    /// Decides what to do with an object. Blocks, and reads the file if necessary.
    pub(crate) fn decide(&self, listed: &Listed, path: &SafePath) -> Result<Action, Error> {
        let Some(place) = self.folder.place(path, false)? else { return Ok(Action::Fetch) };
        let Some(existing) = place.existing()? else { return Ok(Action::Fetch) };
        // A target that is a single file has to be written.
        if self.file_name.is_some() && !self.is_immutable {
            return Ok(Action::Fetch);
        }
        let done = self.known().done.get(path.as_str()).cloned();
        if self.is_same(listed, &place, existing, done.as_ref())? {
            return Ok(Action::Skip);
        }
        if self.is_immutable {
            return Err(Error::new(
                ErrorKind::Conflict,
                "a file of this name has other content, and the target is immutable",
            )
            .about(&listed.name)
            .help("choose another target, or allow files to be replaced"));
        }
        Ok(Action::Fetch)
    }

    fn is_same(&self, listed: &Listed, place: &Place, existing: Existing, done: Option<&Done>) -> Result<bool, Error> {
        let is_untouched = done.is_some_and(|done| done.is_untouched(existing) && done.version == listed.version);
        if is_untouched && self.compare == CompareBy::SizeAndTime {
            return Ok(true);
        }
        if listed.size.is_some_and(|size| size != existing.size) {
            return Ok(false);
        }
        match listed.sha256.or_else(|| done.filter(|_| is_untouched).and_then(|done| done.sha256)) {
            Some(expected) => Ok(digest_of(place)? == expected),
            // Nothing else is known about the content.
            None => Ok(is_untouched),
        }
    }

    /// Records an existing file of the target.
    pub(crate) async fn record_existing(self: &Arc<Self>, listed: &Listed, path: &SafePath) -> Result<u64, Error> {
        let (this, at) = (Arc::clone(self), path.clone());
        let existing =
            blocking(move || this.folder.place(&at, false)?.map_or(Ok(None), |place| place.existing())).await?;
        let Some(existing) = existing else { return Ok(0) };
        let is_new = {
            let known = self.known();
            let done = known.done.get(path.as_str());
            !done.is_some_and(|done| done.is_untouched(existing) && done.version == listed.version)
        };
        if is_new {
            self.record(done(path, existing, listed.sha256, listed)).await?;
        }
        Ok(existing.size)
    }

    /// Acquires the lock of the target, once for all files of the run. A run that finds all files complete does not
    /// need it, and changes nothing.
    pub(crate) async fn lock_target(self: &Arc<Self>) -> Result<(), Error> {
        let take = || {
            let this = Arc::clone(self);
            blocking(move || TargetLock::take(&this.folder, this.file_name.as_ref()))
        };
        self.target_lock.get_or_try_init(take).await.map(drop)
    }

    /// Returns the journal; an error in a dry run, which writes nothing.
    pub(crate) fn journal(&self) -> Result<Journal, Error> {
        self.writing.as_ref().map(|writing| writing.journal.clone()).ok_or_else(Error::aborted)
    }

    async fn record(&self, done: Done) -> Result<(), Error> {
        self.journal()?.append(&Record::Done(done.clone())).await?;
        let mut known = self.known();
        known.begun.remove(&done.path);
        known.done.insert(done.path.clone(), done);
        Ok(())
    }

    /// Downloads an object to its path.
    pub(crate) async fn fetch(
        self: &Arc<Self>,
        context: &Arc<Context>,
        listed: &Listed,
        path: &SafePath,
        tests_archive: bool,
    ) -> Result<u64, Error> {
        let (this, at) = (Arc::clone(self), path.clone());
        let part = blocking(move || {
            let place = this.folder.place(&at, true)?;
            place.map(|place| PartFile::open(place, &this.token)).transpose()
        });
        let Some(part) = part.await? else { return Err(Error::aborted()) };
        let begun = self.take_begun(path.as_str());
        let name = path.as_str().to_owned();
        let file = Arc::new(Filling::new(context, listed.remote(), part, name, self.journal()?));
        let Complete { size, sha256, was_restarted } = match file::download(&file, begun, tests_archive).await {
            Ok(complete) => complete,
            Err(error) => {
                file.discard_useless().await;
                return Err(error);
            }
        };
        let existing = file.blocking(|file| {
            file.part.publish()?;
            file.part.place().existing()
        });
        let existing = existing.await?.unwrap_or(Existing { size, modified_ns: 0 });
        self.record(done(path, existing, sha256, listed)).await?;
        if was_restarted {
            let name = listed.name.escape_debug();
            context
                .meter
                .emit(|| Event::Warning(format!("`{name}` was replaced during the download and started over")));
        }
        Ok(size)
    }

    /// Deletes the temporary files of incomplete files for which `is_gone` is true, because no run continues them.
    /// Blocks.
    pub(crate) fn discard_begun(&self, is_gone: impl Fn(&str) -> bool) -> Result<(), Error> {
        let begun = self.known();
        discard(&self.folder, &self.token, begun.begun.keys().filter(|path| is_gone(path)))
    }

    /// Takes the state of an incomplete file of an earlier run.
    pub(crate) fn take_begun(&self, path: &str) -> Option<Begun> {
        self.known().begun.remove(path)
    }

    /// Removes the state of a complete single file, which is not compared later.
    pub(crate) fn finish(&self) {
        if let Some(writing) = self.writing.as_ref().filter(|_| self.file_name.is_some()) {
            // If the state remains, it says that the file is complete, which does no harm.
            let _ = std::fs::remove_file(&writing.destination.journal);
        }
    }

    /// Returns the complete file of a path, as it was when it was completed.
    pub(crate) fn done(&self, path: &str) -> Option<Done> {
        self.known().done.get(path).cloned()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Deletes temporary files. Folders that changed meanwhile are skipped.
fn discard<'a>(folder: &TargetFolder, token: &str, paths: impl Iterator<Item = &'a String>) -> Result<(), Error> {
    for path in paths {
        if let Ok(safe) = SafePath::new(path)
            && let Ok(Some(place)) = folder.place(&safe, false)
        {
            place.remove_temporary(&temporary_name(safe.split().1, token))?;
        }
    }
    Ok(())
}

fn done(path: &SafePath, existing: Existing, sha256: Option<Digest>, listed: &Listed) -> Done {
    Done {
        path: path.as_str().to_owned(),
        size: existing.size,
        modified_ns: existing.modified_ns,
        sha256,
        version: listed.version.clone(),
    }
}

fn no_target(target: &Target) -> Error {
    let (Target::File(path) | Target::Folder(path)) = target;
    Error::new(ErrorKind::Target, "it has no folder or no name").about_path(path).help("name a file or a folder")
}

/// Opens the folder of a target; a file is named beside it.
pub(crate) fn open_target(target: &Target, create: bool) -> Result<(Option<TargetFolder>, Option<SafePath>), Error> {
    match target {
        Target::Folder(path) => Ok((TargetFolder::open(path, create)?, None)),
        Target::File(path) => {
            let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| no_target(target))?;
            let name = SafePath::new(name).map_err(|reason| {
                let message = format!("its name cannot be used: {reason}");
                Error::new(ErrorKind::Target, message).about_path(path).help("choose another name")
            })?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Ok((TargetFolder::open(folder, create)?, Some(name)))
        }
    }
}

fn safe_path(listed: &Listed) -> Result<SafePath, Error> {
    SafePath::new(&listed.name).map_err(|reason| {
        Error::new(ErrorKind::Target, format!("its name cannot be a path below the target: {reason}"))
            .about(&listed.name)
            .help("rename it in the dataset, or exclude it with a filter")
    })
}

fn is_own(listed: &str) -> Error {
    Error::new(ErrorKind::Target, "it would be in the state folder or content store, which is inside the target")
        .about(listed)
        .help("move the state folder and the content store out of the target")
}

/// Names of a listing, checked.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Path of each object by position, or the reason why it has none.
    pub(crate) paths: Vec<Result<SafePath, Error>>,
    pub(crate) collisions: Vec<NameCollision>,
}

/// Checks the names of all objects against each other and the target. `folder` is `None` if it does not exist yet.
pub(crate) fn check_names(
    objects: &[Listed],
    file_name: Option<&SafePath>,
    folder: Option<&Path>,
    options: &Options,
) -> Result<Names, Error> {
    if let Some(name) = file_name {
        return Ok(Names { paths: objects.iter().map(|_| Ok(name.clone())).collect(), collisions: Vec::new() });
    }
    let mut paths: Vec<_> = objects.iter().map(safe_path).collect();
    let rules = match folder {
        Some(folder) => options.probe.probe(folder).map_err(|error| TargetError::io("examine", folder, error))?,
        None => NameRules::of_platform(),
    };
    let own =
        folder.map_or_else(|| Ok(OwnFolders::default()), |folder| OwnFolders::below(folder, &options.own_folders))?;
    for path in &mut paths {
        if let Ok(safe) = path
            && own.cover(safe.as_str(), rules)
        {
            *path = Err(is_own(safe.as_str()));
        }
    }
    let found = collisions(paths.iter().filter_map(|path| path.as_ref().ok()), rules);
    let mut reasons: HashMap<&str, &NameCollision> = HashMap::new();
    for collision in &found {
        reasons.insert(&collision.first, collision);
        reasons.insert(&collision.second, collision);
    }
    for path in &mut paths {
        let reason = path.as_ref().ok().and_then(|path| reasons.get(path.as_str()));
        if let Some(collision) = reason {
            let error = Error::new(ErrorKind::Target, collision.to_string());
            let name = path.as_ref().map(|path| path.as_str().to_owned()).unwrap_or_default();
            *path =
                Err(error.about(name).help("choose a target that can distinguish them, or exclude one with a filter"));
        }
    }
    Ok(Names { paths, collisions: found })
}

/// Computes the hash of a file. Blocks.
pub(crate) fn digest_of(place: &Place) -> Result<Digest, TargetError> {
    use std::io::Read as _;
    let mut file = place.open()?;
    let (mut hasher, mut buffer) = (Hasher::default(), vec![0; 1 << 20]);
    loop {
        let count = file.read(&mut buffer).map_err(|error| TargetError::io("read", place.path(), error))?;
        if count == 0 {
            return Ok(hasher.finish());
        }
        hasher.update(buffer.get(..count).unwrap_or_default());
    }
}

/// Runs file operations outside the runtime's threads.
pub(crate) async fn blocking<T: Send + 'static, E: Into<Error> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::aborted())?.map_err(Into::into)
}

/// Returns the regular files below a folder by path, without temporary files and files of this crate. Links are not
/// followed. Blocks.
pub(crate) fn local_files(folder: &TargetFolder, own: &OwnFolders) -> Result<BTreeMap<String, Existing>, Error> {
    let mut files = BTreeMap::new();
    let mut folders = vec![(folder.path().to_owned(), String::new())];
    while let Some((at, prefix)) = folders.pop() {
        let failed = |error| TargetError::io("read", &at, error);
        for entry in std::fs::read_dir(&at).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            // An object cannot have a name that is not UTF-8.
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            if own.cover(&path, NameRules::EXACT) {
                continue;
            }
            if kind.is_dir() {
                folders.push((entry.path(), path));
            } else if kind.is_file()
                && let Ok(safe) = SafePath::new(&path)
                && let Some(place) = folder.place(&safe, false)?
                && let Some(existing) = place.existing()?
            {
                files.insert(path, existing);
            }
        }
    }
    Ok(files)
}
