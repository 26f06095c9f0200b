//! All models, for the suites that walk over them.

use avala_types::*;

use crate::readable::{Readable, read};

/// Lists types by name: those with an `extra`, and those without one.
macro_rules! readables {
    (open { $($open:ident $(<$item:ident>)?,)* } closed { $($closed:ident,)* }) => {
        &[
            $( Readable {
                name: stringify!($open),
                read: |text| read(text, |value: &$open $(<$item>)?| Some(&value.extra)),
            }, )*
            $( Readable { name: stringify!($closed), read: |text| read(text, |_: &$closed| None) }, )*
        ]
    };
}
pub(crate) use readables;

/// Everything that the API answers, and what the client makes of its answers.
pub const MODELS: &[Readable] = readables! {
    open {
        Agent,
        AgentExecution,
        AllowedMimes,
        AnnotationIssue,
        AnnotationIssueMetrics,
        AnnotationIssueProblem,
        AnnotationIssueProject,
        AnnotationIssueReporter,
        AnnotationIssueTool,
        AnnotationIssueToolDetail,
        AutoLabelJob,
        CameraCalibration,
        ConsensusComputeResult,
        ConsensusConfig,
        ConsensusScore,
        ConsensusSummary,
        CreatedFleetEvents,
        Dataset,
        DatasetCalibration,
        DatasetFrame,
        DatasetHealth,
        DatasetItem,
        DatasetSequence,
        Export,
        FleetAlert,
        FleetAlertChannel,
        FleetDevice,
        FleetEvent,
        FleetRecording,
        FleetRule,
        FormUpload,
        FrameImage,
        InferenceProvider,
        Invitation,
        ManagedFinalization,
        ManagedFleetUploadStatus,
        ManagedGeneration,
        ManagedOriginal,
        ManualUploadSession,
        Model,
        Organization,
        OrganizationMember,
        Project,
        QualityTarget,
        QualityTargetEvaluation,
        RawPageResponse<Task>,
        SequenceHealth,
        SignedPart,
        SignedParts,
        SignupResponse,
        SignupUser,
        Slice,
        SliceItem,
        StorageConfig,
        StorageConfigSetupInfo,
        Task,
        Team,
        TeamMember,
        UploadConfirmResponse,
        UploadProgress,
        UploadQuota,
        UploadSession,
        UploadStatusResponse,
        UploadUrlEntry,
        UploadUrlsResponse,
        UploadedPart,
        Webhook,
        WebhookDelivery,
        WebhookEvent,
    }
    closed {
        ManualUploadTarget,
        Quat,
        RateLimitInfo,
        Vec3,
    }
};

/// A page of a model, under the name of that model.
macro_rules! page {
    ($item:ident) => {
        Readable { name: stringify!($item), read: |text| read(text, |page: &RawPageResponse<$item>| Some(&page.extra)) }
    };
}

/// The pages that the documentation prints: a file in `fixtures/raw_page_response/examples`, and how it is read.
pub const PAGES: &[(&str, Readable)] = &[
    ("agents", page!(Agent)),
    ("datasets_owner_name_dataset_slug_items", page!(DatasetItem)),
    ("datasets_owner_name_list", page!(Dataset)),
    ("exports", page!(Export)),
    ("fleet_recordings", page!(FleetRecording)),
    ("organizations_slug_invitations", page!(Invitation)),
    ("organizations_slug_members", page!(OrganizationMember)),
    ("projects_owner_name", page!(Project)),
    ("slices_owner_list", page!(Slice)),
    ("storage_configs", page!(StorageConfig)),
    ("tasks", page!(Task)),
    ("webhooks", page!(Webhook)),
];
