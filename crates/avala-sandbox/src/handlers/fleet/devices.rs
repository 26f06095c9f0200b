//! Devices.

use avala_types::{DeviceStatus, DeviceUid, RegisterFleetDevice, Secret, UpdateFleetDevice};
use axum::extract::{Path, State};
use http::StatusCode;

use crate::app::App;
use crate::error::{ApiResult, Created, Done, created};
use crate::handlers::patch::set;
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::Kind;
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{FleetDevice, Page, choices};
use crate::state::clock;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/fleet/devices/", list)
        .post("/fleet/devices/", register)
        .get("/fleet/devices/{device_uid}/", get_one)
        .patch("/fleet/devices/{device_uid}/", update)
        .delete("/fleet/devices/{device_uid}/", delete)
}

async fn list(State(app): State<App>, query: ListQuery) -> ApiResult<Page<FleetDevice>> {
    query
        .list(&app.tables().fleet.devices)
        .filter(|device| query.equals("status", device.status.as_ref()))
        .filter(|device| query.equals("type", device.device_type.as_ref()))
        .cursor_page(FleetDevice::clone)
}

async fn register(State(app): State<App>, body: JsonBody) -> Created<FleetDevice> {
    let payload: RegisterFleetDevice = body.read(|fields| {
        fields.required("name", Kind::Text);
        fields.required("type", Kind::Choice(choices::DEVICE_TYPE));
        fields.optional("firmware_version", Kind::Text);
        fields.optional("tags", Kind::Texts);
        fields.optional("metadata", Kind::Object);
    })?;
    let mut tables = app.tables();
    let device = tables.fleet.devices.add(|uid| {
        let mut device = FleetDevice::new(uid, payload.name);
        device.device_type = Some(payload.device_type);
        device.status = Some(DeviceStatus::Offline);
        device.firmware_version = payload.firmware_version;
        device.tags = payload.tags.unwrap_or_default();
        device.metadata = payload.metadata;
        device.created_at = clock::now();
        device.updated_at = device.created_at;
        device
    });
    let mut device = device.clone();
    // Only this response has the secret.
    device.device_token = Some(Secret::from(format!("devtok_{}", device.uid)));
    created(device)
}

async fn get_one(State(app): State<App>, Path(uid): Path<DeviceUid>) -> ApiResult<FleetDevice> {
    Ok(Json(app.tables().fleet.devices.get(uid)?.clone()))
}

async fn update(State(app): State<App>, Path(uid): Path<DeviceUid>, body: JsonBody) -> ApiResult<FleetDevice> {
    let mut tables = app.tables();
    let device = tables.fleet.devices.get_mut(uid)?;
    let payload: UpdateFleetDevice = body.read(|fields| {
        fields.changeable("name", Kind::Text);
        fields.changeable("status", Kind::Choice(choices::DEVICE_STATUS));
        fields.changeable("tags", Kind::Texts);
        fields.optional("firmware_version", Kind::Text);
        fields.optional("metadata", Kind::Object);
    })?;
    set(&mut device.name, payload.name);
    set(&mut device.status, payload.status);
    set(&mut device.tags, payload.tags);
    payload.firmware_version.apply(&mut device.firmware_version);
    payload.metadata.apply(&mut device.metadata);
    device.updated_at = clock::now();
    Ok(Json(device.clone()))
}

async fn delete(State(app): State<App>, Path(uid): Path<DeviceUid>) -> Done {
    app.tables().fleet.devices.remove(uid)?;
    Ok(StatusCode::NO_CONTENT)
}
