//! Events that become work for agents.

use avala_types::{Agent, AgentExecution, AgentUid, EventType, ExecutionStatus, Json, ProjectUid, TaskType, TaskUid};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock;
use crate::resources::Tables;

/// What an event says of the resource that it happened to. Each kind of resource has some of these.
#[derive(Deserialize)]
struct Resource {
    uid: Option<String>,
    name: Option<String>,
    #[serde(rename = "type")]
    task_type: Option<String>,
    status: Option<String>,
    project: Option<ProjectUid>,
    #[serde(default)]
    projects: Vec<ProjectUid>,
}

/// Gives every active agent that looks at this event a pending execution.
pub(crate) fn assign(tables: &mut Tables, event: &EventType, resource: &Json) {
    let Ok(about) = resource.parse::<Resource>() else { return };
    let project = about.project.clone().or_else(|| about.projects.first().cloned());
    let agents = tables.agents.rows().filter(|agent| wants(agent, event, &about, project.as_ref()));
    let agents: Vec<AgentUid> = agents.map(|agent| agent.uid.clone()).collect();
    let (kind, _) = event.as_str().split_once('.').unwrap_or_default();
    for agent in agents {
        tables.agent_executions.add(|uid| {
            let mut execution = AgentExecution::new(uid, agent, event.clone());
            execution.task = about.uid.as_deref().filter(|_| kind == "task").map(TaskUid::from);
            execution.status = Some(ExecutionStatus::Pending);
            execution.event_payload = Some(payload(kind, &about, project.as_ref(), resource));
            execution.created_at = clock::now();
            execution.updated_at = execution.created_at;
            execution
        });
    }
}

fn wants(agent: &Agent, event: &EventType, about: &Resource, project: Option<&ProjectUid>) -> bool {
    let of_project = agent.project.is_none() || agent.project.as_ref() == project;
    let is_type = |wanted: &TaskType| about.task_type.as_deref() == Some(wanted.as_str());
    let of_type = agent.task_types.is_empty() || agent.task_types.iter().any(is_type);
    agent.is_active != Some(false) && agent.events.contains(event) && of_project && of_type
}

fn payload(kind: &str, about: &Resource, project: Option<&ProjectUid>, resource: &Json) -> Json {
    let payload: Value = match kind {
        "task" => json!({
            "task_uid": about.uid, "task_name": about.name, "task_type": about.task_type,
            "task_status": about.status, "project_uid": project,
        }),
        "dataset" => json!({ "dataset_uid": about.uid, "project_uid": project }),
        "export" => json!({ "export_uid": about.uid, "project_uid": project }),
        // A result is told of by its payload, and so is everything else.
        _ => return resource.clone(),
    };
    payload.into()
}
