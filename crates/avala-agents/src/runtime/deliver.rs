//! Delivers a decision to the server exactly once, even if requests fail.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use avala_client::transport::Sent;
use avala_client::types::{AgentAction, ExecutionUid};
use avala_client::{Error, ErrorKind};

use super::shared::Shared;
use super::walk;
use crate::backoff;
use crate::decision::Decision;
use crate::error::{AgentError, AgentErrorKind};
use crate::journal::{Record, RecordState};
use crate::lease::Lease;
use crate::lookups::AllExecutions;
use crate::monitor::Count;

const FIRST_DELAY: Duration = Duration::from_millis(500);
const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// Number of consecutive failures after which a delivery is postponed, so that it does not block handlers.
const MAX_FAILURES: u32 = 10;
/// Pause between two look-ups of an execution that the server does not list.
const SECOND_LOOK: Duration = Duration::from_secs(2);

/// Outcome of a delivery.
pub(super) enum Delivered {
    /// The server has this decision.
    Acknowledged,
    /// The server has another decision, or ended the execution; the action, if it has one.
    DecidedElsewhere(AgentAction),
    /// The server rejected the decision permanently.
    Refused(String),
    /// The server failed too often. The decision stays in the journal and is sent after this delay.
    Later(Duration),
    /// This process stops, or lost its claim. The decision stays in the journal.
    Interrupted,
}

/// Result of looking up an execution.
enum Look {
    Undecided,
    Decided(AgentAction),
    /// Ended without an action.
    Ended(String),
}

/// Meaning of a failed request.
enum Failure {
    /// The request was certainly not executed, so the next attempt needs no look-up.
    NotExecuted,
    /// The request was rejected, perhaps because an earlier request or another client has decided.
    Rejected,
    /// The request may have been executed.
    Unknown,
    /// The API key does not allow the request.
    Unauthorized,
}

impl Failure {
    fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Authentication | ErrorKind::Forbidden => Self::Unauthorized,
            ErrorKind::RateLimited => Self::NotExecuted,
            // An invalid argument fails every attempt.
            ErrorKind::Request => Self::Rejected,
            _ if error.sent() == Sent::No => Self::NotExecuted,
            _ if error.status().is_some_and(|status| status.is_client_error()) && !error.is_retryable() => {
                Self::Rejected
            }
            _ => Self::Unknown,
        }
    }
}

/// Sends the decision of a record until its outcome is known.
///
/// After an unknown outcome the execution is looked up, and the same decision is sent again only while the execution is
/// undecided.
pub(super) async fn deliver(shared: &Shared, record: &mut Record, lease: &Lease) -> Result<Delivered, AgentError> {
    let Some(decision) = record.decision.clone() else {
        return Ok(Delivered::Refused("the journal has no decision for this execution".to_owned()));
    };
    let Some(payload) = decision.payload(&record.execution) else {
        return Ok(Delivered::Refused("a decision to leave the execution cannot be sent".to_owned()));
    };
    let mut failures = 0;
    loop {
        if record.state == RecordState::Sent {
            match look_up(shared, &record.execution, lease).await {
                Ok(Some(Look::Undecided)) => shared.monitor.count(Count::ResentDecisions),
                Ok(Some(Look::Decided(action))) => return Ok(compare(&decision, action)),
                Ok(Some(Look::Ended(status))) => {
                    return Ok(Delivered::Refused(format!("the server ended the execution as `{status}`")));
                }
                Ok(None) => return Ok(Delivered::Interrupted),
                Err(error) => {
                    if let Some(end) = pause(shared, lease, &mut failures, &error).await? {
                        return Ok(end);
                    }
                    continue;
                }
            }
        }
        // Written before the request: after a crash in between, the outcome counts as unknown.
        record.enter(RecordState::Sent);
        shared.save(record).await?;
        let call = async {
            // The semaphore is never closed, so this waits for a permit.
            let _place = shared.sending.acquire().await;
            // One attempt: the wait before the next one is ours, and takes no place.
            shared.avala.agent_actions().create(&payload).max_attempts(1).await
        };
        let error = match while_held(shared, lease, call).await {
            Some(Ok(_)) => return Ok(Delivered::Acknowledged),
            Some(Err(error)) => error,
            None => return Ok(Delivered::Interrupted),
        };
        match Failure::of(&error) {
            Failure::NotExecuted | Failure::Unauthorized => {
                record.enter(RecordState::Decided);
                shared.save(record).await?;
            }
            Failure::Rejected => match look_up(shared, &record.execution, lease).await {
                Ok(Some(Look::Decided(action))) => return Ok(compare(&decision, action)),
                Ok(Some(Look::Undecided | Look::Ended(_))) => {
                    return Ok(Delivered::Refused(format!("the server rejected the decision: {error}")));
                }
                Ok(None) => return Ok(Delivered::Interrupted),
                Err(_) => {}
            },
            Failure::Unknown => {}
        }
        if let Some(end) = pause(shared, lease, &mut failures, &error).await? {
            return Ok(end);
        }
    }
}

