//! Events.

use avala_types::{CreateFleetEvent, CreateFleetEvents, EventUid, FleetSeverity, Json as FreeForm};
use axum::extract::{Path, State};
use http::StatusCode;
use serde::Deserialize;

use crate::app::App;
use crate::error::{ApiError, ApiResult, Created, Done, created};
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::{Fields, Kind};
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{CreatedFleetEvents, FleetEvent, Page, choices};
use crate::state::clock;
use crate::state::fleet::{Fleet, watch};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/fleet/events/", list)
        .post("/fleet/events/", create)
        .post("/fleet/events/batch/", create_batch)
        .get("/fleet/events/{event_uid}/", get_one)
        .delete("/fleet/events/{event_uid}/", delete)
}

async fn list(State(app): State<App>, query: ListQuery) -> ApiResult<Page<FleetEvent>> {
    query
        .list(&app.tables().fleet.events)
        .filter(|event| query.equals("recording", event.recording.as_ref()))
        .filter(|event| query.equals("device", event.device.as_ref()))
        .filter(|event| query.equals("type", event.event_type.as_ref()))
        .filter(|event| query.equals("severity", event.severity.as_ref()))
        .cursor_page(FleetEvent::clone)
}

async fn create(State(app): State<App>, body: JsonBody) -> Created<FleetEvent> {
    let payload: CreateFleetEvent = body.read(check)?;
    let mut tables = app.tables();
    check_references(&tables.fleet, &payload)?;
    created(add(&mut tables.fleet, payload))
}

/// Adds all events, or none if one is wrong.
async fn create_batch(State(app): State<App>, body: JsonBody) -> Created<CreatedFleetEvents> {
    #[derive(Deserialize)]
    struct Batch {
        events: Vec<FreeForm>,
    }
    let batch: Batch = body.read(|fields| fields.required("events", Kind::Objects))?;
    for event in &batch.events {
        Fields::of(event)?.checked(check)?;
    }
    let payload: CreateFleetEvents = body.read(|_| {})?;
    let mut tables = app.tables();
    payload.events.iter().try_for_each(|event| check_references(&tables.fleet, event))?;
    let count = payload.events.len() as u64;
    for event in payload.events {
        add(&mut tables.fleet, event);
    }
    created(CreatedFleetEvents::new(count))
}

async fn get_one(State(app): State<App>, Path(uid): Path<EventUid>) -> ApiResult<FleetEvent> {
    Ok(Json(app.tables().fleet.events.get(uid)?.clone()))
}

async fn delete(State(app): State<App>, Path(uid): Path<EventUid>) -> Done {
    app.tables().fleet.events.remove(uid)?;
    Ok(StatusCode::NO_CONTENT)
}

fn check(fields: &mut Fields) {
    for name in ["recording", "device", "label"] {
        fields.required(name, Kind::Text);
    }
    fields.required("type", Kind::Choice(choices::FLEET_EVENT_TYPE));
    fields.required("timestamp", Kind::Time);
    fields.optional("severity", Kind::Choice(choices::FLEET_SEVERITY));
    fields.optional("description", Kind::Words);
    fields.optional("duration_ms", Kind::Integer);
    fields.optional("tags", Kind::Texts);
    fields.optional("metadata", Kind::Object);
}

fn check_references(fleet: &Fleet, payload: &CreateFleetEvent) -> Result<(), ApiError> {
    fleet.recordings.require("recording", [&payload.recording])?;
    fleet.devices.require("device", [&payload.device])
}

fn add(fleet: &mut Fleet, payload: CreateFleetEvent) -> FleetEvent {
    let event = fleet.events.add(|uid| {
        let mut event = FleetEvent::new(uid);
        event.recording = Some(payload.recording);
        event.device = Some(payload.device);
        event.event_type = Some(payload.event_type);
        event.label = Some(payload.label);
        event.description = payload.description;
        event.timestamp = Some(payload.timestamp);
        event.duration_ms = payload.duration_ms;
        event.tags = payload.tags.unwrap_or_default();
        event.metadata = payload.metadata;
        event.severity = payload.severity.or(Some(FleetSeverity::Info));
        event.created_at = clock::now();
        event.updated_at = event.created_at;
        event
    });
    let event = event.clone();
    watch::watch(&mut fleet.rules, &mut fleet.alerts, &event);
    event
}
