//! Storage configs. What they reach a bucket with is kept, and shown to nobody.

use avala_types::{
    CreateStorageConfig, OwnerName, RawPageResponse, S3AuthMethod, StorageConfig, StorageConfigSetupInfo,
    StorageConfigUid, StorageProvider,
};
use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Value, json};

use crate::app::App;
use crate::caller::Caller;
use crate::clock;
use crate::error::{Answer, ApiError, Created, Done, created};
use crate::json_body::JsonBody;
use crate::list::ListQuery;
use crate::resources::Tables;
use crate::resources::organizations::OrganizationRow;
use crate::routes::Routes;
use crate::validation::Kind;

pub(crate) struct StorageConfigRow {
    pub(crate) config: StorageConfig,
    pub(crate) owner: OwnerName,
    /// What is missing to reach the bucket, in a sentence.
    pub(crate) problem: Option<String>,
}

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/storage-configs/", list)
        .post("/storage-configs/", create)
        .get("/storage-configs/setup-info/", setup_info)
        .get("/storage-configs/{uid}/", get_one)
        .delete("/storage-configs/{uid}/", delete)
        .post("/storage-configs/{uid}/test/", test)
}

async fn list(State(app): State<App>, query: ListQuery) -> Answer<RawPageResponse<StorageConfig>> {
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
        fields.required("provider", Kind::Choice(StorageProvider::KNOWN));
        for name in ["s3_bucket_name", "s3_bucket_region", "s3_role_arn", "s3_access_key_id", "s3_secret_access_key"] {
            fields.optional(name, Kind::Text);
        }
        for name in ["gc_storage_bucket_name", "gc_storage_auth_json_content"] {
            fields.optional(name, Kind::Text);
        }
        for name in ["s3_bucket_prefix", "gc_storage_prefix"] {
            fields.optional(name, Kind::Words);
        }
        fields.optional("s3_auth_method", Kind::Choice(S3AuthMethod::KNOWN));
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
) -> Answer<StorageConfigSetupInfo> {
    let owner = owner(&app.tables(), &query)?.unwrap_or(caller);
    Ok(Json(StorageConfigSetupInfo::new("000000000000", format!("avala-sandbox-{owner}"))))
}

async fn get_one(State(app): State<App>, Path(uid): Path<StorageConfigUid>, query: ListQuery) -> Answer<StorageConfig> {
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

/// No bucket is contacted: a config works when it has what its way in needs.
async fn test(State(app): State<App>, Path(uid): Path<StorageConfigUid>) -> Answer<Value> {
    let mut tables = app.tables();
    let StorageConfigRow { config, problem, .. } = tables.storage_configs.get_mut(uid)?;
    config.is_verified = problem.is_none();
    config.updated_at = clock::now();
    if config.is_verified {
        config.last_verified_at = config.updated_at;
    }
    let message = problem.as_deref().unwrap_or("The bucket can be read.");
    Ok(Json(json!({ "success": config.is_verified, "message": message })))
}

/// The owner that the query's `organization` names; 404 when there is no such organization.
fn owner(tables: &Tables, query: &ListQuery) -> Result<Option<OwnerName>, ApiError> {
    let slug = query.get("organization");
    slug.map(|slug| tables.organization(&slug.into()).map(OrganizationRow::handle)).transpose()
}

fn problem(payload: &CreateStorageConfig) -> Option<String> {
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
    Some(format!("The bucket cannot be read without {missing}."))
}
