//! Inference providers.

use avala_types::{CreateInferenceProvider, InferenceProviderUid, UpdateInferenceProvider};
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
use crate::schema::{InferenceProvider, InferenceProviderTest, Page, choices};
use crate::state::clock;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/inference-providers/", list)
        .post("/inference-providers/", create)
        .get("/inference-providers/{uid}/", get_one)
        .patch("/inference-providers/{uid}/", update)
        .delete("/inference-providers/{uid}/", delete)
        .post("/inference-providers/{uid}/test/", test)
}

async fn list(State(app): State<App>, query: ListQuery) -> ApiResult<Page<InferenceProvider>> {
    query.list(&app.tables().inference_providers).cursor_page(InferenceProvider::clone)
}

async fn create(State(app): State<App>, body: JsonBody) -> Created<InferenceProvider> {
    let payload: CreateInferenceProvider = body.read(|fields| {
        fields.required("name", Kind::Text);
        fields.required("provider_type", Kind::Choice(choices::INFERENCE_PROVIDER_TYPE));
        fields.required("config", Kind::Object);
        fields.optional("description", Kind::Words);
        fields.optional("is_active", Kind::Boolean);
    })?;
    let mut tables = app.tables();
    let provider = tables.inference_providers.add(|uid| {
        let mut provider = InferenceProvider::new(uid, payload.name);
        provider.provider_type = Some(payload.provider_type);
        provider.config = Some(payload.config);
        provider.description = payload.description;
        provider.is_active = payload.is_active.or(Some(true));
        provider.project = payload.project;
        provider.created_at = clock::now();
        provider.updated_at = provider.created_at;
        provider
    });
    created(provider.clone())
}

async fn get_one(State(app): State<App>, Path(uid): Path<InferenceProviderUid>) -> ApiResult<InferenceProvider> {
    Ok(Json(app.tables().inference_providers.get(uid)?.clone()))
}

async fn update(
    State(app): State<App>,
    Path(uid): Path<InferenceProviderUid>,
    body: JsonBody,
) -> ApiResult<InferenceProvider> {
    let mut tables = app.tables();
    let provider = tables.inference_providers.get_mut(uid)?;
    let payload: UpdateInferenceProvider = body.read(|fields| {
        fields.changeable("name", Kind::Text);
        fields.changeable("provider_type", Kind::Choice(choices::INFERENCE_PROVIDER_TYPE));
        fields.changeable("config", Kind::Object);
        fields.changeable("is_active", Kind::Boolean);
        fields.optional("description", Kind::Words);
    })?;
    set(&mut provider.name, payload.name);
    set(&mut provider.provider_type, payload.provider_type);
    set(&mut provider.config, payload.config);
    set(&mut provider.is_active, payload.is_active);
    payload.description.apply(&mut provider.description);
    payload.project.apply(&mut provider.project);
    provider.updated_at = clock::now();
    Ok(Json(provider.clone()))
}

async fn delete(State(app): State<App>, Path(uid): Path<InferenceProviderUid>) -> Done {
    app.tables().inference_providers.remove(uid)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tests a provider without contacting a service: the test passes if the provider is active.
async fn test(State(app): State<App>, Path(uid): Path<InferenceProviderUid>) -> ApiResult<InferenceProviderTest> {
    let mut tables = app.tables();
    let provider = tables.inference_providers.get_mut(uid)?;
    let works = provider.is_active != Some(false);
    provider.last_test_at = clock::now();
    provider.last_test_success = Some(works);
    let message = if works { "The provider responds." } else { "The provider is not active." };
    let mut response = InferenceProviderTest::new();
    response.success = Some(works);
    response.message = Some(message.to_owned());
    response.tested_at = provider.last_test_at;
    response.latency_ms = works.then_some(12.5);
    Ok(Json(response))
}
