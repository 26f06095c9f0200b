//! The API key.

use std::fmt;

use http::HeaderValue;

use crate::error::TransportError;

/// An API key: not empty, legal as the value of a header, and never printed.
///
/// Keys look like `avk_...` today. The prefix is not checked, because it changes.
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
    /// Takes the text of a key.
    ///
    /// # Errors
    ///
    /// [`Configuration`](crate::TransportErrorKind::Configuration) when it is empty or has characters that no
    /// header may carry. The message does not repeat the key.
    pub fn new(text: impl AsRef<str>) -> Result<Self, TransportError> {
        let text = text.as_ref();
        if text.trim().is_empty() {
            return Err(TransportError::configuration("the API key is empty; create one in the account's settings"));
        }
        if !text.bytes().all(|byte| (b'!'..=b'~').contains(&byte)) {
            return Err(TransportError::configuration(
                "the API key has spaces, line breaks or other characters that no header may carry; copy it again",
            ));
        }
        let mut value = HeaderValue::from_str(text).map_err(|error| {
            TransportError::configuration("the API key is no legal header value").with_source(error)
        })?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// The value of the header, marked as sensitive.
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
    fn any_prefix_is_good() {
        for text in ["avk_1234", "avala_sk_1234", "x", "a.b-c~d"] {
            assert!(ApiKey::new(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_no_header_may_carry_is_refused_and_not_repeated() {
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
