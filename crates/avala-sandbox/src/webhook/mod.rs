//! Events, and their delivery to the webhooks that are subscribed to them.

mod payload;
mod post;
mod push;
mod worker;

pub use payload::AnnounceError;
pub(crate) use worker::DeliveryWorker;

use avala_types::{EventType, Json, WebhookDeliveryStatus, WebhookDeliveryUid, WebhookUid};

use crate::app::App;
use crate::schema::wire::{Wire, Written};
use crate::schema::{Webhook, WebhookDelivery};
use crate::state::assign::assign;
use crate::state::clock;
use crate::state::tables::Tables;
use crate::state::webhook::Outgoing;

impl App {
    /// Announces an event if its payload fits, and returns how many deliveries and agent executions it caused.
    pub(crate) fn announce_checked(&self, event: &str, payload: &Json) -> Result<(usize, usize), AnnounceError> {
        let event = payload::check(event, payload)?;
        let mut tables = self.tables();
        let before = (tables.webhook_deliveries.len(), tables.agent_executions.len());
        self.announce(&mut tables, &event, payload);
        Ok((tables.webhook_deliveries.len() - before.0, tables.agent_executions.len() - before.1))
    }

    /// Sends an event to every active agent and webhook that is subscribed to it. The body is the resource of the
    /// event.
    pub(crate) fn announce(&self, tables: &mut Tables, event: &EventType, resource: &impl Wire) {
        // Models have only values that JSON can express, so encoding cannot fail.
        let Ok(payload) = Json::encode(&Written(resource)) else { return };
        let wants = |webhook: &Webhook| webhook.is_active != Some(false) && webhook.events.contains(event);
        let subscribed = tables.webhooks.rows().map(|row| &row.webhook).filter(|webhook| wants(webhook));
        let subscribed: Vec<WebhookUid> = subscribed.map(|webhook| webhook.uid.clone()).collect();
        for execution in assign(tables, event, &payload) {
            self.send(Outgoing::Execution(execution));
        }
        for webhook in subscribed {
            self.deliver(tables, &webhook, event, payload.clone());
        }
    }

    /// Records a delivery and passes it to the delivery worker.
    pub(crate) fn deliver(
        &self,
        tables: &mut Tables,
        webhook: &WebhookUid,
        event: &EventType,
        payload: Json,
    ) -> WebhookDeliveryUid {
        let delivery = tables.webhook_deliveries.add(|uid| {
            let mut delivery = WebhookDelivery::new(uid, webhook, event.clone());
            delivery.payload = Some(payload);
            delivery.status = Some(WebhookDeliveryStatus::Pending);
            delivery.created_at = clock::now();
            delivery.updated_at = delivery.created_at;
            delivery
        });
        self.send(Outgoing::Delivery(delivery.uid.clone()));
        delivery.uid.clone()
    }
}
