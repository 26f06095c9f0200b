//! The user who makes a request.

use avala_types::OwnerName;
use axum::extract::FromRequestParts;
use http::StatusCode;
use http::request::Parts;

use crate::error::ApiError;

/// The user that the request's key belongs to.
#[derive(Clone)]
pub(crate) struct Caller(pub(crate) OwnerName);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    /// Returns the caller, which the pipeline has added to the request when it checked the key.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get()
            .cloned()
            .ok_or_else(|| ApiError::detail(StatusCode::UNAUTHORIZED, "Authentication credentials were not provided."))
    }
}
