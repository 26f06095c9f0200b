//! Receives webhooks of [Avala](https://avala.ai): verifies the signature, then decodes the event.
//!
//! For services that receive deliveries. `avala-client` creates and lists webhooks; this crate reads what they send.
//!
//! Without features no HTTP library is needed; headers are read by a function:
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
//! # What a signature protects
//!
//! The signature covers the body, and only the body. So a valid signature proves that Avala sent this body at some
//! time. It does not prove:
//!
//! - **that the delivery is new.** An attacker who recorded a delivery can send the body again, under another delivery
//!   ID. Receive over https only; make handlers idempotent by the resource (its UID and status), and not by the
//!   delivery ID alone; for decisions that matter, read the resource again with the client.
//! - **the event type of a bare body.** It is in an unsigned header. A body that names its event, such as `event` or
//!   `event_type`, must agree with the header ([`VerifyErrorKind::EventMismatch`]). For a bare body compare the
//!   resource's own fields, such as the status of an export, before acting on `export.completed`.
//!
//! Failed deliveries are sent again with the same ID: store the IDs that were handled, and respond to a repetition with
//! success. `examples/receive.rs` is a receiver that does so.
//!
//! # Features
//!
//! | Feature | Adds |
//! |---|---|
//! | `tower` | [`WebhookService`], a tower service that verifies, decodes and calls a handler |
//! | `axum` | [`Verified`], an extractor; and responses from [`VerifyError`] |
//!
//! # Errors, testing and cost
//!
//! A [`VerifyError`] says why a delivery was rejected, and its kind which status to respond with. [`sign`] makes
//! signatures for tests, and `avala-sandbox` sends real, signed deliveries. Without features: the types, `hmac` and
//! `sha2`.

#![cfg_attr(docsrs, feature(doc_cfg))]
// Target of links from other crates that are documented without this one.
#![doc(html_root_url = "https://docs.rs/avala-webhook/latest")]

mod error;
mod signature;
mod verifier;

#[cfg(feature = "axum")]
mod extract;
#[cfg(feature = "tower")]
mod read_body;
#[cfg(feature = "tower")]
mod service;

pub use avala_types::{EventType, WebhookEvent, WebhookResource};
pub use error::{VerifyError, VerifyErrorKind};
#[cfg(feature = "axum")]
pub use extract::Verified;
#[cfg(feature = "tower")]
pub use service::WebhookService;
pub use signature::sign;
pub use verifier::WebhookVerifier;

use avala_types::WebhookDeliveryUid;

/// The header with the event type. It is not signed.
pub const EVENT_HEADER: &str = "x-avala-webhook-event";

/// The header with the ID of the delivery, which stays the same when a delivery is repeated. It is not signed.
pub const DELIVERY_HEADER: &str = "x-avala-webhook-delivery";

/// The header with the signature of the body.
pub const SIGNATURE_HEADER: &str = "x-avala-webhook-signature";

/// A delivery with a valid signature.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Delivery {
    /// ID of the delivery, the same when it is repeated. Not signed.
    pub id: WebhookDeliveryUid,
    /// The event.
    pub event: WebhookEvent,
}

/// Verifies the signature of a delivery and decodes its event.
///
/// `secrets` are the currently valid secrets: one, or the old and the new one during a rotation. `header` returns a
/// header by its lower-case name. `body` is the raw body, exactly as received.
///
/// The comparison takes the same time for every wrong signature, and tries every secret.
///
/// # Errors
/// [`VerifyErrorKind::Signature`] if no secret matches the signature; respond with 401 and no details. See
/// [`VerifyErrorKind`] for the others. The body is not decoded before the signature is verified.
pub fn verify<'a>(
    secrets: &[impl AsRef<str>],
    header: impl Fn(&str) -> Option<&'a str>,
    body: &[u8],
) -> Result<Delivery, VerifyError> {
    check_secrets(secrets)?;
    let required = |name| {
        let value = header(name).filter(|value| !value.trim().is_empty());
        value.ok_or_else(|| VerifyError::missing(name))
    };
    let signature = header(SIGNATURE_HEADER).ok_or_else(|| VerifyError::missing(SIGNATURE_HEADER))?;
    if !signature::is_valid(secrets, signature, body) {
        return Err(VerifyError::new(VerifyErrorKind::Signature));
    }
    let event = required(EVENT_HEADER)?;
    let id = required(DELIVERY_HEADER)?;
    let invalid = |source: std::str::Utf8Error| VerifyError::with_source(VerifyErrorKind::Body, source);
    let text = std::str::from_utf8(body).map_err(invalid)?;
    let event = WebhookEvent::from_body(event, text).map_err(|error| {
        let kind = if error.is_mismatch() { VerifyErrorKind::EventMismatch } else { VerifyErrorKind::Body };
        VerifyError::with_source(kind, error)
    })?;
    Ok(Delivery { id: id.into(), event })
}

