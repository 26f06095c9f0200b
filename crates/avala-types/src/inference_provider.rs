//! Inference providers: models that run outside Avala.

use serde::de;
use serde::ser::{Serialize, Serializer};

use crate::id::{InferenceProviderUid, ProjectUid};
use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::scalar::Scalar;
use crate::secret::SecretJson;
use crate::timestamp::Timestamp;

open_enum! {
    /// Type of an inference provider.
    pub enum InferenceProviderType {
        /// Amazon `SageMaker`.
        Sagemaker = "sagemaker",
        /// A custom HTTP endpoint.
        Http = "http",
        /// `OpenAI`.
        Openai = "openai",
        /// Anthropic.
        Anthropic = "anthropic",
        /// Another provider.
        Custom = "custom",
    }
}

/// A project reference of inference providers: UID or database ID.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProjectRef {
    /// By UID.
    Uid(ProjectUid),
    /// By database ID.
    Number(u64),
}

impl From<&str> for ProjectRef {
    fn from(uid: &str) -> Self {
        Self::Uid(uid.into())
    }
}

impl From<String> for ProjectRef {
    fn from(uid: String) -> Self {
        Self::Uid(uid.into())
    }
}

impl From<ProjectUid> for ProjectRef {
    fn from(uid: ProjectUid) -> Self {
        Self::Uid(uid)
    }
}

impl From<&ProjectUid> for ProjectRef {
    fn from(uid: &ProjectUid) -> Self {
        Self::Uid(uid.clone())
    }
}

impl From<u64> for ProjectRef {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl Serialize for ProjectRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Uid(uid) => uid.serialize(serializer),
            Self::Number(number) => number.serialize(serializer),
        }
    }
}

impl Scalar for ProjectRef {
    const EXPECTED: &'static str = "a project's identity or number";

    fn from_text<E: de::Error>(uid: &str) -> Result<Self, E> {
        Ok(Self::from(uid))
    }

    fn from_u64<E: de::Error>(number: u64) -> Result<Self, E> {
        Ok(Self::Number(number))
    }

    fn from_f64<E: de::Error>(number: f64) -> Result<Self, E> {
        u64::from_f64(number).map(Self::Number)
    }
}

crate::scalar::scalar!(ProjectRef);
crate::patch::patch_from!(ProjectRef: &str, String, ProjectUid, &ProjectUid, u64);

model! {
    /// An inference provider: a service that runs a model.
    #[derive(Eq, Hash)]
    pub struct InferenceProvider {
        required {
            /// Unique identifier (UID).
            uid: InferenceProviderUid,
            /// Display name.
            name: String,
        }
        optional {
            /// Description.
            description: Option<String>,
            /// Type of the provider.
            provider_type: Option<InferenceProviderType>,
            /// Connection settings, a free-form object that depends on the provider type.
            config: Option<SecretJson>,
            /// Whether it is active.
            is_active: Option<bool>,
            /// Project that may use it; all projects if unset.
            project: Option<ProjectRef>,
            /// Time of the last test.
            last_test_at: Option<Timestamp>,
            /// Whether the last test succeeded.
            last_test_success: Option<bool>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Time of the last update.
            updated_at: Option<Timestamp>,
        }
    }
}

payload! {
    /// Payload that creates an inference provider (`POST /inference-providers/`).
    #[derive(Eq, Hash)]
    pub struct CreateInferenceProvider {
        required {
            /// Display name.
            name: String,
            /// Type of the provider.
            provider_type: InferenceProviderType,
            /// Connection settings, a free-form object that depends on the provider type.
            config: SecretJson,
        }
        optional {
            /// Description.
            description: String,
            /// Whether it is active.
            is_active: bool,
            /// Project that may use it; all projects if unset.
            project: ProjectRef,
        }
    }
}

payload! {
    /// Update of an inference provider (`PATCH /inference-providers/{uid}/`).
    #[derive(Eq, Hash)]
    pub struct UpdateInferenceProvider {
        required {}
        optional {
            /// Display name.
            name: String,
            /// Type of the provider.
            provider_type: InferenceProviderType,
            /// Connection settings, a free-form object that depends on the provider type.
            config: SecretJson,
            /// Whether it is active.
            is_active: bool,
        }
        patch {
            /// Description.
            description: String,
            /// Project that may use it; all projects if unset.
            project: ProjectRef,
        }
    }
}

crate::setter::converted!(ProjectRef);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_project_is_a_uid_or_a_number_and_stays_what_it_was() {
        for (json, expected) in [
            (r#"{"uid":"i1","name":"n","project":"p1"}"#, ProjectRef::from("p1")),
            (r#"{"uid":"i1","name":"n","project":"42"}"#, ProjectRef::from("42")),
            (r#"{"uid":"i1","name":"n","project":42}"#, ProjectRef::from(42)),
        ] {
            let provider: InferenceProvider = serde_json::from_str(json).unwrap();
            assert_eq!(provider.project, Some(expected));
            assert_eq!(serde_json::to_string(&provider).unwrap(), json);
        }
        let error = serde_json::from_str::<ProjectRef>("true").unwrap_err().to_string();
        assert!(error.contains("a project's identity or number"), "{error}");
    }

    #[test]
    fn its_settings_are_not_shown() {
        let config = serde_json::json!({"api_key": "sk-hidden"});
        let payload = CreateInferenceProvider::new("GPT", InferenceProviderType::Openai, &config);
        let update = UpdateInferenceProvider::default().config(&config);
        assert!(!format!("{payload:?} {update:?}").contains("hidden"));
        assert!(serde_json::to_string(&update).unwrap().contains("hidden"));
    }
}
