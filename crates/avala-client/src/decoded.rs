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

use crate::decode::{self, Records, Source};
use crate::error::Failure;

/// What a call or a list gives.
///
/// Most calls take `impl Into` of an id and are compiled in the crate of the user, and a generic decoder would be
/// compiled there too, with the whole model. The functions below have no parameters: they are compiled here, once.
pub(crate) trait Decoded: Sized {
    /// Decodes one value.
    fn value(source: Source<'_>) -> Result<Self, Failure>;

    /// Decodes one page of a list. One record that cannot be decoded fails the page.
    fn page(source: Source<'_>) -> Result<CursorPage<Self>, Failure> {
        Self::records(source)?.complete()
    }

    /// Decodes one page of a list, and the records in it one by one.
    fn records(source: Source<'_>) -> Result<Records<Self>, Failure>;
}

macro_rules! decoded {
    ($($ty:ty,)+) => {$(
        impl Decoded for $ty {
            fn value(source: Source<'_>) -> Result<Self, Failure> {
                decode::model(source)
            }

            fn records(source: Source<'_>) -> Result<Records<Self>, Failure> {
                decode::model_records(source)
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
