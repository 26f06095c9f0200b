//! Handles one execution: claim, journal, handler, decision, delivery.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use avala_client::types::AgentExecution;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;
use tower::{Service as _, ServiceExt as _};
use tracing::Instrument as _;

use super::deliver::{self, Delivered};
use super::outcome::Ending;
use super::shared::Shared;
use crate::backoff;
use crate::claims::{Claim, Release};
use crate::context::{Context, Progress, RunReason};
use crate::decision::Decision;
use crate::error::{AgentError, BoxError};
use crate::event;
use crate::journal::{Record, RecordState, now_ms};
use crate::lease::Lease;
use crate::monitor::Count;
use crate::settings::GiveUp;

/// Handles an execution once.
pub(super) async fn handle(
    shared: &Shared,
    execution: AgentExecution,
    known: Option<Record>,
) -> Result<Ending, AgentError> {
    if shared.stopping.is_cancelled() {
        return Ok(Ending::Postponed);
    }
    let task = event::task_of(&execution);
    let claim = match shared.claims.claim_with_task(&execution.uid, task.as_ref()).await {
        Ok(Some(claim)) => claim,
        Ok(None) => return Ok(Ending::Postponed),
        Err(error) => return Ok(Ending::Unclaimed(error)),
    };
    let lease = Lease::hold(&shared.claims, &execution.uid, claim);
    if shared.stopping.is_cancelled() {
        // Claimed while the stop began: not started, so that another process can claim it immediately.
        lease.release(Release::Undecided).await;
        return Ok(Ending::Postponed);
    }
    let event = execution.event_type.to_string();
    let mut record = known.unwrap_or_else(|| Record::new(execution.uid.clone(), event, task));
    let reason = run_reason(&record, claim);
    let span = tracing::info_span!(
        "avala.agent.execution",
        execution = %execution.uid,
        event = %execution.event_type,
        reason = reason.as_str(),
        attempt = record.attempts + u32::from(!record.is_undelivered()),
    );
    let result = async {
        // A decision of an earlier process is sent unchanged; the handler does not run again.
        if !record.is_undelivered()
            && let Some(ending) = decide(shared, Arc::new(execution), &mut record, reason, claim, &lease).await?
        {
            return Ok(ending);
        }
        deliver(shared, &mut record, &lease).await
    }
    .instrument(span)
    .await;
    release(lease, &result).await;
    result
}

/// Delivers the decision in a record of an earlier process.
pub(super) async fn deliver_again(shared: &Shared, mut record: Record) -> Result<Ending, AgentError> {
    if shared.stopping.is_cancelled() {
        return Ok(Ending::Postponed);
    }
    let claim = match shared.claims.claim_with_task(&record.execution, record.task.as_ref()).await {
        Ok(Some(claim)) => claim,
        unclaimed => {
            // Another process has it, or the store failed.
            if let Err(error) = unclaimed {
                shared.monitor.count(Count::FailedClaims);
                tracing::warn!(execution = %record.execution, error = %error, "the claim store failed; nothing was sent");
            }
            deliver_later(shared, &record, shared.settings.poll_interval);
            return Ok(Ending::Postponed);
        }
    };
    let span = tracing::info_span!(
        "avala.agent.execution",
        execution = %record.execution,
        event = record.event_type,
        reason = RunReason::Replay.as_str(),
        attempt = record.attempts,
    );
    let lease = Lease::hold(&shared.claims, &record.execution, claim);
    let result = deliver(shared, &mut record, &lease).instrument(span).await;
    release(lease, &result).await;
    result
}

/// Releases the claim. If a decision may be in flight or the journal failed, the lease expires instead.
async fn release(lease: Lease, result: &Result<Ending, AgentError>) {
    match result {
        Ok(Ending::Decided) => lease.release(Release::Decided).await,
        Ok(Ending::Interrupted) | Err(_) => {}
        Ok(_) => lease.release(Release::Undecided).await,
    }
}

fn run_reason(record: &Record, claim: Claim) -> RunReason {
    if claim.takeover {
        RunReason::Takeover
    } else if record.open_starts > 0 || record.is_undelivered() {
        RunReason::Replay
    } else if record.attempts > 0 {
        RunReason::Retry
    } else {
        RunReason::New
    }
}

