//! All payloads, for suites that test each of them.

use avala_types::*;

use crate::models::readables;
use crate::readable::{Decoding, Readable, read};

/// All types of request bodies and their parts.
pub const PAYLOADS: &[Readable] = readables! {
    open {
        AddTeamMember,
        AdmitManagedUpload,
        ConfirmUpload,
        ConfirmedFile,
        CreateAgent,
        CreateAgentAction,
        CreateAnnotationIssue,
        CreateAutoLabelJob,
        CreateDataset,
        CreateDatasetFromManualUpload,
        CreateExport,
        CreateFleetAlertChannel,
        CreateFleetEvent,
        CreateFleetEvents,
        CreateFleetRule,
        CreateInferenceProvider,
        CreateInvitation,
        CreateManualUploadUrl,
        CreateOrganization,
        CreateQualityTarget,
        CreateSlice,
        CreateStorageConfig,
        CreateTeam,
        CreateWebhook,
        FinalizeManagedUpload,
        FinalizeUpload,
        FinalizedFile,
        GetUploadUrls,
        GrantManagedParts,
        InitManagedMultipart,
        InitUpload,
        ManagedFile,
        RegisterFleetDevice,
        ResolveFleetAlert,
        SetSequenceOutcome,
        SignParts,
        Signup,
        TransferOwnership,
        UpdateAgent,
        UpdateAnnotationIssue,
        UpdateConsensusConfig,
        UpdateFleetDevice,
        UpdateFleetRecording,
        UpdateFleetRule,
        UpdateInferenceProvider,
        UpdateMemberRole,
        UpdateOrganization,
        UpdateQualityTarget,
        UpdateTeam,
        UpdateTeamMemberRole,
        UpdateWebhook,
        UploadFile,
    }
    closed {
        BulkEdit,
        TransferDataset,
    }
};