/// Rejects secrets with which anyone could sign, or with which no signature would match.
fn check_secrets(secrets: &[impl AsRef<str>]) -> Result<(), VerifyError> {
    let trimmed = |secret: &str| secret.trim_matches(is_blank).len();
    if secrets.is_empty() || secrets.iter().any(|secret| trimmed(secret.as_ref()) == 0) {
        return Err(VerifyError::new(VerifyErrorKind::NoSecret));
    }
    if secrets.iter().any(|secret| trimmed(secret.as_ref()) != secret.as_ref().len()) {
        return Err(VerifyError::new(VerifyErrorKind::UntrimmedSecret));
    }
    Ok(())
}

/// Returns whether a character is invisible: whitespace, and what editors and copied pages leave beside a text.
fn is_blank(character: char) -> bool {
    let is_invisible = matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}');
    character.is_whitespace() || character.is_control() || is_invisible
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"uid": "e1", "status": "exported"}"#;
    /// Created by another implementation with the secret `whsec_1f9a`.
    const GOOD: &str = "8e0929d8e421960e37c0fd9eff5b76997bab37465832f87d47cc030138c779ab";
    /// The same with the secret `whsec_old`.
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
    fn valid_signature_returns_the_event() {
        let delivery = receive(&["whsec_1f9a"], Some(GOOD), BODY).unwrap();
        assert_eq!(delivery.id, "d1");
        assert_eq!(delivery.event.event, EventType::ExportCompleted);
        assert!(matches!(delivery.event.resource(), Ok(WebhookResource::Export(export)) if export.uid == "e1"));
        for spelling in [format!("sha256={GOOD}"), GOOD.to_uppercase()] {
            assert!(receive(&["whsec_1f9a"], Some(&spelling), BODY).is_ok(), "{spelling}");
        }
        assert_eq!(sign("whsec_1f9a", BODY), GOOD);
    }

    #[test]
    fn old_and_new_secret_are_valid_during_a_rotation() {
        for signature in [GOOD, OLD] {
            assert!(receive(&["whsec_1f9a", "whsec_old"], Some(signature), BODY).is_ok());
            assert!(receive(&["whsec_old", "whsec_1f9a"], Some(signature), BODY).is_ok());
        }
        assert_eq!(receive(&["whsec_1f9a"], Some(OLD), BODY), Err(VerifyErrorKind::Signature));
    }

    #[test]
    fn wrong_signatures_are_rejected_alike() {
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
    fn blank_secrets_are_rejected() {
        let signed_with_nothing = sign("", BODY);
        for secrets in [&[][..], &[""], &["whsec_1f9a", ""], &[" "], &["\n"], &["\t\r\n"], &["\u{feff}\u{200b}\0"]] {
            assert_eq!(receive(secrets, Some(&signed_with_nothing), BODY), Err(VerifyErrorKind::NoSecret));
        }
    }

    #[test]
    fn the_body_is_decoded_after_the_signature() {
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

    #[test]
    fn secrets_with_surrounding_whitespace_are_reported() {
        let invisible = ["\u{feff}whsec_1f9a", "whsec_1f9a\u{200b}", "whsec_1f9a\0"];
        for secret in ["whsec_1f9a\n", " whsec_1f9a", "whsec_1f9a\r\n"].into_iter().chain(invisible) {
            assert_eq!(receive(&[secret], Some(GOOD), BODY), Err(VerifyErrorKind::UntrimmedSecret), "{secret:?}");
        }
    }

    #[test]
    fn a_delivery_without_an_id_is_rejected() {
        for id in [None, Some(""), Some(" ")] {
            let header = |name: &str| match name {
                EVENT_HEADER => Some("export.completed"),
                DELIVERY_HEADER => id,
                SIGNATURE_HEADER => Some(GOOD),
                _ => None,
            };
            let error = verify(&["whsec_1f9a"], header, BODY).unwrap_err();
            assert_eq!(error.kind(), VerifyErrorKind::MissingHeader(DELIVERY_HEADER));
        }
    }

    #[test]
    fn an_unsigned_header_does_not_override_the_signed_event() {
        let body = br#"{"event":"dataset.deleted","data":{"uid":"d1"}}"#;
        let signature = sign("whsec_1f9a", body);
        assert_eq!(receive(&["whsec_1f9a"], Some(&signature), body), Err(VerifyErrorKind::EventMismatch));
    }
}

/// Compiles and runs the code of the README.
#[cfg(all(doctest, feature = "tower"))]
#[doc = include_str!("../README.md")]
struct Readme;
