//! Claims of agent executions.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use avala_agents::{Claim, ClaimFuture, Claims, Release};
use avala_types::{ExecutionUid, TaskUid};
use redis::Value;
use tokio::time::Instant;

use crate::error::{LimitsError, LimitsErrorKind};
use crate::keys::Keys;
use crate::limits::RedisLimits;
use crate::link::{Link, Script};
use crate::protocol::{micros, number};

/// Claims in Redis, for several processes of one agent.
///
/// A claim is a lease of 30 s by default. After a decision, an execution is not granted again for ten minutes. After
/// the store was lost, or its clock jumped, no claim is granted for the duration of a lease, in which holders renew
/// their claims.
///
/// An execution is claimed together with its task, so that two processes never run executions of the same task at the
/// same time.
///
/// Each value is one holder: create one per process.
///
/// ```no_run
/// use avala_limits_redis::{RedisClaims, RedisLimits};
/// # use avala_transport::{ApiKey, BaseUrl};
/// # fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let base_url = BaseUrl::parse("https://api.avala.ai/api/v1")?;
/// let limits = RedisLimits::builder(&base_url, &ApiKey::new("avk_example")?).url("redis://127.0.0.1/").build()?;
/// let claims = RedisClaims::new(&limits);
/// # Ok(())
/// # }
/// ```
pub struct RedisClaims {
    link: Arc<Link>,
    keys: Keys,
    script: Script,
    holder: String,
    lease: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The claimed executions, with their tasks.
    held: HashMap<String, Option<TaskUid>>,
    generation: String,
    /// Redis' clock in microseconds, and the instant at which it was read.
    clock: Option<(u64, Instant)>,
}

impl State {
    /// Records a claim, and returns whether it is new. Two concurrent calls may both have been granted it.
    fn hold(&mut self, execution: &ExecutionUid, task: Option<&TaskUid>) -> bool {
        let is_new = !self.held.contains_key(execution.as_str());
        if is_new {
            self.held.insert(execution.as_str().to_owned(), task.cloned());
        }
        is_new
    }
}

/// Response of the script.
struct Reply {
    granted: bool,
    open_starts: u32,
    takeover: bool,
}

impl RedisClaims {
    /// Creates the claims of a new holder on the connection of these limits, with leases of 30 s.
    #[must_use]
    pub fn new(limits: &RedisLimits) -> Self {
        Self {
            link: Arc::clone(&limits.0.link),
            keys: limits.0.keys.clone(),
            script: Script::new(include_str!("scripts/claim.lua")),
            holder: format!("{:032x}", fastrand::u128(..)),
            lease: Duration::from_secs(30),
            state: Mutex::default(),
        }
    }

    /// Sets the duration of a lease. Default: 30 s; between 1 s and an hour.
    #[must_use]
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease.clamp(Duration::from_secs(1), Duration::from_secs(3_600));
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each value is written in one step, so it is valid after a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(
        &self,
        operation: &str,
        execution: &ExecutionUid,
        task: Option<&TaskUid>,
    ) -> Result<Reply, LimitsError> {
        match self.run_once(operation, execution, task, Some(self.link.timeout())).await? {
            Some(reply) => Ok(reply),
            // The response arrived in time, so the clock has jumped.
            None => self.run_once(operation, execution, task, None).await?.ok_or_else(|| self.not_understood()),
        }
    }

