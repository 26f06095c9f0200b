//! The connection to Redis, with timeouts, replacement and recovery.

mod failure;
mod server;
mod timers;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::{Cmd, Value};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

use self::failure::{classify, is_missing_script};
use self::server::Connection;
pub(crate) use self::server::{Certificates, Server};
use self::timers::Timers;
use crate::error::{LimitsError, LimitsErrorKind};

/// Pause before another attempt to connect, plus up to half of it at random, so that processes do not reconnect at the
/// same time.
const RECONNECT: Duration = Duration::from_millis(200);
/// Maximum duration of an attempt to connect. Calls wait only for their own timeout, which is shorter.
const CONNECT: Duration = Duration::from_secs(1);

/// Lua script and its hash, by which the server caches it.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) code: &'static str,
    pub(crate) hash: String,
}

impl Script {
    pub(crate) fn new(code: &'static str) -> Self {
        Self { code, hash: redis::Script::new(code).get_hash().to_owned() }
    }
}

/// Connection to Redis, shared by limits and claims.
///
/// Every use has a timeout. After any failure, the connection is replaced, and for a short time calls fail immediately.
/// The next call then connects in a separate task, so that a call that is not polled does not delay others.
#[derive(Debug)]
pub(crate) struct Link {
    server: Server,
    timeout: Duration,
    state: Mutex<State>,
    changed: Notify,
    timers: Timers,
    pub(crate) round_trips: AtomicU64,
    pub(crate) outages: AtomicU64,
}

#[derive(Default)]
struct State {
    connection: Option<Connection>,
    /// Counts connections, so that a late failure does not close the next one.
    epoch: u64,
    /// Start of the current attempt to connect.
    connecting: Option<Instant>,
    retry_at: Option<Instant>,
    /// Error of the last use; unset while the connection works.
    problem: Option<LimitsError>,
    warning: Option<String>,
}

/// Reports that Redis cannot be used, so that the share of the process applies.
fn report_outage(error: &LimitsError) {
    tracing::warn_span!("avala.limits.local", reason = %error).in_scope(|| {
        tracing::warn!("rate limits: Redis is not used, the share of this process applies");
    });
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("epoch", &self.epoch).field("problem", &self.problem).finish_non_exhaustive()
    }
}

