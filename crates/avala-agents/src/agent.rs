//! The agent: its settings, handlers and ways to run.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use avala_client::Avala;
use avala_client::types::{AgentUid, EventType, ProjectUid, TaskType};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::claims::{Claims, LocalClaims};
use crate::error::AgentError;
use crate::handler::{BoxHandler, Handler};
use crate::journal::{Journal, MemoryJournal};
use crate::monitor::Monitor;
use crate::pace::Pace;
use crate::runtime;
use crate::runtime::{AgentHandle, Capacity, Records, Shared, Until};
use crate::settings::{GiveUp, MAX_RETRY_DELAY, Settings};
use crate::summary::Summary;

/// Maximum number of decisions that are sent at the same time. The rate limit of the API allows far fewer.
const SENT_AT_ONCE: usize = 64;

/// An agent: handlers for events, and how to run them.
///
/// ```no_run
/// use avala_agents::types::EventType;
/// use avala_agents::{Agent, Context, Decision, Event, RedbJournal};
/// use avala_client::Avala;
///
/// async fn check(context: Context) -> Result<Decision, Box<dyn std::error::Error + Send + Sync>> {
///     let Event::Result(result) = context.event() else { return Ok(Decision::leave()) };
///     let cuboids = result.result_data::<serde_json::Value>()?;
///     Ok(if cuboids.is_empty() { Decision::reject("the result is empty") } else { Decision::approve() })
/// }
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let avala = Avala::from_env()?;
/// let agent = Agent::new("qa").journal(RedbJournal::open("qa.journal")?).on(EventType::ResultSubmitted, check);
/// // Polls until SIGINT or SIGTERM, then lets running handlers finish within 25 s.
/// agent.run(&avala).await?;
/// # Ok(())
/// # }
/// ```
///
/// # What is guaranteed
/// A *handler* runs at least once per execution: it may run again after a crash, a timeout or a failure. A *decision*
/// is made once: the first one that a handler returns is written to the journal before it is sent, and the same
/// decision is sent again until the server acknowledges it, or the execution was decided elsewhere.
#[must_use = "an agent does nothing until it runs"]
pub struct Agent {
    settings: Settings,
    handlers: HashMap<EventType, BoxHandler>,
    fallback: Option<BoxHandler>,
    paces: HashMap<EventType, u32>,
    journal: Arc<dyn Journal>,
    claims: Arc<dyn Claims>,
    monitor: Monitor,
    hint: Arc<Notify>,
    records: Arc<Mutex<Records>>,
}

