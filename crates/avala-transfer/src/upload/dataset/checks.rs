//! Checks a dataset upload before the first byte is sent, and before the dataset is created.

use std::collections::HashSet;

use avala_client::Avala;

use crate::error::{Error, ErrorKind};
use crate::run::blocking;
use crate::source::open::changed;
use crate::source::stamp::Stamp;
use crate::source::walk::{SourceFile, identity};
use crate::upload::dataset::account::Account;
use crate::upload::dataset::records::DatasetState;
use crate::upload::dataset::settings::DatasetUpload;

/// Longest key of an object in the storage, in bytes.
const MAX_KEY_BYTES: usize = 1_024;

/// Rejects files whose keys in the storage would be too long: the key is the path, the dataset's name and the account.
pub(crate) fn check_keys(settings: &DatasetUpload, account: &Account, files: &[SourceFile]) -> Result<(), Error> {
    let before = account.root().len() + "/".len() + settings.name.len() + "/".len();
    let is_long = |file: &&SourceFile| before + file.path.len() > MAX_KEY_BYTES;
    let Some(file) = files.iter().find(is_long) else { return Ok(()) };
    let message = format!("its key in the storage would have {} bytes; 1,024 are allowed", before + file.path.len());
    Err(Error::new(ErrorKind::Source, message)
        .about(&file.path)
        .help("shorten the path or the name of the dataset, which is a part of the key"))
}

/// Rejects files of earlier runs that are gone from the source, because they would become part of the dataset.
pub(crate) fn check_leftovers(
    settings: &DatasetUpload,
    state: &DatasetState,
    files: &[SourceFile],
) -> Result<(), Error> {
    if settings.allow_leftovers || settings.walk.only.is_some() {
        return Ok(());
    }
    let present: HashSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let is_left = |path: &&String| !present.contains(path.as_str()) && state.may_be_stored(path);
    let mut left: Vec<_> = state.files.keys().filter(is_left).collect();
    left.sort();
    let Some(first) = left.first() else { return Ok(()) };
    let message = format!("{} files were sent by earlier runs and are no longer in the source", left.len());
    Err(Error::new(ErrorKind::Conflict, message).about(first).help(
        "they would be part of the dataset, and no call deletes them: put them back, use another dataset name, or allow \
         them with `allow_leftovers`",
    ))
}

/// Fails if the remaining files exceed the whole quota. The server decides about each file, so a quota that cannot be
/// read is ignored, and so is the used part, which includes the reservations of a resumed upload.
pub(crate) async fn check_quota(
    avala: &Avala,
    settings: &DatasetUpload,
    state: &DatasetState,
    files: &[SourceFile],
) -> Result<(), Error> {
    let is_done = |file: &&SourceFile| state.files.get(&file.path).is_some_and(|state| state.done.is_some());
    let bytes: u64 = files.iter().filter(|file| !is_done(file)).map(|file| file.stamp.size).sum();
    let mut call = avala.datasets().manual_upload_quota();
    if let Some(organization) = &settings.organization {
        call = call.organization(organization.clone());
    }
    let Ok(quota) = call.await else { return Ok(()) };
    if bytes <= quota.limit {
        return Ok(());
    }
    let message = format!("the files have {bytes} bytes, but the total storage quota is {} bytes", quota.limit);
    Err(Error::new(ErrorKind::QuotaExceeded, message)
        .about(&settings.name)
        .help("upload fewer files, or ask for a larger quota"))
}

/// Fails if a file has another stamp than when it was found, because the dataset must equal the source.
pub(crate) async fn check_all_unchanged(files: &[SourceFile]) -> Result<(), Error> {
    let files = files.to_vec();
    blocking(move || {
        for file in &files {
            let local = &file.local;
            let metadata = if file.follow_links { std::fs::metadata(local) } else { std::fs::symlink_metadata(local) };
            let is_same = metadata.is_ok_and(|metadata| {
                let stamp = Stamp::of(&metadata);
                let is_file = metadata.is_file() && identity(&metadata) == file.identity;
                is_file && stamp.size == file.stamp.size && stamp.modified == file.stamp.modified
            });
            if !is_same {
                return Err(changed(file, "it changed after it was sent"));
            }
        }
        Ok(())
    })
    .await
}
