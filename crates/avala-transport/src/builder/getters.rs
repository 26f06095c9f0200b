//! Getters of the builder, and its form for debugging.

use std::fmt;
use std::time::Duration;

use super::TransportBuilder;
use crate::base_url::BaseUrl;
use crate::layer::rate_limit::RateLimiter;

/// Getters, for a builder that wraps this one and should not store settings twice.
impl TransportBuilder {
    /// Returns the base URL, if one was set.
    #[must_use]
    pub fn get_base_url(&self) -> Option<&BaseUrl> {
        self.base_url.as_ref()
    }

    /// Returns the timeout of a whole call.
    #[must_use]
    pub fn get_timeout(&self) -> Duration {
        self.timeout
    }

    /// Returns the rate limiter, which shares its state with the transport that is built.
    #[must_use]
    pub fn get_rate_limiter(&self) -> &RateLimiter {
        &self.rate_limiter
    }

    /// Returns the maximum size of a response body that is read into memory, in bytes.
    #[must_use]
    pub fn get_max_body_bytes(&self) -> usize {
        self.max_body_bytes
    }

    /// Returns whether an API key, an access token, or a provider of one was set.
    #[must_use]
    pub fn has_credentials(&self) -> bool {
        self.auth.is_some()
    }
}

/// Shows plain settings; the key is redacted.
impl fmt::Debug for TransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportBuilder")
            .field("base_url", &self.base_url)
            .field("auth", &self.auth)
            .field("timeout", &self.timeout)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("retry", &self.retry)
            .field("concurrency", &self.concurrency)
            .field("max_body_bytes", &self.max_body_bytes)
            .field("memory_budget", &self.memory_budget)
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}
