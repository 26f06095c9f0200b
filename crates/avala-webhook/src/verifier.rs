//! Secrets of a receiver, which can be rotated while it runs.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use avala_types::Secret;

use crate::error::VerifyError;
use crate::{Delivery, check_secrets, verify};

/// The default limit of a body, in bytes: 1 MiB. A delivery carries one resource.
const DEFAULT_MAX_BODY_BYTES: usize = 1 << 20;

/// Verifies deliveries with secrets that can be rotated at run time. Clones share the secrets.
///
/// ```
/// use avala_webhook::WebhookVerifier;
///
/// let verifier = WebhookVerifier::new(["whsec_old"])?;
/// // Accept both while the webhook's secret is changed, then only the new one.
/// verifier.rotate(["whsec_new", "whsec_old"])?;
/// verifier.rotate(["whsec_new"])?;
/// # Ok::<(), avala_webhook::VerifyError>(())
/// ```
#[derive(Clone)]
pub struct WebhookVerifier {
    secrets: Arc<RwLock<Vec<Secret>>>,
    max_body_bytes: usize,
}

impl WebhookVerifier {
    /// Creates a verifier with the currently valid secrets.
    ///
    /// # Errors
    /// [`NoSecret`](crate::VerifyErrorKind::NoSecret) if there is none or one is blank,
    /// [`UntrimmedSecret`](crate::VerifyErrorKind::UntrimmedSecret) if one has whitespace around it.
    pub fn new(secrets: impl IntoIterator<Item: Into<String>>) -> Result<Self, VerifyError> {
        let secrets = checked(secrets)?;
        Ok(Self { secrets: Arc::new(RwLock::new(secrets)), max_body_bytes: DEFAULT_MAX_BODY_BYTES })
    }

    /// Sets the limit of a body in bytes, 1 MiB by default. The tower service and the axum extractor apply it.
    #[must_use]
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.max_body_bytes = bytes;
        self
    }

    /// Replaces the secrets, for all clones.
    ///
    /// # Errors
    /// As [`new`](WebhookVerifier::new); the secrets then stay unchanged.
    pub fn rotate(&self, secrets: impl IntoIterator<Item: Into<String>>) -> Result<(), VerifyError> {
        let secrets = checked(secrets)?;
        *self.secrets.write().unwrap_or_else(PoisonError::into_inner) = secrets;
        Ok(())
    }

    /// Verifies a delivery, as [`verify`](crate::verify) does.
    ///
    /// # Errors
    /// As [`verify`](crate::verify).
    pub fn verify<'a>(&self, header: impl Fn(&str) -> Option<&'a str>, body: &[u8]) -> Result<Delivery, VerifyError> {
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        let secrets: Vec<&str> = secrets.iter().map(Secret::expose).collect();
        verify(&secrets, header, body)
    }

    #[cfg(feature = "tower")]
    pub(crate) fn body_limit(&self) -> usize {
        self.max_body_bytes
    }
}

fn checked(secrets: impl IntoIterator<Item: Into<String>>) -> Result<Vec<Secret>, VerifyError> {
    let secrets: Vec<String> = secrets.into_iter().map(Into::into).collect();
    check_secrets(&secrets)?;
    Ok(secrets.into_iter().map(Secret::from).collect())
}

impl fmt::Debug for WebhookVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookVerifier").field("max_body_bytes", &self.max_body_bytes).finish_non_exhaustive()
    }
}
