//! Opaque identifiers: one type per kind, so that passing the wrong kind does not compile.

/// Declares an identifier: a newtype of a string.
macro_rules! opaque_id {
    ($($(#[$meta:meta])* pub struct $name:ident;)*) => {$(
        $(#[$meta])*
        ///
        /// An opaque string: the server's text is kept unchanged and not validated.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        #[cfg(feature = "schemars")]
        $crate::schema::string_schema!($name);

        impl $name {
            /// Returns the identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Creates an identifier from text, without validation.
            #[must_use]
            pub fn new(id: impl Into<Self>) -> Self {
                id.into()
            }

            /// Returns the length in bytes.
            #[must_use]
            pub fn len(&self) -> usize {
                self.0.len()
            }

            /// Returns whether the text is empty. Calls reject an empty identifier.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }

            /// Returns whether the text starts with a prefix.
            #[must_use]
            pub fn starts_with(&self, prefix: &str) -> bool {
                self.0.starts_with(prefix)
            }
        }

        $crate::text_eq::text_eq!($name);
        $crate::id::from_uuid!($name);
        $crate::setter::converted!($name);

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;

            fn from_str(id: &str) -> Result<Self, Self::Err> {
                Ok(Self::from(id))
            }
        }

        impl From<std::borrow::Cow<'_, str>> for $name {
            fn from(id: std::borrow::Cow<'_, str>) -> Self {
                Self(id.into())
            }
        }

        impl From<Box<str>> for $name {
            fn from(id: Box<str>) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Box<str> {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), &self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.into())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id.into())
            }
        }

        impl From<&String> for $name {
            fn from(id: &String) -> Self {
                Self::from(id.as_str())
            }
        }

        /// Lets a call accept an ID by reference, such as `get(&dataset.uid)`.
        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        $crate::scalar::text!($name);
        $crate::patch::patch_from!($name: &str, String, &$name);
    )*};
}

/// Conversions from and to a UUID. Most identifiers are UUIDs, and not all of them.
#[cfg(feature = "uuid")]
macro_rules! from_uuid {
    ($name:ident) => {
        impl From<uuid::Uuid> for $name {
            fn from(id: uuid::Uuid) -> Self {
                Self(id.to_string().into())
            }
        }

        impl From<&uuid::Uuid> for $name {
            fn from(id: &uuid::Uuid) -> Self {
                Self::from(*id)
            }
        }

        impl TryFrom<&$name> for uuid::Uuid {
            type Error = uuid::Error;

            fn try_from(id: &$name) -> Result<Self, Self::Error> {
                id.as_str().parse()
            }
        }

        impl TryFrom<$name> for uuid::Uuid {
            type Error = uuid::Error;

            fn try_from(id: $name) -> Result<Self, Self::Error> {
                id.as_str().parse()
            }
        }
    };
}

#[cfg(not(feature = "uuid"))]
macro_rules! from_uuid {
    ($name:ident) => {};
}
pub(crate) use from_uuid;

