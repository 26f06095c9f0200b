//! Writes the fields of records as JSON.
//!
//! Identities, enumerations, times and free-form JSON are written here and not by the `Serialize` of `avala-types`, so
//! that a mistake there is not mirrored by the server that clients are tested against. Handlers that write JSON
//! themselves take the text of a value (`as_str()`). Requests are read with the payloads of `avala-types`, after
//! `Fields` has checked them.

use std::collections::BTreeMap;
use std::time::SystemTime;

use avala_types::{Json, ProjectRef, Secret, SecretJson, Timestamp};
use serde::ser::{Error, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::state::clock::rfc3339;

/// A field of a record.
pub(crate) trait Wire {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

/// A field that is passed to the serializer.
pub(crate) struct Written<'a, T>(pub(crate) &'a T);

impl<T: Wire> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

impl<T: Wire> Wire for Option<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => value.write(serializer),
            None => serializer.serialize_none(),
        }
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Written))
    }
}

impl<T: Wire> Wire for BTreeMap<String, T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(name, value)| (name, Written(value))))
    }
}

impl Wire for Timestamp {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.unix_seconds() < 0 {
            // A client sent a time before 1970.
            return serializer.serialize_str(&self.to_string());
        }
        serializer.serialize_str(&rfc3339(SystemTime::from(*self)))
    }
}

/// Free-form JSON is written digit for digit.
impl Wire for Json {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text: &RawValue = serde_json::from_str(self.get()).map_err(S::Error::custom)?;
        text.serialize(serializer)
    }
}

impl Wire for SecretJson {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.expose().write(serializer)
    }
}

impl Wire for ProjectRef {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Uid(uid) => uid.write(serializer),
            Self::Number(number) => serializer.serialize_u64(*number),
            _ => Err(S::Error::custom("a reference of an unknown kind")),
        }
    }
}

impl Wire for Secret {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

/// Types that are written by serde's own implementation.
macro_rules! plain {
    ($($type:ty),* $(,)?) => { $(
        impl Wire for $type {
            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.serialize(serializer)
            }
        }
    )* };
}
plain!(String, bool, f64, i64, serde_json::Value, u16, u32, u64);

/// Identities, names and enumerations: they are texts.
macro_rules! texts {
    ($($name:ident),* $(,)?) => { $(
        impl Wire for avala_types::$name {
            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_ref())
            }
        }
    )* };
}
texts!(
    AgentAction,
    AgentUid,
    AlertChannelType,
    AlertChannelUid,
    AlertStatus,
    AlertUid,
    AnnotationIssueStatus,
    AutoLabelJobStatus,
    AutoLabelJobUid,
    AutoLabelModelType,
    ConsensusConfigUid,
    ConsensusScoreType,
    ConsensusScoreUid,
    DataType,
    DatasetSlug,
    DatasetStatus,
    DatasetUid,
    DeviceStatus,
    DeviceType,
    DeviceUid,
    EventType,
    EventUid,
    ExecutionStatus,
    ExecutionUid,
    ExportFormat,
    ExportStatus,
    ExportUid,
    FinalizationCode,
    FinalizationStage,
    FinalizationState,
    FinalizationUid,
    FleetEventType,
    FleetSeverity,
    GenerationState,
    GenerationUid,
    InferenceProviderType,
    InferenceProviderUid,
    InvitationStatus,
    InvitationUid,
    IssueProblemUid,
    IssueToolUid,
    IssueUid,
    ItemUid,
    ManagedUploadProtocol,
    ModelUid,
    ObjectUid,
    OrganizationRole,
    OrganizationSlug,
    OrganizationUid,
    OriginalUid,
    OwnerName,
    Plan,
    ProjectStatus,
    ProjectUid,
    PublicationUid,
    QualityMetric,
    QualityOperator,
    QualitySeverity,
    QualityTargetUid,
    RecordingStatus,
    RecordingUid,
    ResultUid,
    RuleUid,
    S3AuthMethod,
    SequenceUid,
    SliceSlug,
    SliceUid,
    StorageConfigUid,
    StorageProvider,
    TaskStatus,
    TaskType,
    TaskUid,
    TeamRole,
    TeamSlug,
    TeamUid,
    UploadMethod,
    UploadSessionStatus,
    UploadSessionUid,
    UploadUid,
    UserUid,
    Visibility,
    WebhookDeliveryStatus,
    WebhookDeliveryUid,
    WebhookUid,
);
