//! Spans and events for operators.

use crate::error::LimitsError;

/// Redis cannot be used: the share of the process applies.
pub(crate) fn outage(error: &LimitsError) {
    tracing::warn_span!("avala.limits.local", reason = %error).in_scope(|| {
        tracing::warn!("rate limits: Redis is not used, the share of this process applies");
    });
}

pub(crate) fn recovered() {
    tracing::info!("rate limits: Redis is used again");
}

pub(crate) fn warning(text: &str) {
    tracing::warn!("rate limits: {text}");
}
