//! Uploads of files that become datasets.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, SystemTime};

use avala_types::{DatasetUploadUid, OwnerName, UploadUid};

use crate::error::ApiError;
use crate::schema::DatasetItem;
use crate::state::clock;
use crate::state::dataset::DatasetRow;
use crate::state::storage::links::link_to;
use crate::state::table::Table;

/// Reserved space that is not used is free again after this time.
const RESERVATION: Duration = Duration::from_secs(24 * 60 * 60);

/// A file with a prepared upload.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileName {
    pub(crate) owner: OwnerName,
    pub(crate) dataset_name: String,
    /// The batch that it belongs to, with version 2 of the protocol.
    pub(crate) batch: Option<DatasetUploadUid>,
    pub(crate) path: String,
}

pub(crate) struct ManualUploadRow {
    pub(crate) uid: UploadUid,
    pub(crate) name: FileName,
    /// Key in the storage.
    pub(crate) key: String,
    pub(crate) size: u64,
    /// Size of its parts, if it is sent in parts.
    pub(crate) part_size: Option<u64>,
    pub(crate) is_complete: bool,
}

impl ManualUploadRow {
    pub(crate) fn part_count(&self) -> u64 {
        self.part_size.map_or(0, |size| self.size.div_ceil(size))
    }

    /// Returns the size of a part; `None` if there is no such part.
    pub(crate) fn size_of_part(&self, number: u64) -> Option<u64> {
        let part_size = self.part_size?;
        let is_part = (1..=self.part_count()).contains(&number);
        is_part.then(|| part_size.min(self.size - (number - 1) * part_size))
    }
}

/// Uploads by their UIDs and by their files, and the space that is reserved for them.
pub(crate) struct ManualUploads {
    rows: Table<ManualUploadRow>,
    by_name: HashMap<FileName, UploadUid>,
    /// Uploads by forms, by their keys.
    forms: HashMap<String, UploadUid>,
    reserved: HashMap<OwnerName, u64>,
    /// Oldest first.
    reservations: VecDeque<(SystemTime, UploadUid)>,
    open: HashMap<UploadUid, u64>,
}

impl ManualUploads {
    pub(crate) fn new() -> Self {
        Self {
            rows: Table::new("manual uploads"),
            by_name: HashMap::new(),
            forms: HashMap::new(),
            reserved: HashMap::new(),
            reservations: VecDeque::new(),
            open: HashMap::new(),
        }
    }

    pub(crate) fn get(&self, uid: &UploadUid) -> Result<&ManualUploadRow, ApiError> {
        self.rows.get(uid)
    }

    /// Returns the upload of this file, if one was prepared.
    pub(crate) fn named(&self, name: &FileName) -> Option<&ManualUploadRow> {
        self.rows.get(self.by_name.get(name)?).ok()
    }

    /// Adds an upload and reserves the space for it.
    pub(crate) fn add(&mut self, now: SystemTime, make: impl FnOnce(&str) -> ManualUploadRow) -> &ManualUploadRow {
        let row = self.rows.add(make);
        self.by_name.insert(row.name.clone(), row.uid.clone());
        if row.name.batch.is_none() {
            self.forms.insert(row.key.clone(), row.uid.clone());
        }
        *self.reserved.entry(row.name.owner.clone()).or_default() += row.size;
        self.reservations.push_back((now, row.uid.clone()));
        self.open.insert(row.uid.clone(), row.size);
        row
    }

    /// Records that the storage has the whole file: its space is no longer reserved, but used.
    pub(crate) fn complete(&mut self, uid: &UploadUid) -> Result<&ManualUploadRow, ApiError> {
        self.release(uid);
        let row = self.rows.get_mut(uid)?;
        row.is_complete = true;
        Ok(row)
    }

    /// Completes the file of a form: it is complete when the form is.
    pub(crate) fn complete_form(&mut self, key: &str) {
        if let Some(uid) = self.forms.remove(key) {
            // The upload is removed when its dataset is created.
            let _ = self.complete(&uid);
        }
    }

    /// Returns the bytes that are reserved for an owner. Old reservations expire.
    pub(crate) fn reserved(&mut self, owner: &OwnerName, now: SystemTime) -> u64 {
        while let Some((start, uid)) = self.reservations.front() {
            if now.duration_since(*start).unwrap_or_default() < RESERVATION {
                break;
            }
            let uid = uid.clone();
            self.reservations.pop_front();
            self.release(&uid);
        }
        self.reserved.get(owner).copied().unwrap_or_default()
    }

    /// Returns how many uploads of an owner are prepared and not complete.
    pub(crate) fn open(&self, owner: &OwnerName) -> usize {
        let owners = self.open.keys().filter_map(|uid| self.rows.get(uid).ok());
        owners.filter(|row| row.name.owner == *owner).count()
    }

    /// Returns the files of a dataset that an owner prepared, or of one batch of them.
    pub(crate) fn of<'a>(
        &'a self,
        owner: &'a OwnerName,
        dataset_name: &'a str,
        batch: Option<&'a DatasetUploadUid>,
    ) -> impl Iterator<Item = &'a ManualUploadRow> {
        self.rows.rows().filter(move |row| {
            let FileName { owner: known, dataset_name: name, batch: of, .. } = &row.name;
            known == owner && batch.map_or(name == dataset_name, |batch| of.as_ref() == Some(batch))
        })
    }

    /// Removes uploads.
    pub(crate) fn remove(&mut self, uids: &[UploadUid]) {
        for uid in uids {
            self.release(uid);
            if let Ok(row) = self.rows.remove(uid) {
                self.by_name.remove(&row.name);
                self.forms.remove(&row.key);
            }
        }
    }

    fn release(&mut self, uid: &UploadUid) {
        let Some(size) = self.open.remove(uid) else { return };
        let owner = self.rows.get(uid).ok().map(|row| row.name.owner.clone());
        if let Some(reserved) = owner.and_then(|owner| self.reserved.get_mut(&owner)) {
            *reserved = reserved.saturating_sub(size);
        }
    }
}

/// Adds an item for an object.
pub(crate) fn add_item(row: &mut DatasetRow, path: &str, key: &str, size: u64) {
    let mut item = DatasetItem::new("");
    item.key = Some(path.to_owned());
    item.dataset = Some(row.dataset.uid.clone());
    item.dataset_owner_name = row.dataset.owner_name.clone();
    item.dataset_slug = Some(row.dataset.slug.clone());
    item.url = Some(link_to(key));
    item.status = Some("completed".to_owned());
    item.annotations_count = Some(0);
    item.created_at = clock::now();
    item.updated_at = item.created_at;
    row.items.add(|uid| {
        item.uid = uid.into();
        item
    });
    row.dataset.item_count += 1;
    row.dataset.size_bytes = row.dataset.size_bytes.map(|total| total + size);
}