/// Runs the handler until there is a decision to deliver. `Some` ends this round without a decision.
async fn decide(
    shared: &Shared,
    execution: Arc<AgentExecution>,
    record: &mut Record,
    reason: RunReason,
    claim: Claim,
    lease: &Lease,
) -> Result<Option<Ending>, AgentError> {
    record.open_starts = record.open_starts.max(claim.open_starts);
    if record.open_starts >= shared.settings.max_open_starts {
        let starts = record.open_starts;
        return give_up(shared, record, format!("the process ended during {starts} runs of the handler")).await;
    }
    let _alone = if record.open_starts == 0 {
        None
    } else {
        // Claims count starts in other processes, which the loop does not know. Waiting for the lock would hold the
        // claim, and count as another start if another execution kills the process meanwhile.
        let Ok(permit) = shared.suspects.try_acquire() else { return Ok(Some(Ending::Postponed)) };
        Some(permit)
    };
    record.attempts += 1;
    record.open_starts += 1;
    record.enter(RecordState::Started);
    shared.save(record).await?;

    let outcome = run_handler(shared, Arc::clone(&execution), reason, record.attempts, lease).await;
    // The handler ended, with any result: this start did not kill the process.
    record.open_starts = 0;
    match outcome {
        HandlerOutcome::Decided(decision) if decision.action().is_none() => {
            record.decision = Some(decision);
            record.enter(RecordState::Left);
            shared.save(record).await?;
            shared.monitor.count(Count::Handled);
            shared.monitor.acknowledged(None);
            Ok(Some(Ending::Undecided))
        }
        HandlerOutcome::Decided(decision) => {
            record.decision = Some(decision);
            record.note = None;
            record.enter(RecordState::Decided);
            shared.save(record).await?;
            shared.monitor.count(Count::Handled);
            Ok(None)
        }
        HandlerOutcome::Cancelled => {
            record.enter(RecordState::Failed);
            record.retry_at_ms = None;
            shared.save(record).await?;
            Ok(Some(Ending::Postponed))
        }
        HandlerOutcome::Failed(message) => {
            let message = shortened(message);
            tracing::warn!(error = %message, failures = record.failures + 1, "the handler failed");
            failed(shared, execution, record, message).await
        }
    }
}

/// Cuts the text of an error, which stays in memory and in the journal.
fn shortened(mut text: String) -> String {
    const MOST: usize = 4 << 10;
    if text.len() > MOST {
        text.truncate((0..=MOST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0));
        text.push_str(" [...]");
    }
    text
}

async fn failed(
    shared: &Shared,
    execution: Arc<AgentExecution>,
    record: &mut Record,
    message: String,
) -> Result<Option<Ending>, AgentError> {
    let settings = &shared.settings;
    shared.monitor.count(Count::Failed);
    record.failures += 1;
    if record.failures >= settings.max_failures {
        return give_up(shared, record, format!("the handler failed {} times: {message}", record.failures)).await;
    }
    let wait = backoff::delay(record.failures, settings.retry_delay, settings.max_retry_delay);
    record.note = Some(message);
    record.retry_at_ms = Some(now_ms().saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)));
    record.enter(RecordState::Failed);
    shared.save(record).await?;
    shared.retries().insert(record.execution.clone(), Instant::now() + wait);
    Ok(Some(Ending::Failed(Box::new(Arc::unwrap_or_clone(execution)))))
}

/// Parks the execution, or makes the decision of the policy.
async fn give_up(shared: &Shared, record: &mut Record, reason: String) -> Result<Option<Ending>, AgentError> {
    tracing::error!(execution = %record.execution, reason = %reason, "the execution is given up");
    shared.monitor.count(Count::Parked);
    record.note = Some(reason.clone());
    record.decision = match shared.settings.give_up {
        GiveUp::Park => None,
        GiveUp::Flag => Some(Decision::flag(reason)),
        GiveUp::Skip => Some(Decision::skip().with_reason(reason)),
    };
    let is_parked = record.decision.is_none();
    record.enter(if is_parked { RecordState::Parked } else { RecordState::Decided });
    shared.save(record).await?;
    Ok(is_parked.then_some(Ending::Undecided))
}

enum HandlerOutcome {
    Decided(Decision),
    Failed(String),
    /// The process stops, or lost the claim.
    Cancelled,
}

