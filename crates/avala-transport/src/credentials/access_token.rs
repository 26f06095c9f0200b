//! OAuth access tokens and their providers.

use std::fmt;

use http::HeaderValue;

use crate::credentials::api_key_provider::Provided;
use crate::error::TransportError;

/// OAuth access token: not empty, valid as a header value, and never printed. Used instead of an API key.
///
/// ```
/// use avala_transport::AccessToken;
///
/// let token = AccessToken::new("eyJhbGciOi.example")?;
/// assert_eq!(format!("{token:?}"), "AccessToken(redacted)");
/// # Ok::<(), avala_transport::TransportError>(())
/// ```
#[derive(Clone)]
pub struct AccessToken(HeaderValue);

impl AccessToken {
    /// Creates a token from its text, without the word `Bearer`.
    ///
    /// # Errors
    ///
    /// [`Configuration`](crate::TransportErrorKind::Configuration) if the text is empty or has characters that are
    /// invalid in a token. The message does not repeat the text.
    pub fn new(text: impl AsRef<str>) -> Result<Self, TransportError> {
        let text = text.as_ref();
        if text.trim().is_empty() {
            return Err(TransportError::configuration("the access token is empty; sign in to get one"));
        }
        if !text.bytes().all(|byte| (b'!'..=b'~').contains(&byte)) {
            return Err(TransportError::configuration(
                "the access token has spaces, line breaks or other illegal characters; pass it without `Bearer`",
            ));
        }
        let mut value = HeaderValue::try_from(format!("Bearer {text}"))
            .map_err(|_| TransportError::configuration("the access token cannot be sent in a header"))?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// Returns the value of the `authorization` header, marked as sensitive.
    pub(crate) fn header_value(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(redacted)")
    }
}

/// Return type of an [`AccessTokenProvider`].
pub type ProvidedToken = Provided<AccessToken>;

/// Returns the access token for each attempt of each call, so that a refreshed token is used from the next attempt on.
///
/// An [`AccessToken`] is a provider that always returns itself. A function is a provider too:
///
/// ```
/// use avala_transport::{AccessToken, BoxError, ProvidedToken, TransportBuilder};
///
/// # async fn refreshed() -> Result<String, std::io::Error> { Ok("eyJhbGciOi.example".to_owned()) }
/// let builder = TransportBuilder::new().access_token_provider(|| {
///     ProvidedToken::later(async { Ok::<_, BoxError>(AccessToken::new(refreshed().await?)?) })
/// });
/// ```
///
/// If a provider fails, the call fails with [`Configuration`](crate::TransportErrorKind::Configuration) and the
/// provider's error as the source. Nothing is sent, and nothing is retried. The error is displayed, so it must not
/// contain a token.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not provide access tokens",
    note = "pass an `AccessToken`, a function that returns a `ProvidedToken`, or a type that implements `AccessTokenProvider`"
)]
pub trait AccessTokenProvider: Send + Sync + 'static {
    /// Returns the token for an attempt that is about to be sent.
    ///
    /// Time spent here counts against the call timeout, not against the attempt timeout.
    fn access_token(&self) -> ProvidedToken;
}

impl AccessTokenProvider for AccessToken {
    fn access_token(&self) -> ProvidedToken {
        Provided::Now(Ok(self.clone()))
    }
}

impl<F> AccessTokenProvider for F
where
    F: Fn() -> ProvidedToken + Send + Sync + 'static,
{
    fn access_token(&self) -> ProvidedToken {
        self()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn illegal_token_is_rejected_and_not_repeated() {
        for text in ["", " ", "Bearer hunter2", "hunter2\n", "hünter2"] {
            let error = AccessToken::new(text).expect_err(text);
            assert_eq!(error.kind(), crate::error::TransportErrorKind::Configuration);
            assert!(!format!("{error:?}").contains("nter2"), "{error:?}");
        }
        assert!(!format!("{:?}", AccessToken::new("hunter2").unwrap()).contains("hunter2"));
    }
}
