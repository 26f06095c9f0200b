//! Rules.

use avala_types::{CreateFleetRule, RuleUid, UpdateFleetRule};
use axum::extract::{Path, State};
use http::StatusCode;

use crate::app::App;
use crate::error::{ApiResult, Created, Done, created};
use crate::handlers::patch::set;
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::Kind;
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{FleetRule, Page};
use crate::state::clock;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/fleet/rules/", list)
        .post("/fleet/rules/", create)
        .get("/fleet/rules/{rule_uid}/", get_one)
        .patch("/fleet/rules/{rule_uid}/", update)
        .delete("/fleet/rules/{rule_uid}/", delete)
}

async fn list(State(app): State<App>, query: ListQuery) -> ApiResult<Page<FleetRule>> {
    query
        .list(&app.tables().fleet.rules)
        .filter(|rule| query.is("enabled", rule.enabled.unwrap_or(true)))
        .cursor_page(FleetRule::clone)
}

async fn create(State(app): State<App>, body: JsonBody) -> Created<FleetRule> {
    let payload: CreateFleetRule = body.read(|fields| {
        fields.required("name", Kind::Text);
        fields.required("condition", Kind::Object);
        fields.required("actions", Kind::Objects);
        fields.optional("description", Kind::Words);
        fields.optional("enabled", Kind::Boolean);
        fields.optional("scope", Kind::Object);
    })?;
    let mut tables = app.tables();
    let rule = tables.fleet.rules.add(|uid| {
        let mut rule = FleetRule::new(uid, payload.name);
        rule.description = payload.description;
        rule.enabled = payload.enabled.or(Some(true));
        rule.condition = Some(payload.condition);
        rule.actions = Some(payload.actions);
        rule.scope = payload.scope;
        rule.created_at = clock::now();
        rule.updated_at = rule.created_at;
        rule
    });
    created(rule.clone())
}

async fn get_one(State(app): State<App>, Path(uid): Path<RuleUid>) -> ApiResult<FleetRule> {
    Ok(Json(app.tables().fleet.rules.get(uid)?.clone()))
}

async fn update(State(app): State<App>, Path(uid): Path<RuleUid>, body: JsonBody) -> ApiResult<FleetRule> {
    let mut tables = app.tables();
    let rule = tables.fleet.rules.get_mut(uid)?;
    let payload: UpdateFleetRule = body.read(|fields| {
        fields.changeable("name", Kind::Text);
        fields.changeable("enabled", Kind::Boolean);
        fields.changeable("condition", Kind::Object);
        fields.changeable("actions", Kind::Objects);
        fields.optional("description", Kind::Words);
        fields.optional("scope", Kind::Object);
    })?;
    set(&mut rule.name, payload.name);
    set(&mut rule.enabled, payload.enabled);
    set(&mut rule.condition, payload.condition);
    set(&mut rule.actions, payload.actions);
    payload.description.apply(&mut rule.description);
    payload.scope.apply(&mut rule.scope);
    rule.updated_at = clock::now();
    Ok(Json(rule.clone()))
}

async fn delete(State(app): State<App>, Path(uid): Path<RuleUid>) -> Done {
    app.tables().fleet.rules.remove(uid)?;
    Ok(StatusCode::NO_CONTENT)
}
