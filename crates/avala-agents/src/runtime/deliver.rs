//! Delivers a decision: once at the server, however often the network fails.

use std::time::Duration;

use avala_client::transport::Sent;
use avala_client::types::{AgentAction, AgentExecution, AgentUid, ExecutionUid};
use avala_client::{Error, ErrorKind};

use super::poll;
use super::shared::Shared;
use crate::backoff;
use crate::decision::Decision;
use crate::error::{AgentError, AgentErrorKind};
use crate::journal::{Record, RecordState};
use crate::lease::Lease;
use crate::monitor::Count;

const FIRST_DELAY: Duration = Duration::from_millis(500);
const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// The pause between two looks at an execution that the server does not list.
const SECOND_LOOK: Duration = Duration::from_secs(2);

/// What became of a decision.
pub(super) enum Delivered {
    /// The server has our decision.
    Acknowledged,
    /// The server has another decision, or ended the execution; the action, if it has one.
    DecidedElsewhere(AgentAction),
    /// The server rejected the decision for good.
    Refused(String),
    /// This process stops, or lost its claim. The decision stays in the journal.
    Interrupted,
}

/// What a look at an execution found.
enum Look {
    Undecided,
    Decided(AgentAction),
    /// Ended without an action.
    Ended(String),
}

/// Sends the decision of a record until its outcome is known.
///
/// After an unknown outcome the execution is looked up, and the same decision is sent again only while nobody decided.
pub(super) async fn deliver(
    shared: &Shared,
    agent: &AgentUid,
    record: &mut Record,
    lease: &Lease,
) -> Result<Delivered, AgentError> {
    let Some(decision) = record.decision.clone() else {
        return Ok(Delivered::Refused("the journal has no decision for this execution".to_owned()));
    };
    let Some(payload) = decision.payload(&record.execution) else {
        return Ok(Delivered::Refused("a decision to leave the execution cannot be sent".to_owned()));
    };
    let mut failures = 0;
    loop {
        if record.state == RecordState::Sent {
            match look_up(shared, agent, &record.execution, lease).await {
                Ok(Some(Look::Undecided)) => shared.monitor.count(Count::ResentDecisions),
                Ok(Some(Look::Decided(action))) => return Ok(compare(&decision, action)),
                Ok(Some(Look::Ended(status))) => {
                    return Ok(Delivered::Refused(format!("the server ended the execution as `{status}`")));
                }
                Ok(None) => return Ok(Delivered::Interrupted),
                Err(error) => {
                    failures += 1;
                    if !pause(shared, lease, failures, &error).await? {
                        return Ok(Delivered::Interrupted);
                    }
                    continue;
                }
            }
        }
        // Written before the request: after a crash in between, the outcome counts as unknown.
        record.enter(RecordState::Sent);
        shared.save(record).await?;
        if !lease.is_valid() {
            shared.monitor.count(Count::LostClaims);
            return Ok(Delivered::Interrupted);
        }
        let sent = tokio::select! {
            sent = async { shared.avala.agent_actions().create(&payload).await } => sent,
            () = shared.abort.cancelled() => return Ok(Delivered::Interrupted),
        };
        let Err(error) = sent else { return Ok(Delivered::Acknowledged) };
        if error.sent() == Sent::No || error.kind() == ErrorKind::RateLimited {
            // Certainly not executed, so no look is needed before the next try.
            record.enter(RecordState::Decided);
            shared.save(record).await?;
        } else if is_rejected(&error) {
            // Perhaps because an earlier request, or somebody else, has decided.
            match look_up(shared, agent, &record.execution, lease).await {
                Ok(Some(Look::Decided(action))) => return Ok(compare(&decision, action)),
                Ok(Some(Look::Undecided | Look::Ended(_))) => {
                    return Ok(Delivered::Refused(format!("the server rejected the decision: {error}")));
                }
                Ok(None) => return Ok(Delivered::Interrupted),
                Err(_) => {}
            }
        }
        failures += 1;
        if !pause(shared, lease, failures, &error).await? {
            return Ok(Delivered::Interrupted);
        }
    }
}

fn compare(decision: &Decision, action: AgentAction) -> Delivered {
    if decision.action() == Some(&action) { Delivered::Acknowledged } else { Delivered::DecidedElsewhere(action) }
}

/// Statuses with which a repetition would fail again.
fn is_rejected(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Validation | ErrorKind::NotFound | ErrorKind::Conflict)
}

/// Waits before the next try. `false` ends the delivery for now; an error ends the agent.
async fn pause(shared: &Shared, lease: &Lease, failures: u32, error: &Error) -> Result<bool, AgentError> {
    if matches!(error.kind(), ErrorKind::Authentication | ErrorKind::Forbidden) {
        let message = format!("a decision was rejected, and stays in the journal: {error}");
        return Err(AgentError::new(AgentErrorKind::Unauthorized, message));
    }
    let delay = backoff::delay(failures, FIRST_DELAY, LONGEST_DELAY);
    let delay = error.retry_after().map_or(delay, |asked| delay.max(asked));
    tracing::warn!(error = %error, retry_in = ?delay, "the decision was not acknowledged");
    Ok(sleep(shared, lease, delay).await)
}

async fn sleep(shared: &Shared, lease: &Lease, delay: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(delay) => true,
        () = shared.abort.cancelled() => false,
        () = lease.lost() => {
            shared.monitor.count(Count::LostClaims);
            false
        }
    }
}

/// Looks an execution up in the list without a status. One that is not listed counts as undecided only after a second
/// look, because a list may be read while it changes. `None` if the delivery is interrupted.
async fn look_up(
    shared: &Shared,
    agent: &AgentUid,
    execution: &ExecutionUid,
    lease: &Lease,
) -> Result<Option<Look>, Error> {
    for look in 0..2 {
        let found = tokio::select! {
            found = find(shared, agent, execution) => found?,
            () = shared.abort.cancelled() => return Ok(None),
        };
        match found {
            Some(found) if poll::is_undecided(&found) => return Ok(Some(Look::Undecided)),
            Some(found) => {
                let status = found.status.map(|status| status.to_string()).unwrap_or_default();
                return Ok(Some(found.action.map_or(Look::Ended(status), Look::Decided)));
            }
            None if look == 0 && !sleep(shared, lease, SECOND_LOOK).await => return Ok(None),
            None => {}
        }
    }
    Ok(Some(Look::Undecided))
}

async fn find(shared: &Shared, agent: &AgentUid, uid: &ExecutionUid) -> Result<Option<AgentExecution>, Error> {
    let mut executions = shared.avala.agents().list_executions(agent).items();
    while let Some(execution) = executions.next().await {
        let execution = execution?;
        if execution.uid == *uid {
            return Ok(Some(execution));
        }
    }
    Ok(None)
}
