//! The settings of a client, as data.

use std::fmt;
use std::time::Duration;

use crate::secret::Secret;

/// Client settings, independent of the HTTP library.
///
/// Plain data: nothing is checked here; the client that uses it parses the base URL.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct AvalaConfig {
    /// API key, sent as `X-Avala-Api-Key` (`AVALA_API_KEY`).
    pub api_key: Secret,
    /// Base URL of the API (`AVALA_BASE_URL`); [`DEFAULT_BASE_URL`](AvalaConfig::DEFAULT_BASE_URL) by default.
    pub base_url: String,
    /// Whether plain http to loopback hosts is allowed (`AVALA_ALLOW_INSECURE_BASE_URL`), for tests.
    pub allow_insecure_base_url: bool,
    /// Timeout of a call, including retries and queueing; 60 s by default.
    pub timeout: Duration,
}

impl AvalaConfig {
    /// Base URL of the production API.
    pub const DEFAULT_BASE_URL: &'static str = "https://api.avala.ai/api/v1";

    /// Default timeout of a call.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

    /// Creates settings with a key and defaults for all others.
    #[must_use]
    pub fn new(api_key: impl Into<Secret>) -> Self {
        Self {
            api_key: api_key.into(),
            base_url: Self::DEFAULT_BASE_URL.to_owned(),
            allow_insecure_base_url: false,
            timeout: Self::DEFAULT_TIMEOUT,
        }
    }

    /// Reads the settings from variables that `lookup` returns by name, such as `|name| std::env::var(name).ok()`.
    ///
    /// An empty variable counts as unset. `AVALA_ALLOW_INSECURE_BASE_URL` is true for `1`, `true`, `yes` and `on`.
    ///
    /// ```
    /// use avala_types::AvalaConfig;
    ///
    /// let config = AvalaConfig::from_lookup(|name| (name == "AVALA_API_KEY").then(|| "avk_1".to_owned()))?;
    /// assert_eq!(config.base_url, AvalaConfig::DEFAULT_BASE_URL);
    /// # Ok::<(), avala_types::MissingApiKey>(())
    /// ```
    ///
    /// # Errors
    /// Fails if `AVALA_API_KEY` is not set.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, MissingApiKey> {
        let lookup = |name| lookup(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let mut config = Self::new(lookup("AVALA_API_KEY").ok_or(MissingApiKey)?);
        if let Some(base_url) = lookup("AVALA_BASE_URL") {
            config.base_url = base_url;
        }
        config.allow_insecure_base_url = lookup("AVALA_ALLOW_INSECURE_BASE_URL").is_some_and(|text| is_true(&text));
        Ok(config)
    }
}

/// Shows no key, and the base URL without user information, query and fragment, which may hold a password.
impl fmt::Debug for AvalaConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.base_url.split(['?', '#']).next().unwrap_or_default();
        let base_url = match (url.split_once("//"), url.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => format!("{scheme}//***@{host}"),
            (None, Some((_, host))) => format!("***@{host}"),
            (_, None) => url.to_owned(),
        };
        f.debug_struct("AvalaConfig")
            .field("api_key", &self.api_key)
            .field("base_url", &base_url)
            .field("allow_insecure_base_url", &self.allow_insecure_base_url)
            .field("timeout", &self.timeout)
            .finish()
    }
}

fn is_true(text: &str) -> bool {
    ["1", "true", "yes", "on"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// `AVALA_API_KEY` is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingApiKey;

impl fmt::Display for MissingApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AVALA_API_KEY is not set: set it to a key from the settings of your account")
    }
}

impl std::error::Error for MissingApiKey {}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<AvalaConfig, MissingApiKey> {
        AvalaConfig::from_lookup(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_key_is_required_and_trimmed() {
        assert_eq!(config(&[]), Err(MissingApiKey));
        assert_eq!(config(&[("AVALA_API_KEY", "  ")]), Err(MissingApiKey));
        assert_eq!(config(&[("AVALA_API_KEY", "avk_1\n")]).unwrap(), AvalaConfig::new("avk_1"));
    }

    #[test]
    fn insecure_addresses_need_a_clear_yes() {
        let allowed = |text| {
            let config = config(&[("AVALA_API_KEY", "k"), ("AVALA_ALLOW_INSECURE_BASE_URL", text)]);
            config.unwrap().allow_insecure_base_url
        };
        assert!(["1", "true", "YES", "On"].into_iter().all(allowed));
        assert!(!["", "0", "false", "no", "2", "y"].into_iter().any(allowed));
    }

    #[test]
    fn the_key_is_not_shown() {
        let mut config = AvalaConfig::new("avk_hidden");
        for url in ["https://user:hidden@a/b", "https://a/?key=hidden", "hidden@a", "https://a/#hidden", "u:p?hidden@a"]
        {
            config.base_url = url.to_owned();
            assert!(!format!("{config:?}").contains("hidden"), "{config:?}");
        }
    }
}
