//! Agents.

mod executions;

use std::collections::BTreeMap;

use avala_types::{AgentUid, CreateAgent, Secret, UpdateAgent};
use axum::extract::{Path, State};
use http::StatusCode;

use crate::app::App;
use crate::error::{ApiResult, Created, Done, created};
use crate::handlers::patch::set;
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::{Fields, Kind};
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{Agent, AgentTest, Page, choices};
use crate::state::agent::secret_of;
use crate::state::clock;
use crate::state::tables::Tables;
use crate::state::webhook::Outgoing;

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

async fn list(State(app): State<App>, query: ListQuery) -> ApiResult<Page<Agent>> {
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
    let existing = tables.agents.find(|agent| agent.name == payload.name).map(|agent| agent.uid.clone());
    if let (true, Ok(uid)) = (app.settings().update_existing_agents, existing) {
        register_again(tables.agents.get_mut(&uid)?, payload);
        let mut agent = view(tables.agents.get(&uid)?, &tables);
        agent.secret = Some(Secret::from(secret_of(&uid)));
        return created(agent);
    }
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
    let agent = agent.clone();
    let mut agent = view(&agent, &tables);
    // Only this response has the secret.
    agent.secret = Some(Secret::from(secret_of(&agent.uid)));
    created(agent)
}

/// Updates an agent with the fields of a registration; fields that it leaves out stay.
fn register_again(agent: &mut Agent, payload: CreateAgent) {
    agent.description = payload.description.or(agent.description.take());
    agent.callback_url = payload.callback_url.or(agent.callback_url.take());
    agent.is_active = payload.is_active.or(agent.is_active);
    agent.project = payload.project.or(agent.project.take());
    set(&mut agent.events, payload.events);
    set(&mut agent.task_types, payload.task_types);
    agent.updated_at = clock::now();
}

async fn get_one(State(app): State<App>, Path(uid): Path<AgentUid>) -> ApiResult<Agent> {
    let tables = app.tables();
    Ok(Json(view(tables.agents.get(uid)?, &tables)))
}

async fn update(State(app): State<App>, Path(uid): Path<AgentUid>, body: JsonBody) -> ApiResult<Agent> {
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

/// Reports an active agent as reachable. A callback gets a sample, and its response is not awaited.
async fn test(State(app): State<App>, Path(uid): Path<AgentUid>) -> ApiResult<AgentTest> {
    let works = app.tables().agents.get(&uid)?.is_active != Some(false);
    if works {
        app.send(Outgoing::Sample(uid));
    }
    let message = if works { "The agent is ready." } else { "The agent is not active." };
    let mut response = AgentTest::new();
    response.success = Some(works);
    response.message = Some(message.to_owned());
    response.delivered = Some(works);
    response.status_code = works.then_some(200);
    Ok(Json(response))
}

fn check_settings(fields: &mut Fields) {
    fields.changeable("events", Kind::Choices(choices::EVENT_TYPE));
    fields.changeable("task_types", Kind::Texts);
    fields.changeable("is_active", Kind::Boolean);
    fields.optional("description", Kind::Words);
    fields.optional("callback_url", Kind::Url);
    fields.optional("project", Kind::Text);
}

/// Returns the agent with the counts of its executions.
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
