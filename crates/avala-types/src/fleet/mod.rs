//! Fleets: devices, their recordings, and the rules and alerts about them.

mod alert;
mod alert_channel;
mod device;
mod etag;
mod event;
mod managed_part;
mod managed_upload;
mod recording;
mod rule;
mod upload;

pub use alert::{AlertStatus, FleetAlert, ResolveFleetAlert};
pub use alert_channel::{AlertChannelType, CreateFleetAlertChannel, FleetAlertChannel};
pub use device::{DeviceStatus, DeviceType, FleetDevice, RegisterFleetDevice, UpdateFleetDevice};
pub use etag::ETag;
pub use event::{CreateFleetEvent, CreateFleetEvents, CreatedFleetEvents, FleetEvent, FleetEventType};
pub use managed_part::{
    AdmitManagedUpload, FinalizeManagedUpload, FinalizedFile, GrantManagedParts, InitManagedMultipart, ManagedFile,
    ManagedFinalizeResponse, ManagedMultipart, ManagedPart, ManagedPartGrant, ManagedPartGrants, ManagedProgress,
};
pub use managed_upload::{
    FinalizationCode, FinalizationStage, FinalizationState, GenerationState, ManagedFinalization,
    ManagedFleetUploadStatus, ManagedGeneration, ManagedOriginal, ManagedUploadProtocol,
};
pub use recording::{FleetRecording, RecordingStatus, UpdateFleetRecording};
pub use rule::{CreateFleetRule, FleetRule, UpdateFleetRule};
pub use upload::{
    ConfirmUpload, ConfirmedFile, FinalizeUpload, GetUploadUrls, InitUpload, UploadConfirmResponse, UploadFile,
    UploadFinalizeResponse, UploadProgress, UploadSession, UploadSessionStatus, UploadStatusResponse, UploadUrlEntry,
    UploadUrlsResponse,
};

use crate::open_enum::open_enum;

open_enum! {
    /// Severity of an event or alert.
    pub enum FleetSeverity {
        /// Informational.
        Info = "info",
        /// Low.
        Low = "low",
        /// Medium.
        Medium = "medium",
        /// High.
        High = "high",
        /// Warning.
        Warning = "warning",
        /// Critical.
        Critical = "critical",
    }
}
