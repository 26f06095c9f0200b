//! Managed uploads of recordings.

use std::time::Duration;

use avala_types::{
    FinalizationCode, FinalizationStage, FinalizationState, GenerationState, GenerationUid, ManagedUploadProtocol,
    OriginalUid, RecordingUid, UploadSessionStatus, UploadSessionUid,
};

use crate::error::ApiError;
use crate::schema::{ManagedFinalization, ManagedFleetUploadStatus, ManagedOriginal};
use crate::state::clock;
use crate::state::fleet::script::{FinalizationScript, FinalizationStep};
use crate::state::storage::Storage;
use crate::state::table::Table;

/// Size of every part except the last.
pub(crate) const PART_SIZE: u64 = 64 * 1024 * 1024;

/// Maximum number of failures of a finalization.
const MAX_FAILURES: u64 = 5;

/// First and last bytes of an MCAP file.
pub(crate) const MCAP_MAGIC: &[u8] = b"\x89MCAP0\r\n";

pub(crate) struct ManagedUploadRow {
    pub(crate) recording: RecordingUid,
    pub(crate) session: UploadSessionUid,
    pub(crate) originals: Vec<OriginalRow>,
    pub(crate) finalization: Option<ManagedFinalization>,
}

pub(crate) struct OriginalRow {
    pub(crate) original: ManagedOriginal,
    /// Key in the storage.
    pub(crate) key: String,
}

/// Outcome of a step of a finalization.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    /// No further step is needed.
    Done,
    /// The contents have to be verified before the next step.
    Verify,
    /// The upload has to be published.
    Publish,
}

impl OriginalRow {
    /// Returns the size of a part, or `None` if there is no such part.
    pub(crate) fn part_size(&self, number: u64) -> Option<u64> {
        let is_part = (1..=self.original.part_count).contains(&number);
        is_part.then(|| PART_SIZE.min(self.original.size_bytes - (number - 1) * PART_SIZE))
    }

    /// Returns whether the storage has all parts, or the object that they were joined to.
    pub(crate) fn is_whole(&self, storage: &Storage) -> bool {
        let Some(generation) = &self.original.generation else { return false };
        let sizes = storage.part_sizes(generation.generation_uid.as_ref());
        let is_complete =
            storage.objects.get(&self.key).is_some_and(|object| object.size() == self.original.size_bytes);
        let mut numbers = 1..=self.original.part_count;
        is_complete || numbers.all(|number| sizes.get(&number).copied() == self.part_size(number))
    }

    pub(crate) fn is_generation(&self, uid: &GenerationUid) -> bool {
        self.original.generation.as_ref().is_some_and(|generation| generation.generation_uid == *uid)
    }

    fn set_generation_state(&mut self, state: GenerationState) {
        if let Some(generation) = &mut self.original.generation {
            generation.state = state;
        }
    }
}

impl ManagedUploadRow {
    pub(crate) fn original(&self, uid: &OriginalUid) -> Result<&OriginalRow, ApiError> {
        let mut originals = self.originals.iter();
        originals.find(|row| row.original.file_uid == *uid).ok_or_else(|| ApiError::no_such("file_uid", uid))
    }

    pub(crate) fn original_mut(&mut self, uid: &OriginalUid) -> Result<&mut OriginalRow, ApiError> {
        let mut originals = self.originals.iter_mut();
        originals.find(|row| row.original.file_uid == *uid).ok_or_else(|| ApiError::no_such("file_uid", uid))
    }

    /// Sets the state of all generations of the session.
    pub(crate) fn set_generations(&mut self, state: &GenerationState) {
        self.originals.iter_mut().for_each(|row| row.set_generation_state(state.clone()));
    }

    /// Starts the finalization, or restarts one that failed and may be retried. The UID stays the same.
    pub(crate) fn finalize(&mut self, uid: &str, storage: &mut Storage) -> Result<(), ApiError> {
        use FinalizationCode::{ContentMismatch, InvalidMcap};
        if let Some(known) = &mut self.finalization {
            let is_final = matches!(known.code, ContentMismatch | InvalidMcap);
            if known.state == FinalizationState::Failed && !is_final {
                known.state = FinalizationState::Pending;
                known.stage = FinalizationStage::Complete;
                known.code = FinalizationCode::Pending;
                known.failures = 0;
            }
            return Ok(());
        }
        let now = clock::now().ok_or_else(ApiError::not_found)?;
        self.finalization = Some(ManagedFinalization::new(
            uid,
            FinalizationState::Pending,
            FinalizationStage::Complete,
            FinalizationCode::Pending,
            now,
        ));
        for row in &mut self.originals {
            row.set_generation_state(GenerationState::Completing);
            if let Some(generation) = &row.original.generation {
                storage.complete_upload(generation.generation_uid.as_ref());
            }
        }
        Ok(())
    }

    /// Takes one step: pending, running (verify, attach, prepare), and published; or the step of the script.
    pub(crate) fn advance(&mut self, script: &mut FinalizationScript) -> Step {
        use FinalizationStage::{Attach, Complete, Prepare, Publish, Verify};
        use FinalizationState::{Failed, Pending, RetryWait, Running, Succeeded};
        let Some(finalization) = &mut self.finalization else { return Step::Done };
        if matches!(finalization.state, Succeeded | Failed) {
            return Step::Done;
        }
        if let Some(step) = script.next() {
            apply(finalization, step);
            return Step::Done;
        }
        let (stage, step) = match (&finalization.state, &finalization.stage) {
            (Pending | RetryWait, Complete | Verify) => (Verify, Step::Done),
            (Running, Verify) => (Attach, Step::Verify),
            (_, Attach) => (Prepare, Step::Done),
            (Running, Prepare) => (Publish, Step::Publish),
            (_, stage) => (stage.clone(), Step::Done),
        };
        if finalization.state != Running {
            finalization.attempts += 1;
        }
        finalization.state = Running;
        finalization.stage = stage;
        finalization.code = FinalizationCode::Running;
        step
    }

    /// Records that the contents match the announced hashes.
    pub(crate) fn pass(&mut self) {
        for row in &mut self.originals {
            row.original.verified = true;
            row.set_generation_state(GenerationState::Completed);
        }
    }

    /// Ends the finalization without a publication.
    pub(crate) fn fail(&mut self, code: FinalizationCode) {
        if let Some(finalization) = &mut self.finalization {
            finalization.state = FinalizationState::Failed;
            finalization.stage = FinalizationStage::Verify;
            finalization.code = code;
            finalization.failures = (finalization.failures + 1).min(MAX_FAILURES);
        }
    }

    /// Returns the status document. Its counters are sums over the verified files.
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

fn apply(finalization: &mut ManagedFinalization, step: FinalizationStep) {
    let is_failure = !matches!(step.code(), "capacity_pending" | "pending" | "running");
    finalization.state = step.state().into();
    finalization.code = step.code().into();
    finalization.failures = (finalization.failures + u64::from(is_failure)).min(MAX_FAILURES);
    finalization.attempts = finalization.attempts.max(1);
    if let Some(available_at) = clock::after(Duration::from_secs(2)) {
        finalization.available_at = available_at;
    }
}

/// Returns the managed upload of this recording and session, or 404.
pub(crate) fn find<'a>(
    uploads: &'a mut Table<ManagedUploadRow>,
    recording: &RecordingUid,
    session: &UploadSessionUid,
) -> Result<&'a mut ManagedUploadRow, ApiError> {
    uploads.find_mut(|row| row.recording == *recording && row.session == *session)
}
