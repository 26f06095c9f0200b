//! Storage quota of uploads.

use avala_types::OrganizationUid;
use axum::extract::State;

use crate::app::App;
use crate::error::ApiResult;
use crate::request::caller::Caller;
use crate::request::list::ListQuery;
use crate::response::Json;
use crate::schema::UploadQuota;

pub(super) async fn get_quota(
    State(app): State<App>,
    Caller(caller): Caller,
    query: ListQuery,
) -> ApiResult<UploadQuota> {
    let mut tables = app.tables();
    let organization = query.get("organization_uid").map(OrganizationUid::from);
    let owner = tables.new_owner(organization.as_ref(), None, caller)?;
    Ok(Json(UploadQuota::new(tables.used_bytes(&owner), app.settings().uploads.quota)))
}
