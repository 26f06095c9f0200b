//! Agents: programs that decide about events.

use std::collections::BTreeMap;

use crate::id::{AgentUid, ExecutionUid, ProjectUid, ResultUid, TaskUid};
use crate::json::Json;
use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::secret::Secret;
use crate::task::TaskType;
use crate::timestamp::Timestamp;
use crate::webhook_event::EventType;

open_enum! {
    /// Status of an execution.
    pub enum ExecutionStatus {
        /// Pending.
        Pending = "pending",
        /// Running.
        Running = "running",
        /// Decided.
        Completed = "completed",
        /// Failed.
        Failed = "failed",
    }

    /// An action of an agent.
    pub enum AgentAction {
        /// Accepts the result.
        Approve = "approve",
        /// Sends the result back to the annotator.
        Reject = "reject",
        /// Requests a review by a human.
        Flag = "flag",
        /// Acknowledges the event and changes nothing.
        Skip = "skip",
    }
}

model! {
    /// An agent: a program that is registered for events.
    #[derive(Eq, Hash)]
    pub struct Agent {
        required {
            /// Unique identifier (UID).
            uid: AgentUid,
            /// Display name.
            name: String,
        }
        optional {
            /// Description.
            description: Option<String>,
            /// Subscribed event types.
            events: Vec<EventType>,
            /// URL that receives the events; without it the agent polls.
            callback_url: Option<String>,
            /// Whether the agent receives events.
            is_active: Option<bool>,
            /// Project whose events are received; all projects if unset.
            project: Option<ProjectUid>,
            /// Task types whose events are received; all types if empty.
            task_types: Vec<TaskType>,
            /// Signing secret of the server's calls; sent only in the response of `create`.
            secret: Option<Secret>,
            /// Number of executions by status.
            execution_stats: Option<BTreeMap<String, u64>>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Time of the last update.
            updated_at: Option<Timestamp>,
        }
    }
}

model! {
    /// An execution: one event for one agent to decide.
    #[derive(Eq, Hash)]
    pub struct AgentExecution {
        required {
            /// Unique identifier (UID).
            uid: ExecutionUid,
            /// Event type.
            event_type: EventType,
        }
        optional {
            /// The agent; `None` if the server does not name it.
            registration: Option<AgentUid>,
            /// Task.
            task: Option<TaskUid>,
            /// Result.
            result: Option<ResultUid>,
            /// Status.
            status: Option<ExecutionStatus>,
            /// Decided action.
            action: Option<AgentAction>,
            /// Event payload, a free-form object that depends on the event type.
            event_payload: Option<Json>,
            /// Response of the agent, a free-form object.
            response_payload: Option<Json>,
            /// Error of the agent.
            error_message: Option<String>,
            /// Start time.
            started_at: Option<Timestamp>,
            /// Completion time.
            completed_at: Option<Timestamp>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Time of the last update.
            updated_at: Option<Timestamp>,
        }
    }
}

payload! {
    /// Payload that creates an agent (`POST /agents/`).
    #[derive(Eq, Hash)]
    pub struct CreateAgent {
        required {
            /// Display name.
            name: String,
        }
        optional {
            /// Description.
            description: String,
            /// HTTPS URL that receives the events.
            callback_url: String,
            /// Whether the agent receives events.
            is_active: bool,
            /// Project whose events are received; all projects if unset.
            project: ProjectUid,
        }
        lists {
            /// Subscribed event types.
            events: EventType,
            /// Task types whose events are received; all types if empty.
            task_types: TaskType,
        }
    }
}

payload! {
    /// Update of an agent (`PATCH /agents/{uid}/`).
    #[derive(Eq, Hash)]
    pub struct UpdateAgent {
        required {}
        optional {
            /// Display name.
            name: String,
            /// Whether the agent receives events.
            is_active: bool,
        }
        lists {
            /// Subscribed event types.
            events: EventType,
            /// Task types whose events are received; all types if empty.
            task_types: TaskType,
        }
        patch {
            /// Description.
            description: String,
            /// HTTPS URL that receives the events.
            callback_url: String,
            /// Project whose events are received; all projects if unset.
            project: ProjectUid,
        }
    }
}

payload! {
    /// Payload that decides an execution (`POST /agent-actions/`).
    ///
    /// ```
    /// use avala_types::{AgentAction, CreateAgentAction};
    ///
    /// let action = CreateAgentAction::new("x1", AgentAction::Reject).reason("two boxes overlap");
    /// assert_eq!(
    ///     serde_json::to_string(&action)?,
    ///     r#"{"execution":"x1","action":"reject","reason":"two boxes overlap"}"#
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[derive(Eq, Hash)]
    pub struct CreateAgentAction {
        required {
            /// Execution.
            execution: ExecutionUid,
            /// Decided action.
            action: AgentAction,
        }
        optional {
            /// Reason.
            reason: String,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_secret_is_not_shown() {
        let agent: Agent = serde_json::from_str(r#"{"uid":"a1","name":"QC","secret":"hidden"}"#).unwrap();
        assert!(!format!("{agent:?}").contains("hidden"));
        assert_eq!(agent.secret.unwrap().expose(), "hidden");
    }
}
