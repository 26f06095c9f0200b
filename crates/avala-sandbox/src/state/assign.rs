//! Executions of agents for events.

use avala_types::{AgentUid, EventType, ExecutionStatus, ExecutionUid, Json, ProjectUid, ResultUid, TaskType, TaskUid};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::schema::{Agent, AgentExecution};
use crate::state::clock;
use crate::state::tables::Tables;

/// Fields of an event that describe its resource. Which of them are set depends on the kind of resource.
#[derive(Deserialize)]
struct Resource {
    uid: Option<String>,
    name: Option<String>,
    #[serde(rename = "type")]
    type_: Option<String>,
    status: Option<String>,
    project: Option<ProjectUid>,
    #[serde(default)]
    projects: Vec<ProjectUid>,
    // Fields of the payload of an event, which has none of the fields above.
    task_uid: Option<TaskUid>,
    result_uid: Option<ResultUid>,
    dataset_uid: Option<String>,
    export_uid: Option<String>,
    project_uid: Option<ProjectUid>,
    task_type: Option<String>,
}

impl Resource {
    fn task_type(&self) -> Option<&str> {
        self.task_type.as_deref().or(self.type_.as_deref())
    }

    /// Returns whether this already is the payload of an event.
    fn is_payload(&self) -> bool {
        self.task_uid.is_some() || self.dataset_uid.is_some() || self.export_uid.is_some()
    }
}

/// Creates a pending execution for each active agent with this event, and returns those that have a callback.
pub(crate) fn assign(tables: &mut Tables, event: &EventType, resource: &Json) -> Vec<ExecutionUid> {
    let Ok(about) = resource.parse::<Resource>() else { return Vec::new() };
    let project =
        about.project.clone().or_else(|| about.project_uid.clone()).or_else(|| about.projects.first().cloned());
    let agents = tables.agents.rows().filter(|agent| wants(agent, event, &about, project.as_ref()));
    let agents: Vec<(AgentUid, bool)> = agents.map(|agent| (agent.uid.clone(), agent.callback_url.is_some())).collect();
    let mut pushed = Vec::new();
    let (kind, _) = event.as_str().split_once('.').unwrap_or_default();
    for (agent, has_callback) in agents {
        let execution = tables.agent_executions.add(|uid| {
            let mut execution = AgentExecution::new(uid, agent, event.clone());
            let task = about.uid.as_deref().filter(|_| kind == "task").map(TaskUid::from);
            execution.task = about.task_uid.clone().or(task);
            execution.result = about.result_uid.clone();
            execution.status = Some(ExecutionStatus::Pending);
            execution.event_payload = Some(payload(kind, &about, project.as_ref(), resource));
            execution.created_at = clock::now();
            execution.updated_at = execution.created_at;
            execution
        });
        if has_callback {
            pushed.push(execution.uid.clone());
        }
    }
    pushed
}

fn wants(agent: &Agent, event: &EventType, about: &Resource, project: Option<&ProjectUid>) -> bool {
    let of_project = agent.project.is_none() || agent.project.as_ref() == project;
    let is_type = |wanted: &TaskType| about.task_type() == Some(wanted.as_str());
    let of_type = agent.task_types.is_empty() || agent.task_types.iter().any(is_type);
    agent.is_active != Some(false) && agent.events.contains(event) && of_project && of_type
}

fn payload(kind: &str, about: &Resource, project: Option<&ProjectUid>, resource: &Json) -> Json {
    let payload: Value = match kind {
        _ if about.is_payload() => return resource.clone(),
        "task" => json!({
            "task_uid": about.uid, "task_name": about.name, "task_type": about.task_type(),
            "task_status": about.status, "project_uid": project,
        }),
        "dataset" => json!({ "dataset_uid": about.uid, "project_uid": project }),
        "export" => json!({ "export_uid": about.uid, "project_uid": project }),
        // The event of a result already has its payload, as do all other events.
        _ => return resource.clone(),
    };
    payload.into()
}
