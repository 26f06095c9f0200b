//! Events of a run.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use tokio::sync::mpsc;

/// Progress of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Totals {
    /// Bytes of all files; grows while files are still being found.
    pub bytes_total: u64,
    /// Completed bytes: sent or received in this run, or skipped because the target already has them.
    pub bytes_done: u64,
    /// Bytes sent or received in this run, including repeated bytes.
    pub bytes_transferred: u64,
    /// Number of files.
    pub files_total: u64,
    /// Completed files, including skipped files.
    pub files_done: u64,
    /// Files that were done before this run.
    pub files_skipped: u64,
    /// Files that failed.
    pub files_failed: u64,
    /// Parts or ranges that are done in this run.
    pub parts_done: u64,
    /// Repeated attempts.
    pub retries: u64,
    /// Bytes per second, averaged over the last seconds.
    pub rate: f64,
    /// Time since the start of the run.
    pub elapsed: Duration,
    /// Expected time until the last byte; `None` while the rate is unknown.
    pub eta: Option<Duration>,
}

/// Event of a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A phase of the run started.
    Phase(Phase),
    /// Progress, about every 200 ms during a transfer.
    Progress(Totals),
    /// The transfer of a file started.
    FileStarted {
        /// Path in the dataset, recording or folder.
        path: String,
        /// Size in bytes.
        size: u64,
    },
    /// A file is done.
    FileDone {
        /// Path in the dataset, recording or folder.
        path: String,
        /// Bytes that were transferred for the file in this run.
        bytes: u64,
    },
    /// A file was done before this run.
    FileSkipped {
        /// Path in the dataset, recording or folder.
        path: String,
    },
    /// A file failed, and the run continues with others.
    FileFailed {
        /// Path in the dataset, recording or folder.
        path: String,
        /// The error, in one line.
        error: String,
    },
    /// An attempt failed and is repeated.
    Retry {
        /// Path in the dataset, recording or folder.
        path: String,
        /// Number of the failed attempt, from 1.
        attempt: u32,
        /// Wait before the next attempt.
        wait: Duration,
        /// The error, in one line.
        error: String,
    },
    /// A warning, in one line.
    Warning(String),
}

/// Phase of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Finds files, and reads their sizes and hashes where the protocol needs them.
    Inventory,
    /// Transfers bytes.
    Transfer,
    /// Compares the transferred files with their sources.
    Verify,
    /// Creates the dataset or ends the upload.
    Finish,
    /// Waits until the server has processed the upload.
    Wait,
}

/// Number of events that a listener can be behind before it loses events.
const MAX_BEHIND: usize = 1024;

/// A stream of the events of a run; ends with the run.
///
/// A listener that is more than 1,024 events behind loses events. Transfers never wait for a listener.
#[derive(Debug)]
pub struct Events(mpsc::Receiver<Event>);

impl Events {
    pub(crate) fn channel() -> (mpsc::Sender<Event>, Self) {
        let (sender, receiver) = mpsc::channel(MAX_BEHIND);
        (sender, Self(receiver))
    }

    /// Returns the next event; `None` after the end of the run.
    pub async fn next(&mut self) -> Option<Event> {
        self.0.recv().await
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.0.poll_recv(cx)
    }
}
