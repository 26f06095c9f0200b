//! The results of handlers: a model, or an error in the words of Django REST framework, which the real server uses.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

/// 200 with a model, or an error.
pub(crate) type ApiResult<T> = Result<Json<T>, ApiError>;

/// 201 with a model, or an error.
pub(crate) type Created<T> = Result<(StatusCode, Json<T>), ApiError>;

/// 204, or an error.
pub(crate) type Done = Result<StatusCode, ApiError>;

/// 201 with a model.
pub(crate) fn created<T>(model: T) -> Created<T> {
    Ok((StatusCode::CREATED, Json(model)))
}

/// A response that says what is wrong with the request.
#[derive(Debug, PartialEq)]
pub(crate) struct ApiError {
    status: StatusCode,
    body: Value,
}

impl ApiError {
    /// An error with one sentence.
    pub(crate) fn detail(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self { status, body: json!({ "detail": sentence.into() }) }
    }

    /// There is no such thing.
    pub(crate) fn not_found() -> Self {
        Self::detail(StatusCode::NOT_FOUND, "Not found.")
    }

    /// The thing is not in a state that allows this.
    pub(crate) fn conflict(sentence: impl Into<String>) -> Self {
        Self::detail(StatusCode::CONFLICT, sentence)
    }

    /// An error with a body of its own.
    pub(crate) fn json(status: StatusCode, body: Value) -> Self {
        Self { status, body }
    }

    /// What the response says.
    pub(crate) fn into_body(self) -> Value {
        self.body
    }

    /// Fields are wrong: an object with a list of sentences for each.
    pub(crate) fn fields(fields: serde_json::Map<String, Value>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, body: Value::Object(fields) }
    }

    /// One field is wrong.
    pub(crate) fn field(name: &str, sentence: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, body: json!({ name: [sentence.into()] }) }
    }

    /// The body is wrong in a way that is no single field's.
    pub(crate) fn body(sentence: impl Into<String>) -> Self {
        Self::field("non_field_errors", sentence)
    }

    /// A field names a thing that does not exist.
    pub(crate) fn no_such(name: &str, uid: impl AsRef<str>) -> Self {
        Self::field(name, format!("Invalid pk \"{}\" - object does not exist.", uid.as_ref()))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}
