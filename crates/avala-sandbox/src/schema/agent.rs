//! Agents, their executions, and auto-label jobs.

use std::collections::BTreeMap;

use avala_types::{
    AgentAction, AgentUid, AutoLabelJobStatus, AutoLabelJobUid, AutoLabelModelType, EventType, ExecutionStatus,
    ExecutionUid, Json, ProjectUid, ResultUid, Secret, TaskType, TaskUid, Timestamp,
};

use super::record;

record! {
    /// Model `Agent`.
    pub(crate) struct Agent {
        required {
            uid: AgentUid,
            name: String,
        }
        optional {
            description: Option<String>,
            events: Vec<EventType>,
            callback_url: Option<String>,
            is_active: Option<bool>,
            project: Option<ProjectUid>,
            task_types: Vec<TaskType>,
            secret: Option<Secret>,
            execution_stats: Option<BTreeMap<String, u64>>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
        }
    }
}

record! {
    /// Model `AgentExecution`.
    pub(crate) struct AgentExecution {
        required {
            uid: ExecutionUid,
            registration: AgentUid,
            event_type: EventType,
        }
        optional {
            task: Option<TaskUid>,
            result: Option<ResultUid>,
            status: Option<ExecutionStatus>,
            action: Option<AgentAction>,
            event_payload: Option<Json>,
            response_payload: Option<Json>,
            error_message: Option<String>,
            started_at: Option<Timestamp>,
            completed_at: Option<Timestamp>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
        }
    }
}

record! {
    /// Model `AgentTest`.
    pub(crate) struct AgentTest {
        required {}
        optional {
            success: Option<bool>,
            message: Option<String>,
            delivered: Option<bool>,
            status_code: Option<u64>,
        }
    }
}

record! {
    /// Model `AutoLabelJob`.
    pub(crate) struct AutoLabelJob {
        required {
            uid: AutoLabelJobUid,
        }
        optional {
            status: Option<AutoLabelJobStatus>,
            model_type: Option<AutoLabelModelType>,
            confidence_threshold: Option<f64>,
            labels: Vec<String>,
            dry_run: bool,
            total_items: u64,
            processed_items: u64,
            successful_items: u64,
            failed_items: u64,
            skipped_items: u64,
            progress_pct: Option<f64>,
            error_message: Option<String>,
            summary: Option<Json>,
            started_at: Option<Timestamp>,
            completed_at: Option<Timestamp>,
            created_at: Option<Timestamp>,
        }
    }
}
