//! What every handler has at hand.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::resources::Tables;

/// The data of a sandbox and the address that it is reached at.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

struct Shared {
    url: String,
    tables: Mutex<Tables>,
}

impl App {
    pub(crate) fn new(url: &str, tables: Tables) -> Self {
        Self(Arc::new(Shared { url: url.to_owned(), tables: Mutex::new(tables) }))
    }

    /// The address of the sandbox, for links in answers. A request's `Host` header may say anything.
    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    /// All data. Handlers hold it for one answer and never across an `await`, so each request is atomic.
    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
