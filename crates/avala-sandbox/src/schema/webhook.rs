//! Webhooks and deliveries.

use avala_types::{EventType, Json, Secret, Timestamp, WebhookDeliveryStatus, WebhookDeliveryUid, WebhookUid};

use super::record;

record! {
    /// Model `Webhook`.
    pub(crate) struct Webhook {
        required {
            uid: WebhookUid,
            target_url: String,
        }
        optional {
            events: Vec<EventType>,
            is_active: Option<bool>,
            secret: Option<Secret>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
        }
    }
}

record! {
    /// Model `WebhookDelivery`.
    pub(crate) struct WebhookDelivery {
        required {
            uid: WebhookDeliveryUid,
            subscription: WebhookUid,
            event_type: EventType,
        }
        optional {
            payload: Option<Json>,
            response_status: Option<u16>,
            response_body: Option<String>,
            attempts: u64,
            next_retry_at: Option<Timestamp>,
            status: Option<WebhookDeliveryStatus>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
            response_body_size: Option<u64>,
            response_body_sha256: Option<String>,
            response_preview: Option<String>,
        }
    }
}

record! {
    /// Model `WebhookTest`.
    pub(crate) struct WebhookTest {
        required {}
        optional {
            success: Option<bool>,
            message: Option<String>,
            delivered: Option<bool>,
            status_code: Option<u64>,
        }
    }
}
