//! Webhooks.

use avala_types::{AgentUid, ExecutionUid, Secret, WebhookDeliveryUid};

use crate::schema::Webhook;

/// A webhook, and the secret that only the response to its creation has.
pub(crate) struct WebhookRow {
    pub(crate) webhook: Webhook,
    pub(crate) secret: Secret,
}

/// A request that the sandbox sends.
#[derive(Clone, Debug)]
pub(crate) enum Outgoing {
    /// To a webhook.
    Delivery(WebhookDeliveryUid),
    /// To the callback of an agent: one of its executions.
    Execution(ExecutionUid),
    /// To the callback of an agent: a sample.
    Sample(AgentUid),
}
