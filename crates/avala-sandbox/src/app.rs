//! What every handler has at hand.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use avala_types::WebhookDeliveryUid;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::resources::Tables;

/// The data of a sandbox, the address that it is reached at, and how it differs from other deployments.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

struct Shared {
    url: String,
    bare_member_lists: bool,
    tables: Mutex<Tables>,
    outbox: UnboundedSender<WebhookDeliveryUid>,
}

impl App {
    /// An app, and the deliveries that wait for a courier.
    pub(crate) fn new(
        url: &str,
        bare_member_lists: bool,
        tables: Tables,
    ) -> (Self, UnboundedReceiver<WebhookDeliveryUid>) {
        let (outbox, waiting) = mpsc::unbounded_channel();
        (Self(Arc::new(Shared { url: url.to_owned(), bare_member_lists, tables: Mutex::new(tables), outbox })), waiting)
    }

    /// The address of the sandbox, for links in answers. A request's `Host` header may say anything.
    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    /// Whether lists of members are bare arrays.
    pub(crate) fn bare_member_lists(&self) -> bool {
        self.0.bare_member_lists
    }

    /// All data. Handlers hold it for one answer and never across an `await`, so each request is atomic.
    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a delivery to the courier, who is there as long as the server is.
    pub(crate) fn send(&self, delivery: &WebhookDeliveryUid) {
        let _ = self.0.outbox.send(delivery.clone());
    }
}
