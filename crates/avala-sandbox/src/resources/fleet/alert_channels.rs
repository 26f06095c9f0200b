//! Alert channels.

use avala_types::{AlertChannelType, AlertChannelUid, CreateFleetAlertChannel, FleetAlertChannel, RawPageResponse};
use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Value, json};

use crate::app::App;
use crate::clock;
use crate::error::{Answer, Created, Done, created};
use crate::json_body::JsonBody;
use crate::list::ListQuery;
use crate::routes::Routes;
use crate::validation::Kind;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/fleet/alert-channels/", list)
        .post("/fleet/alert-channels/", create)
        .delete("/fleet/alert-channels/{channel_uid}/", delete)
        .post("/fleet/alert-channels/{channel_uid}/test/", test)
}

async fn list(State(app): State<App>, query: ListQuery) -> Answer<RawPageResponse<FleetAlertChannel>> {
    query.list(&app.tables().fleet.alert_channels).cursor_page(FleetAlertChannel::clone)
}

async fn create(State(app): State<App>, body: JsonBody) -> Created<FleetAlertChannel> {
    let payload: CreateFleetAlertChannel = body.read(|fields| {
        fields.required("name", Kind::Text);
        fields.required("type", Kind::Choice(AlertChannelType::KNOWN));
        fields.required("config", Kind::Object);
    })?;
    let mut tables = app.tables();
    let channel = tables.fleet.alert_channels.add(|uid| {
        let mut channel = FleetAlertChannel::new(uid, payload.name);
        channel.channel_type = Some(payload.channel_type);
        channel.config = Some(payload.config);
        channel.created_at = clock::now();
        channel.updated_at = channel.created_at;
        channel
    });
    created(channel.clone())
}

async fn delete(State(app): State<App>, Path(uid): Path<AlertChannelUid>) -> Done {
    app.tables().fleet.alert_channels.remove(uid)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Nothing is sent: there is no mail and no Slack here.
async fn test(State(app): State<App>, Path(uid): Path<AlertChannelUid>) -> Answer<Value> {
    app.tables().fleet.alert_channels.get(uid)?;
    Ok(Json(json!({ "success": true, "message": "The channel would have been told." })))
}
