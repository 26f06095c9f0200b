//! Models and payloads of the [Avala](https://avala.ai) REST API, for programs that read or write its JSON.
//!
//! This crate does no I/O and needs no runtime. Clients, servers, queue workers and tests can share its
//! types; `avala-client` sends them over HTTP.
//!
//! ```sh
//! cargo add avala-types
//! ```
//!
//! # Reading
//!
//! Models are tolerant: only identities and a few fields are required, and unknown values of an enumeration are
//! kept, as are unknown fields and fields of an unexpected form.
//!
//! ```
//! use avala_types::{CursorPage, DatasetItem};
//!
//! let body = r#"{
//!     "results": [{"uid": "i1", "metadata": {"width": 1920, "exposure_us": 8333}, "reviewed_by": "ada"}],
//!     "next": "https://api.avala.ai/api/v1/datasets/acme/drives/items/?cursor=cD0y",
//!     "previous": null
//! }"#;
//! let page: CursorPage<DatasetItem> = serde_json::from_str(body)?;
//! let item = &page.items[0];
//!
//! // Free-form JSON is kept as text and parsed when you ask, into your own type.
//! #[derive(serde::Deserialize)]
//! struct Camera { exposure_us: u32 }
//! let camera: Camera = item.metadata.as_ref().expect("sent").parse()?;
//! assert_eq!(camera.exposure_us, 8333);
//!
//! // Fields that are newer than this crate are kept, and written back.
//! assert_eq!(item.extra.get("reviewed_by").expect("kept").get(), r#""ada""#);
//! assert!(serde_json::to_string(item)?.contains("reviewed_by"));
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! A field of an unexpected form counts as unset and is kept in `extra` under its own name; [`from_json`] says more.
//!
//! What decoding and encoding again changes: null becomes absent (or the default of a plain count, flag or list),
//! a timestamp is written in RFC 3339, a number that was a string or had a point is written as a plain number, and
//! known fields come before those in `extra`. Everything else is written as it was read.
//!
//! # Writing
//!
//! A payload has a constructor of its required fields, and a setter for every other field.
//!
//! ```
//! use avala_types::{CreateDataset, DataType};
//!
//! let payload = CreateDataset::new("Night drives", "night-drives", DataType::Lidar).is_sequence(true);
//! # let json = serde_json::to_string(&payload)?;
//! # assert_eq!(serde_json::from_str::<CreateDataset>(&json)?, payload);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! An update sends only what is set. A field that the server can clear is a [`Patch`]:
//!
//! ```
//! use avala_types::{Patch, UpdateAgent};
//!
//! let update = UpdateAgent::new().is_active(false).description(Patch::Null);
//! assert_eq!(serde_json::to_string(&update)?, r#"{"is_active":false,"description":null}"#);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! [`encode_json`] rejects NaN and infinity, which `serde_json` writes as null. Other formats, such as MessagePack and
//! YAML, carry the same models; [`Json`] says what they cannot express.
//!
//! # Serving
//!
//! All types encode and decode, so a fake server can decode the payload and respond with the model:
//!
//! ```
//! use avala_types::{CreateDataset, Dataset, DatasetStatus};
//!
//! fn create(body: &str) -> Result<String, serde_json::Error> {
//!     let payload: CreateDataset = serde_json::from_str(body)?;
//!     let mut dataset = Dataset::new("d1", payload.name, payload.slug);
//!     dataset.data_type = Some(payload.data_type);
//!     dataset.status = Some(DatasetStatus::Creating);
//!     serde_json::to_string(&dataset)
//! }
//! assert!(create(r#"{"name": "Night drives", "slug": "night-drives", "data_type": "lidar"}"#)?.contains("creating"));
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # Features
//!
//! All are off by default.
//!
//! | Feature | Adds |
//! |---|---|
//! | `chrono` | conversions between `Timestamp` and `chrono::DateTime` |
//! | `jiff` | conversions between `Timestamp` and `jiff::Timestamp` |
//! | `uuid` | conversions between IDs and `uuid::Uuid` |
//! | `schemars` | JSON Schemas of models and payloads |
//! | `bytes` | the frames of a sequence share the bytes of its response, as in `avala-client` |
//!
//! # Errors, pages and extending
//!
//! Decoding fails with the error of the deserializer only if an identity is missing or the text is not JSON. A list in
//! any of the three shapes of the API is a [`CursorPage`], whose [`Cursor`] continues it. Models are part of enums and
//! your own structs, with `#[serde(tag = "kind")]` too; unknown fields are in `extra`, free-form ones are [`Json`].
//!
//! # Testing
//!
//! `new` takes the identity of a model and `with_` setters take the rest: `Task::new("t1").with_name("Frame 7")`.
//!
//! # Cost
//!
//! 12 crates without optional features, none of them a compiler plugin.

