//! Alerts.

use avala_types::{AlertStatus, AlertUid, ResolveFleetAlert};
use axum::extract::{Path, State};

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::request::caller::Caller;
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::Kind;
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{FleetAlert, Page};
use crate::state::clock;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/fleet/alerts/", list)
        .get("/fleet/alerts/{alert_uid}/", get_one)
        .post("/fleet/alerts/{alert_uid}/acknowledge/", acknowledge)
        .post("/fleet/alerts/{alert_uid}/resolve/", resolve)
}

async fn list(State(app): State<App>, query: ListQuery) -> ApiResult<Page<FleetAlert>> {
    query
        .list(&app.tables().fleet.alerts)
        .filter(|alert| query.equals("device", alert.device.as_ref()))
        .filter(|alert| query.equals("rule", alert.rule.as_ref()))
        .filter(|alert| query.equals("severity", alert.severity.as_ref()))
        .filter(|alert| query.equals("status", alert.status.as_ref()))
        .cursor_page(FleetAlert::clone)
}

async fn get_one(State(app): State<App>, Path(uid): Path<AlertUid>) -> ApiResult<FleetAlert> {
    Ok(Json(app.tables().fleet.alerts.get(uid)?.clone()))
}

/// Acknowledges an alert. The first user who acknowledged it stays recorded.
async fn acknowledge(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(uid): Path<AlertUid>,
) -> ApiResult<FleetAlert> {
    let mut tables = app.tables();
    let alert = tables.fleet.alerts.get_mut(uid)?;
    match alert.status {
        Some(AlertStatus::Resolved) => return Err(ApiError::conflict("The alert is resolved.")),
        Some(AlertStatus::Acknowledged) => {}
        _ => {
            alert.status = Some(AlertStatus::Acknowledged);
            alert.acknowledged_at = clock::now();
            alert.acknowledged_by = Some(caller.into());
            alert.updated_at = alert.acknowledged_at;
        }
    }
    Ok(Json(alert.clone()))
}

async fn resolve(State(app): State<App>, Path(uid): Path<AlertUid>, body: JsonBody) -> ApiResult<FleetAlert> {
    let mut tables = app.tables();
    let alert = tables.fleet.alerts.get_mut(uid)?;
    let payload: ResolveFleetAlert = body.or_empty().read(|fields| fields.optional("resolution_note", Kind::Words))?;
    if alert.status == Some(AlertStatus::Resolved) {
        return Err(ApiError::conflict("The alert is resolved."));
    }
    alert.status = Some(AlertStatus::Resolved);
    alert.resolved_at = clock::now();
    alert.resolution_note = payload.resolution_note;
    alert.updated_at = alert.resolved_at;
    Ok(Json(alert.clone()))
}
