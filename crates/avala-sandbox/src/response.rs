//! Responses of handlers.

use axum::response::{IntoResponse, Response};

use crate::schema::wire::{Wire, Written};

/// A response in JSON. It holds what the schema writes, and no model of `avala-types`: the compiler rejects those, whose
/// `Serialize` would mirror the mistakes of the client.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Wire> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(Written(&self.0)).into_response()
    }
}
