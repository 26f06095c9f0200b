//! The body of a request.

use avala_types::Json;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::{StatusCode, header};
use serde::de::DeserializeOwned;

use crate::error::ApiError;
use crate::validation::Fields;

/// A JSON object that a client sent.
pub(crate) struct JsonBody(Bytes);

impl JsonBody {
    /// Reads the payload once `check` finds nothing wrong with its fields.
    pub(crate) fn read<T: DeserializeOwned>(&self, check: impl FnOnce(&mut Fields)) -> Result<T, ApiError> {
        Fields::of(&self.json()?)?.checked(check)?;
        // What the checks let through and the payload does not is a gap in the checks; the client still gets a 400.
        serde_json::from_slice(&self.0).map_err(|error| ApiError::body(error.to_string()))
    }

    /// Reads a body that is a list.
    pub(crate) fn read_list(&self) -> Result<Vec<Json>, ApiError> {
        self.json()?.parse().map_err(|_| ApiError::body("Invalid data. Expected a list."))
    }

    /// The body, or an object with nothing in it where a client sends none.
    pub(crate) fn or_empty(self) -> Self {
        if self.0.is_empty() { Self(Bytes::from_static(b"{}")) } else { self }
    }

    fn json(&self) -> Result<Json, ApiError> {
        serde_json::from_slice(&self.0)
            .map_err(|error| ApiError::detail(StatusCode::BAD_REQUEST, format!("JSON parse error - {error}")))
    }
}

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or("application/json");
        if !content_type.to_ascii_lowercase().starts_with("application/json") {
            let sentence = format!("Unsupported media type \"{content_type}\" in request.");
            return Err(ApiError::detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence));
        }
        let body = Bytes::from_request(request, state).await;
        body.map(Self).map_err(|error| ApiError::detail(error.status(), error.body_text()))
    }
}
