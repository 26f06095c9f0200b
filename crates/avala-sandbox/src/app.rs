//! State and settings that every handler can use.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::documented_limits::DocumentedLimits;
use crate::fault::FaultQueue;
use crate::state::storage::Storage;
use crate::state::storage::links::Links;
use crate::state::tables::Tables;
use crate::state::webhook::Outgoing;

/// The data of a sandbox, its address, and how it differs from other deployments.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

struct Shared {
    settings: Settings,
    tables: Mutex<Tables>,
    outbox: UnboundedSender<Outgoing>,
    faults: FaultQueue,
}

/// Settings that handlers read.
pub(crate) struct Settings {
    /// Address of the sandbox, for links in responses. A request's `Host` header may say anything.
    pub(crate) url: String,
    /// Address of the storage host, and how long its URLs are valid.
    pub(crate) links: Links,
    /// Address of the storage host of managed uploads, which is a different host.
    pub(crate) managed_storage_url: String,
    /// Whether lists of members are bare arrays.
    pub(crate) bare_member_lists: bool,
    pub(crate) update_existing_agents: bool,
    pub(crate) uploads: UploadSettings,
    pub(crate) documented_limits: DocumentedLimits,
    /// Maximum size of a page of executions.
    pub(crate) execution_page_limit: usize,
    /// Whether executions that a list has shown are `running` after it.
    pub(crate) start_listed_executions: bool,
}

/// How files of datasets are uploaded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UploadSettings {
    /// Version of the protocol that is used if a client requests version 2.
    pub(crate) version: u64,
    /// Larger files are sent in parts of this size.
    pub(crate) part_size: u64,
    /// How many parts are signed at a time.
    pub(crate) signed_parts: usize,
    /// The bytes that every owner can store.
    pub(crate) quota: u64,
    /// Maximum lifetime of a URL where a client may request one.
    pub(crate) longest_lifetime: Option<Duration>,
}

impl App {
    /// Creates an app, and the queue of the deliveries that it sends.
    pub(crate) fn new(settings: Settings, tables: Tables) -> (Self, UnboundedReceiver<Outgoing>) {
        let (outbox, queue) = mpsc::unbounded_channel();
        (Self(Arc::new(Shared { settings, tables: Mutex::new(tables), outbox, faults: FaultQueue::default() })), queue)
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Returns the address of the sandbox, for links in responses.
    pub(crate) fn url(&self) -> &str {
        &self.0.settings.url
    }

    /// Returns the signer of links to objects.
    pub(crate) fn links(&self) -> &Links {
        &self.0.settings.links
    }

    /// Returns all data. Handlers hold it for one response and never across an `await`, so each request is atomic.
    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads or changes the data of the storage host.
    pub(crate) fn storage<R>(&self, change: impl FnOnce(&mut Storage) -> R) -> R {
        change(&mut self.tables().storage)
    }

    /// Faults that wait for requests.
    pub(crate) fn faults(&self) -> &FaultQueue {
        &self.0.faults
    }

    /// Queues a request for the worker, which runs as long as the server.
    pub(crate) fn send(&self, outgoing: Outgoing) {
        let _ = self.0.outbox.send(outgoing);
    }
}
