//! An axum extractor of verified deliveries.

use axum::extract::{FromRef, FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::Delivery;
use crate::error::VerifyError;
use crate::read_body::receive;
use crate::verifier::WebhookVerifier;

/// Extracts a verified [`Delivery`] from a request. The state of the router must contain a [`WebhookVerifier`].
///
/// An invalid delivery is rejected with the [status of its error](crate::VerifyErrorKind::status) and an empty body;
/// use `Result<Verified, VerifyError>` to handle the error. Put a timeout layer around the route, since a sender may
/// send its body slowly.
///
/// ```
/// use avala_webhook::{Verified, WebhookVerifier};
/// use axum::Router;
/// use axum::http::StatusCode;
/// use axum::routing::post;
///
/// async fn receive(Verified(delivery): Verified) -> StatusCode {
///     println!("{} {}", delivery.id, delivery.event.event);
///     StatusCode::NO_CONTENT
/// }
///
/// let verifier = WebhookVerifier::new(["whsec_1f9a"])?;
/// let app: Router = Router::new().route("/avala", post(receive)).with_state(verifier);
/// # Ok::<(), avala_webhook::VerifyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Verified(pub Delivery);

impl<S> FromRequest<S> for Verified
where
    S: Send + Sync,
    WebhookVerifier: FromRef<S>,
{
    type Rejection = VerifyError;

    async fn from_request(request: Request, state: &S) -> Result<Self, VerifyError> {
        receive(&WebhookVerifier::from_ref(state), request).await.map(Verified)
    }
}

/// The status of the error, with an empty body: a sender gets no details.
impl IntoResponse for VerifyError {
    fn into_response(self) -> Response {
        StatusCode::from_u16(self.kind().status()).unwrap_or(StatusCode::BAD_REQUEST).into_response()
    }
}
