//! Names of the keys in Redis.

use std::fmt::Write;

use avala_transport::{ApiKey, BaseUrl, ConcurrencyGroup};
use sha2::{Digest, Sha256};

/// Keys of one account. All contain the same hash tag, so that a cluster stores them in one slot.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    base: String,
    pub(crate) generation: String,
    pub(crate) user: String,
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
        Self { generation: format!("{base}:generation"), user: format!("{base}:limit"), base }
    }

    pub(crate) fn scope(&self, name: &str) -> String {
        format!("{}:scope:{name}", self.base)
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
        assert_eq!(one.user, keys("https://API.avala.ai:443/api/v1/", "avk_hunter2").user);
        for (url, key) in [
            ("https://api.avala.ai/api/v1", "avk_hunter3"),
            ("https://api.avala.ai/api/v2", "avk_hunter2"),
            ("https://api.avala.ai:444/api/v1", "avk_hunter2"),
        ] {
            assert_ne!(one.user, keys(url, key).user);
        }
        assert!(!format!("{one:?}").contains("hunter2"));
    }

    #[test]
    fn keys_of_an_account_share_a_hash_tag() {
        let keys = keys("https://api.avala.ai/api/v1", "avk_1");
        let tag = |key: &str| key[key.find('{').unwrap()..=key.find('}').unwrap()].to_owned();
        let all = [keys.generation.clone(), keys.user.clone(), keys.scope("x"), keys.permits("exports".into())];
        assert!(all.iter().all(|key| tag(key) == tag(&keys.user)));
        assert_eq!(all.iter().collect::<std::collections::HashSet<_>>().len(), 4);
    }
}
