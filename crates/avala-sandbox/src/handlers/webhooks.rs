//! Webhooks. Their deliveries are in `webhook`.

use avala_types::{CreateWebhook, EventType, UpdateWebhook, WebhookDeliveryUid, WebhookUid};
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::json;

use crate::app::App;
use crate::error::{ApiResult, Created, Done, created};
use crate::handlers::patch::set;
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::Kind;
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{Page, Webhook, WebhookDelivery, WebhookTest, choices};
use crate::state::clock;
use crate::state::webhook::WebhookRow;

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

async fn list(State(app): State<App>, query: ListQuery) -> ApiResult<Page<Webhook>> {
    query.list(&app.tables().webhooks).cursor_page(|row| row.webhook.clone())
}

async fn create(State(app): State<App>, body: JsonBody) -> Created<Webhook> {
    let payload: CreateWebhook = body.read(|fields| {
        fields.required("target_url", Kind::Url);
        fields.required("events", Kind::Choices(choices::EVENT_TYPE));
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

async fn get_one(State(app): State<App>, Path(uid): Path<WebhookUid>) -> ApiResult<Webhook> {
    Ok(Json(app.tables().webhooks.get(uid)?.webhook.clone()))
}

async fn update(State(app): State<App>, Path(uid): Path<WebhookUid>, body: JsonBody) -> ApiResult<Webhook> {
    let mut tables = app.tables();
    let webhook = &mut tables.webhooks.get_mut(uid)?.webhook;
    let payload: UpdateWebhook = body.read(|fields| {
        fields.changeable("target_url", Kind::Url);
        fields.changeable("events", Kind::Choices(choices::EVENT_TYPE));
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

/// Sends an event that is marked as a test, with any subscription of the webhook.
async fn test(State(app): State<App>, Path(uid): Path<WebhookUid>) -> ApiResult<WebhookTest> {
    let mut tables = app.tables();
    let webhook = tables.webhooks.get(uid)?.webhook.uid.clone();
    app.deliver(&mut tables, &webhook, &EventType::from("test"), json!({ "test": true }).into());
    let mut response = WebhookTest::new();
    response.success = Some(true);
    response.message = Some("A test event was queued.".to_owned());
    Ok(Json(response))
}

async fn list_deliveries(State(app): State<App>, query: ListQuery) -> ApiResult<Page<WebhookDelivery>> {
    query.list(&app.tables().webhook_deliveries).cursor_page(WebhookDelivery::clone)
}

async fn get_delivery(State(app): State<App>, Path(uid): Path<WebhookDeliveryUid>) -> ApiResult<WebhookDelivery> {
    Ok(Json(app.tables().webhook_deliveries.get(uid)?.clone()))
}
