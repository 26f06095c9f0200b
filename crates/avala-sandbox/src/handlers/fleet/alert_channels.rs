//! Alert channels.

use avala_types::{AlertChannelUid, CreateFleetAlertChannel};
use axum::extract::{Path, State};
use http::StatusCode;

use crate::app::App;
use crate::error::{ApiResult, Created, Done, created};
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::Kind;
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{AlertChannelTest, FleetAlertChannel, Page, choices};
use crate::state::clock;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/fleet/alert-channels/", list)
        .post("/fleet/alert-channels/", create)
        .delete("/fleet/alert-channels/{channel_uid}/", delete)
        .post("/fleet/alert-channels/{channel_uid}/test/", test)
}

async fn list(State(app): State<App>, query: ListQuery) -> ApiResult<Page<FleetAlertChannel>> {
    query.list(&app.tables().fleet.alert_channels).cursor_page(FleetAlertChannel::clone)
}

async fn create(State(app): State<App>, body: JsonBody) -> Created<FleetAlertChannel> {
    let payload: CreateFleetAlertChannel = body.read(|fields| {
        fields.required("name", Kind::Text);
        fields.required("type", Kind::Choice(choices::ALERT_CHANNEL_TYPE));
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

/// Tests a channel without sending anything: there is no mail and no Slack here.
async fn test(State(app): State<App>, Path(uid): Path<AlertChannelUid>) -> ApiResult<AlertChannelTest> {
    let tables = app.tables();
    let channel = tables.fleet.alert_channels.get(uid)?;
    let mut response = AlertChannelTest::new();
    response.detail = Some("Test notification sent.".to_owned());
    response.channel_uid = Some(channel.uid.clone());
    response.channel_type = channel.channel_type.clone();
    response.success = Some(true);
    response.message = Some("The sandbox sends no notifications.".to_owned());
    Ok(Json(response))
}
