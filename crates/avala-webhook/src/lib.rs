//! Receiving the webhooks of [Avala](https://avala.ai): the signature is checked, then the event is read.
//!
//! No client and no HTTP library is needed; headers are looked up by a function.
//!
//! ```
//! use avala_webhook::{WebhookResource, verify};
//!
//! # let body = br#"{"uid": "e1", "status": "exported"}"#;
//! # let signature = avala_webhook::sign("whsec_1f9a", body);
//! # let header = |name: &str| match name {
//! #     "x-avala-webhook-event" => Some("export.completed"),
//! #     "x-avala-webhook-delivery" => Some("3c90c3cc-0d44-4b50-8888-8dd25736052a"),
//! #     "x-avala-webhook-signature" => Some(signature.as_str()),
//! #     _ => None,
//! # };
//! // With axum or hyper: |name| headers.get(name)?.to_str().ok()
//! let delivery = verify(&["whsec_1f9a"], header, body)?;
//! if let WebhookResource::Export(export) = delivery.event.resource()? {
//!     println!("export {} of delivery {}", export.uid, delivery.id);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A delivery that was not answered with success comes again under the same id: note the ids that were handled, and
//! answer a repeat with success and nothing else. `examples/receive.rs` is a receiver that does so.

mod error;
mod signature;

pub use avala_types::{EventType, WebhookEvent, WebhookResource};
pub use error::{VerifyError, VerifyErrorKind};
pub use signature::sign;

use avala_types::WebhookDeliveryUid;

/// The header that names the event.
pub const EVENT_HEADER: &str = "x-avala-webhook-event";

/// The header with the identity of the delivery, the same when it comes again.
pub const DELIVERY_HEADER: &str = "x-avala-webhook-delivery";

/// The header with the signature of the body.
pub const SIGNATURE_HEADER: &str = "x-avala-webhook-signature";

/// A delivery whose signature is good.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Delivery {
    /// Its identity, the same when it comes again.
    pub id: WebhookDeliveryUid,
    /// What happened.
    pub event: WebhookEvent,
}

/// Checks the signature of a delivery, and reads it.
///
/// `secrets` are the secrets that are good at the moment: one, or the old and the new one while they are changed.
/// `header` finds a header by its lower-case name. `body` is the body as it came, before anybody parsed it.
///
/// The comparison takes the same time for every wrong signature, and tries every secret whatever the others say.
///
/// # Errors
/// [`VerifyErrorKind::Signature`] when no secret made the signature, which is all that a sender should be told: answer
/// with 401. The other kinds say what is missing or cannot be read; nothing is read before the signature is good.
pub fn verify<'a>(
    secrets: &[impl AsRef<str>],
    header: impl Fn(&str) -> Option<&'a str>,
    body: &[u8],
) -> Result<Delivery, VerifyError> {
    // An empty secret is one that was not set, and anybody can sign with it.
    if secrets.is_empty() || secrets.iter().any(|secret| secret.as_ref().is_empty()) {
        return Err(VerifyError::new(VerifyErrorKind::NoSecret));
    }
    let required = |name| header(name).ok_or_else(|| VerifyError::missing(name));
    let signature = required(SIGNATURE_HEADER)?;
    if !signature::is_good(secrets, signature, body) {
        return Err(VerifyError::new(VerifyErrorKind::Signature));
    }
    let event = required(EVENT_HEADER)?;
    let id = required(DELIVERY_HEADER)?;
    let text = std::str::from_utf8(body).map_err(VerifyError::body)?;
    let event = WebhookEvent::from_body(event, text).map_err(VerifyError::body)?;
    Ok(Delivery { id: id.into(), event })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"uid": "e1", "status": "exported"}"#;
    /// Made with another implementation, of the secret `whsec_1f9a`.
    const GOOD: &str = "8e0929d8e421960e37c0fd9eff5b76997bab37465832f87d47cc030138c779ab";
    /// The same, of the secret `whsec_old`.
    const OLD: &str = "8bd1958c4f58492a7ceec323f9d7449fe220a160f5d4a857582366ab6e5f49fe";

    fn receive(secrets: &[&str], signature: Option<&str>, body: &[u8]) -> Result<Delivery, VerifyErrorKind> {
        let header = |name: &str| match name {
            EVENT_HEADER => Some("export.completed"),
            DELIVERY_HEADER => Some("d1"),
            SIGNATURE_HEADER => signature,
            _ => None,
        };
        verify(secrets, header, body).map_err(|error| error.kind())
    }

    #[test]
    fn a_good_signature_gives_the_event() {
        let delivery = receive(&["whsec_1f9a"], Some(GOOD), BODY).unwrap();
        assert_eq!(delivery.id, "d1".into());
        assert_eq!(delivery.event.event, EventType::ExportCompleted);
        assert!(matches!(delivery.event.resource(), Ok(WebhookResource::Export(export)) if export.uid == "e1".into()));
        for spelling in [format!("sha256={GOOD}"), GOOD.to_uppercase()] {
            assert!(receive(&["whsec_1f9a"], Some(&spelling), BODY).is_ok(), "{spelling}");
        }
        assert_eq!(sign("whsec_1f9a", BODY), GOOD);
    }

    #[test]
    fn every_secret_that_is_good_at_the_moment_counts() {
        for signature in [GOOD, OLD] {
            assert!(receive(&["whsec_1f9a", "whsec_old"], Some(signature), BODY).is_ok());
            assert!(receive(&["whsec_old", "whsec_1f9a"], Some(signature), BODY).is_ok());
        }
        assert_eq!(receive(&["whsec_1f9a"], Some(OLD), BODY), Err(VerifyErrorKind::Signature));
    }

    #[test]
    fn a_wrong_signature_is_refused_in_one_way() {
        let mut last_digit = GOOD.to_owned();
        last_digit.replace_range(63.., "0");
        let wrong = ["", "sha256=", &GOOD[..62], &last_digit, "zz", "é", &format!("{GOOD}00"), &format!("sha1={GOOD}")];
        for signature in wrong {
            assert_eq!(receive(&["whsec_1f9a"], Some(signature), BODY), Err(VerifyErrorKind::Signature), "{signature}");
        }
        assert_eq!(receive(&["whsec_1f9a"], Some(GOOD), b"{}"), Err(VerifyErrorKind::Signature), "another body");
        assert_eq!(receive(&["whsec_1f9a"], None, BODY), Err(VerifyErrorKind::MissingHeader(SIGNATURE_HEADER)));
    }

    #[test]
    fn a_secret_that_was_not_set_lets_nobody_in() {
        let signed_with_nothing = sign("", BODY);
        for secrets in [&[][..], &[""], &["whsec_1f9a", ""]] {
            assert_eq!(receive(secrets, Some(&signed_with_nothing), BODY), Err(VerifyErrorKind::NoSecret));
        }
    }

    #[test]
    fn nothing_is_read_before_the_signature_is_good() {
        let header = |name: &str| (name == SIGNATURE_HEADER).then_some(GOOD);
        let error = verify(&["whsec_1f9a"], header, b"not json").unwrap_err();
        assert_eq!(error.kind(), VerifyErrorKind::Signature);
        let error = verify(&["whsec_1f9a"], header, BODY).unwrap_err();
        assert_eq!(error.kind(), VerifyErrorKind::MissingHeader(EVENT_HEADER));
        for body in [&b"not json"[..], &[0xff]] {
            let signature = sign("whsec_1f9a", body);
            assert_eq!(receive(&["whsec_1f9a"], Some(&signature), body), Err(VerifyErrorKind::Body));
        }
    }
}
