//! Responses of control routes.

use http::StatusCode;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::response::Json;

pub(super) type ControlResult = Result<(StatusCode, Json<Value>), ApiError>;

/// Returns the response to a change without a result.
pub(super) fn done() -> ControlResult {
    Ok((StatusCode::OK, Json(json!({}))))
}
