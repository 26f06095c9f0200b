//! Decoders of the types that calls return, compiled in this crate.

use avala_types::{
    Agent, AgentExecution, AgentTest, AlertChannelTest, AllowedMimes, AnnotationIssue, AnnotationIssueMetrics,
    AnnotationIssueToolDetail, AutoLabelJob, ConsensusComputeResult, ConsensusConfig, ConsensusScore, ConsensusSummary,
    CreatedFleetEvents, CursorPage, Dataset, DatasetHealth, DatasetItem, DatasetSequence, Export, FleetAlert,
    FleetAlertChannel, FleetDevice, FleetEvent, FleetRecording, FleetRule, InferenceProvider, InferenceProviderTest,
    Invitation, Json, ManagedFinalizeResponse, ManagedFleetUploadStatus, ManagedMultipart, ManagedPartGrants,
    ManagedProgress, ManualUploadTarget, Model, Organization, OrganizationMember, Project, QualityTarget,
    QualityTargetEvaluation, SequenceOutcome, SignedParts, SignupResponse, Slice, SliceItem, StorageConfig,
    StorageConfigSetupInfo, StorageConfigTest, Task, Team, TeamMember, UploadConfirmResponse, UploadFinalizeResponse,
    UploadQuota, UploadSession, UploadStatusResponse, UploadUrlsResponse, UserPermissions, Webhook, WebhookDelivery,
    WebhookTest,
};

use super::{Records, Source, model, model_records};
use crate::error::Failure;
use crate::own_uid;

/// Value of a call or item of a list.
///
/// Most calls take `impl Into` of an ID, so they are compiled in the user's crate; a generic decoder would be compiled
/// there too, with the whole model. The functions below have no type parameters: they are compiled once, here.
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
    (plain [$($plain:ty,)+] by_uid [$($resource:ty,)+]) => {
        $(
            impl Decoded for $plain {
                fn value(source: Source<'_>) -> Result<Self, Failure> {
                    model(source)
                }

                fn records(source: Source<'_>) -> Result<Records<Self>, Failure> {
                    model_records(source)
                }
            }
        )+
        $(
            impl Decoded for $resource {
                fn value(source: Source<'_>) -> Result<Self, Failure> {
                    let value: Self = model(source)?;
                    own_uid::check(source.own_uid, value.uid.as_str())?;
                    Ok(value)
                }

                fn records(source: Source<'_>) -> Result<Records<Self>, Failure> {
                    model_records(source)
                }
            }
        )+
    };
}

impl Decoded for DatasetSequence {
    fn value(source: Source<'_>) -> Result<Self, Failure> {
        super::sequence(source)
    }

    fn records(source: Source<'_>) -> Result<Records<Self>, Failure> {
        model_records(source)
    }
}

decoded! {
    plain [
    AgentExecution,
    AgentTest,
    AlertChannelTest,
    AllowedMimes,
    AnnotationIssueMetrics,
    AnnotationIssueToolDetail,
    ConsensusComputeResult,
    ConsensusConfig,
    ConsensusScore,
    ConsensusSummary,
    CreatedFleetEvents,
    DatasetHealth,
    FleetAlertChannel,
    InferenceProviderTest,
    Json,
    StorageConfigTest,
    Vec<SequenceOutcome>,
    WebhookTest,
    ManagedFinalizeResponse,
    ManagedFleetUploadStatus,
    ManagedMultipart,
    ManagedPartGrants,
    ManagedProgress,
    ManualUploadTarget,
    Model,
    Organization,
    OrganizationMember,
    SequenceOutcome,
    SignedParts,
    SignupResponse,
    Slice,
    StorageConfigSetupInfo,
    Team,
    TeamMember,
    UploadConfirmResponse,
    UploadFinalizeResponse,
    UploadQuota,
    UploadSession,
    UploadStatusResponse,
    UploadUrlsResponse,
    UserPermissions,
    Vec<QualityTargetEvaluation>,
    ]
    // At least one call reads or changes them by their own UID.
    by_uid [
    Agent,
    AnnotationIssue,
    AutoLabelJob,
    Dataset,
    DatasetItem,
    Export,
    FleetAlert,
    FleetDevice,
    FleetEvent,
    FleetRecording,
    FleetRule,
    InferenceProvider,
    Invitation,
    Project,
    QualityTarget,
    SliceItem,
    StorageConfig,
    Task,
    Webhook,
    WebhookDelivery,
    ]
}