impl Agent {
    /// Creates an agent with this name, which is looked up on the server, and created there if it does not exist.
    ///
    /// The default journal is in memory and does not survive the process: set [`journal`](Agent::journal) in
    /// production.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            settings: Settings::new(name.into()),
            handlers: HashMap::new(),
            fallback: None,
            paces: HashMap::new(),
            journal: Arc::new(MemoryJournal::new()),
            claims: Arc::new(LocalClaims::default()),
            monitor: Monitor::default(),
            hint: Arc::new(Notify::new()),
            records: Arc::default(),
        }
    }

    /// Handles an event, and subscribes to it. A second handler of the same event replaces the first.
    pub fn on<M>(mut self, event: impl Into<EventType>, handler: impl Handler<M>) -> Self {
        self.handlers.insert(event.into(), handler.into_service().0);
        self
    }

    /// Handles executions of events that have no handler, which an earlier subscription may have left.
    /// Without a fallback, they stay pending.
    pub fn fallback<M>(mut self, handler: impl Handler<M>) -> Self {
        self.fallback = Some(handler.into_service().0);
        self
    }

    /// Uses the agent with this UID, instead of looking one up by name.
    pub fn uid(mut self, uid: impl Into<AgentUid>) -> Self {
        self.settings.uid = Some(uid.into());
        self
    }

    /// Handles only events of this project. The default is all projects.
    pub fn project(mut self, project: impl Into<ProjectUid>) -> Self {
        self.settings.project = Some(project.into());
        self
    }

    /// Handles only events about tasks of these types. The default is all types.
    pub fn task_types(mut self, types: impl IntoIterator<Item: Into<TaskType>>) -> Self {
        self.settings.task_types = types.into_iter().map(Into::into).collect();
        self
    }

    /// Sets how many handlers run at a time; the default is 8. Zero counts as one. Executions of one task never run
    /// at the same time, even in several processes that share [`claims`](Agent::claims) of tasks.
    pub fn concurrency(mut self, handlers: usize) -> Self {
        self.settings.concurrency = handlers.max(1);
        self
    }

    /// Sets the timeout of a handler run; the default is 10 minutes. [`Context::progress`](crate::Context::progress)
    /// restarts it. [`Duration::MAX`] means no timeout.
    pub fn handler_timeout(mut self, timeout: Duration) -> Self {
        self.settings.handler_timeout = timeout;
        self
    }

    /// Sets the pause after a poll, 5 s by default. It doubles while polls return nothing new, up to `max`, 60 s by
    /// default. Both are between 10 ms and a day.
    ///
    /// After a list of many pages the pause is longer: a quarter of the interval for each page, unless there is nothing
    /// else to do.
    pub fn poll_interval(mut self, interval: Duration, max: Duration) -> Self {
        let (shortest, longest) = (Duration::from_millis(10), Duration::from_secs(86_400));
        self.settings.poll_interval = interval.clamp(shortest, longest);
        self.settings.max_poll_interval = max.clamp(self.settings.poll_interval, longest);
        self
    }

    /// Starts at most this many handlers per minute. The default is no limit; API calls are always within the client's
    /// rate limit.
    pub fn rate_limit(mut self, per_minute: u32) -> Self {
        self.settings.per_minute = Some(per_minute);
        self
    }

    /// Starts at most this many handlers per minute for one event.
    pub fn event_rate_limit(mut self, event: impl Into<EventType>, per_minute: u32) -> Self {
        self.paces.insert(event.into(), per_minute);
        self
    }

    /// Sets how often a handler may fail before the execution is given up, 5 by default, and the delay after the first
    /// failure, 10 s by default, which doubles up to 10 minutes. A longer first delay does not grow.
    pub fn max_failures(mut self, failures: u32, first_delay: Duration) -> Self {
        self.settings.max_failures = failures.max(1);
        self.settings.retry_delay = first_delay;
        self.settings.max_retry_delay = MAX_RETRY_DELAY.max(first_delay);
        self
    }

    /// Sets after how many handler runs that ended with the process an execution is given up; 3 by default.
    ///
    /// Executions with such a run are started one at a time, so that executions that ran beside the one that kills the
    /// process are not given up.
    pub fn max_open_starts(mut self, starts: u32) -> Self {
        self.settings.max_open_starts = starts.max(1);
        self
    }

    /// Sets what happens to executions that are given up; the default parks them.
    pub fn give_up(mut self, policy: GiveUp) -> Self {
        self.settings.give_up = policy;
        self
    }

    /// Sets how long running handlers may continue after a stop; 25 s by default, because orchestrators kill after 30
    /// s.
    pub fn grace_period(mut self, grace: Duration) -> Self {
        self.settings.grace = grace;
        self
    }

    /// Sets the journal, such as a [`RedbJournal`](crate::RedbJournal). Each agent needs its own journal: it delivers
    /// all decisions that its journal has, and removes records of executions that it does not list.
    pub fn journal(mut self, journal: impl Journal) -> Self {
        self.journal = Arc::new(journal);
        self
    }

    /// Sets the claim store that several processes of this agent share. The default is for a single process.
    pub fn claims(mut self, claims: impl Claims) -> Self {
        self.claims = Arc::new(claims);
        self
    }

    /// Returns the monitor of the agent, with its health and counters.
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        self.monitor.clone()
    }

    /// Returns the handle of the agent, for operations while it runs.
    #[must_use]
    pub fn handle(&self) -> AgentHandle {
        AgentHandle {
            journal: Arc::clone(&self.journal),
            records: Arc::clone(&self.records),
            hint: Arc::clone(&self.hint),
        }
    }

    /// Runs until SIGINT (Ctrl-C) or SIGTERM, then drains within the [grace period](Agent::grace_period).
    ///
    /// Repeated SIGTERMs are ignored, because supervisors send several. A second SIGINT at least a second after the
    /// first ends the run at once; decisions that were not acknowledged stay in the journal. The same happens at the
    /// end of the grace period. A handler that blocks its thread cannot be ended: exit the process when this returns.
    ///
    /// # Errors
    /// See [`AgentErrorKind`](crate::AgentErrorKind). Temporary failures of the API do not end the run.
    #[cfg(feature = "signal")]
    pub fn run(self, avala: &Avala) -> impl Future<Output = Result<Summary, AgentError>> + Send + 'static {
        let shared = self.shared(avala);
        async move {
            let stop = CancellationToken::new();
            let signals = crate::shutdown::watch(stop.clone(), shared.abort.clone()).map_err(|error| {
                AgentError::new(crate::error::AgentErrorKind::Configuration, "signals cannot be received")
                    .with_source(error)
            })?;
            let result = runtime::run(shared, stop, Until::Stopped).await;
            signals.abort();
            result
        }
    }

    /// Runs until `stop` is cancelled, then drains within the [grace period](Agent::grace_period).
    ///
    /// # Errors
    /// See [`AgentErrorKind`](crate::AgentErrorKind).
    pub fn run_until(
        self,
        avala: &Avala,
        stop: CancellationToken,
    ) -> impl Future<Output = Result<Summary, AgentError>> + Send + 'static {
        runtime::run(self.shared(avala), stop, Until::Stopped)
    }

    /// Polls once, handles the pending executions (at most 1,000, the oldest ones), and delivers the decisions.
    ///
    /// A decision that the server does not acknowledge for minutes stays in the journal for the next run;
    /// [`Summary::undelivered`] counts those.
    ///
    /// # Errors
    /// The kind [`Incomplete`](crate::AgentErrorKind::Incomplete) if a page of the list fails for ten minutes, and
    /// [`Claims`](crate::AgentErrorKind::Claims) if the claim store failed. What could be listed and claimed is handled,
    /// and [`AgentError::summary`] says what was done. For the others see [`AgentErrorKind`](crate::AgentErrorKind).
    pub fn run_once(self, avala: &Avala) -> impl Future<Output = Result<Summary, AgentError>> + Send + 'static {
        runtime::run(self.shared(avala), CancellationToken::new(), Until::OnePoll)
    }

    /// Runs until a poll finds nothing to do and no handler runs. Executions that wait for a retry count as work.
    ///
    /// # Errors
    /// The kind [`Incomplete`](crate::AgentErrorKind::Incomplete) if for ten minutes the list cannot be read, or no
    /// decision is acknowledged, and [`Claims`](crate::AgentErrorKind::Claims) if the claim store fails as long.
    /// [`AgentError::summary`] says what was done. For the others see [`AgentErrorKind`](crate::AgentErrorKind).
    pub fn run_until_idle(self, avala: &Avala) -> impl Future<Output = Result<Summary, AgentError>> + Send + 'static {
        runtime::run(self.shared(avala), CancellationToken::new(), Until::Idle)
    }

    fn shared(self, avala: &Avala) -> Arc<Shared> {
        let capacity = Arc::new(Capacity::new(self.settings.concurrency, self.paces.keys().cloned().collect()));
        Arc::new(Shared {
            avala: avala.clone(),
            pace: self.settings.per_minute.map(Pace::per_minute),
            settings: self.settings,
            agent: Arc::default(),
            handlers: self.handlers,
            fallback: self.fallback,
            paces: self.paces.into_iter().map(|(event, starts)| (event, Pace::per_minute(starts))).collect(),
            journal: self.journal,
            claims: self.claims,
            monitor: self.monitor,
            hint: self.hint,
            records: self.records,
            retries: Mutex::default(),
            capacity,
            page_size: Arc::default(),
            lookups: Arc::default(),
            sending: Semaphore::new(SENT_AT_ONCE),
            suspects: Semaphore::new(1),
            stopping: CancellationToken::new(),
            abort: CancellationToken::new(),
        })
    }
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events: Vec<_> = self.handlers.keys().map(EventType::as_str).collect();
        f.debug_struct("Agent").field("settings", &self.settings).field("events", &events).finish_non_exhaustive()
    }
}
