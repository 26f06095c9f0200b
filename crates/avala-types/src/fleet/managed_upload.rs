//! Managed uploads: MCAP recordings that the server checks by their content and publishes as a dataset.

use crate::model::model;
use crate::open_enum::open_enum;
use crate::{
    DatasetUid, FinalizationUid, GenerationUid, OriginalUid, PublicationUid, RecordingUid, Timestamp,
    UploadSessionStatus, UploadSessionUid,
};

open_enum! {
    /// The protocol of a managed upload.
    pub enum ManagedUploadProtocol {
        /// MCAP files, the first version.
        McapV1 = "fleet-managed-mcap-v1",
    }

    /// How far the multipart upload of a file is.
    pub enum GenerationState {
        /// It is being made.
        Initializing = "initializing",
        /// It takes parts.
        Active = "active",
        /// It was given up.
        Abandoned = "abandoned",
        /// Its parts are being put together.
        Completing = "completing",
        /// The file is whole.
        Completed = "completed",
    }

    /// Whether the work on an uploaded recording goes on.
    pub enum FinalizationState {
        /// It waits for its turn.
        Pending = "pending",
        /// It goes on.
        Running = "running",
        /// It failed, and waits to be tried again.
        RetryWait = "retry_wait",
        /// The recording is published.
        Succeeded = "succeeded",
        /// It is not tried again.
        Failed = "failed",
    }

    /// What is done with an uploaded recording, one after the other.
    pub enum FinalizationStage {
        /// Its files are put together.
        Complete = "complete",
        /// Its files are checked.
        Verify = "verify",
        /// Its files are joined to the recording.
        Attach = "attach",
        /// Its dataset is made ready.
        Prepare = "prepare",
        /// Its dataset is published.
        Publish = "publish",
    }

    /// Why the work on an uploaded recording is where it is.
    pub enum FinalizationCode {
        /// It has not begun.
        Pending = "pending",
        /// It goes on.
        Running = "running",
        /// The server has no room for it yet.
        CapacityPending = "capacity_pending",
        /// The server does no such work at the moment.
        WorkerDisabled = "worker_disabled",
        /// It took too long.
        DeadlineExceeded = "deadline_exceeded",
        /// Its worker was lost.
        LeaseLost = "lease_lost",
        /// A file cannot be read from the storage.
        SourceUnavailable = "source_unavailable",
        /// It was tried too often.
        AttemptsExhausted = "attempts_exhausted",
        /// It is done.
        Published = "published",
        /// A file is not what its checksum says.
        ContentMismatch = "content_mismatch",
        /// A file is no MCAP.
        InvalidMcap = "invalid_mcap",
    }
}

model! {
    /// How far a managed upload is. That it is published does not say that its recording is ready.
    #[derive(Eq, Hash)]
    pub struct ManagedFleetUploadStatus {
        required {
            /// The protocol that it follows.
            protocol: ManagedUploadProtocol,
            /// The upload.
            session_uid: UploadSessionUid,
            /// The recording.
            recording_uid: RecordingUid,
            /// How far it is.
            status: UploadSessionStatus,
        }
        optional {
            /// How many files it has.
            total_files: u64,
            /// The size of all files in bytes.
            total_bytes: u64,
            /// How many files are checked.
            confirmed_files: u64,
            /// The size of the checked files in bytes.
            confirmed_bytes: u64,
            /// Its files.
            files: Vec<ManagedOriginal>,
            /// The work on the recording, once all files are there.
            finalization: Option<ManagedFinalization>,
        }
    }
}

model! {
    /// A file of a managed upload.
    #[derive(Eq, Hash)]
    pub struct ManagedOriginal {
        required {
            /// Its identity.
            file_uid: OriginalUid,
            /// Its path in the recording.
            path: String,
            /// Its size in bytes.
            size_bytes: u64,
            /// The SHA-256 of its content, in hexadecimal.
            content_sha256: String,
            /// The size of its parts in bytes; the last one may be smaller.
            part_size: u64,
            /// How many parts it has.
            part_count: u64,
        }
        optional {
            /// Its media type.
            content_type: Option<String>,
            /// How it is compressed for its way; empty when it is not.
            content_encoding: Option<String>,
            /// Whether its content was checked.
            verified: bool,
            /// Its multipart upload, once there is one.
            generation: Option<ManagedGeneration>,
        }
    }
}

model! {
    /// A multipart upload of a file.
    #[derive(Eq, Hash)]
    pub struct ManagedGeneration {
        required {
            /// Its identity.
            generation_uid: GenerationUid,
            /// Its number; the first one of a file is 1.
            number: u64,
            /// How far it is.
            state: GenerationState,
        }
        optional {}
    }
}

model! {
    /// The work on an uploaded recording.
    #[derive(Eq, Hash)]
    pub struct ManagedFinalization {
        required {
            /// Its identity.
            uid: FinalizationUid,
            /// Whether it goes on.
            state: FinalizationState,
            /// What it is at.
            stage: FinalizationStage,
            /// Why it is there.
            code: FinalizationCode,
            /// When it goes on at the earliest.
            available_at: Timestamp,
        }
        optional {
            /// How many times it was tried.
            attempts: u64,
            /// How many times it failed.
            failures: u64,
            /// The publication, once it has succeeded.
            publication_uid: Option<PublicationUid>,
            /// The dataset that it made, once it has succeeded.
            dataset_uid: Option<DatasetUid>,
        }
    }
}
