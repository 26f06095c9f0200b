//! Managed uploads of recordings.

use avala_types::{
    DatasetUid, FinalizationCode, FinalizationStage, FinalizationState, FinalizationUid, GenerationState,
    GenerationUid, Json, ManagedUploadProtocol, OriginalUid, PublicationUid, RecordingUid, Timestamp,
    UploadSessionStatus, UploadSessionUid,
};

use super::record;

record! {
    /// Model `ManagedFinalization`.
    pub(crate) struct ManagedFinalization {
        required {
            uid: FinalizationUid,
            state: FinalizationState,
            stage: FinalizationStage,
            code: FinalizationCode,
            available_at: Timestamp,
        }
        optional {
            attempts: u64,
            failures: u64,
            publication_uid: Option<PublicationUid>,
            dataset_uid: Option<DatasetUid>,
        }
    }
}

record! {
    /// Model `ManagedFinalizeResponse`.
    pub(crate) struct ManagedFinalizeResponse {
        required {
            protocol: ManagedUploadProtocol,
            session_uid: UploadSessionUid,
        }
        optional {
            finalization: Option<ManagedFinalization>,
        }
    }
}

record! {
    /// Model `ManagedFleetUploadStatus`.
    pub(crate) struct ManagedFleetUploadStatus {
        required {
            protocol: ManagedUploadProtocol,
            session_uid: UploadSessionUid,
            recording_uid: RecordingUid,
            status: UploadSessionStatus,
        }
        optional {
            total_files: u64,
            total_bytes: u64,
            confirmed_files: u64,
            confirmed_bytes: u64,
            files: Vec<ManagedOriginal>,
            finalization: Option<ManagedFinalization>,
        }
    }
}

record! {
    /// Model `ManagedGeneration`.
    pub(crate) struct ManagedGeneration {
        required {
            generation_uid: GenerationUid,
            number: u64,
            state: GenerationState,
        }
        optional {}
    }
}

record! {
    /// Model `ManagedMultipart`.
    pub(crate) struct ManagedMultipart {
        required {
            protocol: ManagedUploadProtocol,
            session_uid: UploadSessionUid,
            file_uid: OriginalUid,
            generation_uid: GenerationUid,
            number: u64,
            state: GenerationState,
            part_size: u64,
            part_count: u64,
        }
        optional {
            initialization_deadline: Option<Timestamp>,
        }
    }
}

record! {
    /// Model `ManagedOriginal`.
    pub(crate) struct ManagedOriginal {
        required {
            file_uid: OriginalUid,
            path: String,
            size_bytes: u64,
            content_sha256: String,
            part_size: u64,
            part_count: u64,
        }
        optional {
            content_type: Option<String>,
            content_encoding: Option<String>,
            verified: bool,
            generation: Option<ManagedGeneration>,
        }
    }
}

record! {
    /// Model `ManagedPartGrants`.
    pub(crate) struct ManagedPartGrants {
        required {
            protocol: ManagedUploadProtocol,
            session_uid: UploadSessionUid,
            generation_uid: GenerationUid,
        }
        optional {
            file_uid: Option<OriginalUid>,
            parts: Option<Vec<Json>>,
        }
    }
}

record! {
    /// Model `ManagedProgress`.
    pub(crate) struct ManagedProgress {
        required {
            protocol: ManagedUploadProtocol,
            session_uid: UploadSessionUid,
            generation_uid: GenerationUid,
        }
        optional {
            file_uid: Option<OriginalUid>,
            parts: Option<Vec<Json>>,
            next_cursor: Option<u64>,
        }
    }
}
