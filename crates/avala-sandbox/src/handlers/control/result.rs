//! Responses of control routes.

use axum::Json;
use http::StatusCode;
use serde_json::{Value, json};

use crate::error::ApiError;

pub(super) type ControlResult = Result<(StatusCode, Json<Value>), ApiError>;

/// Returns a change that has nothing to show.
pub(super) fn done() -> ControlResult {
    Ok((StatusCode::OK, Json(json!({}))))
}