    /// Runs the script once. `None` if, by Redis' clock, this process has stopped waiting, which it does `patience`
    /// from now.
    async fn run_once(
        &self,
        operation: &str,
        execution: &ExecutionUid,
        task: Option<&TaskUid>,
        patience: Option<Duration>,
    ) -> Result<Option<Reply>, LimitsError> {
        let key = self.keys.claim(execution.as_str());
        let generation_key = self.keys.claim("");
        let task_key = task.map(|task| self.keys.claim_of_task(task.as_str()));
        let lease = u64::try_from(self.lease.as_micros()).unwrap_or(u64::MAX);
        let new_generation = format!("{:032x}", fastrand::u128(..));
        let (generation, expected) = self.expected();
        let fill = |command: &mut redis::Cmd| {
            command.arg(2 + usize::from(task_key.is_some())).arg(&generation_key).arg(&key).arg(&task_key);
            command.arg(operation).arg(&self.holder).arg(lease);
            command.arg(&new_generation).arg(&generation).arg(expected).arg(execution.as_str());
            match patience {
                Some(patience) => command.arg(micros(patience)),
                None => command.arg(-1),
            };
        };
        let value = self.link.run(&self.script, fill).await?;
        if matches!(&value, Value::Array(items) if items.first() == Some(&Value::BulkString(b"late".to_vec()))) {
            return Ok(None);
        }
        self.read(value).map(Some).ok_or_else(|| self.not_understood())
    }

    fn not_understood(&self) -> LimitsError {
        let error = LimitsError::new(LimitsErrorKind::Unavailable, "Redis: invalid response");
        self.link.reject(&error);
        error
    }

    fn expected(&self) -> (String, u64) {
        let state = self.state();
        let expected = state.clock.filter(|(_, at)| at.elapsed() < Duration::from_secs(300));
        let expected = expected.map_or(0, |(time, at)| time + u64::try_from(at.elapsed().as_micros()).unwrap_or(0));
        (state.generation.clone(), expected)
    }

    fn read(&self, value: Value) -> Option<Reply> {
        let Value::Array(items) = value else { return None };
        let text = |value: Value| match value {
            Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
            _ => None,
        };
        let texts: Vec<String> = items.into_iter().map(text).collect::<Option<_>>()?;
        let [result, open_starts, takeover, generation, now] = &texts[..] else { return None };
        let reply = Reply {
            granted: match result.as_str() {
                "granted" => true,
                "taken" | "released" => false,
                _ => return None,
            },
            open_starts: u32::try_from(number(open_starts)?).ok()?,
            takeover: takeover == "1",
        };
        let now = number(now)?;
        let mut state = self.state();
        state.generation.clone_from(generation);
        state.clock = Some((now, Instant::now()));
        Some(reply)
    }
}

/// Omits the ID of the holder.
impl fmt::Debug for RedisClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisClaims").field("link", &self.link).field("lease", &self.lease).finish_non_exhaustive()
    }
}

impl Claims for RedisClaims {
    fn claim<'a>(&'a self, execution: &'a ExecutionUid) -> ClaimFuture<'a, Option<Claim>> {
        self.claim_with_task(execution, None)
    }

    fn claim_with_task<'a>(
        &'a self,
        execution: &'a ExecutionUid,
        task: Option<&'a TaskUid>,
    ) -> ClaimFuture<'a, Option<Claim>> {
        Box::pin(async move {
            if self.state().held.contains_key(execution.as_str()) {
                return Ok(None);
            }
            let asked = Instant::now();
            let reply = self.run("claim", execution, task).await?;
            if !reply.granted || !self.state().hold(execution, task) {
                return Ok(None);
            }
            let claim = Claim::new(asked.checked_add(self.lease));
            Ok(Some(claim.with_open_starts(reply.open_starts).with_takeover(reply.takeover)))
        })
    }

    fn renew<'a>(&'a self, execution: &'a ExecutionUid) -> ClaimFuture<'a, Option<Instant>> {
        Box::pin(async move {
            let Some(task) = self.state().held.get(execution.as_str()).cloned() else { return Ok(None) };
            let asked = Instant::now();
            if self.run("renew", execution, task.as_ref()).await?.granted {
                return Ok(asked.checked_add(self.lease));
            }
            self.state().held.remove(execution.as_str());
            Ok(None)
        })
    }

    fn release<'a>(&'a self, execution: &'a ExecutionUid, release: Release) -> ClaimFuture<'a, ()> {
        Box::pin(async move {
            let task = self.state().held.remove(execution.as_str()).flatten();
            let operation = if release == Release::Decided { "decided" } else { "undecided" };
            self.run(operation, execution, task.as_ref()).await?;
            Ok(())
        })
    }

    fn lease(&self) -> Duration {
        self.lease
    }
}
