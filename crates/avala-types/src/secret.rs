//! Secrets with redacted `Debug` output.

use std::fmt;

use crate::field::transparent;
use crate::json::Json;

/// A secret text, such as a signing secret, a token or a key, with redacted `Debug` output.
///
/// There is no `Display`; [`expose`](Secret::expose) is the only access to the text, so that a
/// search for that word finds every use of a secret. Encoding writes the whole text.
///
/// ```
/// let secret = avala_types::Secret::from("whsec_1f9a");
/// assert_eq!(format!("{secret:?}"), "Secret(***)");
/// assert_eq!(secret.expose(), "whsec_1f9a");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(Box<str>);

impl Secret {
    /// Returns the secret text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

/// Free-form settings that may hold a secret, such as the API key of a service: a [`Json`] with redacted `Debug`
/// output.
///
/// ```
/// let config = avala_types::SecretJson::from(serde_json::json!({"api_key": "sk-1"}));
/// assert_eq!(format!("{config:?}"), "SecretJson(***)");
/// assert_eq!(config.expose().get(), r#"{"api_key":"sk-1"}"#);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SecretJson(Json);

impl SecretJson {
    /// Returns the settings.
    #[must_use]
    pub fn expose(&self) -> &Json {
        &self.0
    }
}

impl fmt::Debug for SecretJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretJson(***)")
    }
}

impl<T: Into<Json>> From<T> for SecretJson {
    fn from(settings: T) -> Self {
        Self(settings.into())
    }
}

crate::scalar::text!(Secret);
transparent!(SecretJson { 0 });

crate::setter::converted!(Secret, SecretJson);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_encoded_in_full_and_shown_nowhere() {
        let secret: Secret = serde_json::from_str("\"hunter2\"").unwrap();
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"hunter2\"");
        assert_eq!(format!("{:?} {:#?}", Some(&secret), secret), "Some(Secret(***)) Secret(***)");
    }
}
