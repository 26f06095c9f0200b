//! Reads and verifies a whole request.

use http::Request;
use http::request::Parts;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::Delivery;
use crate::error::{VerifyError, VerifyErrorKind};
use crate::verifier::WebhookVerifier;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Reads the body up to the verifier's limit, then verifies the delivery.
pub(crate) async fn receive<B>(verifier: &WebhookVerifier, request: Request<B>) -> Result<Delivery, VerifyError>
where
    B: http_body::Body,
    B::Error: Into<BoxError>,
{
    let (parts, body) = request.into_parts();
    let collected = Limited::new(body, verifier.body_limit()).collect().await;
    let body = collected.map_err(|error| {
        let is_too_large = error.is::<LengthLimitError>();
        let kind = if is_too_large { VerifyErrorKind::BodyTooLarge } else { VerifyErrorKind::BodyUnreadable };
        VerifyError::with_source(kind, error)
    })?;
    verifier.verify(|name| header(&parts, name), &body.to_bytes())
}

fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name)?.to_str().ok()
}
