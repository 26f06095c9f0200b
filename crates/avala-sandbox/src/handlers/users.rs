//! The user that the key belongs to.

use axum::extract::State;
use serde_json::{Value, json};

use crate::app::App;
use crate::error::ApiResult;
use crate::request::caller::Caller;
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::UserPermissions;

pub(crate) fn routes() -> Routes {
    Routes::new().get("/users/me/", me).get("/users/me/permissions/", get_permissions)
}

async fn me(State(app): State<App>, Caller(caller): Caller) -> ApiResult<Value> {
    let tables = app.tables();
    let user = tables.accounts.named(&caller)?;
    Ok(Json(json!({
        "uid": user.uid.as_str(),
        "username": user.name.as_str(),
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "in_waitlist": false,
    })))
}

/// Returns every scope: there are no permissions in the sandbox.
async fn get_permissions(Caller(_): Caller) -> ApiResult<UserPermissions> {
    const RESOURCES: [&str; 6] = ["datasets", "projects", "exports", "fleet", "organizations", "agents"];
    let scopes = RESOURCES.iter().flat_map(|resource| [format!("{resource}.read"), format!("{resource}.write")]);
    let mut permissions = UserPermissions::new();
    permissions.account_type = Some("customer".to_owned());
    permissions.is_staff_privileged = Some(false);
    permissions.scopes = Some(scopes.collect());
    permissions.capabilities = Some(Vec::new());
    permissions.toolsets = Some(RESOURCES.map(str::to_owned).into());
    Ok(Json(permissions))
}