/// Runs the handler in its own task, so that a panic ends only that task.
async fn run_handler(
    shared: &Shared,
    execution: Arc<AgentExecution>,
    reason: RunReason,
    attempt: u32,
    lease: &Lease,
) -> HandlerOutcome {
    let Some(handler) = shared.handler(&execution.event_type) else {
        return HandlerOutcome::Failed(format!("no handler for the event `{}`", execution.event_type));
    };
    let Ok(mut handler) = catch_unwind(AssertUnwindSafe(|| handler.clone())) else {
        shared.monitor.count(Count::Panicked);
        return HandlerOutcome::Failed("the handler panicked while it was cloned".to_owned());
    };
    let progress = Progress::start(shared.settings.handler_timeout, lease.cancellation());
    // When the run is over, clones of the context say so.
    let _ended = progress.clone().cancel_on_drop();
    let context = Context::new(execution, reason, attempt, shared.avala.clone(), progress.clone());
    let run = async move {
        let handled = async { handler.ready().await?.call(context).await };
        // As text, because the code of an error may panic too, which ends only this task.
        handled.await.map_err(|error: BoxError| error.to_string())
    };
    let mut task = HandlerTask(tokio::spawn(run.in_current_span()));
    let mut reports = progress.reports();
    let started = Instant::now();
    loop {
        tokio::select! {
            // Checked first, because a decision counts even if the claim is lost or the process stops at the same time.
            biased;
            joined = &mut task.0 => return ended(shared, joined),
            () = progress.expired() => {
                shared.monitor.count(Count::TimedOut);
                end(shared, task, &progress).await;
                let seconds = started.elapsed().as_secs_f64();
                return HandlerOutcome::Failed(format!("the handler timed out after {seconds:.1} s"));
            }
            () = lease.lost() => {
                end(shared, task, &progress).await;
                shared.monitor.count(Count::LostClaims);
                return HandlerOutcome::Cancelled;
            }
            () = shared.abort.cancelled() => {
                end(shared, task, &progress).await;
                return HandlerOutcome::Cancelled;
            }
            Ok(()) = reports.changed() => lease.renew_now(),
        }
    }
}

fn ended(shared: &Shared, joined: Result<Result<Decision, String>, JoinError>) -> HandlerOutcome {
    match joined {
        Ok(Ok(decision)) => HandlerOutcome::Decided(decision),
        Ok(Err(error)) => HandlerOutcome::Failed(error),
        Err(error) if error.is_panic() => {
            shared.monitor.count(Count::Panicked);
            // The payload of a panic may contain data of the execution, so only a text is repeated.
            let payload = error.into_panic();
            let text = payload
                .downcast_ref::<&str>()
                .copied()
                .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            let message = format!("the handler panicked: {}", text.unwrap_or("no message"));
            // A payload that panics when it is dropped ends a task of its own.
            tokio::spawn(async move { drop(payload) });
            HandlerOutcome::Failed(message)
        }
        Err(_) => HandlerOutcome::Cancelled,
    }
}

/// The task of a handler. It ends with this value, as when the run is dropped.
struct HandlerTask(JoinHandle<Result<Decision, String>>);

impl Drop for HandlerTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Cancels the handler, and aborts it if it does not stop soon.
async fn end(shared: &Shared, mut task: HandlerTask, progress: &Progress) {
    const MOMENT: Duration = Duration::from_millis(100);
    progress.cancel();
    if tokio::time::timeout(MOMENT, &mut task.0).await.is_ok() {
        return;
    }
    task.0.abort();
    // An aborted task ends at its next await; waiting keeps it from running beside its successor. One that blocks its
    // thread has no next await, and must not keep the process from ending.
    if tokio::time::timeout(10 * MOMENT, &mut task.0).await.is_err() {
        tracing::error!("a handler blocks its thread; it cannot be ended, and takes the place of another one");
        tokio::select! {
            _ = &mut task.0 => {}
            () = async { shared.abort.cancelled().await; tokio::time::sleep(MOMENT).await } => {}
        }
    }
}

async fn deliver(shared: &Shared, record: &mut Record, lease: &Lease) -> Result<Ending, AgentError> {
    match deliver::deliver(shared, record, lease).await? {
        Delivered::Acknowledged => {
            shared.monitor.acknowledged(record.decision.as_ref().and_then(Decision::action));
            record.enter(RecordState::Acknowledged);
        }
        Delivered::DecidedElsewhere(action) => {
            shared.monitor.count(Count::DecidedElsewhere);
            record.note = Some(format!("decided elsewhere: {action}"));
            record.enter(RecordState::Acknowledged);
        }
        Delivered::Refused(reason) => {
            shared.monitor.count(Count::Parked);
            record.note = Some(reason);
            record.enter(RecordState::Parked);
        }
        Delivered::Later(delay) => {
            deliver_later(shared, record, delay);
            return Ok(Ending::Postponed);
        }
        Delivered::Interrupted => {
            deliver_later(shared, record, shared.settings.poll_interval);
            return Ok(Ending::Interrupted);
        }
    }
    shared.save(record).await?;
    Ok(if record.state == RecordState::Parked { Ending::Undecided } else { Ending::Decided })
}

/// Sends a decision again after a delay, even if the list cannot be read.
fn deliver_later(shared: &Shared, record: &Record, delay: Duration) {
    shared.retries().insert(record.execution.clone(), Instant::now() + delay);
}
