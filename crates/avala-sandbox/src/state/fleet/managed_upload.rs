//! Managed uploads of recordings.

use std::collections::BTreeMap;

use avala_types::{
    FinalizationCode, FinalizationStage, FinalizationState, GenerationState, GenerationUid, ManagedUploadProtocol,
    OriginalUid, RecordingUid, UploadSessionStatus, UploadSessionUid,
};

use crate::error::ApiError;
use crate::schema::{ManagedFinalization, ManagedFleetUploadStatus, ManagedOriginal};
use crate::state::fleet::Fleet;

/// Size of every part but the last.
pub(crate) const PART_SIZE: u64 = 64 * 1024 * 1024;

pub(crate) struct ManagedUploadRow {
    pub(crate) recording: RecordingUid,
    pub(crate) session: UploadSessionUid,
    pub(crate) originals: Vec<OriginalRow>,
    pub(crate) finalization: Option<ManagedFinalization>,
}

pub(crate) struct OriginalRow {
    pub(crate) original: ManagedOriginal,
    /// Sizes of the parts that the storage has, by their numbers.
    pub(crate) parts: BTreeMap<u64, u64>,
}

impl OriginalRow {
    /// Size of a part, or `None` when there is no such part.
    pub(crate) fn part_size(&self, number: u64) -> Option<u64> {
        let is_part = (1..=self.original.part_count).contains(&number);
        is_part.then(|| PART_SIZE.min(self.original.size_bytes - (number - 1) * PART_SIZE))
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.parts.len() as u64 == self.original.part_count
    }

    pub(crate) fn is_generation(&self, uid: &GenerationUid) -> bool {
        self.original.generation.as_ref().is_some_and(|generation| generation.generation_uid == *uid)
    }
}

impl ManagedUploadRow {
    pub(crate) fn original_mut(&mut self, uid: &OriginalUid) -> Result<&mut OriginalRow, ApiError> {
        let mut originals = self.originals.iter_mut();
        originals.find(|row| row.original.file_uid == *uid).ok_or_else(|| ApiError::no_such("file_uid", uid))
    }

    /// Takes one step of the finalization: pending, running, succeeded. Returns whether it succeeded now.
    pub(crate) fn advance(&mut self) -> bool {
        let Some(finalization) = &mut self.finalization else { return false };
        match finalization.state {
            FinalizationState::Pending => {
                finalization.state = FinalizationState::Running;
                finalization.stage = FinalizationStage::Verify;
                finalization.code = FinalizationCode::Running;
                finalization.attempts = 1;
                false
            }
            FinalizationState::Running => {
                for row in &mut self.originals {
                    row.original.verified = true;
                    if let Some(generation) = &mut row.original.generation {
                        generation.state = GenerationState::Completed;
                    }
                }
                true
            }
            _ => false,
        }
    }

    /// The status document. Its counters are the sums over what is verified.
    pub(crate) fn status(&self) -> ManagedFleetUploadStatus {
        let is_done = self.finalization.as_ref().is_some_and(|done| done.state == FinalizationState::Succeeded);
        let status = match &self.finalization {
            Some(_) if is_done => UploadSessionStatus::Completed,
            Some(_) => UploadSessionStatus::Completing,
            None if self.originals.iter().any(|row| row.original.generation.is_some()) => {
                UploadSessionStatus::Uploading
            }
            None => UploadSessionStatus::Initiated,
        };
        let protocol = ManagedUploadProtocol::McapV1;
        let mut document =
            ManagedFleetUploadStatus::new(protocol, self.session.clone(), self.recording.clone(), status);
        document.files = self.originals.iter().map(|row| row.original.clone()).collect();
        let verified = || document.files.iter().filter(|original| original.verified);
        let (files, bytes) = (verified().count() as u64, verified().map(|original| original.size_bytes).sum());
        document.total_files = document.files.len() as u64;
        document.total_bytes = document.files.iter().map(|original| original.size_bytes).sum();
        document.confirmed_files = files;
        document.confirmed_bytes = bytes;
        document.finalization = self.finalization.clone();
        document
    }
}

impl Fleet {
    /// The managed upload of this recording and session, or 404.
    pub(crate) fn managed_upload(
        &mut self,
        recording: &RecordingUid,
        session: &UploadSessionUid,
    ) -> Result<&mut ManagedUploadRow, ApiError> {
        self.managed_uploads.find_mut(|row| row.recording == *recording && row.session == *session)
    }

    /// Notes that the storage has a part.
    pub(crate) fn store_managed_part(
        &mut self,
        generation: &GenerationUid,
        number: u64,
        size: u64,
    ) -> Result<(), ApiError> {
        let originals = self.managed_uploads.rows_mut().flat_map(|row| &mut row.originals);
        let row = originals.into_iter().find(|row| row.is_generation(generation)).ok_or_else(ApiError::not_found)?;
        if row.part_size(number) != Some(size) {
            return Err(ApiError::body(format!("{size} bytes arrived, which is not the size of the part.")));
        }
        row.parts.insert(number, size);
        Ok(())
    }
}