fn compare(decision: &Decision, action: AgentAction) -> Delivered {
    if decision.action() == Some(&action) { Delivered::Acknowledged } else { Delivered::DecidedElsewhere(action) }
}

/// Waits before the next attempt. `Some` ends the delivery for now; an error ends the agent.
async fn pause(
    shared: &Shared,
    lease: &Lease,
    failures: &mut u32,
    error: &Error,
) -> Result<Option<Delivered>, AgentError> {
    if matches!(Failure::of(error), Failure::Unauthorized) {
        let message = format!("a decision was rejected, and stays in the journal: {error}");
        return Err(AgentError::new(AgentErrorKind::Unauthorized, message));
    }
    *failures += 1;
    let delay = backoff::delay(*failures, FIRST_DELAY, LONGEST_DELAY);
    let delay = error.retry_after().map_or(delay, |asked| delay.max(backoff::later(asked)));
    tracing::warn!(error = %error, retry_in = ?delay, "the decision was not acknowledged");
    if *failures >= MAX_FAILURES {
        return Ok(Some(Delivered::Later(delay)));
    }
    let waited = while_held(shared, lease, tokio::time::sleep(delay)).await;
    Ok(if waited.is_some() { None } else { Some(Delivered::Interrupted) })
}

/// Looks up an execution in the list without a status. An execution that is not listed counts as undecided only after a
/// second look-up, because a list may be read while it changes. `None` if the delivery is interrupted.
async fn look_up(shared: &Shared, execution: &ExecutionUid, lease: &Lease) -> Result<Option<Look>, Arc<Error>> {
    let list = AllExecutions {
        avala: shared.avala.clone(),
        agent: Arc::clone(&shared.agent),
        page_size: Arc::clone(&shared.page_size),
    };
    for look in 0..2 {
        let find = shared.lookups.find(&list, execution, &shared.abort);
        let Some(found) = while_held(shared, lease, find).await else { return Ok(None) };
        match found? {
            Some(found) if walk::is_undecided(&found) => return Ok(Some(Look::Undecided)),
            Some(found) => {
                let status = found.status.map(|status| status.to_string()).unwrap_or_default();
                return Ok(Some(found.action.map_or(Look::Ended(status), Look::Decided)));
            }
            None if look == 1 => {}
            None => {
                let waited = while_held(shared, lease, tokio::time::sleep(SECOND_LOOK)).await;
                if waited.is_none() {
                    return Ok(None);
                }
            }
        }
    }
    Ok(Some(Look::Undecided))
}

/// Runs a call until the claim is lost or the process stops; `None` if it was interrupted.
///
/// The lease is checked before each poll of the call, and not by a timer alone: a process that was stopped and resumed
/// wakes with a call that is ready to be sent and a timer that has not fired yet. Requests are sent while the call is
/// polled, even if they waited for the rate limit, so that none is sent after the lease has ended.
async fn while_held<T>(shared: &Shared, lease: &Lease, call: impl Future<Output = T>) -> Option<T> {
    let mut call = pin!(call);
    let guarded = poll_fn(|cx| match lease.is_valid() {
        true => call.as_mut().poll(cx).map(Some),
        false => Poll::Ready(None),
    });
    let ended = tokio::select! {
        biased;
        () = shared.abort.cancelled() => return None,
        () = lease.lost() => None,
        ended = guarded => ended,
    };
    if ended.is_none() {
        shared.monitor.count(Count::LostClaims);
    }
    ended
}
