//! Webhooks.

use avala_types::Secret;

use crate::schema::Webhook;

/// A webhook, and the secret that only the response to its creation shows.
pub(crate) struct WebhookRow {
    pub(crate) webhook: Webhook,
    pub(crate) secret: Secret,
}
