//! Responses of the control routes.

use axum::Json;
use http::StatusCode;
use serde_json::{Value, json};

use crate::error::ApiError;

/// The response of a control route.
pub(super) type ControlResult = Result<(StatusCode, Json<Value>), ApiError>;

/// Creates the response to a change that has nothing to show.
pub(super) fn done() -> ControlResult {
    Ok((StatusCode::OK, Json(json!({}))))
}
