//! A reservation of one call.

use std::sync::Arc;

use tokio::time::Instant;

use crate::limits::Inner;

/// When a reservation was made: it is void if any of these changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) generation: u64,
    pub(crate) user: u64,
    pub(crate) scope: u64,
}

/// Tokens of one call. Dropped unused, the next call of this process has them.
pub(crate) struct Token {
    limits: Arc<Inner>,
    pub(crate) start: Instant,
    pub(crate) marks: Marks,
    pub(crate) scope: Option<&'static str>,
    /// Whether it includes a token of the user's limit. If not, that one is taken when the scope's turn comes.
    pub(crate) has_user: bool,
    pub(crate) has_permit: bool,
    is_open: bool,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("start", &self.start).field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl Token {
    /// Creates a token of the user's limit and the scope.
    pub(crate) fn new(limits: Arc<Inner>, start: Instant, marks: Marks, scope: Option<&'static str>) -> Self {
        Self { limits, start, marks, scope, has_user: true, has_permit: false, is_open: true }
    }

    pub(crate) fn with(mut self, has_user: bool, has_permit: bool) -> Self {
        self.has_user = has_user;
        self.has_permit = has_permit;
        self
    }

    /// Ends the reservation without returning it: it is used, or returned by the request that replaces it.
    pub(crate) fn close(&mut self) {
        self.is_open = false;
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if self.is_open {
            self.limits.give_back(self);
        }
    }
}
