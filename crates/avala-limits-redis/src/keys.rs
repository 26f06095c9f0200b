//! Names of the keys in Redis.

use std::fmt::Write;

use avala_transport::{ApiKey, BaseUrl, ConcurrencyGroup};
use sha2::{Digest, Sha256};

/// Field of the user's limit.
pub(crate) const USER: &str = "user";

/// Returns the field of a scope's limit.
pub(crate) fn scope_field(name: &str) -> String {
    format!("scope:{name}")
}

/// Keys of one account. All contain the same hash tag, so that a cluster stores them in one slot.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    base: String,
    /// All limits of the account, with their generation.
    pub(crate) limits: String,
}

impl Keys {
    /// Derives the keys from a hash, which reveals neither the API key nor the host.
    pub(crate) fn new(prefix: &str, base_url: &BaseUrl, api_key: &ApiKey) -> Self {
        let mut hash = Sha256::new();
        for part in [base_url.scheme(), base_url.host(), &base_url.port_or_default().to_string()] {
            hash.update(part.to_ascii_lowercase());
            hash.update([0]);
        }
        hash.update(base_url.path_prefix().trim_end_matches('/'));
        hash.update([0]);
        hash.update(api_key.expose());
        let tag = hash.finalize().iter().take(16).fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        let base = format!("{prefix}:{{{tag}}}");
        Self { limits: format!("{base}:limits"), base }
    }

    pub(crate) fn permits(&self, group: ConcurrencyGroup) -> String {
        format!("{}:group:{group}", self.base)
    }

    #[cfg(feature = "agents")]
    pub(crate) fn claim(&self, execution: &str) -> String {
        format!("{}:claim:{execution}", self.base)
    }

    #[cfg(feature = "agents")]
    pub(crate) fn claim_of_task(&self, task: &str) -> String {
        format!("{}:task:{task}", self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(url: &str, key: &str) -> Keys {
        Keys::new("avala", &BaseUrl::parse(url).unwrap(), &ApiKey::new(key).unwrap())
    }

    #[test]
    fn keys_differ_by_account_and_hide_the_api_key() {
        let one = keys("https://api.avala.ai/api/v1", "avk_hunter2");
        assert_eq!(one.limits, keys("https://API.avala.ai:443/api/v1/", "avk_hunter2").limits);
        for (url, key) in [
            ("https://api.avala.ai/api/v1", "avk_hunter3"),
            ("https://api.avala.ai/api/v2", "avk_hunter2"),
            ("https://api.avala.ai:444/api/v1", "avk_hunter2"),
        ] {
            assert_ne!(one.limits, keys(url, key).limits);
        }
        assert!(!format!("{one:?}").contains("hunter2"));
    }

    #[test]
    fn keys_of_an_account_share_a_hash_tag() {
        let keys = keys("https://api.avala.ai/api/v1", "avk_1");
        let tag = |key: &str| key[key.find('{').unwrap()..=key.find('}').unwrap()].to_owned();
        let all = [keys.limits.clone(), keys.permits("exports".into()), keys.permits("uploads".into())];
        assert!(all.iter().all(|key| tag(key) == tag(&keys.limits)));
        assert_eq!(all.iter().collect::<std::collections::HashSet<_>>().len(), 3);
    }
}
