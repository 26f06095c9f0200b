//! Webhooks. What is sent to them is in `webhook`.

use avala_types::{
    CreateWebhook, EventType, RawPageResponse, Secret, UpdateWebhook, Webhook, WebhookDelivery, WebhookDeliveryUid,
    WebhookUid,
};
use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Value, json};

use crate::app::App;
use crate::clock;
use crate::error::{Answer, Created, Done, created};
use crate::json_body::JsonBody;
use crate::list::ListQuery;
use crate::patch::set;
use crate::routes::Routes;
use crate::validation::Kind;

/// A webhook, and the secret that only the answer to its creation shows.
pub(crate) struct WebhookRow {
    pub(crate) webhook: Webhook,
    pub(crate) secret: Secret,
}

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/webhooks/", list)
        .post("/webhooks/", create)
        .get("/webhooks/{uid}/", get_one)
        .patch("/webhooks/{uid}/", update)
        .delete("/webhooks/{uid}/", delete)
        .post("/webhooks/{uid}/test/", test)
        .get("/webhook-deliveries/", list_deliveries)
        .get("/webhook-deliveries/{uid}/", get_delivery)
}

async fn list(State(app): State<App>, query: ListQuery) -> Answer<RawPageResponse<Webhook>> {
    query.list(&app.tables().webhooks).cursor_page(|row| row.webhook.clone())
}

async fn create(State(app): State<App>, body: JsonBody) -> Created<Webhook> {
    let payload: CreateWebhook = body.read(|fields| {
        fields.required("target_url", Kind::Url);
        fields.required("events", Kind::Choices(EventType::KNOWN));
        fields.optional("is_active", Kind::Boolean);
        fields.optional("secret", Kind::Text);
    })?;
    let mut tables = app.tables();
    let row = tables.webhooks.add(|uid| {
        let mut webhook = Webhook::new(uid, payload.target_url);
        webhook.events = payload.events;
        webhook.is_active = payload.is_active.or(Some(true));
        webhook.created_at = clock::now();
        webhook.updated_at = webhook.created_at;
        WebhookRow { webhook, secret: payload.secret.unwrap_or_else(|| format!("whsec_{uid}").into()) }
    });
    let mut webhook = row.webhook.clone();
    webhook.secret = Some(row.secret.clone());
    created(webhook)
}

async fn get_one(State(app): State<App>, Path(uid): Path<WebhookUid>) -> Answer<Webhook> {
    Ok(Json(app.tables().webhooks.get(uid)?.webhook.clone()))
}

async fn update(State(app): State<App>, Path(uid): Path<WebhookUid>, body: JsonBody) -> Answer<Webhook> {
    let mut tables = app.tables();
    let webhook = &mut tables.webhooks.get_mut(uid)?.webhook;
    let payload: UpdateWebhook = body.read(|fields| {
        fields.changeable("target_url", Kind::Url);
        fields.changeable("events", Kind::Choices(EventType::KNOWN));
        fields.changeable("is_active", Kind::Boolean);
    })?;
    set(&mut webhook.target_url, payload.target_url);
    set(&mut webhook.events, payload.events);
    set(&mut webhook.is_active, payload.is_active);
    webhook.updated_at = clock::now();
    Ok(Json(webhook.clone()))
}

async fn delete(State(app): State<App>, Path(uid): Path<WebhookUid>) -> Done {
    let mut tables = app.tables();
    let row = tables.webhooks.remove(uid)?;
    tables.webhook_deliveries.retain(|delivery| delivery.subscription != row.webhook.uid);
    Ok(StatusCode::NO_CONTENT)
}

/// Sends an event that says that it is a test, whatever the webhook is subscribed to.
async fn test(State(app): State<App>, Path(uid): Path<WebhookUid>) -> Answer<Value> {
    let mut tables = app.tables();
    let webhook = tables.webhooks.get(uid)?.webhook.uid.clone();
    let delivery = app.deliver(&mut tables, &webhook, &EventType::from("test"), json!({ "test": true }).into());
    Ok(Json(json!({ "success": true, "message": "A test event was sent.", "delivery": delivery })))
}

async fn list_deliveries(State(app): State<App>, query: ListQuery) -> Answer<RawPageResponse<WebhookDelivery>> {
    query.list(&app.tables().webhook_deliveries).cursor_page(WebhookDelivery::clone)
}

async fn get_delivery(State(app): State<App>, Path(uid): Path<WebhookDeliveryUid>) -> Answer<WebhookDelivery> {
    Ok(Json(app.tables().webhook_deliveries.get(uid)?.clone()))
}
