//! Agents: programs that look at events and decide.

use std::collections::BTreeMap;

use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::{AgentUid, EventType, ExecutionUid, Json, ProjectUid, ResultUid, Secret, TaskType, TaskUid, Timestamp};

open_enum! {
    /// How far an agent is with an event.
    pub enum ExecutionStatus {
        /// It waits to be picked up.
        Pending = "pending",
        /// The agent is at it.
        Running = "running",
        /// The agent has decided.
        Completed = "completed",
        /// The agent could not decide.
        Failed = "failed",
    }

    /// What an agent decides.
    pub enum AgentAction {
        /// The work is good.
        Approve = "approve",
        /// The work has to be done again.
        Reject = "reject",
        /// A person should look at it.
        Flag = "flag",
        /// Nothing; also the answer to an event that nobody handles.
        Skip = "skip",
    }
}

model! {
    /// A program that is registered for events.
    #[derive(Eq, Hash)]
    pub struct Agent {
        required {
            /// Its identity.
            uid: AgentUid,
            /// Its name, as people read it.
            name: String,
        }
        optional {
            /// What it is for.
            description: Option<String>,
            /// The events that it looks at.
            events: Vec<EventType>,
            /// Where the server sends the events; without it they wait to be asked for.
            callback_url: Option<String>,
            /// Whether it gets events.
            is_active: Option<bool>,
            /// The only project whose events it gets.
            project: Option<ProjectUid>,
            /// The only kinds of work whose events it gets.
            task_types: Vec<TaskType>,
            /// What the server signs its calls with; sent only when the agent is made.
            secret: Option<Secret>,
            /// How many executions it has, by their status.
            execution_stats: Option<BTreeMap<String, u64>>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
        }
    }
}

model! {
    /// One event that an agent has to decide on.
    #[derive(Eq, Hash)]
    pub struct AgentExecution {
        required {
            /// Its identity.
            uid: ExecutionUid,
            /// What happened.
            event_type: EventType,
        }
        optional {
            /// The agent; `None` if the server does not name it.
            registration: Option<AgentUid>,
            /// The task that it happened to.
            task: Option<TaskUid>,
            /// The result that it happened to.
            result: Option<ResultUid>,
            /// How far the agent is.
            status: Option<ExecutionStatus>,
            /// What the agent decided.
            action: Option<AgentAction>,
            /// What the event says: a free-form object that depends on its type.
            event_payload: Option<Json>,
            /// What the agent answered: a free-form object.
            response_payload: Option<Json>,
            /// Why the agent could not decide.
            error_message: Option<String>,
            /// When the agent picked it up.
            started_at: Option<Timestamp>,
            /// When the agent was done with it.
            completed_at: Option<Timestamp>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
        }
    }
}

payload! {
    /// A new agent (`POST /agents/`).
    #[derive(Eq, Hash)]
    pub struct CreateAgent {
        required {
            /// Its name, as people read it.
            name: String,
        }
        optional {
            /// What it is for.
            description: String,
            /// Where the server sends the events, over https.
            callback_url: String,
            /// Whether it gets events.
            is_active: bool,
            /// The only project whose events it gets.
            project: ProjectUid,
        }
        lists {
            /// The events that it looks at.
            events: EventType,
            /// The only kinds of work whose events it gets.
            task_types: TaskType,
        }
    }
}

payload! {
    /// What changes in an agent (`PATCH /agents/{uid}/`).
    #[derive(Eq, Hash)]
    pub struct UpdateAgent {
        required {}
        optional {
            /// Its name, as people read it.
            name: String,
            /// Whether it gets events.
            is_active: bool,
        }
        lists {
            /// The events that it looks at.
            events: EventType,
            /// The only kinds of work whose events it gets.
            task_types: TaskType,
        }
        patch {
            /// What it is for.
            description: String,
            /// Where the server sends the events, over https.
            callback_url: String,
            /// The only project whose events it gets.
            project: ProjectUid,
        }
    }
}

payload! {
    /// What an agent decides about an event (`POST /agent-actions/`).
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
            /// The event that it is about.
            execution: ExecutionUid,
            /// What is decided.
            action: AgentAction,
        }
        optional {
            /// Why, in a sentence.
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
