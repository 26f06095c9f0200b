//! Recordings.

use avala_types::{RecordingUid, UpdateFleetRecording};
use axum::extract::{Path, State};
use http::StatusCode;

use crate::app::App;
use crate::error::{ApiResult, Done};
use crate::handlers::patch::set;
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::Kind;
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{FleetRecording, Page, choices};
use crate::state::clock;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/fleet/recordings/", list)
        .get("/fleet/recordings/{recording_uid}/", get_one)
        .patch("/fleet/recordings/{recording_uid}/", update)
        .delete("/fleet/recordings/{recording_uid}/", delete)
}

async fn list(State(app): State<App>, query: ListQuery) -> ApiResult<Page<FleetRecording>> {
    query
        .list(&app.tables().fleet.recordings)
        .filter(|recording| query.equals("device", recording.device.as_ref()))
        .filter(|recording| query.equals("status", recording.status.as_ref()))
        .cursor_page(FleetRecording::clone)
}

async fn get_one(State(app): State<App>, Path(uid): Path<RecordingUid>) -> ApiResult<FleetRecording> {
    Ok(Json(app.tables().fleet.recordings.get(uid)?.clone()))
}

async fn update(State(app): State<App>, Path(uid): Path<RecordingUid>, body: JsonBody) -> ApiResult<FleetRecording> {
    let mut tables = app.tables();
    let recording = tables.fleet.recordings.get_mut(uid)?;
    let payload: UpdateFleetRecording = body.read(|fields| {
        fields.changeable("status", Kind::Choice(choices::RECORDING_STATUS));
        fields.changeable("tags", Kind::Texts);
    })?;
    set(&mut recording.status, payload.status);
    set(&mut recording.tags, payload.tags);
    recording.updated_at = clock::now();
    Ok(Json(recording.clone()))
}

async fn delete(State(app): State<App>, Path(uid): Path<RecordingUid>) -> Done {
    let mut tables = app.tables();
    let recording = tables.fleet.recordings.remove(uid)?;
    tables.fleet.managed_uploads.retain(|upload| upload.recording != recording.uid);
    tables.fleet.uploads.retain(|upload| upload.recording != recording.uid);
    tables.fleet.events.retain(|event| event.recording.as_ref() != Some(&recording.uid));
    Ok(StatusCode::NO_CONTENT)
}
