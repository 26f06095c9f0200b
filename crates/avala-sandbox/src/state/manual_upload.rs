//! A file on its way into a dataset.

use std::collections::BTreeMap;

use avala_types::{CreateManualUploadUrl, DatasetUploadUid, OwnerName, UploadMethod, UploadUid};
use http::StatusCode;

use crate::error::ApiError;
use crate::schema::{DatasetItem, ManualUploadSession, UploadedPart};
use crate::state::dataset::DatasetRow;
use crate::state::storage::Object;
use crate::state::{clock, storage};

/// Larger files are sent in parts of this size. It is the smallest part that storages take.
const PART_SIZE: u64 = 5 * 1024 * 1024;

pub(crate) struct ManualUploadRow {
    pub(crate) uid: UploadUid,
    pub(crate) owner: OwnerName,
    pub(crate) dataset_name: String,
    /// The files that it belongs to, with version 2 of the protocol.
    pub(crate) batch: Option<DatasetUploadUid>,
    pub(crate) path: String,
    pub(crate) size: u64,
    /// The sizes of the parts that are there, by their numbers.
    parts: BTreeMap<u64, u64>,
    is_stored: bool,
    is_complete: bool,
}

impl ManualUploadRow {
    pub(crate) fn new(uid: &str, owner: OwnerName, payload: &CreateManualUploadUrl) -> Self {
        Self {
            uid: uid.into(),
            owner,
            dataset_name: payload.dataset_name.clone(),
            batch: payload.dataset_upload_uid.clone(),
            path: payload.file_path_in_dataset.clone(),
            size: payload.content_length,
            parts: BTreeMap::new(),
            is_stored: false,
            is_complete: false,
        }
    }

    /// Where it is in the storage.
    pub(crate) fn key(&self) -> String {
        format!("uploads/{}/{}/{}", self.owner, self.dataset_name, self.path)
    }

    pub(crate) fn method(&self) -> UploadMethod {
        if self.size > PART_SIZE { UploadMethod::Multipart } else { UploadMethod::Put }
    }

    pub(crate) fn part_count(&self) -> u64 {
        if self.method() == UploadMethod::Multipart { self.size.div_ceil(PART_SIZE) } else { 0 }
    }

    /// How far it is, without the address that the next bytes go to.
    pub(crate) fn session(&self) -> ManualUploadSession {
        let mut session = ManualUploadSession::new(&self.uid);
        session.method = Some(self.method());
        session.complete = self.is_complete;
        if self.method() == UploadMethod::Multipart {
            session.part_size = Some(PART_SIZE);
            session.part_count = Some(self.part_count());
        }
        for (number, size) in &self.parts {
            let mut part = UploadedPart::new(*number);
            part.size = Some(*size);
            session.uploaded_parts.push(part);
        }
        session
    }

    pub(crate) fn is_stored(&self) -> bool {
        self.is_stored
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Notes that the storage has the whole file. A form needs no other word.
    pub(crate) fn store(&mut self, object: Object) -> Result<(), ApiError> {
        check_size(object.size, self.size)?;
        self.is_stored = true;
        self.is_complete |= self.batch.is_none();
        Ok(())
    }

    pub(crate) fn store_part(&mut self, number: u64, size: u64) -> Result<(), ApiError> {
        check_size(size, PART_SIZE.min(self.size - (number - 1) * PART_SIZE))?;
        self.parts.insert(number, size);
        self.is_stored = self.parts.len() as u64 == self.part_count();
        Ok(())
    }

    pub(crate) fn complete(&mut self) -> Result<(), ApiError> {
        if !self.is_stored {
            return Err(ApiError::detail(StatusCode::BAD_REQUEST, "The storage does not have the whole file."));
        }
        self.is_complete = true;
        Ok(())
    }
}

fn check_size(size: u64, expected: u64) -> Result<(), ApiError> {
    if size == expected {
        return Ok(());
    }
    Err(ApiError::detail(StatusCode::BAD_REQUEST, format!("{size} bytes came, and {expected} were announced.")))
}

/// The bytes that every owner can store.
pub(crate) const LIMIT: u64 = 10 * 1024 * 1024 * 1024;

pub(crate) fn add_item(row: &mut DatasetRow, file: &ManualUploadRow, url: &str) {
    let mut item = DatasetItem::new("");
    item.key = Some(file.path.clone());
    item.dataset = Some(row.dataset.uid.clone());
    item.dataset_owner_name = row.dataset.owner_name.clone();
    item.dataset_slug = Some(row.dataset.slug.clone());
    item.url = Some(storage::address(url, &file.key()));
    item.status = Some("completed".to_owned());
    item.annotations_count = Some(0);
    item.created_at = clock::now();
    item.updated_at = item.created_at;
    row.items.add(|uid| {
        item.uid = uid.into();
        item
    });
    row.dataset.item_count += 1;
    row.dataset.size_bytes = row.dataset.size_bytes.map(|size| size + file.size);
}
