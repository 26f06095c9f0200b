//! The models of the API as a Django server writes them: every field of a model, with `null` for unset ones.
//!
//! Declared independently of the models of `avala-types`, so that a mistake in those is not mirrored here. A test
//! compares the fields with the contract.

mod account;
mod agent;
pub(crate) mod choices;
mod dataset;
mod fleet;
mod fleet_upload;
mod managed_upload;
mod manual_upload;
mod omit;
mod organization;
mod page;
mod project;
mod public_dataset;
mod quality;
mod record;
mod service;
mod webhook;
pub(crate) mod wire;

pub(crate) use omit::omit;
pub(crate) use page::Page;
use record::record;

pub(crate) use account::{SignupResponse, SignupUser, UserPermissions};
pub(crate) use agent::{Agent, AgentExecution, AgentTest, AutoLabelJob};
pub(crate) use dataset::{
    Dataset, DatasetHealth, DatasetItem, DatasetSequence, FrameImage, Quat, SequenceHealth, SequenceOutcome, Slice,
    SliceItem, Vec3,
};
pub(crate) use fleet::{
    AlertChannelTest, CreatedFleetEvents, FleetAlert, FleetAlertChannel, FleetDevice, FleetEvent, FleetRecording,
    FleetRule,
};
pub(crate) use fleet_upload::{
    UploadConfirmResponse, UploadFinalizeResponse, UploadSession, UploadStatusResponse, UploadUrlEntry,
    UploadUrlsResponse,
};
pub(crate) use managed_upload::{
    ManagedFinalization, ManagedFinalizeResponse, ManagedFleetUploadStatus, ManagedGeneration, ManagedMultipart,
    ManagedOriginal, ManagedPartGrants, ManagedProgress,
};
pub(crate) use manual_upload::{
    AllowedMimes, FormUpload, ManualUploadSession, SignedPart, SignedParts, UploadQuota, UploadedPart,
};
pub(crate) use organization::{Invitation, Organization, OrganizationMember, Team, TeamMember};
pub(crate) use project::{Export, Project, Task};
pub(crate) use public_dataset::{PublicObject, PublicObjectGrant, PublicObjectPage, PublicRevision};
pub(crate) use quality::{
    AnnotationIssue, AnnotationIssueMetrics, AnnotationIssueProblem, AnnotationIssueProject, AnnotationIssueReporter,
    AnnotationIssueTool, AnnotationIssueToolDetail, ConsensusComputeResult, ConsensusConfig, ConsensusScore,
    ConsensusSummary, QualityTarget, QualityTargetEvaluation,
};
pub(crate) use service::{
    InferenceProvider, InferenceProviderTest, Model, StorageConfig, StorageConfigSetupInfo, StorageConfigTest,
};
pub(crate) use webhook::{Webhook, WebhookDelivery, WebhookTest};

#[cfg(test)]
mod tests;
