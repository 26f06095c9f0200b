//! Managed uploads: MCAP recordings that the server checks by their content and publishes as a dataset.

use crate::fleet::UploadSessionStatus;
use crate::id::{
    DatasetUid, FinalizationUid, GenerationUid, OriginalUid, PublicationUid, RecordingUid, UploadSessionUid,
};
use crate::model::model;
use crate::open_enum::open_enum;
use crate::timestamp::Timestamp;

open_enum! {
    /// Protocol of a managed upload.
    pub enum ManagedUploadProtocol {
        /// MCAP files, version 1.
        McapV1 = "fleet-managed-mcap-v1",
    }

    /// State of a multipart upload.
    pub enum GenerationState {
        /// Being created.
        Initializing = "initializing",
        /// Accepts parts.
        Active = "active",
        /// Abandoned.
        Abandoned = "abandoned",
        /// Parts are being assembled.
        Completing = "completing",
        /// Complete.
        Completed = "completed",
    }

    /// Processing status of an uploaded recording.
    pub enum FinalizationState {
        /// Queued.
        Pending = "pending",
        /// Running.
        Running = "running",
        /// Failed; waiting for a retry.
        RetryWait = "retry_wait",
        /// Succeeded.
        Succeeded = "succeeded",
        /// Failed; no further retry.
        Failed = "failed",
    }

    /// Processing stages of an uploaded recording, in order.
    pub enum FinalizationStage {
        /// Files are being assembled.
        Complete = "complete",
        /// Files are being verified.
        Verify = "verify",
        /// Files are being attached to the recording.
        Attach = "attach",
        /// The dataset is being prepared.
        Prepare = "prepare",
        /// The dataset is being published.
        Publish = "publish",
    }

    /// Detail of the processing state of an uploaded recording.
    pub enum FinalizationCode {
        /// Not started.
        Pending = "pending",
        /// Running.
        Running = "running",
        /// The server has no capacity yet.
        CapacityPending = "capacity_pending",
        /// The server does not process such uploads now.
        WorkerDisabled = "worker_disabled",
        /// Timed out.
        DeadlineExceeded = "deadline_exceeded",
        /// The worker was lost.
        LeaseLost = "lease_lost",
        /// A file cannot be read from the storage.
        SourceUnavailable = "source_unavailable",
        /// Too many attempts.
        AttemptsExhausted = "attempts_exhausted",
        /// Published.
        Published = "published",
        /// A file does not match its checksum.
        ContentMismatch = "content_mismatch",
        /// A file is not MCAP.
        InvalidMcap = "invalid_mcap",
    }
}

model! {
    /// Status of a managed upload. Published does not imply that the recording is ready.
    #[derive(Eq, Hash)]
    pub struct ManagedFleetUploadStatus {
        required {
            /// Protocol.
            protocol: ManagedUploadProtocol,
            /// UID of the upload.
            session_uid: UploadSessionUid,
            /// Recording.
            recording_uid: RecordingUid,
            /// Status.
            status: UploadSessionStatus,
        }
        optional {
            /// Number of files.
            total_files: u64,
            /// Total size of all files, in bytes.
            total_bytes: u64,
            /// Number of verified files.
            confirmed_files: u64,
            /// Size of the verified files, in bytes.
            confirmed_bytes: u64,
            /// Files.
            files: Vec<ManagedOriginal>,
            /// Processing of the recording after the upload.
            finalization: Option<ManagedFinalization>,
        }
    }
}

model! {
    /// A file of a managed upload.
    #[derive(Eq, Hash)]
    pub struct ManagedOriginal {
        required {
            /// Unique identifier (UID).
            file_uid: OriginalUid,
            /// Path in the recording.
            path: String,
            /// Size in bytes.
            size_bytes: u64,
            /// SHA-256 of the content, hexadecimal.
            content_sha256: String,
            /// Part size in bytes; the last part may be smaller.
            part_size: u64,
            /// Number of parts.
            part_count: u64,
        }
        optional {
            /// Media type.
            content_type: Option<String>,
            /// Content encoding of the transfer; empty if not compressed.
            content_encoding: Option<String>,
            /// Whether the content was verified.
            verified: bool,
            /// Multipart upload, after its start.
            generation: Option<ManagedGeneration>,
        }
    }
}

model! {
    /// A multipart upload of a file.
    #[derive(Eq, Hash)]
    pub struct ManagedGeneration {
        required {
            /// Unique identifier (UID).
            generation_uid: GenerationUid,
            /// Number of the multipart upload; the first one of a file is 1.
            number: u64,
            /// State.
            state: GenerationState,
        }
        optional {}
    }
}

model! {
    /// Processing of an uploaded recording.
    #[derive(Eq, Hash)]
    pub struct ManagedFinalization {
        required {
            /// Unique identifier (UID).
            uid: FinalizationUid,
            /// State of the processing.
            state: FinalizationState,
            /// Current stage.
            stage: FinalizationStage,
            /// Detail of the state.
            code: FinalizationCode,
            /// Earliest time of the next step.
            available_at: Timestamp,
        }
        optional {
            /// Number of attempts.
            attempts: u64,
            /// Number of failures.
            failures: u64,
            /// Published dataset item, after success.
            publication_uid: Option<PublicationUid>,
            /// Created dataset, after success.
            dataset_uid: Option<DatasetUid>,
        }
    }
}
