//! Organizations and their members.

mod invitations;
mod members;
mod shared;
mod team_members;
mod teams;

use avala_types::{CreateOrganization, OrganizationSlug, OwnerName, UpdateOrganization, Visibility};
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Value, json};

use crate::app::App;
use crate::error::{ApiError, ApiResult, Created, Done, created};
use crate::handlers::patch::set;
use crate::request::caller::Caller;
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::{Fields, Kind};
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{Organization, Page, choices};
use crate::state::clock;
use crate::state::slug::free_slug;
use crate::state::tables::Tables;

const INDUSTRIES: [(&str, &str); 6] = [
    ("automotive", "Automotive"),
    ("robotics", "Robotics"),
    ("logistics", "Logistics"),
    ("agriculture", "Agriculture"),
    ("healthcare", "Healthcare"),
    ("other", "Other"),
];

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/organizations/", list)
        .post("/organizations/", create)
        .get("/organizations/industry-choices/", industry_choices)
        .get("/organizations/{slug}/", get_one)
        .patch("/organizations/{slug}/", update)
        .delete("/organizations/{slug}/", delete)
        .merge(members::routes())
        .merge(invitations::routes())
        .merge(teams::routes())
        .merge(team_members::routes())
}

async fn list(State(app): State<App>, Caller(caller): Caller, query: ListQuery) -> ApiResult<Page<Organization>> {
    let tables = app.tables();
    query.list(&tables.organizations).numbered_page(|row| row.view(&tables, &caller))
}

async fn create(State(app): State<App>, Caller(caller): Caller, body: JsonBody) -> Created<Organization> {
    let payload: CreateOrganization = body.read(|fields| {
        fields.required("name", Kind::Text);
        check_profile(fields);
        fields.optional("visibility", Kind::Choice(choices::VISIBILITY));
    })?;
    let mut tables = app.tables();
    let slug = free_slug(&payload.name, |slug| tables.is_owner(&slug.into()));
    let mut organization = Organization::new("", payload.name, slug.as_str());
    organization.handle = Some(slug.into());
    organization.description = payload.description;
    organization.logo = payload.logo;
    organization.website = payload.website;
    organization.industry = payload.industry;
    organization.email = payload.email;
    organization.phone = payload.phone;
    organization.visibility = payload.visibility.or(Some(Visibility::Private));
    let owner = tables.accounts.named(&caller)?.clone();
    let slug = tables.add_organization(organization, &owner, clock::now());
    created(tables.organization(&slug)?.view(&tables, &caller))
}

async fn industry_choices() -> Json<Value> {
    let choices: Vec<Value> =
        INDUSTRIES.iter().map(|(value, label)| json!({ "value": value, "label": label })).collect();
    Json(json!({ "choices": choices }))
}

async fn get_one(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(slug): Path<OrganizationSlug>,
) -> ApiResult<Organization> {
    let tables = app.tables();
    Ok(Json(tables.organization(&slug)?.view(&tables, &caller)))
}

async fn update(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(slug): Path<OrganizationSlug>,
    body: JsonBody,
) -> ApiResult<Organization> {
    let mut tables = app.tables();
    let old_handle = tables.organization(&slug)?.handle();
    let mut payload: UpdateOrganization = body.read(|fields| {
        fields.changeable("name", Kind::Text);
        fields.changeable("handle", Kind::Slug);
        fields.changeable("visibility", Kind::Choice(choices::VISIBILITY));
        check_profile(fields);
    })?;
    if let Some(handle) = std::mem::take(&mut payload.handle).value().filter(|handle| **handle != old_handle) {
        if tables.is_owner(handle) {
            return Err(ApiError::field("handle", "An account with this handle already exists."));
        }
        tables.rename_owner(&old_handle, handle);
        tables.organization_mut(&slug)?.organization.handle = Some(handle.clone());
    }
    let organization = &mut tables.organization_mut(&slug)?.organization;
    set(&mut organization.name, payload.name);
    set(&mut organization.visibility, payload.visibility);
    payload.description.apply(&mut organization.description);
    payload.logo.apply(&mut organization.logo);
    payload.website.apply(&mut organization.website);
    payload.industry.apply(&mut organization.industry);
    payload.email.apply(&mut organization.email);
    payload.phone.apply(&mut organization.phone);
    organization.updated_at = clock::now();
    Ok(Json(tables.organization(&slug)?.view(&tables, &caller)))
}

async fn delete(State(app): State<App>, Path(slug): Path<OrganizationSlug>) -> Done {
    let mut tables = app.tables();
    let uid = tables.organization(&slug)?.organization.uid.clone();
    tables.organizations.remove(uid)?;
    Ok(StatusCode::NO_CONTENT)
}

fn check_profile(fields: &mut Fields) {
    for name in ["description", "industry", "logo", "phone"] {
        fields.optional(name, Kind::Words);
    }
    fields.optional("website", Kind::Url);
    fields.optional("email", Kind::Email);
}

impl Tables {
    /// Moves everything that an account owns to the account's new name.
    fn rename_owner(&mut self, old: &OwnerName, new: &OwnerName) {
        let datasets = self.datasets.rows_mut().map(|row| &mut row.dataset.owner_name);
        let projects = self.projects.rows_mut().map(|project| &mut project.owner_name);
        let slices = self.slices.rows_mut().map(|row| &mut row.slice.owner_name);
        for owner in datasets.chain(projects).chain(slices).filter(|owner| owner.as_ref() == Some(old)) {
            *owner = Some(new.clone());
        }
    }
}
