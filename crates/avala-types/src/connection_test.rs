//! Results of the `test` calls of webhooks, agents, alert channels, storage configs and inference
//! providers.

use std::collections::BTreeMap;

use crate::fleet::AlertChannelType;
use crate::id::AlertChannelUid;
use crate::model::model;
use crate::timestamp::Timestamp;

model! {
    /// Result of a test delivery to an agent. Servers send `success`, or `delivered` with `status_code`.
    #[derive(Eq, Hash)]
    pub struct AgentTest {
        required {}
        optional {
            /// Whether the test succeeded.
            success: Option<bool>,
            /// Description of the result, a sentence.
            message: Option<String>,
            /// Whether the delivery reached the agent.
            delivered: Option<bool>,
            /// HTTP status of the agent's response.
            status_code: Option<u64>,
        }
    }
}

model! {
    /// Result of a test delivery to a webhook. Servers send `success`, or `delivered` with `status_code`.
    #[derive(Eq, Hash)]
    pub struct WebhookTest {
        required {}
        optional {
            /// Whether the test succeeded.
            success: Option<bool>,
            /// Description of the result, a sentence.
            message: Option<String>,
            /// Whether the delivery reached the receiver.
            delivered: Option<bool>,
            /// HTTP status of the receiver's response.
            status_code: Option<u64>,
        }
    }
}

model! {
    /// Result of a test alert to an alert channel.
    #[derive(Eq, Hash)]
    pub struct AlertChannelTest {
        required {}
        optional {
            /// Description of the result, a sentence.
            detail: Option<String>,
            /// Identifier of the channel.
            channel_uid: Option<AlertChannelUid>,
            /// Type of the channel.
            channel_type: Option<AlertChannelType>,
            /// Whether the test succeeded.
            success: Option<bool>,
            /// Description of the result, a sentence.
            message: Option<String>,
        }
    }
}

model! {
    /// Result of a test request to an inference provider.
    pub struct InferenceProviderTest {
        required {}
        optional {
            /// Whether the test succeeded.
            success: Option<bool>,
            /// Description of the result, a sentence.
            message: Option<String>,
            /// Time of the test.
            tested_at: Option<Timestamp>,
            /// Latency of the provider in milliseconds.
            latency_ms: Option<f64>,
        }
    }
}

model! {
    /// Result of a check of a storage config.
    #[derive(Eq, Hash)]
    pub struct StorageConfigTest {
        required {}
        optional {
            /// Whether the server can use the storage.
            verified: Option<bool>,
            /// Errors, by the name of the setting.
            errors: BTreeMap<String, Vec<String>>,
            /// Whether the test succeeded.
            success: Option<bool>,
            /// Description of the result, a sentence.
            message: Option<String>,
        }
    }
}

/// Implements `is_success` for results with two names for it.
macro_rules! is_success {
    ($($name:ident: $other:ident),+) => {$(
        impl $name {
            /// Returns whether the test succeeded, or `None` if the server does not report it.
            #[must_use]
            pub fn is_success(&self) -> Option<bool> {
                self.success.or(self.$other)
            }
        }
    )+};
}

is_success!(AgentTest: delivered, WebhookTest: delivered, StorageConfigTest: verified);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_is_read_under_either_name() {
        let read = |json: &str| serde_json::from_str::<WebhookTest>(json).unwrap().is_success();
        assert_eq!(read(r#"{"success": false, "delivered": true}"#), Some(false));
        assert_eq!(read(r#"{"delivered": true, "status_code": 200}"#), Some(true));
        assert_eq!(read("{}"), None);
    }
}
