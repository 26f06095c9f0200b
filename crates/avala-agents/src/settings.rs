//! Settings of an agent.

use std::time::Duration;

use avala_client::types::{AgentUid, ProjectUid, TaskType};

/// The delay between two runs of a handler that fails grows up to this one.
pub(crate) const MAX_RETRY_DELAY: Duration = Duration::from_secs(600);

/// Treatment of an execution that the runtime gives up: its handler failed too often, or killed its process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GiveUp {
    /// Parks the execution in the journal, for a person to decide; it stays pending on the server. The default.
    #[default]
    Park,
    /// Sends `flag` with the reason, so that a person sees the execution in Avala.
    Flag,
    /// Sends `skip` with the reason, like the official runtime.
    Skip,
}

/// The settings of an agent, with their defaults. Set by the methods of [`Agent`](crate::Agent).
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) uid: Option<AgentUid>,
    pub(crate) project: Option<ProjectUid>,
    pub(crate) task_types: Vec<TaskType>,
    pub(crate) concurrency: usize,
    pub(crate) handler_timeout: Duration,
    pub(crate) poll_interval: Duration,
    pub(crate) max_poll_interval: Duration,
    pub(crate) max_failures: u32,
    pub(crate) max_open_starts: u32,
    pub(crate) retry_delay: Duration,
    pub(crate) max_retry_delay: Duration,
    pub(crate) give_up: GiveUp,
    pub(crate) grace: Duration,
    pub(crate) per_minute: Option<u32>,
}

impl Settings {
    pub(crate) fn new(name: String) -> Self {
        Self {
            name,
            uid: None,
            project: None,
            task_types: Vec::new(),
            concurrency: 8,
            handler_timeout: Duration::from_secs(600),
            // The default of the official runtime.
            poll_interval: Duration::from_secs(5),
            max_poll_interval: Duration::from_secs(60),
            max_failures: 5,
            max_open_starts: 3,
            retry_delay: Duration::from_secs(10),
            max_retry_delay: MAX_RETRY_DELAY,
            give_up: GiveUp::default(),
            // Orchestrators kill a process 30 s after SIGTERM.
            grace: Duration::from_secs(25),
            per_minute: None,
        }
    }
}
