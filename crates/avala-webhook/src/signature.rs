//! Signatures: the hexadecimal HMAC-SHA256 of the body.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Length of a signature in bytes.
const LENGTH: usize = 32;

/// Signs a body as Avala does: for tests of a receiver, and for fakes.
#[must_use]
pub fn sign(secret: impl AsRef<str>, body: &[u8]) -> String {
    let mac = mac(secret.as_ref(), body).map(|mac| mac.finalize().into_bytes());
    mac.into_iter().flatten().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns whether one of the secrets matches the signature.
pub(crate) fn is_valid(secrets: &[impl AsRef<str>], signature: &str, body: &[u8]) -> bool {
    let digits = signature.strip_prefix("sha256=").unwrap_or(signature);
    let Some(signature) = bytes(digits) else { return false };
    // Every secret is tried, so that the time does not reveal how many there are and which one matched.
    secrets.iter().fold(false, |valid, secret| {
        valid | mac(secret.as_ref(), body).is_some_and(|mac| mac.verify_slice(&signature).is_ok())
    })
}

/// Computes the HMAC. Never `None`: HMAC accepts keys of any length.
fn mac(secret: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(body);
    Some(mac)
}

/// Decodes a hexadecimal signature, in any case.
fn bytes(digits: &str) -> Option<[u8; LENGTH]> {
    if digits.len() != 2 * LENGTH || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; LENGTH];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}
