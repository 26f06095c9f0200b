//! The body of a request.

use avala_types::Json;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::{StatusCode, header};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

use crate::error::ApiError;
use crate::request::validation::{Fields, has_nul};

/// A JSON object that a client sent.
pub(crate) struct JsonBody(Bytes);

impl JsonBody {
    /// Reads the payload once `check` finds nothing wrong with its fields.
    pub(crate) fn read<T: DeserializeOwned>(&self, check: impl FnOnce(&mut Fields)) -> Result<T, ApiError> {
        Fields::of(&self.json()?)?.checked(check)?;
        // A body that passes the checks and is not a payload is a gap in the checks; the client still gets a 400.
        serde_json::from_slice(&self.0).map_err(|error| ApiError::body(error.to_string()))
    }

    /// Reads a body that is a list.
    pub(crate) fn read_list(&self) -> Result<Vec<Json>, ApiError> {
        let json = self.json()?;
        if has_nul(json.get()) {
            return Err(ApiError::body("Null characters are not allowed."));
        }
        json.parse().map_err(|_| ApiError::body("Invalid data. Expected a list."))
    }

    /// Uses an empty object if the client sends no body.
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

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or("application/json");
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/json") {
            let sentence = format!("Unsupported media type \"{content_type}\" in request.");
            return Err(ApiError::detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence));
        }
        // The pipeline has read the body, and enforced its size limit.
        let body = request.into_body().collect().await;
        body.map(|body| Self(body.to_bytes())).map_err(|error| ApiError::body(error.to_string()))
    }
}