opaque_id! {
    /// Identifies a [`Dataset`](crate::Dataset).
    pub struct DatasetUid;
    /// URL slug of a dataset, unique per owner.
    pub struct DatasetSlug;
    /// Identifies a [`DatasetItem`](crate::DatasetItem).
    pub struct ItemUid;
    /// Identifies a [`DatasetSequence`](crate::DatasetSequence).
    pub struct SequenceUid;
    /// Identifies a [`SequenceOutcome`](crate::SequenceOutcome).
    pub struct SequenceOutcomeUid;
    /// Identifies a published revision of a public dataset.
    pub struct RevisionUid;
    /// Identifies a [`PublicObject`](crate::PublicObject).
    pub struct PublicObjectUid;
    /// Identifies a [`Project`](crate::Project).
    pub struct ProjectUid;
    /// Identifies a [`Task`](crate::Task).
    pub struct TaskUid;
    /// Identifies an [`Export`](crate::Export).
    pub struct ExportUid;
    /// Identifies a [`Slice`](crate::Slice).
    pub struct SliceUid;
    /// URL slug of a slice, unique per owner.
    pub struct SliceSlug;
    /// Identifies an [`Organization`](crate::Organization).
    pub struct OrganizationUid;
    /// URL slug of an organization.
    pub struct OrganizationSlug;
    /// Identifies an [`Invitation`](crate::Invitation).
    pub struct InvitationUid;
    /// Identifies a [`Team`](crate::Team).
    pub struct TeamUid;
    /// URL slug of a team, unique per organization.
    pub struct TeamSlug;
    /// Identifies a user.
    pub struct UserUid;
    /// Name of an owning account: a user name or the handle of an organization.
    pub struct OwnerName;
    /// Identifies an [`Agent`](crate::Agent).
    pub struct AgentUid;
    /// Identifies an [`AgentExecution`](crate::AgentExecution).
    pub struct ExecutionUid;
    /// Identifies the submitted result of a task.
    pub struct ResultUid;
    /// Identifies an [`AnnotationIssue`](crate::AnnotationIssue).
    pub struct IssueUid;
    /// Identifies an [`AnnotationIssueTool`](crate::AnnotationIssueTool).
    pub struct IssueToolUid;
    /// Identifies an [`AnnotationIssueProblem`](crate::AnnotationIssueProblem).
    pub struct IssueProblemUid;
    /// Identifies an annotated object.
    pub struct ObjectUid;
    /// Identifies an [`AutoLabelJob`](crate::AutoLabelJob).
    pub struct AutoLabelJobUid;
    /// Identifies a [`ConsensusConfig`](crate::ConsensusConfig).
    pub struct ConsensusConfigUid;
    /// Identifies a [`ConsensusScore`](crate::ConsensusScore).
    pub struct ConsensusScoreUid;
    /// Identifies a [`QualityTarget`](crate::QualityTarget).
    pub struct QualityTargetUid;
    /// Identifies an [`InferenceProvider`](crate::InferenceProvider).
    pub struct InferenceProviderUid;
    /// Identifies a [`Model`](crate::Model).
    pub struct ModelUid;
    /// Identifies a [`StorageConfig`](crate::StorageConfig).
    pub struct StorageConfigUid;
    /// Identifies a [`Webhook`](crate::Webhook).
    pub struct WebhookUid;
    /// Identifies a [`WebhookDelivery`](crate::WebhookDelivery).
    pub struct WebhookDeliveryUid;
    /// Identifies a [`FleetDevice`](crate::FleetDevice).
    pub struct DeviceUid;
    /// Identifies a [`FleetRecording`](crate::FleetRecording).
    pub struct RecordingUid;
    /// Identifies a [`FleetEvent`](crate::FleetEvent).
    pub struct EventUid;
    /// Identifies a [`FleetRule`](crate::FleetRule).
    pub struct RuleUid;
    /// Identifies a [`FleetAlert`](crate::FleetAlert).
    pub struct AlertUid;
    /// Identifies a [`FleetAlertChannel`](crate::FleetAlertChannel).
    pub struct AlertChannelUid;
    /// Identifies an [`UploadSession`](crate::UploadSession).
    pub struct UploadSessionUid;
    /// Identifies a [`ManagedOriginal`](crate::ManagedOriginal).
    pub struct OriginalUid;
    /// Identifies a [`ManagedGeneration`](crate::ManagedGeneration).
    pub struct GenerationUid;
    /// Identifies a [`ManagedPartGrant`](crate::ManagedPartGrant).
    pub struct GrantUid;
    /// Identifies a [`ManagedFinalization`](crate::ManagedFinalization).
    pub struct FinalizationUid;
    /// Identifies the publication of a recording as a dataset.
    pub struct PublicationUid;
    /// Identifies the upload of one file: a [`ManualUploadSession`](crate::ManualUploadSession).
    pub struct UploadUid;
    /// Identifies the files that are uploaded together, before there is a dataset.
    pub struct DatasetUploadUid;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_its_own_text_in_every_direction() {
        let uid = DatasetUid::from("not-a-uuid / at all");
        assert_eq!(uid.to_string(), "not-a-uuid / at all");
        assert_eq!(serde_json::to_string(&uid).unwrap(), r#""not-a-uuid / at all""#);
        assert_eq!(serde_json::from_str::<DatasetUid>(r#""not-a-uuid / at all""#).unwrap(), uid);
        assert_eq!(DatasetUid::from(&uid), uid);
        assert_eq!(String::from(uid), "not-a-uuid / at all");
    }

    #[test]
    fn debug_names_the_kind_and_display_pads() {
        assert_eq!(format!("{:?}", TaskUid::from("t1")), r#"TaskUid("t1")"#);
        assert_eq!(format!("[{:>4}]", TaskUid::from("t1")), "[  t1]");
    }
}
