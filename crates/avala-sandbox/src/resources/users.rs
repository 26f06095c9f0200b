//! The user that the key belongs to.

use avala_types::OwnerName;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::app::App;
use crate::demo;
use crate::error::Answer;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/users/me/", get(me))
}

async fn me(State(app): State<App>) -> Answer<Value> {
    let tables = app.tables();
    let account = tables.accounts.in_path(&OwnerName::from(demo::OWNER))?;
    Ok(Json(json!({
        "uid": account.uid,
        "username": account.name,
        "email": "robots@acme.example",
        "first_name": "Ada",
        "last_name": "Acme",
        "in_waitlist": false,
    })))
}
