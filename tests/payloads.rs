//! All payloads, for the suites that walk over them.

use avala_types::*;

use crate::models::readables;
use crate::readable::{Decoding, Readable, read};

/// Everything that is sent as the body of a call, or as a part of one.
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
