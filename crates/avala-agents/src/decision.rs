//! The decision of a handler about one execution.

use std::fmt;

use avala_client::types::{AgentAction, CreateAgentAction, ExecutionUid};
use serde::{Deserialize, Serialize};

use crate::error::BoxError;

/// The decision about one execution: approve, reject, flag, skip, or leave it undecided.
///
/// ```
/// use avala_agents::Decision;
///
/// let decision = Decision::reject("two cuboids overlap");
/// assert_eq!(decision.reason(), Some("two cuboids overlap"));
/// assert_eq!(decision.to_string(), "reject: two cuboids overlap");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// `None` leaves the execution undecided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    action: Option<AgentAction>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Decision {
    /// Approves the result.
    #[must_use]
    pub fn approve() -> Self {
        Self::of(AgentAction::Approve)
    }

    /// Rejects the result and sends it back to the annotator, with a reason.
    #[must_use]
    pub fn reject(reason: impl Into<String>) -> Self {
        Self::of(AgentAction::Reject).with_reason(reason)
    }

    /// Flags the result for a person, with a reason.
    #[must_use]
    pub fn flag(reason: impl Into<String>) -> Self {
        Self::of(AgentAction::Flag).with_reason(reason)
    }

    /// Acknowledges the execution without changing the result.
    #[must_use]
    pub fn skip() -> Self {
        Self::of(AgentAction::Skip)
    }

    /// Leaves the execution undecided: it stays pending on the server, and this runtime does not handle it again.
    #[must_use]
    pub fn leave() -> Self {
        Self { action: None, reason: None }
    }

    /// Creates a decision from an action, even one that this version does not know.
    #[must_use]
    pub fn of(action: AgentAction) -> Self {
        Self { action: Some(action), reason: None }
    }

    /// Sets the reason. An empty reason counts as none.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into()).filter(|reason| !reason.is_empty());
        self
    }

    /// Returns the action to send; `None` for [`Decision::leave`].
    #[must_use]
    pub fn action(&self) -> Option<&AgentAction> {
        self.action.as_ref()
    }

    /// Returns the reason, if there is one.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Returns the payload of `POST /agent-actions/`; `None` for [`Decision::leave`].
    pub(crate) fn payload(&self, execution: &ExecutionUid) -> Option<CreateAgentAction> {
        let payload = CreateAgentAction::new(execution.clone(), self.action.clone()?);
        Some(match &self.reason {
            Some(reason) => payload.reason(reason.clone()),
            None => payload,
        })
    }
}

/// The action and the reason, such as `flag: too few points`.
impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = self.action.as_ref().map_or("leave", AgentAction::as_str);
        match &self.reason {
            Some(reason) => write!(f, "{action}: {reason}"),
            None => f.write_str(action),
        }
    }
}

/// Converts the output of a handler: a [`Decision`], or a `Result` of one.
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    note = "a handler returns a `Decision` or a `Result<Decision, E>`, where `E` converts into `BoxError`"
)]
pub trait IntoDecision {
    /// Converts the output.
    ///
    /// # Errors
    /// The error of the handler.
    fn into_decision(self) -> Result<Decision, BoxError>;
}

impl IntoDecision for Decision {
    fn into_decision(self) -> Result<Decision, BoxError> {
        Ok(self)
    }
}

impl<E: Into<BoxError>> IntoDecision for Result<Decision, E> {
    fn into_decision(self) -> Result<Decision, BoxError> {
        self.map_err(Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_survives_the_journal() {
        for decision in [Decision::approve(), Decision::flag("why"), Decision::leave(), Decision::of("defer".into())] {
            let text = serde_json::to_string(&decision).unwrap();
            assert_eq!(serde_json::from_str::<Decision>(&text).unwrap(), decision, "{text}");
        }
    }

    #[test]
    fn leave_has_no_payload_and_empty_reasons_are_not_sent() {
        assert!(Decision::leave().payload(&"x1".into()).is_none());
        let payload = Decision::skip().with_reason("").payload(&"x1".into()).unwrap();
        assert_eq!(serde_json::to_string(&payload).unwrap(), r#"{"execution":"x1","action":"skip"}"#);
    }
}