#![cfg_attr(docsrs, feature(doc_cfg))]
// Target of links from other crates that are documented without this one.
#![doc(html_root_url = "https://docs.rs/avala-types/latest")]

mod account;
mod agent;
mod annotation;
mod annotation_issue;
mod auto_label_job;
mod config;
mod connection_test;
mod consensus;
mod cursor;
mod dataset;
mod decode;
mod encode;
mod exact_integer;
mod export;
mod extra;
mod field;
mod fields;
mod fleet;
mod geometry;
mod id;
mod inference_provider;
mod json;
mod link;
mod locate;
mod manual_upload;
mod ml_model;
mod model;
mod open_enum;
mod organization;
mod page;
mod patch;
mod plain_json;
mod plain_struct;
mod project;
mod public_dataset;
mod quality_target;
mod rate_limit_info;
mod refused_text;
mod scalar;
#[cfg(feature = "schemars")]
mod schema;
mod secret;
mod setter;
mod setters;
mod slice;
mod storage_config;
mod task;
mod text_eq;
mod timestamp;
mod user_permissions;
mod visibility;
mod webhook;
mod webhook_event;

pub use account::{Signup, SignupResponse, SignupUser};
pub use agent::{Agent, AgentAction, AgentExecution, CreateAgent, CreateAgentAction, ExecutionStatus, UpdateAgent};
pub use annotation::BulkEdit;
pub use annotation_issue::{
    AnnotationIssue, AnnotationIssueMetrics, AnnotationIssueProblem, AnnotationIssueProject, AnnotationIssueReporter,
    AnnotationIssueStatus, AnnotationIssueTool, AnnotationIssueToolDetail, CreateAnnotationIssue,
    UpdateAnnotationIssue,
};
pub use auto_label_job::{AutoLabelJob, AutoLabelJobStatus, AutoLabelModelType, CreateAutoLabelJob};
pub use config::{AvalaConfig, MissingApiKey};
pub use connection_test::{AgentTest, AlertChannelTest, InferenceProviderTest, StorageConfigTest, WebhookTest};
pub use consensus::{
    ConsensusComputeResult, ConsensusConfig, ConsensusScore, ConsensusScoreType, ConsensusSummary,
    UpdateConsensusConfig,
};
pub use cursor::Cursor;
pub use dataset::{
    AutonomyLevel, CameraCalibration, CreateDataset, DataType, Dataset, DatasetCalibration, DatasetFrame,
    DatasetHealth, DatasetItem, DatasetSequence, DatasetStatus, EvaluationMembership, FrameError, FrameImage,
    OutcomeLabel, OutcomeSource, SequenceHealth, SequenceOutcome, SetSequenceOutcome, TransferDataset, TypedSequence,
};
pub use decode::{Decode, DecodeError, RecordError, from_json, from_json_strict, page_from_json, unexpected_fields};
pub use encode::{EncodeError, encode_json};
pub use export::{CreateExport, Export, ExportFormat, ExportStatus};
pub use extra::{Extra, ExtraIntoIter, ExtraIter};
pub use fleet::{
    AdmitManagedUpload, AlertChannelType, AlertStatus, ConfirmUpload, ConfirmedFile, CreateFleetAlertChannel,
    CreateFleetEvent, CreateFleetEvents, CreateFleetRule, CreatedFleetEvents, DeviceStatus, DeviceType, ETag,
    FinalizationCode, FinalizationStage, FinalizationState, FinalizeManagedUpload, FinalizeUpload, FinalizedFile,
    FleetAlert, FleetAlertChannel, FleetDevice, FleetEvent, FleetEventType, FleetRecording, FleetRule, FleetSeverity,
    GenerationState, GetUploadUrls, GrantManagedParts, InitManagedMultipart, InitUpload, ManagedFile,
    ManagedFinalization, ManagedFinalizeResponse, ManagedFleetUploadStatus, ManagedGeneration, ManagedMultipart,
    ManagedOriginal, ManagedPart, ManagedPartGrant, ManagedPartGrants, ManagedProgress, ManagedUploadProtocol,
    RecordingStatus, RegisterFleetDevice, ResolveFleetAlert, UpdateFleetDevice, UpdateFleetRecording, UpdateFleetRule,
    UploadConfirmResponse, UploadFile, UploadFinalizeResponse, UploadProgress, UploadSession, UploadSessionStatus,
    UploadStatusResponse, UploadUrlEntry, UploadUrlsResponse,
};
pub use geometry::{Quat, Vec3};
pub use id::{
    AgentUid, AlertChannelUid, AlertUid, AutoLabelJobUid, ConsensusConfigUid, ConsensusScoreUid, DatasetSlug,
    DatasetUid, DatasetUploadUid, DeviceUid, EventUid, ExecutionUid, ExportUid, FinalizationUid, GenerationUid,
    GrantUid, InferenceProviderUid, InvitationUid, IssueProblemUid, IssueToolUid, IssueUid, ItemUid, ModelUid,
    ObjectUid, OrganizationSlug, OrganizationUid, OriginalUid, OwnerName, ProjectUid, PublicObjectUid, PublicationUid,
    QualityTargetUid, RecordingUid, ResultUid, RevisionUid, RuleUid, SequenceOutcomeUid, SequenceUid, SliceSlug,
    SliceUid, StorageConfigUid, TaskUid, TeamSlug, TeamUid, UploadSessionUid, UploadUid, UserUid, WebhookDeliveryUid,
    WebhookUid,
};
pub use inference_provider::{
    CreateInferenceProvider, InferenceProvider, InferenceProviderType, ProjectRef, UpdateInferenceProvider,
};
pub use json::{Elements, Json};
pub use link::LinkError;
pub use locate::json_path_at;
pub use manual_upload::{
    AllowedMimes, CreateDatasetFromManualUpload, CreateManualUploadUrl, FormUpload, ManualUploadSession,
    ManualUploadTarget, SignParts, SignedPart, SignedParts, UploadMethod, UploadQuota, UploadedPart,
};
pub use ml_model::Model;
pub use open_enum::OtherValue;
pub use organization::{
    AddTeamMember, CreateInvitation, CreateOrganization, CreateTeam, Invitation, InvitationStatus, Organization,
    OrganizationMember, OrganizationRole, Plan, Team, TeamMember, TeamRole, TransferOwnership, UpdateMemberRole,
    UpdateOrganization, UpdateTeam, UpdateTeamMemberRole,
};
pub use page::{CursorPage, RawPageResponse};
pub use patch::Patch;
pub use project::{Project, ProjectStatus};
pub use public_dataset::{
    InvalidPublicDataset, PublicManifest, PublicObject, PublicObjectGrant, PublicObjectPage, PublicObjectWalk,
    PublicOrigin, PublicProvider, PublicReference, PublicRevision, PublicRights,
};
pub use quality_target::{
    CreateQualityTarget, QualityMetric, QualityOperator, QualitySeverity, QualityTarget, QualityTargetEvaluation,
    UpdateQualityTarget,
};
pub use rate_limit_info::RateLimitInfo;
pub use secret::{Secret, SecretJson};
pub use setter::SetterArgument;
pub use slice::{CreateSlice, Slice, SliceItem};
pub use storage_config::{CreateStorageConfig, S3AuthMethod, StorageConfig, StorageConfigSetupInfo, StorageProvider};
pub use task::{Task, TaskStatus, TaskType};
#[cfg(any(feature = "chrono", feature = "jiff"))]
pub use timestamp::OutOfRange;
pub use timestamp::{Timestamp, TimestampError};
pub use user_permissions::UserPermissions;
pub use visibility::Visibility;
pub use webhook::{CreateWebhook, UpdateWebhook, Webhook, WebhookDelivery, WebhookDeliveryStatus};
pub use webhook_event::{EventType, WebhookEvent, WebhookEventError, WebhookResource};

/// Compiles and runs the code of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
