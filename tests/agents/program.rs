//! The program of an agent process, which logs the calls of its handler.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use avala_agents::types::EventType;
use avala_agents::{Agent, Context, Decision, Monitor, RedbJournal, Summary};
use avala_client::Avala;
use avala_client::transport::RateLimiter;
use avala_limits_redis::{RedisClaims, RedisLimits};
use serde::{Deserialize, Serialize};

use super::Failure;

/// The name of the agent, which its tests create.
pub const NAME: &str = "agent process";

/// The events that the agent handles.
pub const EVENTS: [EventType; 3] = [EventType::ResultSubmitted, EventType::DatasetCreated, EventType::ExportCompleted];

/// The settings of the program: its only argument, as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// Address of the API.
    pub url: String,
    /// Key of the API.
    pub key: String,
    /// Path of the journal.
    pub journal: PathBuf,
    /// Path of the log: a line for each start of a handler, and one for each decision.
    pub log: PathBuf,
    /// Behavior of the handler.
    pub handler: HandlerKind,
    /// Largest number of handlers at a time.
    pub concurrency: usize,
    /// Number of unfinished starts after which an execution is given up.
    pub max_open_starts: u32,
    /// Grace period in milliseconds.
    pub grace_ms: u64,
    /// Time between two polls in milliseconds.
    pub poll_ms: u64,
    /// Address of a Redis for the claims; `None` if this is the only process.
    pub redis: Option<String>,
    /// Duration of a lease in milliseconds.
    pub lease_ms: u64,
    /// Whether the program ends when there is nothing to do.
    pub until_idle: bool,
}

impl Settings {
    /// Returns the path of the file that a program with a slow handler writes when it begins to drain.
    #[must_use]
    pub fn draining(&self) -> PathBuf {
        self.journal.with_extension("draining")
    }
}

/// Behavior of a handler.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum HandlerKind {
    /// Decides after up to ten milliseconds. Each run has another reason, so that a second decision would be noticed.
    Quick,
    /// The same, but kills the process for executions whose task is named `poison`.
    Abort,
    /// Decides after this many milliseconds.
    Slow(u64),
    /// Flags with a reason of this many bytes.
    Large(usize),
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The execution.
    pub execution: String,
    /// The attempt.
    pub attempt: u32,
    /// The decision, in the form `action: reason`; `None` for a start.
    pub decision: Option<String>,
}

/// Runs the agent with the settings in the first argument.
///
/// # Errors
/// When the settings are wrong, or the agent ends with an error.
pub async fn main(argument: &str) -> Result<Summary, Failure> {
    let settings: Settings = serde_json::from_str(argument)?;
    let avala = Avala::builder()
        .api_key(settings.key.as_str())
        .base_url(settings.url.as_str())
        .allow_insecure_base_url(true)
        .rate_limiter(RateLimiter::off())
        .build()?;
    let poll = Duration::from_millis(settings.poll_ms);
    let mut agent = Agent::new(NAME)
        .journal(RedbJournal::open(&settings.journal)?)
        .concurrency(settings.concurrency)
        .max_open_starts(settings.max_open_starts)
        .grace_period(Duration::from_millis(settings.grace_ms))
        .poll_interval(poll, poll);
    for event in EVENTS {
        let settings = settings.clone();
        agent = agent.on(event, move |context: Context| handle(settings.clone(), context));
    }
    if let Some(url) = &settings.redis {
        let base_url = avala_client::transport::BaseUrl::parse("https://api.avala.ai/api/v1")?;
        let key = avala_client::transport::ApiKey::new(settings.key.as_str())?;
        // A machine under load takes longer than the default of 50 ms.
        let limits = RedisLimits::builder(&base_url, &key).url(url).timeout(Duration::from_millis(500)).build()?;
        agent = agent.claims(RedisClaims::new(&limits).with_lease(Duration::from_millis(settings.lease_ms)));
    }
    if matches!(settings.handler, HandlerKind::Slow(_)) {
        tokio::spawn(mark_drain(agent.monitor(), settings.draining()));
    }
    let summary = if settings.until_idle { agent.run_until_idle(&avala).await } else { agent.run(&avala).await };
    Ok(summary?)
}

/// Writes an empty file when the agent begins to drain.
async fn mark_drain(monitor: Monitor, path: PathBuf) {
    for is_ready in [true, false] {
        while monitor.health().ready != is_ready {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    // A test that waits for the file notices that it is missing.
    let _ = std::fs::write(path, "");
}

async fn handle(settings: Settings, context: Context) -> Result<Decision, Failure> {
    let (execution, attempt) = (context.uid().to_string(), context.attempt());
    log(&settings, &Line { execution: execution.clone(), attempt, decision: None })?;
    // Another text in each run.
    let reason = format!("{execution} {} {:x}", std::process::id(), fastrand::u64(..));
    let decision = match settings.handler {
        HandlerKind::Slow(milliseconds) => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            Decision::flag(reason)
        }
        HandlerKind::Large(bytes) => Decision::flag(format!("{reason} {}", "x".repeat(bytes))),
        HandlerKind::Quick | HandlerKind::Abort => {
            let payload = context.payload().map_or("", |payload| payload.get());
            if matches!(settings.handler, HandlerKind::Abort) && payload.contains("poison") {
                std::process::abort();
            }
            tokio::time::sleep(Duration::from_millis(fastrand::u64(..10))).await;
            match fastrand::u8(..4) {
                0 => Decision::approve().with_reason(reason),
                1 => Decision::reject(reason),
                2 => Decision::skip().with_reason(reason),
                _ => Decision::flag(reason),
            }
        }
    };
    log(&settings, &Line { execution, attempt, decision: Some(decision.to_string()) })?;
    Ok(decision)
}

/// Appends a line in one write, so that a killed process leaves a complete line or none.
fn log(settings: &Settings, line: &Line) -> Result<(), Failure> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    OpenOptions::new().append(true).create(true).open(&settings.log)?.write_all(&text)?;
    Ok(())
}
