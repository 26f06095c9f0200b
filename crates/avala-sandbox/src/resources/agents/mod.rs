//! Agents.

mod assign;
mod executions;

pub(crate) use assign::assign;

use std::collections::BTreeMap;

use avala_types::{Agent, AgentUid, CreateAgent, EventType, RawPageResponse, Secret, UpdateAgent};
use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Value, json};

use crate::app::App;
use crate::clock;
use crate::error::{Answer, Created, Done, created};
use crate::json_body::JsonBody;
use crate::list::ListQuery;
use crate::patch::set;
use crate::resources::Tables;
use crate::routes::Routes;
use crate::validation::{Fields, Kind};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/agents/", list)
        .post("/agents/", create)
        .get("/agents/{uid}/", get_one)
        .patch("/agents/{uid}/", update)
        // The SDKs send PATCH, and the reference documents PUT.
        .put("/agents/{uid}/", update)
        .delete("/agents/{uid}/", delete)
        .post("/agents/{uid}/test/", test)
        .merge(executions::routes())
}

async fn list(State(app): State<App>, query: ListQuery) -> Answer<RawPageResponse<Agent>> {
    let tables = app.tables();
    query.list(&tables.agents).cursor_page(|agent| view(agent, &tables))
}

async fn create(State(app): State<App>, body: JsonBody) -> Created<Agent> {
    let payload: CreateAgent = body.read(|fields| {
        fields.required("name", Kind::Text);
        check_settings(fields);
    })?;
    let mut tables = app.tables();
    tables.projects.require("project", &payload.project)?;
    let agent = tables.agents.add(|uid| {
        let mut agent = Agent::new(uid, payload.name);
        agent.description = payload.description;
        agent.events = payload.events.unwrap_or_default();
        agent.callback_url = payload.callback_url;
        agent.is_active = payload.is_active.or(Some(true));
        agent.project = payload.project;
        agent.task_types = payload.task_types.unwrap_or_default();
        agent.created_at = clock::now();
        agent.updated_at = agent.created_at;
        agent
    });
    let mut agent = agent.clone();
    // Only this answer shows it.
    agent.secret = Some(Secret::from(format!("agsec_{}", agent.uid)));
    created(agent)
}

async fn get_one(State(app): State<App>, Path(uid): Path<AgentUid>) -> Answer<Agent> {
    let tables = app.tables();
    Ok(Json(view(tables.agents.get(uid)?, &tables)))
}

async fn update(State(app): State<App>, Path(uid): Path<AgentUid>, body: JsonBody) -> Answer<Agent> {
    let mut tables = app.tables();
    tables.agents.get(&uid)?;
    let payload: UpdateAgent = body.read(|fields| {
        fields.changeable("name", Kind::Text);
        check_settings(fields);
    })?;
    tables.projects.require("project", payload.project.value())?;
    let agent = tables.agents.get_mut(&uid)?;
    set(&mut agent.name, payload.name);
    set(&mut agent.is_active, payload.is_active);
    set(&mut agent.events, payload.events);
    set(&mut agent.task_types, payload.task_types);
    payload.description.apply(&mut agent.description);
    payload.callback_url.apply(&mut agent.callback_url);
    payload.project.apply(&mut agent.project);
    agent.updated_at = clock::now();
    Ok(Json(view(tables.agents.get(&uid)?, &tables)))
}

async fn delete(State(app): State<App>, Path(uid): Path<AgentUid>) -> Done {
    let mut tables = app.tables();
    let agent = tables.agents.remove(uid)?;
    tables.agent_executions.retain(|execution| execution.registration != agent.uid);
    Ok(StatusCode::NO_CONTENT)
}

/// No callback is called: an agent works when it is active.
async fn test(State(app): State<App>, Path(uid): Path<AgentUid>) -> Answer<Value> {
    let works = app.tables().agents.get(uid)?.is_active != Some(false);
    let message = if works { "The agent is ready." } else { "The agent is not active." };
    Ok(Json(json!({ "success": works, "message": message })))
}

fn check_settings(fields: &mut Fields) {
    fields.changeable("events", Kind::Choices(EventType::KNOWN));
    fields.changeable("task_types", Kind::Texts);
    fields.changeable("is_active", Kind::Boolean);
    fields.optional("description", Kind::Words);
    fields.optional("callback_url", Kind::Url);
    fields.optional("project", Kind::Text);
}

/// The agent with its executions counted.
fn view(agent: &Agent, tables: &Tables) -> Agent {
    let mut view = agent.clone();
    let mut counts = BTreeMap::new();
    for execution in tables.agent_executions.rows().filter(|execution| execution.registration == agent.uid) {
        let status = execution.status.as_ref().map(ToString::to_string).unwrap_or_default();
        *counts.entry(status).or_default() += 1;
    }
    view.execution_stats = Some(counts);
    view
}