impl Link {
    pub(crate) fn new(server: Server, timeout: Duration) -> Arc<Self> {
        Arc::new(Self {
            server,
            timeout,
            state: Mutex::default(),
            changed: Notify::new(),
            timers: Timers::default(),
            round_trips: AtomicU64::new(0),
            outages: AtomicU64::new(0),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each value is written in one step, so it is valid after a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the timeout of each use.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Returns why Redis is currently not used.
    pub(crate) fn problem(&self) -> Option<LimitsError> {
        self.state().problem.clone()
    }

    pub(crate) fn warning(&self) -> Option<String> {
        self.state().warning.clone()
    }

    /// Runs a script within the timeout. The script is repeated only if the server did not know it.
    pub(crate) async fn run(
        self: &Arc<Self>,
        script: &Script,
        fill: impl Fn(&mut Cmd) + Send + Sync,
    ) -> Result<Value, LimitsError> {
        // Without a runtime, timers would panic.
        let runtime = Handle::try_current().map_err(|_| without_runtime())?.id();
        let deadline = Instant::now() + self.timeout;
        let (mut connection, epoch) = self.connection(deadline).await?;
        self.round_trips.fetch_add(1, Ordering::Relaxed);
        let query = async {
            // As much as most commands need.
            let mut command = Cmd::with_capacity(24, 512);
            fill(command.arg("EVALSHA").arg(&script.hash));
            match connection.query(&command).await {
                Err(error) if is_missing_script(&error) => {
                    let mut command = redis::cmd("EVAL");
                    fill(command.arg(script.code));
                    connection.query(&command).await
                }
                result => result,
            }
        };
        let result = match self.timers.timeout_at(runtime, deadline, query).await {
            Some(result) => result.map_err(|error| classify(&error, &self.server)),
            None => Err(late(self.timeout)),
        };
        match &result {
            Ok(_) => self.succeeded(),
            Err(error) => self.failed(epoch, error.clone()),
        }
        result
    }

    /// Reports an invalid response, and replaces the connection.
    pub(crate) fn reject(&self, error: &LimitsError) {
        let epoch = self.state().epoch;
        self.failed(epoch, error.clone());
    }

    /// Returns the connection; waits until the deadline if it is being opened.
    async fn connection(self: &Arc<Self>, deadline: Instant) -> Result<(Connection, u64), LimitsError> {
        loop {
            let changed = self.changed.notified();
            let since = {
                let mut state = self.state();
                if let Some(connection) = &state.connection {
                    return Ok((connection.clone(), state.epoch));
                }
                let now = Instant::now();
                // An attempt whose runtime ended never reports, so it counts as failed after its timeout.
                let running = state.connecting.filter(|since| now < *since + CONNECT);
                match running {
                    Some(since) => since,
                    None if state.retry_at.is_some_and(|at| now < at) => return Err(state.unavailable()),
                    None => {
                        state.connecting = Some(now);
                        self.start(&mut state)?;
                        now
                    }
                }
            };
            // Later calls do not wait for a server that does not respond.
            let until = deadline.min(since + self.timeout);
            if timeout_at(until, changed).await.is_err() {
                let error = late(self.timeout);
                let epoch = self.state().epoch;
                self.report(epoch, &error);
                return Err(error);
            }
        }
    }

    fn start(self: &Arc<Self>, state: &mut State) -> Result<(), LimitsError> {
        let Ok(runtime) = Handle::try_current() else {
            state.connecting = None;
            return Err(without_runtime());
        };
        let link = Arc::clone(self);
        runtime.spawn(async move {
            let result = link.connect().await;
            link.connected(result);
        });
        Ok(())
    }

    async fn connect(&self) -> Result<(Connection, Option<String>), LimitsError> {
        let limit = CONNECT.max(self.timeout);
        let connect = async {
            let mut connection = self.server.connect(limit).await.map_err(|error| classify(&error, &self.server))?;
            let warning = eviction_warning(&mut connection).await;
            Ok((connection, warning))
        };
        timeout(limit, connect).await.unwrap_or_else(|_| Err(late(limit)))
    }

    fn connected(&self, result: Result<(Connection, Option<String>), LimitsError>) {
        let mut state = self.state();
        state.connecting = None;
        match result {
            Ok((connection, warning)) => {
                state.epoch += 1;
                state.connection = Some(connection);
                state.retry_at = None;
                if state.warning != warning
                    && let Some(warning) = &warning
                {
                    tracing::warn!("rate limits: {warning}");
                }
                state.warning = warning;
                drop(state);
            }
            Err(error) => {
                let epoch = state.epoch;
                drop(state);
                self.failed(epoch, error);
            }
        }
        self.changed.notify_waiters();
    }

    /// Connects now, to report permanent errors.
    pub(crate) async fn check(self: &Arc<Self>) -> Result<(), LimitsError> {
        let deadline = Instant::now() + CONNECT;
        loop {
            match self.connection(deadline).await {
                Ok(_) => return Ok(()),
                Err(error) if error.is_permanent() => return Err(error),
                Err(_) if self.state().connecting.is_none() || Instant::now() >= deadline => {
                    return self.problem().filter(LimitsError::is_permanent).map_or(Ok(()), Err);
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }

    fn succeeded(&self) {
        let mut state = self.state();
        if state.problem.take().is_some() {
            tracing::info!("rate limits: Redis is used again");
        }
    }

    fn failed(&self, epoch: u64, error: LimitsError) {
        let mut state = self.state();
        if state.epoch == epoch {
            state.connection = None;
            state.retry_at = Some(Instant::now() + RECONNECT + RECONNECT.mul_f64(fastrand::f64() / 2.0));
        }
        drop(state);
        self.report(epoch, &error);
    }

    /// Reports the start of an outage once.
    fn report(&self, epoch: u64, error: &LimitsError) {
        let mut state = self.state();
        if state.epoch == epoch && state.problem.is_none() {
            self.outages.fetch_add(1, Ordering::Relaxed);
            report_outage(error);
        }
        if state.epoch == epoch {
            state.problem = Some(error.clone());
        }
    }
}

impl State {
    fn unavailable(&self) -> LimitsError {
        let unknown = || LimitsError::new(LimitsErrorKind::Unavailable, "Redis: no connection");
        self.problem.clone().unwrap_or_else(unknown)
    }
}

fn without_runtime() -> LimitsError {
    LimitsError::new(LimitsErrorKind::Unavailable, "Redis needs a tokio runtime")
}

fn late(limit: Duration) -> LimitsError {
    LimitsError::new(LimitsErrorKind::Unavailable, format_args!("Redis: no response within {limit:?}"))
}

/// Returns a warning if the server may evict limits and claims, or hides its configuration.
async fn eviction_warning(connection: &mut Connection) -> Option<String> {
    let mut command = redis::cmd("EVAL");
    // In a script with a key, so that the driver selects a node of a cluster.
    command.arg("return redis.call('INFO', 'memory')").arg(1).arg("{avala}");
    let text = match connection.query(&command).await {
        Ok(Value::BulkString(text)) => String::from_utf8_lossy(&text).into_owned(),
        Ok(Value::VerbatimString { text, .. } | Value::SimpleString(text)) => text,
        _ => String::new(),
    };
    let policy = text.lines().find_map(|line| line.strip_prefix("maxmemory_policy:")).map(str::trim);
    match policy {
        Some("noeviction") => None,
        Some(policy) => Some(format!(
            "Redis may evict rate limits and claims: its maxmemory-policy is `{}`; set it to `noeviction`",
            policy.chars().filter(char::is_ascii_graphic).take(40).collect::<String>()
        )),
        None => Some("Redis does not report its maxmemory-policy; it must be `noeviction`".to_owned()),
    }
}
