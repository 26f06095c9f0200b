//! The task that sends deliveries to their webhooks.

use std::time::Duration;

use avala_types::{Json, Secret, WebhookDeliveryStatus, WebhookDeliveryUid};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use super::post::{self, Failure, Letter, Reply};
use super::push;
use crate::app::App;
use crate::schema::WebhookDelivery;
use crate::state::clock;
use crate::state::webhook::Outgoing;

/// Sends deliveries until its task is aborted, which also aborts those in flight.
pub(crate) struct DeliveryWorker {
    pub(crate) app: App,
    pub(crate) outbox: UnboundedReceiver<Outgoing>,
    /// Wait after each attempt that failed. There is one more attempt than there are waits.
    pub(crate) waits: Vec<Duration>,
}

impl DeliveryWorker {
    pub(crate) async fn run(mut self) {
        let mut on_their_way = JoinSet::new();
        while let Some(outgoing) = self.outbox.recv().await {
            let (app, waits) = (self.app.clone(), self.waits.clone());
            match outgoing {
                Outgoing::Delivery(uid) => on_their_way.spawn(carry(app, uid, waits)),
                Outgoing::Execution(uid) => on_their_way.spawn(push::carry(app, uid, waits)),
                Outgoing::Sample(uid) => on_their_way.spawn(push::carry_sample(app, uid)),
            };
            while on_their_way.try_join_next().is_some() {}
        }
    }
}

/// Repeats a delivery until it succeeds, cannot succeed, or its attempts are used up.
async fn carry(app: App, uid: WebhookDeliveryUid, waits: Vec<Duration>) {
    let mut waits = waits.into_iter();
    // A deleted webhook has no deliveries.
    while let Some(letter) = letter(&app, &uid) {
        let result = post::send(letter).await;
        let wait = match result {
            Ok(Reply { status, .. }) if status.is_success() => None,
            Err(Failure::Refused(_)) => None,
            _ => waits.next(),
        };
        note(&app, &uid, &result, wait);
        match wait {
            Some(wait) => tokio::time::sleep(wait).await,
            None => return,
        }
    }
}

/// Returns the delivery to send, in its current state.
fn letter(app: &App, uid: &WebhookDeliveryUid) -> Option<Letter> {
    let tables = app.tables();
    let delivery = tables.webhook_deliveries.get(uid).ok()?;
    let row = tables.webhooks.get(&delivery.subscription).ok()?;
    Some(Letter {
        target: row.webhook.target_url.clone(),
        event: delivery.event_type.to_string(),
        delivery: uid.to_string(),
        secret: Secret::clone(&row.secret),
        body: delivery.payload.as_ref().map(Json::get).unwrap_or_default().to_owned(),
    })
}

fn note(app: &App, uid: &WebhookDeliveryUid, result: &Result<Reply, Failure>, wait: Option<Duration>) {
    let mut tables = app.tables();
    let Ok(delivery) = tables.webhook_deliveries.get_mut(uid) else { return };
    note_result(delivery, result);
    if wait.is_some() {
        delivery.status = Some(WebhookDeliveryStatus::Pending);
    }
    delivery.next_retry_at = wait.and_then(clock::after);
    delivery.updated_at = clock::now();
}

fn note_result(delivery: &mut WebhookDelivery, result: &Result<Reply, Failure>) {
    delivery.status = Some(WebhookDeliveryStatus::Failed);
    delivery.response_status = None;
    match result {
        Ok(reply) => {
            delivery.attempts += 1;
            delivery.response_status = Some(reply.status.as_u16());
            delivery.response_body = Some(reply.body.clone());
            delivery.response_body_size = Some(reply.body.len() as u64);
            if reply.status.is_success() {
                delivery.status = Some(WebhookDeliveryStatus::Delivered);
            }
        }
        Err(Failure::Unreachable(reason)) => {
            delivery.attempts += 1;
            delivery.response_body = Some(reason.clone());
        }
        Err(Failure::Refused(reason)) => delivery.response_body = Some(reason.clone()),
    }
}
