//! The records have the fields of the contract.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

const MODELS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/contract/types.json"));
const OTHERS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/contract/responses.json"));

/// Models that no response of the sandbox is made of: derived by clients, sent in headers, or a page.
const WITHOUT_A_RECORD: [&str; 7] = [
    "CameraCalibration",
    "DatasetCalibration",
    "DatasetFrame",
    "RateLimitInfo",
    "RawPageResponse",
    "UploadProgress",
    "WebhookEvent",
];

#[derive(Deserialize)]
struct Model {
    fields: BTreeMap<String, serde_json::Value>,
}

macro_rules! records {
    ($($name:ident,)*) => { [$((stringify!($name), super::$name::FIELDS),)*] };
}

#[test]
fn records_have_the_fields_of_the_contract() {
    let mut models: BTreeMap<String, Model> = serde_json::from_str(MODELS).unwrap();
    models.extend(serde_json::from_str::<BTreeMap<String, Model>>(OTHERS).unwrap());
    models.retain(|name, _| !WITHOUT_A_RECORD.contains(&name.as_str()));
    let records = records![
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
        ConsensusComputeResult,
        ConsensusConfig,
        ConsensusScore,
        ConsensusSummary,
        CreatedFleetEvents,
        Dataset,
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
        ManagedPartGrants,
        ManagedProgress,
        ManualUploadSession,
        Model,
        Organization,
        OrganizationMember,
        Project,
        PublicObject,
        PublicObjectGrant,
        PublicObjectPage,
        PublicRevision,
        QualityTarget,
        QualityTargetEvaluation,
        Quat,
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
        UploadQuota,
        UploadSession,
        UploadStatusResponse,
        UploadUrlEntry,
        UploadUrlsResponse,
        UploadedPart,
        UserPermissions,
        Vec3,
        Webhook,
        WebhookDelivery,
        WebhookTest,
    ];
    // Nested objects that handlers write as free-form JSON; the public dataset and managed upload suites check them.
    let nested = ["ManagedPart", "ManagedPartGrant", "PublicManifest", "PublicOrigin", "PublicRights"];
    assert_eq!(
        records.map(|(name, _)| name).into_iter().chain(nested).collect::<BTreeSet<_>>(),
        models.keys().map(String::as_str).collect()
    );
    for (name, fields) in records {
        let declared: BTreeSet<&str> = fields.iter().copied().collect();
        let expected: BTreeSet<&str> = models[name].fields.keys().map(String::as_str).collect();
        assert_eq!(declared, expected, "{name}");
    }
}
