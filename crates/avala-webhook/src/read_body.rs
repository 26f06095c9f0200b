//! Reads and verifies a whole request.

use std::error::Error;

use http::Request;
use http::request::Parts;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::Delivery;
use crate::error::{VerifyError, VerifyErrorKind};
use crate::verifier::WebhookVerifier;

type BoxError = Box<dyn Error + Send + Sync>;

/// Reads the body up to the verifier's limit, then verifies the delivery.
pub(crate) async fn receive<B>(verifier: &WebhookVerifier, request: Request<B>) -> Result<Delivery, VerifyError>
where
    B: http_body::Body,
    B::Error: Into<BoxError>,
{
    let (parts, body) = request.into_parts();
    let collected = Limited::new(body, verifier.body_limit()).collect().await;
    let body = collected.map_err(|error| {
        let kind = if is_too_large(&*error) { VerifyErrorKind::BodyTooLarge } else { VerifyErrorKind::BodyUnreadable };
        VerifyError::with_source(kind, error)
    })?;
    verifier.verify(|name| header(&parts, name), &body.to_bytes())
}

/// Returns whether a limit ended the body: that of the verifier, or one of a layer, which servers wrap in their errors.
fn is_too_large(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<LengthLimitError>() {
            return true;
        }
        next = error.source();
    }
    false
}

fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name)?.to_str().ok()
}
