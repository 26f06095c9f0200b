//! The user that the key belongs to.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::app::App;
use crate::caller::Caller;
use crate::error::Answer;
use crate::routes::Routes;

pub(crate) fn routes() -> Routes {
    Routes::new().get("/users/me/", me)
}

async fn me(State(app): State<App>, Caller(caller): Caller) -> Answer<Value> {
    let tables = app.tables();
    let user = tables.accounts.named(&caller)?;
    Ok(Json(json!({
        "uid": user.uid,
        "username": user.name,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "in_waitlist": false,
    })))
}
