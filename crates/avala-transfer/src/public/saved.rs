//! Saves the lists of public revisions, for offline downloads and resumed runs. A revision never changes, so its list
//! does not have to be read again.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use avala_types::{PublicObject, PublicObjectPage, PublicObjectWalk, PublicReference, PublicRevision};

use crate::error::{Error, ErrorKind};
use crate::state::file;

/// Objects per checked page.
const PAGE: usize = 100;
/// Maximum length of a line of a saved list, in bytes.
const LONGEST_LINE: u64 = 64 * 1024;

/// A saved revision whose list has been checked.
#[derive(Debug)]
pub(crate) struct Saved {
    pub(crate) revision: PublicRevision,
    pub(crate) objects: Vec<PublicObject>,
}

fn path(folder: &Path, dataset_uid: &str, revision_sha256: &str) -> PathBuf {
    // Both consist of hexadecimal digits and hyphens.
    folder.join(format!("{dataset_uid}@{revision_sha256}.jsonl"))
}

/// Reads the saved list of a revision; `None` if it is missing or damaged.
pub(crate) async fn load(folder: &Path, dataset_uid: &str, revision_sha256: &str) -> Result<Option<Saved>, Error> {
    let path = path(folder, dataset_uid, revision_sha256);
    let reference = PublicReference::exact(dataset_uid, revision_sha256);
    tokio::task::spawn_blocking(move || read(&path, &reference)).await.map_err(|_| Error::aborted())
}

fn read(path: &Path, reference: &PublicReference) -> Option<Saved> {
    let mut reader = BufReader::new(std::fs::File::open(path).ok()?);
    let mut line = Vec::new();
    let mut next = |reader: &mut BufReader<std::fs::File>| {
        line.clear();
        let mut limited = std::io::Read::take(reader, LONGEST_LINE);
        let count = limited.read_until(b'\n', &mut line).ok()?;
        (count > 0 && line.ends_with(b"\n")).then(|| line.clone())
    };
    let revision: PublicRevision = serde_json::from_slice(&next(&mut reader)?).ok()?;
    revision.check(reference).ok()?;
    let mut objects: Vec<PublicObject> = Vec::new();
    let most = usize::try_from(revision.parse_manifest().ok()?.object_count).ok()?;
    while objects.len() < most {
        objects.push(serde_json::from_slice(&next(&mut reader)?).ok()?);
    }
    check(&revision, &objects)?;
    Some(Saved { revision, objects })
}

/// Applies the checks of pages from the API to a saved list.
fn check(revision: &PublicRevision, objects: &[PublicObject]) -> Option<()> {
    let manifest = revision.parse_manifest().ok()?;
    let mut walk = PublicObjectWalk::new(revision).ok()?;
    let mut pages = objects.chunks(PAGE).peekable();
    let mut number = 0_u64;
    loop {
        let results = pages.next().unwrap_or_default().to_vec();
        let mut page = PublicObjectPage::new(
            1_u64,
            revision.canonical_reference.clone(),
            revision.revision_sha256.clone(),
            manifest.sha256.clone(),
            results,
        );
        page.previous_cursor = (number > 0).then(|| (number - 1).to_string());
        number += 1;
        page.next_cursor = pages.peek().map(|_| number.to_string());
        let is_last = page.next_cursor.is_none();
        walk.page(&page).ok()?;
        if is_last {
            break;
        }
    }
    walk.finish().ok()
}

/// Saves the list of a revision atomically.
pub(crate) async fn save(folder: &Path, revision: &PublicRevision, objects: &[PublicObject]) -> Result<(), Error> {
    let path = path(folder, revision.dataset_uid.as_str(), &revision.revision_sha256);
    let mut revision = revision.clone();
    // Saved under the canonical reference, by which it is read again.
    revision.requested_reference = Some(revision.canonical_reference.clone());
    let failed =
        |error: std::io::Error, path: &Path| Error::io(ErrorKind::Io, "save the list of a revision", path, error);
    let mut content = Vec::new();
    let write = |content: &mut Vec<u8>| -> std::io::Result<()> {
        serde_json::to_writer(&mut *content, &revision)?;
        content.write_all(b"\n")?;
        for object in objects {
            serde_json::to_writer(&mut *content, object)?;
            content.write_all(b"\n")?;
        }
        Ok(())
    };
    write(&mut content).map_err(|error| failed(error, &path))?;
    let folder = folder.to_owned();
    let work = move || {
        std::fs::create_dir_all(&folder).map_err(|error| failed(error, &folder))?;
        file::replace(&path, &content).map_err(|error| failed(error, &path))
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::aborted())?
}
