//! Errors of the client as responses of this backend.

use avala_client::{Error, ErrorKind, Sent};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error response to the caller of this backend.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    message: String,
    retry_after: Option<u64>,
    request_id: Option<String>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), retry_after: None, request_id: None }
    }
}

/// Returns the status for the caller: 4xx for its own mistakes, 5xx for errors of this backend and the API.
fn status(error: &Error) -> StatusCode {
    match error.kind() {
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Validation | ErrorKind::Request => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::RateLimited => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        // The key of this backend is wrong, which is not an error of the caller.
        ErrorKind::Authentication | ErrorKind::Forbidden | ErrorKind::Configuration => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
        _ => StatusCode::BAD_GATEWAY,
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let status = status(&error);
        // The message is redacted and has no URL, but details of this backend's configuration are not sent.
        let message = if status == StatusCode::INTERNAL_SERVER_ERROR {
            "the backend is not set up correctly".to_owned()
        } else if error.sent() == Sent::Maybe {
            format!("{}; it is unknown whether the server acted", error.message())
        } else {
            error.message().to_owned()
        };
        let retry_after = error.retry_after().map(|time| time.as_secs().max(1));
        Self { status, message, retry_after, request_id: error.request_id().map(ToOwned::to_owned) }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.message, "request_id": self.request_id });
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
