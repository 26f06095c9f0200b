//! Storage configs. Their credentials are stored, and never returned.

use avala_types::{CreateStorageConfig, OwnerName, S3AuthMethod, StorageConfigUid, StorageProvider};
use axum::extract::{Path, State};
use http::StatusCode;

use crate::app::App;
use crate::error::{ApiError, ApiResult, Created, Done, created};
use crate::request::caller::Caller;
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::Kind;
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{Page, StorageConfig, StorageConfigSetupInfo, StorageConfigTest, choices};
use crate::state::clock;
use crate::state::organization::OrganizationRow;
use crate::state::storage_config::{Problem, StorageConfigRow};
use crate::state::tables::Tables;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/storage-configs/", list)
        .post("/storage-configs/", create)
        .get("/storage-configs/setup-info/", setup_info)
        .get("/storage-configs/{uid}/", get_one)
        .delete("/storage-configs/{uid}/", delete)
        .post("/storage-configs/{uid}/test/", test)
}

async fn list(State(app): State<App>, query: ListQuery) -> ApiResult<Page<StorageConfig>> {
    let tables = app.tables();
    let owner = owner(&tables, &query)?;
    query
        .list(&tables.storage_configs)
        .filter(|row| owner.as_ref().is_none_or(|owner| row.owner == *owner))
        .cursor_page(|row| row.config.clone())
}

async fn create(
    State(app): State<App>,
    Caller(caller): Caller,
    query: ListQuery,
    body: JsonBody,
) -> Created<StorageConfig> {
    let payload: CreateStorageConfig = body.read(|fields| {
        fields.required("name", Kind::Text);
        fields.required("provider", Kind::Choice(choices::STORAGE_PROVIDER));
        for name in ["s3_bucket_name", "s3_bucket_region", "s3_role_arn", "s3_access_key_id", "s3_secret_access_key"] {
            fields.optional(name, Kind::Text);
        }
        for name in ["gc_storage_bucket_name", "gc_storage_auth_json_content"] {
            fields.optional(name, Kind::Text);
        }
        for name in ["s3_bucket_prefix", "gc_storage_prefix"] {
            fields.optional(name, Kind::Words);
        }
        fields.optional("s3_auth_method", Kind::Choice(choices::S3_AUTH_METHOD));
        fields.optional("s3_is_accelerated", Kind::Boolean);
    })?;
    let mut tables = app.tables();
    let owner = owner(&tables, &query)?.unwrap_or(caller);
    let problem = problem(&payload);
    let row = tables.storage_configs.add(|uid| {
        let mut config = StorageConfig::new(uid, payload.name, payload.provider);
        config.s3_bucket_name = payload.s3_bucket_name;
        config.s3_bucket_region = payload.s3_bucket_region;
        config.s3_bucket_prefix = payload.s3_bucket_prefix;
        config.s3_auth_method = payload.s3_auth_method;
        config.s3_is_accelerated = payload.s3_is_accelerated.unwrap_or_default();
        config.gc_storage_bucket_name = payload.gc_storage_bucket_name;
        config.gc_storage_prefix = payload.gc_storage_prefix;
        config.created_at = clock::now();
        config.updated_at = config.created_at;
        StorageConfigRow { config, owner, problem }
    });
    created(row.config.clone())
}

async fn setup_info(
    State(app): State<App>,
    Caller(caller): Caller,
    query: ListQuery,
) -> ApiResult<StorageConfigSetupInfo> {
    let owner = owner(&app.tables(), &query)?.unwrap_or(caller);
    Ok(Json(StorageConfigSetupInfo::new("000000000000", format!("avala-sandbox-{owner}"))))
}

async fn get_one(
    State(app): State<App>,
    Path(uid): Path<StorageConfigUid>,
    query: ListQuery,
) -> ApiResult<StorageConfig> {
    let tables = app.tables();
    let owner = owner(&tables, &query)?;
    let row = tables.storage_configs.get(uid)?;
    if owner.is_some_and(|owner| owner != row.owner) {
        return Err(ApiError::not_found());
    }
    Ok(Json(row.config.clone()))
}

async fn delete(State(app): State<App>, Path(uid): Path<StorageConfigUid>) -> Done {
    app.tables().storage_configs.remove(uid)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tests a config without contacting the bucket: the test passes if the config has all credentials of its method.
async fn test(State(app): State<App>, Path(uid): Path<StorageConfigUid>) -> ApiResult<StorageConfigTest> {
    let mut tables = app.tables();
    let StorageConfigRow { config, problem, .. } = tables.storage_configs.get_mut(uid)?;
    config.is_verified = problem.is_none();
    config.updated_at = clock::now();
    if config.is_verified {
        config.last_verified_at = config.updated_at;
    }
    let mut response = StorageConfigTest::new();
    response.verified = Some(config.is_verified);
    response.success = response.verified;
    response.message = Some(problem.as_ref().map_or_else(|| "The bucket can be read.".to_owned(), Problem::message));
    response.errors = Some(problem.iter().map(|problem| (problem.field.to_owned(), vec![problem.message()])).collect());
    Ok(Json(response))
}

/// Returns the owner that the query's `organization` names; 404 when there is no such organization.
fn owner(tables: &Tables, query: &ListQuery) -> Result<Option<OwnerName>, ApiError> {
    let slug = query.get("organization");
    slug.map(|slug| tables.organization(&slug.into()).map(OrganizationRow::handle)).transpose()
}

fn problem(payload: &CreateStorageConfig) -> Option<Problem> {
    let is_s3 = payload.provider == StorageProvider::AwsS3;
    let missing = match payload.s3_auth_method {
        _ if !is_s3 && payload.gc_storage_bucket_name.is_none() => "gc_storage_bucket_name",
        _ if !is_s3 && payload.gc_storage_auth_json_content.is_none() => "gc_storage_auth_json_content",
        _ if !is_s3 => return None,
        _ if payload.s3_bucket_name.is_none() => "s3_bucket_name",
        Some(S3AuthMethod::IamRole) if payload.s3_role_arn.is_none() => "s3_role_arn",
        Some(S3AuthMethod::IamRole) => return None,
        _ if payload.s3_access_key_id.is_none() => "s3_access_key_id",
        _ if payload.s3_secret_access_key.is_none() => "s3_secret_access_key",
        _ => return None,
    };
    Some(Problem { field: missing })
}
