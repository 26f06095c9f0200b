//! Webhooks: addresses of yours that are told what happens.

use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::{EventType, Json, Secret, Timestamp, WebhookDeliveryUid, WebhookUid};

open_enum! {
    /// What became of a delivery.
    pub enum WebhookDeliveryStatus {
        /// It is on its way, or will be tried again.
        Pending = "pending",
        /// It arrived.
        Delivered = "delivered",
        /// It is not tried again.
        Failed = "failed",
    }
}

model! {
    /// An address that is told of events.
    #[derive(Eq, Hash)]
    pub struct Webhook {
        required {
            /// Its identity.
            uid: WebhookUid,
            /// The address.
            target_url: String,
        }
        optional {
            /// The events that it is told of.
            events: Vec<EventType>,
            /// Whether it is told.
            is_active: Option<bool>,
            /// What deliveries are signed with; sent only when the webhook is made.
            secret: Option<Secret>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
        }
    }
}

model! {
    /// One event, on its way to a webhook.
    #[derive(Eq, Hash)]
    pub struct WebhookDelivery {
        required {
            /// Its identity.
            uid: WebhookDeliveryUid,
            /// The webhook.
            subscription: WebhookUid,
            /// What happened.
            event_type: EventType,
        }
        optional {
            /// What is sent: a free-form object that depends on the event.
            payload: Option<Json>,
            /// The HTTP status of the last answer.
            response_status: Option<u16>,
            /// The body of the last answer.
            response_body: Option<String>,
            /// How many times it was tried.
            attempts: u64,
            /// When it is tried again.
            next_retry_at: Option<Timestamp>,
            /// What became of it.
            status: Option<WebhookDeliveryStatus>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
            /// The size of the last answer's body in bytes.
            response_body_size: Option<u64>,
            /// The SHA-256 of the last answer's body, in hexadecimal.
            response_body_sha256: Option<String>,
            /// The start of the last answer's body, on deployments that do not keep all of it.
            response_preview: Option<String>,
        }
    }
}

payload! {
    /// A new webhook (`POST /webhooks/`).
    ///
    /// ```
    /// use avala_types::{CreateWebhook, EventType};
    ///
    /// let webhook = CreateWebhook::new("https://acme.example/avala", [EventType::ExportCompleted]);
    /// assert_eq!(
    ///     serde_json::to_string(&webhook)?,
    ///     r#"{"target_url":"https://acme.example/avala","events":["export.completed"]}"#
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[derive(Eq, Hash)]
    pub struct CreateWebhook {
        required {
            /// The address, over https.
            target_url: String,
            /// The events that it is told of.
            events: Vec<EventType>,
        }
        optional {
            /// Whether it is told.
            is_active: bool,
            /// What deliveries are signed with; the server makes a secret unless it is set.
            secret: Secret,
        }
    }
}

payload! {
    /// What changes in a webhook (`PATCH /webhooks/{uid}/`).
    #[derive(Eq, Hash)]
    pub struct UpdateWebhook {
        required {}
        optional {
            /// The address, over https.
            target_url: String,
            /// Whether it is told.
            is_active: bool,
        }
        lists {
            /// The events that it is told of.
            events: EventType,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_secret_is_not_shown() {
        let webhook: Webhook =
            serde_json::from_str(r#"{"uid":"w1","target_url":"https://x","secret":"hidden"}"#).unwrap();
        let payload = CreateWebhook::new("https://x", []).secret("hidden");
        assert!(!format!("{webhook:?} {payload:?}").contains("hidden"));
    }
}
