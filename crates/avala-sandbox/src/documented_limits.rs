//! Limits on open uploads and exports of an account, and on signups.

use crate::error::ApiError;
use crate::rate_limit::{Limiter, RateLimit};

/// Uploads of datasets that an owner may have open.
const UPLOADS: usize = 10;

/// Exports that may be unfinished.
const EXPORTS: usize = 5;

/// Signups a minute. Every client has the same address here.
const SIGNUPS: u64 = 5;

/// Seconds after which an upload or an export may have ended.
const RETRY_AFTER: u64 = 1;

/// The documented limits other than rate limits; a deployment can change them.
pub(crate) struct DocumentedLimits {
    are_enforced: bool,
    signups: Limiter,
}

impl DocumentedLimits {
    pub(crate) fn new(are_enforced: bool) -> Self {
        Self { are_enforced, signups: Limiter::new(are_enforced.then(|| RateLimit::per_minute(SIGNUPS))) }
    }

    /// Fails with 429 if an owner has too many open uploads for another one.
    pub(crate) fn check_uploads(&self, open: impl FnOnce() -> usize) -> Result<(), ApiError> {
        self.check(open, UPLOADS, "uploads")
    }

    /// Fails with 429 if there are too many unfinished exports for another one.
    pub(crate) fn check_exports(&self, unfinished: impl FnOnce() -> usize) -> Result<(), ApiError> {
        self.check(unfinished, EXPORTS, "exports")
    }

    /// Counts a signup; fails with 429 if there were too many in this minute.
    pub(crate) fn take_signup(&self) -> Result<(), ApiError> {
        self.signups.take().map_err(|refused| ApiError::throttled(refused.retry_after))
    }

    fn check(&self, count: impl FnOnce() -> usize, limit: usize, things: &str) -> Result<(), ApiError> {
        if !self.are_enforced || count() < limit {
            return Ok(());
        }
        let sentence = format!("At most {limit} {things} are allowed at a time.");
        Err(ApiError::too_many(sentence, RETRY_AFTER))
    }
}
