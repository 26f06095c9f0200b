//! What every handler has at hand.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use avala_types::WebhookDeliveryUid;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::state::storage::Presign;
use crate::state::tables::Tables;

/// The data of a sandbox, the address that it is reached at, and how it differs from other deployments.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

struct Shared {
    settings: Settings,
    tables: Mutex<Tables>,
    outbox: UnboundedSender<WebhookDeliveryUid>,
}

/// Settings that handlers read.
pub(crate) struct Settings {
    /// Address of the sandbox, for links in responses. A request's `Host` header may say anything.
    pub(crate) url: String,
    /// Address of the storage host.
    pub(crate) storage_url: String,
    /// Address of the storage host of managed uploads, which is another one.
    pub(crate) managed_storage_url: String,
    /// Whether lists of members are bare arrays.
    pub(crate) bare_member_lists: bool,
    pub(crate) update_existing_agents: bool,
    /// How long URLs of the storage host are valid.
    pub(crate) url_lifetime: Duration,
}

impl Settings {
    /// Returns a URL of the storage host to be signed.
    pub(crate) fn presign<'a>(&'a self, key: &'a str, parameters: &'a [(&'a str, String)]) -> Presign<'a> {
        let (base, lifetime) = (self.storage_url.as_str(), self.url_lifetime);
        Presign { base, key, parameters, signed_headers: "host", lifetime }
    }
}

impl App {
    /// Creates an app, and the queue of its webhook deliveries.
    pub(crate) fn new(settings: Settings, tables: Tables) -> (Self, UnboundedReceiver<WebhookDeliveryUid>) {
        let (outbox, queue) = mpsc::unbounded_channel();
        (Self(Arc::new(Shared { settings, tables: Mutex::new(tables), outbox })), queue)
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The address of the sandbox, for links in responses.
    pub(crate) fn url(&self) -> &str {
        &self.0.settings.url
    }

    /// All data. Handlers hold it for one response and never across an `await`, so each request is atomic.
    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a delivery for the worker, which runs as long as the server does.
    pub(crate) fn send(&self, delivery: &WebhookDeliveryUid) {
        let _ = self.0.outbox.send(delivery.clone());
    }
}
