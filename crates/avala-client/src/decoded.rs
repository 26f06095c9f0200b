//! The types that calls give, each with a decoder that is compiled in this crate.

use avala_types::{
    Agent, AgentExecution, AllowedMimes, AnnotationIssue, AnnotationIssueMetrics, AnnotationIssueToolDetail,
    AutoLabelJob, ConsensusComputeResult, ConsensusConfig, ConsensusScore, ConsensusSummary, CreatedFleetEvents,
    CursorPage, Dataset, DatasetHealth, DatasetItem, DatasetSequence, Export, FleetAlert, FleetAlertChannel,
    FleetDevice, FleetEvent, FleetRecording, FleetRule, InferenceProvider, Invitation, Json, ManualUploadTarget, Model,
    Organization, OrganizationMember, Project, QualityTarget, QualityTargetEvaluation, SignedParts, SignupResponse,
    Slice, SliceItem, StorageConfig, StorageConfigSetupInfo, Task, Team, TeamMember, UploadConfirmResponse,
    UploadQuota, UploadSession, UploadStatusResponse, UploadUrlsResponse, Webhook, WebhookDelivery,
};
use serde::de::DeserializeOwned;

use crate::decode::{self, Source};
use crate::error::Failure;

/// What a call or a list gives.
///
/// Most calls take `impl Into` of an id and are compiled in the crate of the user, and a generic decoder would be
/// compiled there too, with the whole model. The functions below have no parameters: they are compiled here, once.
pub(crate) trait Decoded: DeserializeOwned {
    /// Decodes one value.
    fn value(source: Source<'_>) -> Result<Self, Failure>;

    /// Decodes one page of a list.
    fn page(source: Source<'_>) -> Result<CursorPage<Self>, Failure>;
}

macro_rules! decoded {
    ($($ty:ty,)+) => {$(
        impl Decoded for $ty {
            fn value(source: Source<'_>) -> Result<Self, Failure> {
                decode::json(source)
            }

            fn page(source: Source<'_>) -> Result<CursorPage<Self>, Failure> {
                decode::page(source)
            }
        }
    )+};
}

decoded! {
    Agent,
    AgentExecution,
    AllowedMimes,
    AnnotationIssue,
    AnnotationIssueMetrics,
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
    InferenceProvider,
    Invitation,
    Json,
    ManualUploadTarget,
    Model,
    Organization,
    OrganizationMember,
    Project,
    QualityTarget,
    SignedParts,
    SignupResponse,
    Slice,
    SliceItem,
    StorageConfig,
    StorageConfigSetupInfo,
    Task,
    Team,
    TeamMember,
    UploadConfirmResponse,
    UploadQuota,
    UploadSession,
    UploadStatusResponse,
    UploadUrlsResponse,
    Vec<QualityTargetEvaluation>,
    Webhook,
    WebhookDelivery,
}
