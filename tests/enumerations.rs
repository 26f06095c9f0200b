//! All open enumerations, for suites that test each of them.

use std::fmt::Display;
use std::str::FromStr;

use avala_types::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An open enumeration.
#[derive(Clone, Copy, Debug)]
pub struct Enumeration {
    /// Name in Rust.
    pub name: &'static str,
    /// Known values.
    pub known: &'static [&'static str],
    /// Parses and prints a text in every way, and returns the results.
    pub texts: fn(&str) -> Vec<String>,
}

macro_rules! enumerations {
    ($($name:ident,)*) => {
        &[$( Enumeration { name: stringify!($name), known: $name::KNOWN, texts: texts::<$name> }, )*]
    };
}

/// All open enumerations.
pub const ENUMERATIONS: &[Enumeration] = enumerations! {
    AgentAction,
    AlertChannelType,
    AlertStatus,
    AnnotationIssueStatus,
    AutoLabelJobStatus,
    AutoLabelModelType,
    AutonomyLevel,
    ConsensusScoreType,
    DataType,
    DatasetStatus,
    DeviceStatus,
    DeviceType,
    EvaluationMembership,
    EventType,
    ExecutionStatus,
    ExportFormat,
    ExportStatus,
    FinalizationCode,
    FinalizationStage,
    FinalizationState,
    FleetEventType,
    FleetSeverity,
    GenerationState,
    InferenceProviderType,
    InvitationStatus,
    ManagedUploadProtocol,
    OrganizationRole,
    OutcomeLabel,
    OutcomeSource,
    Plan,
    ProjectStatus,
    PublicProvider,
    QualityMetric,
    QualityOperator,
    QualitySeverity,
    RecordingStatus,
    S3AuthMethod,
    StorageProvider,
    TaskStatus,
    TaskType,
    TeamRole,
    UploadMethod,
    UploadSessionStatus,
    Visibility,
    WebhookDeliveryStatus,
};

/// Returns the text of a value that was made of `text`, by each way there is.
fn texts<E>(text: &str) -> Vec<String>
where
    E: for<'a> From<&'a str> + FromStr + AsRef<str> + Display + DeserializeOwned + Serialize,
{
    let value = E::from(text);
    let through_json = serde_json::to_string(&value).ok().and_then(|json| serde_json::from_str::<E>(&json).ok());
    [
        Some(value.as_ref().to_owned()),
        Some(value.to_string()),
        text.parse::<E>().ok().map(|parsed| parsed.to_string()),
        through_json.map(|read| read.to_string()),
        serde_json::to_value(&value).ok().and_then(|json| json.as_str().map(str::to_owned)),
    ]
    .into_iter()
    .map(|text| text.unwrap_or_else(|| "refused".to_owned()))
    .collect()
}
