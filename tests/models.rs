//! All models, for suites that test each of them.

use avala_types::*;

use crate::readable::{Decoding, Readable, read};

/// A type under a name, with a function that finds its `extra`.
macro_rules! readable {
    ($name:ident, $ty:ty, $extra:expr) => {
        Readable {
            name: stringify!($name),
            read: |text| read::<$ty>(text, Decoding::Strict, $extra),
            read_lenient: |text| read::<$ty>(text, Decoding::Lenient, $extra),
            read_in_one_pass: |text| read::<$ty>(text, Decoding::OnePass, $extra),
        }
    };
}
pub(crate) use readable;

/// Lists types by name: those with an `extra`, and those without one.
macro_rules! readables {
    (open { $($open:ident $(<$item:ident>)?,)* } closed { $($closed:ident,)* }) => {
        &[
            $( crate::models::readable!($open, $open $(<$item>)?, |value| Some(&value.extra)), )*
            $( crate::models::readable!($closed, $closed, |_| None), )*
        ]
    };
}
pub(crate) use readables;

/// All types of responses, and types that the client derives from responses.
pub const MODELS: &[Readable] = readables! {
    open {
        Agent,
        AgentExecution,
        AgentTest,
        AlertChannelTest,
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
        InferenceProviderTest,
        Invitation,
        ManagedFinalization,
        ManagedFinalizeResponse,
        ManagedFleetUploadStatus,
        ManagedGeneration,
        ManagedMultipart,
        ManagedOriginal,
        ManagedPart,
        ManagedPartGrant,
        ManagedPartGrants,
        ManagedProgress,
        ManualUploadSession,
        Model,
        Organization,
        OrganizationMember,
        Project,
        PublicManifest,
        PublicObject,
        PublicObjectGrant,
        PublicObjectPage,
        PublicOrigin,
        PublicRevision,
        PublicRights,
        QualityTarget,
        QualityTargetEvaluation,
        RawPageResponse<Task>,
        SequenceHealth,
        SequenceOutcome,
        SignedPart,
        SignedParts,
        SignupResponse,
        SignupUser,
        Slice,
        SliceItem,
        StorageConfig,
        StorageConfigSetupInfo,
        StorageConfigTest,
        Task,
        Team,
        TeamMember,
        UploadConfirmResponse,
        UploadFinalizeResponse,
        UploadProgress,
        UploadQuota,
        UploadSession,
        UploadStatusResponse,
        UploadUrlEntry,
        UploadUrlsResponse,
        UploadedPart,
        UserPermissions,
        Webhook,
        WebhookDelivery,
        WebhookEvent,
        WebhookTest,
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
        readable!($item, RawPageResponse<$item>, |page| Some(&page.extra))
    };
}

/// Pages of the documentation: a file in `fixtures/raw_page_response/examples`, and its decoder.
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
