//! The records have the fields of the contract.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

const MODELS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/contract/types.json"));
const OTHERS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/contract/responses.json"));

/// Models that no response of the sandbox uses: derived by clients, sent in headers, or a page.
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

/// Handlers that write a response as `json!`: by hand, field for field.
const BY_HAND: [&str; 12] = [
    "agents/executions.rs",
    "annotation_issues/by_dataset.rs",
    "annotations.rs",
    "control/mod.rs",
    "control/result.rs",
    "control/storage.rs",
    "datasets/outcomes.rs",
    "fleet/managed_uploads.rs",
    "organizations/mod.rs",
    "public_datasets.rs",
    "users.rs",
    "webhooks.rs",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { sources(&path, found) } else { found.push(path) }
    }
}

/// `response::Json` takes only what the schema writes. No other type may bypass it.
#[test]
fn handlers_respond_only_with_what_the_schema_writes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/handlers");
    let mut files = Vec::new();
    sources(&folder, &mut files);
    let (mut by_hand, mut around) = (BTreeSet::new(), Vec::new());
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(&folder).unwrap().to_str().unwrap().replace('\\', "/");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        if code.contains("json!(") {
            by_hand.insert(name.clone());
        }
        let is_around = |line: &&str| {
            let imports = line.starts_with("use axum::") && line.contains("Json");
            imports || ["axum::Json", "serde_json::to_", "Json::encode"].iter().any(|way| line.contains(way))
        };
        around.extend(code.lines().filter(is_around).map(|line| format!("{name}: {line}")));
    }
    assert_eq!(around, Vec::<String>::new());
    assert_eq!(by_hand, BY_HAND.map(str::to_owned).into());
}
