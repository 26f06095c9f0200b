//! Agents, and the events that they decide about.

use avala_types::{AgentAction, EventType, ExecutionStatus, ProjectUid, TaskType};
use serde_json::json;

use super::values::minutes;
use crate::schema::{Agent, AgentExecution, Task};
use crate::state::tables::Tables;

/// Number of executions of each agent.
const EXECUTIONS: usize = 40;

pub(super) fn add(tables: &mut Tables) {
    let project = tables.projects.rows().next().map(|project| project.uid.clone());
    let agents = [
        ("Box reviewer", vec![EventType::ResultSubmitted], None, true),
        ("Forklift gatekeeper", vec![EventType::ResultSubmitted, EventType::TaskCompleted], project, true),
        ("Retired reviewer", vec![EventType::ResultSubmitted], None, false),
    ];
    for (index, (name, events, project, is_active)) in agents.into_iter().enumerate() {
        tables.agents.add(|uid| {
            let mut agent = Agent::new(uid, name);
            agent.description = Some(format!("{name}, which reviews the results of annotators."));
            agent.events = events;
            agent.is_active = Some(is_active);
            agent.project = project;
            agent.created_at = minutes(index * 200);
            agent.updated_at = minutes(index * 200 + 5);
            agent
        });
    }
    let agents: Vec<_> = tables.agents.rows().map(|agent| agent.uid.clone()).collect();
    let tasks: Vec<Task> = tables.tasks.rows().cloned().collect();
    for (place, agent) in agents.iter().take(2).enumerate() {
        for (index, task) in (0..EXECUTIONS).zip(tasks.iter().skip(place * EXECUTIONS)) {
            let result = format!("result-{place}-{index:03}");
            tables.agent_executions.add(|uid| {
                let mut execution = AgentExecution::new(uid, agent, EventType::ResultSubmitted);
                execution.task = Some(task.uid.clone());
                execution.result = Some(result.as_str().into());
                execution.event_payload = Some(payload(task, &result).into());
                execution.created_at = minutes(index * 12);
                execution.updated_at = minutes(index * 12 + 2);
                decide(&mut execution, index);
                execution
            });
        }
    }
}

fn payload(task: &Task, result: &str) -> serde_json::Value {
    json!({
        "task_uid": task.uid.as_str(),
        "result_uid": result,
        "result_data": [{ "label": "forklift", "type": "box", "x": 12.5, "y": 40.0, "width": 220.0, "height": 180.0 }],
        "result_metadata": { "seconds": 41 },
        "task_name": task.name,
        "task_type": task.task_type.as_ref().map(TaskType::as_str),
        "project_uid": task.project.as_ref().map(ProjectUid::as_str),
    })
}

/// Sets the status: two of five, whose tasks are not completed, are pending; of the rest, some failed.
fn decide(execution: &mut AgentExecution, index: usize) {
    let action = match index % 5 {
        2 | 3 => {
            execution.status = Some(ExecutionStatus::Pending);
            return;
        }
        0 => Some(AgentAction::Approve),
        1 => Some(AgentAction::Reject),
        _ => None,
    };
    execution.started_at = minutes(index * 12 + 1);
    execution.completed_at = minutes(index * 12 + 2);
    execution.status = Some(if action.is_some() { ExecutionStatus::Completed } else { ExecutionStatus::Failed });
    execution.error_message = action.is_none().then(|| "The model did not respond.".to_owned());
    execution.response_payload = action.as_ref().map(|action| json!({ "action": action.as_str() }).into());
    execution.action = action;
}
