//! Executions of agents, and decisions on them.

use avala_types::{AgentAction, AgentUid, CreateAgentAction, EventType, ExecutionStatus, TaskStatus};
use axum::extract::{Path, State};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::error::{ApiError, ApiResult, Created, created};
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::Kind;
use crate::routes::Routes;
use crate::schema::{AgentExecution, Page, Task, choices};
use crate::state::clock;
use crate::state::tables::Tables;

pub(super) fn routes() -> Routes {
    Routes::new().get("/agents/{uid}/executions/", list).post("/agent-actions/", act)
}

async fn list(
    State(app): State<App>,
    Path(agent): Path<AgentUid>,
    query: ListQuery,
) -> ApiResult<Page<AgentExecution>> {
    let query = query.at_most(app.settings().execution_page_limit);
    let mut tables = app.tables();
    tables.agents.get(&agent)?;
    let task = |execution: &AgentExecution| execution.task.as_ref().and_then(|task| tables.tasks.get(task).ok());
    // For a task that the sandbox does not have, the payload counts.
    let payload = |execution: &AgentExecution, name: &str| {
        let payload = execution.event_payload.as_ref().and_then(|payload| payload.parse::<Map<String, Value>>().ok());
        payload.and_then(|payload| payload.get(name)?.as_str().map(str::to_owned))
    };
    let project = |execution: &AgentExecution| match task(execution) {
        Some(task) => task.project.as_ref().map(ToString::to_string),
        None => payload(execution, "project_uid"),
    };
    let task_type = |execution: &AgentExecution| match task(execution) {
        Some(task) => task.task_type.as_ref().map(ToString::to_string),
        None => payload(execution, "task_type"),
    };
    let page = query
        .list(&tables.agent_executions)
        .filter(|execution| execution.registration == agent)
        .filter(|execution| query.equals("status", execution.status.as_ref()))
        .filter(|execution| query.get("project").is_none() || query.equals("project", project(execution).as_ref()))
        .filter(|execution| {
            query.get("task_types").is_none() || query.lists("task_types", task_type(execution).as_ref())
        })
        .cursor_page(AgentExecution::clone)?;
    if app.settings().start_listed_executions && query.get("status") == Some("pending") {
        for shown in &page.0.results {
            let execution = tables.agent_executions.get_mut(&shown.uid)?;
            execution.status = Some(ExecutionStatus::Running);
            execution.started_at = clock::now();
        }
    }
    Ok(page)
}

async fn act(State(app): State<App>, body: JsonBody) -> Created<AgentExecution> {
    let payload: CreateAgentAction = body.read(|fields| {
        fields.required("execution", Kind::Text);
        fields.required("action", Kind::Choice(choices::AGENT_ACTION));
        fields.optional("reason", Kind::Words);
    })?;
    let mut tables = app.tables();
    let execution = tables.agent_executions.get_mut(&payload.execution);
    let execution = execution.map_err(|_| ApiError::no_such("execution", &payload.execution))?;
    if !matches!(execution.status, Some(ExecutionStatus::Pending | ExecutionStatus::Running)) {
        let decision = execution.action.as_ref().map_or("failed", |action| action.as_str());
        return Err(ApiError::conflict(format!("This execution has already been decided: {decision}.")));
    }
    execution.status = Some(ExecutionStatus::Completed);
    execution.response_payload = Some(json!({ "action": payload.action.as_str(), "reason": payload.reason }).into());
    execution.action = Some(payload.action);
    execution.completed_at = clock::now();
    execution.started_at = execution.started_at.or(execution.completed_at);
    execution.updated_at = execution.completed_at;
    let execution = execution.clone();
    follow(&app, &mut tables, &execution);
    created(execution)
}

/// Applies a decision on a result: it is accepted, which completes its task, or rejected.
fn follow(app: &App, tables: &mut Tables, execution: &AgentExecution) {
    let event = match execution.action {
        Some(AgentAction::Approve) => EventType::ResultAccepted,
        Some(AgentAction::Reject) => EventType::ResultRejected,
        _ => return,
    };
    if execution.result.is_none() {
        return;
    }
    let is_accepted = event == EventType::ResultAccepted;
    app.announce(tables, &event, &execution.event_payload);
    let task = execution.task.as_ref().filter(|_| is_accepted).and_then(|task| tables.tasks.get_mut(task).ok());
    if let Some(task) = task.and_then(complete) {
        app.announce(tables, &EventType::TaskCompleted, &task);
    }
}

/// Returns the task, unless it was complete before.
fn complete(task: &mut Task) -> Option<Task> {
    if task.status == Some(TaskStatus::Completed) {
        return None;
    }
    task.status = Some(TaskStatus::Completed);
    task.updated_at = clock::now();
    Some(task.clone())
}
