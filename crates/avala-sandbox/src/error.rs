//! Results of handlers: a model, or an error with the texts of Django REST framework, which the real server uses.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::response::Json;

/// 200 with a model, or an error.
pub(crate) type ApiResult<T> = Result<Json<T>, ApiError>;

/// 201 with a model, or an error.
pub(crate) type Created<T> = Result<(StatusCode, Json<T>), ApiError>;

/// 204, or an error.
pub(crate) type Done = Result<StatusCode, ApiError>;

/// Creates a response 201 with a model.
pub(crate) fn created<T>(model: T) -> Created<T> {
    Ok((StatusCode::CREATED, Json(model)))
}

/// An error response in the form of Django REST framework.
#[derive(Debug, PartialEq)]
pub(crate) struct ApiError {
    status: StatusCode,
    body: Value,
    /// Seconds to wait, with 429.
    retry_after: Option<u64>,
}

impl ApiError {
    /// Creates an error with a message in `detail`.
    pub(crate) fn detail(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self::json(status, json!({ "detail": sentence.into() }))
    }

    /// Creates a 404: the resource does not exist.
    pub(crate) fn not_found() -> Self {
        Self::detail(StatusCode::NOT_FOUND, "Not found.")
    }

    /// Creates a 409: the state of the resource does not allow the request.
    pub(crate) fn conflict(sentence: impl Into<String>) -> Self {
        Self::detail(StatusCode::CONFLICT, sentence)
    }

    /// Creates an error with its own body.
    pub(crate) fn json(status: StatusCode, body: Value) -> Self {
        Self { status, body, retry_after: None }
    }

    /// Creates a 429: the rate limit is reached.
    pub(crate) fn throttled(seconds: u64) -> Self {
        Self::too_many(format!("Request was throttled. Expected available in {seconds} seconds."), seconds)
    }

    /// Creates a 429: a limit is reached, and another attempt can succeed after this many seconds.
    pub(crate) fn too_many(sentence: impl Into<String>, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..Self::detail(StatusCode::TOO_MANY_REQUESTS, sentence) }
    }

    /// Returns the JSON body of the response.
    pub(crate) fn into_body(self) -> Value {
        self.body
    }

    /// Creates a 400: fields are invalid. Each has a list of messages.
    pub(crate) fn fields(fields: serde_json::Map<String, Value>) -> Self {
        Self::json(StatusCode::BAD_REQUEST, Value::Object(fields))
    }

    /// Creates a 400: one field is invalid.
    pub(crate) fn field(name: &str, sentence: impl Into<String>) -> Self {
        Self::json(StatusCode::BAD_REQUEST, json!({ name: [sentence.into()] }))
    }

    /// Creates a 400: the body is invalid, for a reason that is not about a single field.
    pub(crate) fn body(sentence: impl Into<String>) -> Self {
        Self::field("non_field_errors", sentence)
    }

    /// Creates a 400: a field names an object that does not exist.
    pub(crate) fn no_such(name: &str, uid: impl AsRef<str>) -> Self {
        Self::field(name, format!("Invalid pk \"{}\" - object does not exist.", uid.as_ref()))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
