//! A reservation of one call.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use crate::view::{Marks, View};

/// Tokens of a call. If they are dropped unused, the next call of this process uses them.
pub(crate) struct Token {
    view: Arc<Mutex<View>>,
    pub(crate) start: Instant,
    pub(crate) marks: Marks,
    pub(crate) scope: Option<&'static str>,
    /// Whether it includes a token of the user's limit. Otherwise, this token is taken when the scope's turn comes.
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
    pub(crate) fn new(view: Arc<Mutex<View>>, start: Instant, marks: Marks, scope: Option<&'static str>) -> Self {
        Self { view, start, marks, scope, has_user: true, has_permit: false, is_open: true }
    }

    pub(crate) fn with(mut self, has_user: bool, has_permit: bool) -> Self {
        self.has_user = has_user;
        self.has_permit = has_permit;
        self
    }

    /// Ends the reservation without returning its tokens, which are used, or returned by the request that replaces it.
    pub(crate) fn close(&mut self) {
        self.is_open = false;
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if self.is_open {
            let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
            view.give_back(self.start, self.marks, self.scope);
        }
    }
}
