//! Checks across the pages of a public revision.

use std::collections::BTreeSet;

use super::check::ensure;
use super::{InvalidPublicDataset, PublicManifest, PublicObject, PublicObjectPage, PublicRevision};

/// Checks all pages of the objects of a revision, in order: nothing is missing, repeated or moved.
///
/// ```
/// # fn example(
/// #     revision: &avala_types::PublicRevision,
/// #     pages: Vec<avala_types::PublicObjectPage>,
/// # ) -> Result<(), avala_types::InvalidPublicDataset> {
/// let mut walk = avala_types::PublicObjectWalk::new(revision)?;
/// for page in &pages {
///     walk.page(page)?;
/// }
/// walk.finish()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PublicObjectWalk {
    revision: PublicRevision,
    manifest: PublicManifest,
    pages: usize,
    has_next: bool,
    cursors: BTreeSet<String>,
    uids: BTreeSet<Box<str>>,
    paths: BTreeSet<Box<str>>,
    last: Option<PublicObject>,
    total_size_bytes: u64,
    /// Ordinals of the episodes, and those that other objects name.
    episodes: BTreeSet<u64>,
    named_episodes: BTreeSet<u64>,
}

impl PublicObjectWalk {
    /// Starts before the first page.
    ///
    /// # Errors
    /// If the revision has no valid manifest.
    pub fn new(revision: &PublicRevision) -> Result<Self, InvalidPublicDataset> {
        Ok(Self {
            revision: revision.clone(),
            manifest: revision.parse_manifest()?,
            pages: 0,
            has_next: true,
            cursors: BTreeSet::new(),
            uids: BTreeSet::new(),
            paths: BTreeSet::new(),
            last: None,
            total_size_bytes: 0,
            episodes: BTreeSet::new(),
            named_episodes: BTreeSet::new(),
        })
    }

    /// Checks the next page.
    ///
    /// # Errors
    /// If [`PublicObjectPage::check`] fails, or the page does not continue the one before.
    pub fn page(&mut self, page: &PublicObjectPage) -> Result<(), InvalidPublicDataset> {
        page.check(&self.revision)?;
        ensure(self.has_next, "results", "continue after the last page")?;
        ensure(
            self.pages == 0 || page.previous_cursor.is_some(),
            "previous_cursor",
            "is missing after the first page",
        )?;
        if let Some(cursor) = &page.next_cursor {
            ensure(!page.results.is_empty(), "results", "are empty and there is a next page")?;
            ensure(self.cursors.insert(cursor.clone()), "next_cursor", "repeats, so the list would never end")?;
        }
        for object in &page.results {
            self.object(object)?;
        }
        ensure(self.uids.len() as u64 <= self.manifest.object_count, "results", "are more than the manifest has")?;
        self.pages += 1;
        self.has_next = page.next_cursor.is_some();
        Ok(())
    }

    fn object(&mut self, object: &PublicObject) -> Result<(), InvalidPublicDataset> {
        let follows = self.last.as_ref().is_none_or(|last| {
            last.position() < object.position() && (&last.role, last.ordinal) != (&object.role, object.ordinal)
        });
        ensure(follows, "results", "are not in the order of role, ordinal and path")?;
        let is_new = self.uids.insert(object.object_uid.as_str().into())
            && self.paths.insert(object.logical_path.as_str().into());
        ensure(is_new, "results", "repeat an identifier or a path of an earlier page")?;
        self.total_size_bytes = self.total_size_bytes.saturating_add(object.size_bytes);
        if object.role == "episode" {
            self.episodes.insert(object.ordinal);
        }
        self.named_episodes.extend(object.episode_ordinal);
        self.last = Some(object.clone());
        Ok(())
    }

    /// Checks the whole list after its last page.
    ///
    /// # Errors
    /// If pages are missing, the count or the size is not that of the manifest, or an object names an episode that
    /// does not exist.
    pub fn finish(self) -> Result<(), InvalidPublicDataset> {
        ensure(!self.has_next, "next_cursor", "has a page that was not read")?;
        let complete = self.uids.len() as u64 == self.manifest.object_count;
        ensure(complete, "manifest.object_count", "is not the number of objects")?;
        let complete = self.total_size_bytes == self.manifest.total_size_bytes;
        ensure(complete, "manifest.total_size_bytes", "is not the size of the objects")?;
        let exist = self.named_episodes.is_subset(&self.episodes);
        ensure(exist, "episode_ordinal", "names an episode that does not exist")
    }
}
