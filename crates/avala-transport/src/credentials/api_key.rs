//! API keys.

use std::fmt;

use http::HeaderValue;

use crate::error::TransportError;

/// API key: not empty, valid as a header value, and never printed.
///
/// Keys currently start with `avk_`. The prefix is not checked, because it may change.
///
/// ```
/// use avala_transport::ApiKey;
///
/// let key = ApiKey::new("avk_example")?;
/// assert_eq!(format!("{key:?}"), "ApiKey(redacted)");
/// # Ok::<(), avala_transport::TransportError>(())
/// ```
#[derive(Clone)]
pub struct ApiKey(HeaderValue);

impl ApiKey {
    /// Creates a key from its text.
    ///
    /// # Errors
    ///
    /// [`Configuration`](crate::TransportErrorKind::Configuration) if the text is empty or has characters that are
    /// invalid in a header. The message does not repeat the key.
    pub fn new(text: impl AsRef<str>) -> Result<Self, TransportError> {
        let text = text.as_ref();
        if text.trim().is_empty() {
            return Err(TransportError::configuration("the API key is empty; create one in the account's settings"));
        }
        if !text.bytes().all(|byte| (b'!'..=b'~').contains(&byte)) {
            return Err(TransportError::configuration(
                "the API key has spaces, line breaks or other characters that are invalid in a header; copy it again",
            ));
        }
        let mut value = HeaderValue::from_str(text).map_err(|error| {
            TransportError::configuration("the API key is not a valid header value").with_source(error)
        })?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// Returns the key as text, to derive an identifier from it. Do not print it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// Returns the value of the header, marked as sensitive.
    pub(crate) fn header_value(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_key_prefix_is_accepted() {
        for text in ["avk_1234", "avala_sk_1234", "x", "a.b-c~d"] {
            assert!(ApiKey::new(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn invalid_key_is_rejected_and_not_repeated() {
        for text in ["", " ", "\n", "avk_hunter2\n", "avk hunter2", "avk_hünter2", "avk_hunter2\u{7f}"] {
            let error = ApiKey::new(text).expect_err(text);
            assert_eq!(error.kind(), crate::error::TransportErrorKind::Configuration);
            assert!(!format!("{error:?}").contains("nter2"), "{error:?}");
        }
    }

    #[test]
    fn debug_is_redacted() {
        assert!(!format!("{:?}", ApiKey::new("avk_hunter2").unwrap()).contains("hunter2"));
    }
}
