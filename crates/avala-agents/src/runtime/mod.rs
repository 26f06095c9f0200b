//! The runtime: polls, starts handlers, delivers decisions, and drains.

mod backlog;
mod course;
mod deliver;
mod handle;
mod main_loop;
mod outcome;
mod patience;
mod poll;
mod records;
mod schedule;
mod shared;
mod walk;
mod work;
mod workers;

use std::sync::Arc;

use avala_client::types::EventType;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(crate) use self::backlog::Capacity;
pub use self::handle::AgentHandle;
use self::main_loop::Loop;
pub(crate) use self::outcome::Until;
pub(crate) use self::records::Records;
pub(crate) use self::shared::Shared;
use crate::error::{AgentError, AgentErrorKind};
use crate::journal::RecordState;
use crate::registration::register;
use crate::summary::Summary;

/// Runs the agent until `stop` is cancelled or `until` is reached.
pub(crate) async fn run(shared: Arc<Shared>, stop: CancellationToken, until: Until) -> Result<Summary, AgentError> {
    let events: Vec<EventType> = shared.handlers.keys().cloned().collect();
    if events.is_empty() {
        let message = "the agent has no handler; add one with `Agent::on`";
        return Err(AgentError::new(AgentErrorKind::Configuration, message));
    }
    // Nothing has begun, so a stop need not wait for a server that does not respond.
    match stop.run_until_cancelled(start(&shared, &events)).await {
        Some(started) => started?,
        None => return Ok(Summary::default()),
    }
    let result = Loop::new(Arc::clone(&shared), events, until).run(&stop).await;
    shared.monitor.set_ready(false);
    result
}

/// Registers the agent, and reads its journal.
async fn start(shared: &Shared, events: &[EventType]) -> Result<(), AgentError> {
    shared.agent.set(register(&shared.avala, &shared.settings, events).await?);
    let loaded = shared.journal.load().await.map_err(AgentError::journal)?;
    for record in &loaded {
        if let Some(raw) = &record.raw {
            let (reason, bytes) = (record.note.as_deref().unwrap_or_default(), raw.len());
            tracing::error!(execution = %record.execution, reason, bytes, "an execution was parked");
        }
        if record.state == RecordState::Failed {
            let wait = record.retry_in(shared.settings.max_retry_delay);
            shared.retries().insert(record.execution.clone(), Instant::now() + wait);
        }
    }
    let mut records = Records::default();
    loaded.iter().for_each(|record| records.insert(record));
    *shared.records() = records;
    Ok(())
}
