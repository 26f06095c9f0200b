//! Lookups and changes of storage across tables.

use http::StatusCode;
use sha2::{Digest, Sha256};

use crate::error::ApiError;
use crate::state::hex::hex;
use crate::state::manual_upload::ManualUploadRow;
use crate::state::storage::{Object, Place};
use crate::state::tables::Tables;

impl Tables {
    pub(crate) fn has(&self, place: &Place) -> bool {
        match place {
            Place::Recording { session, path } => self.fleet.stored(session, path).is_some(),
            Place::Upload(upload) => self.manual_uploads.get(upload).is_ok_and(ManualUploadRow::is_stored),
            // Like other storages, this one lets a part be sent again.
            Place::Part(..) | Place::ManagedPart(..) | Place::PublicObject(..) | Place::Export(_) => false,
        }
    }

    /// Notes a file, and returns its `ETag` with the quotes that belong to it.
    pub(crate) fn store(&mut self, place: &Place, bytes: &[u8]) -> Result<String, StatusCode> {
        let digest = hex(&Sha256::digest(bytes));
        let object = Object { size: bytes.len() as u64, etag: digest.chars().take(32).collect() };
        let etag = format!("\"{}\"", object.etag);
        let stored = match place {
            Place::ManagedPart(generation, number) => self.fleet.store_managed_part(generation, *number, object.size),
            Place::PublicObject(..) | Place::Export(_) => Err(ApiError::not_found()),
            Place::Recording { session, path } => self.fleet.store(session, path, object),
            Place::Upload(upload) => self.manual_uploads.get_mut(upload).and_then(|row| row.store(object)),
            Place::Part(upload, number) => {
                self.manual_uploads.get_mut(upload).and_then(|row| row.store_part(*number, object.size))
            }
        };
        stored.map_err(|error| error.status())?;
        Ok(etag)
    }
}
