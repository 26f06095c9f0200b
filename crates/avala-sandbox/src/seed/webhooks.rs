//! Webhooks, and the deliveries that were sent to them.

use avala_types::{EventType, ExportUid, WebhookDeliveryStatus};
use serde_json::json;

use super::values::minutes;
use crate::schema::{Webhook, WebhookDelivery};
use crate::state::tables::Tables;
use crate::state::webhook::WebhookRow;

const DELIVERIES: usize = 130;

pub(super) fn add(tables: &mut Tables) {
    use EventType::{DatasetCreated, DatasetUpdated, ExportCompleted, ExportFailed, QualityAlert, TaskCompleted};
    // Addresses without a server: nothing is sent to them.
    let webhooks = [
        ("https://hooks.acme.example/exports", vec![ExportCompleted, ExportFailed], true),
        ("https://hooks.acme.example/datasets", vec![DatasetCreated, DatasetUpdated], true),
        ("https://old.acme.example/everything", vec![TaskCompleted, QualityAlert, DatasetCreated], false),
    ];
    for (index, (target, events, is_active)) in webhooks.into_iter().enumerate() {
        tables.webhooks.add(|uid| {
            let mut webhook = Webhook::new(uid, target);
            webhook.events = events;
            webhook.is_active = Some(is_active);
            webhook.created_at = minutes(index * 90);
            webhook.updated_at = minutes(index * 90);
            WebhookRow { webhook, secret: format!("whsec_{uid}").into() }
        });
    }

    let exports: Vec<_> = tables.exports.rows().map(|export| export.uid.clone()).collect();
    let webhooks = tables.webhooks.rows().map(|row| row.webhook.clone()).collect::<Vec<_>>();
    for (index, webhook) in (0..DELIVERIES).zip(webhooks.iter().cycle()) {
        let event = webhook.events.get(index / 3 % webhook.events.len()).cloned().unwrap_or(TaskCompleted);
        let is_delivered = index % 7 != 6;
        tables.webhook_deliveries.add(|uid| {
            let mut delivery = WebhookDelivery::new(uid, &webhook.uid, event);
            delivery.payload =
                Some(json!({ "uid": exports.get(index % exports.len().max(1)).map(ExportUid::as_str) }).into());
            delivery.response_status = Some(if is_delivered { 200 } else { 503 });
            let body = if is_delivered { "ok" } else { "try later" };
            delivery.response_body = Some(body.to_owned());
            delivery.response_body_size = Some(body.len() as u64);
            delivery.attempts = if is_delivered { 1 } else { 4 };
            delivery.status =
                Some(if is_delivered { WebhookDeliveryStatus::Delivered } else { WebhookDeliveryStatus::Failed });
            delivery.created_at = minutes(index * 30);
            delivery.updated_at = minutes(index * 30 + 1);
            delivery
        });
    }
}
