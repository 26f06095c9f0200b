//! Published revisions of public datasets: the calls that need no key.

use std::time::Duration;

use avala_types::{DatasetSlug, DatasetUid, Json as FreeForm, OwnerName};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::json;

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::handlers::storage_host;
use crate::known_hosts::{EDGE_ORIGIN, is_api};
use crate::protocol::{API_PREFIX, DOWNLOAD_PREFIX};
use crate::request::list::ListQuery;
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{PublicObject, PublicObjectGrant, PublicObjectPage, PublicRevision};
use crate::state::clock;
use crate::state::public_dataset::Published;
use crate::state::storage::sign::{self, Presign};
use crate::state::tables::Tables;

/// Maximum lifetime of a grant.
const MAX_LIFETIME: Duration = Duration::from_secs(300);

/// The query parameter with which a client requests URLs of the edge network.
const EDGE_TRANSPORT: &str = "avala-edge-v1";

/// Maximum size of a page of objects.
const MAX_LIMIT: usize = 100;

/// Path below the API from which objects are fetched; the URL of a grant, not a call.
pub(crate) const DOWNLOAD_PATH: &str = "/resolve/download/{*key}";

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/resolve/uid/{dataset_uid}/{revision_sha256}/", resolve_exact)
        .get("/resolve/uid/{dataset_uid}/{revision_sha256}/objects/", list_objects)
        .post("/resolve/uid/{dataset_uid}/{revision_sha256}/objects/{object_uid}/access/", access_object)
        .get_as("/resolve/{owner}/{dataset}@{selector}/", "/resolve/{owner}/{reference}/", resolve)
}

/// Returns whether a call needs no key.
pub(crate) fn is_open(api_path: &str) -> bool {
    api_path.starts_with("/resolve/")
}

async fn resolve(
    State(app): State<App>,
    Path((owner, reference)): Path<(OwnerName, String)>,
) -> ApiResult<PublicRevision> {
    let (slug, selector) = reference.split_once('@').ok_or_else(not_found)?;
    let mut tables = app.tables();
    let uid = tables.dataset(&owner, &DatasetSlug::from(slug)).map_err(|_| not_found())?.dataset.uid.clone();
    let revision = tables.published(&uid).filter(|revision| selector == "main" || selector == revision.sha256);
    let revision = revision.ok_or_else(not_found)?;
    // Only the response to an exact request reports that there was a revision.
    if revision.is_withdrawn {
        return Err(if selector == "main" { not_found() } else { withdrawn(revision) });
    }
    describe(revision, &format!("{owner}/{reference}"), &format!("{owner}/{slug}"))
}

async fn resolve_exact(
    State(app): State<App>,
    Path((uid, digest)): Path<(DatasetUid, String)>,
) -> ApiResult<PublicRevision> {
    let mut tables = app.tables();
    let dataset = &tables.datasets.get(&uid).map_err(|_| not_found())?.dataset;
    let owner = dataset.owner_name.as_ref().map(AsRef::as_ref).unwrap_or_default();
    let name = format!("{owner}/{}", dataset.slug);
    let revision = revision(&mut tables, &uid, &digest)?;
    describe(revision, &revision.canonical_reference(), &name)
}

fn describe(revision: &Published, requested: &str, name: &str) -> ApiResult<PublicRevision> {
    let uid = &revision.dataset;
    let size: u64 = revision.objects.iter().map(|object| object.size_bytes).sum();
    let mut response = PublicRevision::new(1_u64, revision.canonical_reference(), uid.clone(), revision.sha256.clone());
    response.requested_reference = Some(requested.to_owned());
    response.display_reference = Some(format!("{name}@{}", revision.sha256));
    response.revision_uid = Some(uid.to_string().replacen("-0000-", "-0001-", 1));
    response.state = Some("published".to_owned());
    let manifest = json!({
        "schema_version": 1, "sha256": revision.manifest_sha256, "object_count": revision.objects.len(),
        "total_size_bytes": size,
        "origins": [{ "name": "upload", "kind": "upload", "canonical_ref": null, "external_revision": null }],
        "objects_path": revision.objects_path(),
    });
    let rights = json!({
        "status": "declared", "access": "open_download", "name": "CC BY 4.0",
        "url": "https://creativecommons.org/licenses/by/4.0/",
        "document_sha256": revision.sha256, "attestation_sha256": revision.manifest_sha256,
    });
    (response.manifest, response.rights) = (Some(manifest.into()), Some(rights.into()));
    Ok(Json(response))
}

async fn list_objects(
    State(app): State<App>,
    Path((uid, digest)): Path<(DatasetUid, String)>,
    query: ListQuery,
) -> ApiResult<PublicObjectPage> {
    let mut tables = app.tables();
    let revision = revision(&mut tables, &uid, &digest)?;
    let ordinals = query.all_values("ordinals").into_iter().chain(query.all_values("ordinal"));
    let ordinals: Vec<u64> = ordinals.filter_map(|ordinal| ordinal.parse().ok()).collect();
    if ordinals.len() > MAX_LIMIT {
        return Err(ApiError::field("ordinals", format!("At most {MAX_LIMIT} ordinals are allowed.")));
    }
    let objects = revision.objects.iter().filter(|object| query.equals("role", Some(&object.role)));
    let objects: Vec<&PublicObject> =
        objects.filter(|object| ordinals.is_empty() || ordinals.contains(&object.ordinal)).collect();
    let start: usize = match query.get("cursor").map(|cursor| cursor.strip_prefix('o').and_then(|at| at.parse().ok())) {
        None => 0,
        Some(Some(start)) if start < objects.len() => start,
        Some(_) => return Err(ApiError::detail(StatusCode::NOT_FOUND, "Invalid cursor")),
    };
    let limit = query.limit().min(MAX_LIMIT);
    let end = objects.len().min(start + limit);
    let shown: Vec<_> = objects.get(start..end).unwrap_or_default().iter().map(|object| (*object).clone()).collect();
    let mut page = PublicObjectPage::new(
        1_u64,
        revision.canonical_reference(),
        revision.sha256.clone(),
        revision.manifest_sha256.clone(),
        shown,
    );
    page.next_cursor = (end < objects.len()).then(|| format!("o{end}"));
    page.previous_cursor = (start > 0).then(|| format!("o{}", start.saturating_sub(limit)));
    Ok(Json(page))
}

/// Grants the bytes of an object: on the edge network for a client that supports it, and otherwise of the API.
async fn access_object(
    State(app): State<App>,
    Path((uid, digest, object_uid)): Path<(DatasetUid, String, String)>,
    query: ListQuery,
    headers: HeaderMap,
) -> ApiResult<PublicObjectGrant> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(|host| host.trim_end_matches(":443"));
    let host = host.filter(|host| is_api(host));
    let mut tables = app.tables();
    let now = tables.storage.clock.now();
    let found = revision(&mut tables, &uid, &digest)?;
    let object = found.object(&object_uid).cloned().ok_or_else(not_found)?;
    let (canonical, manifest) = (found.canonical_reference(), found.manifest_sha256.clone());
    let range_supported = found.range_supported;
    let lifetime = app.settings().links.lifetime.min(MAX_LIFETIME);
    let expires_at = clock::expiry(now, lifetime);
    let (provider, url) = if host.is_some() && query.get("transport") == Some(EDGE_TRANSPORT) {
        let path = found.edge_path(&object);
        let query = sign::edge_query(&path, clock::unix_seconds(expires_at.into()));
        ("avala_edge", format!("{EDGE_ORIGIN}{path}?{query}"))
    } else {
        let origin = host.map_or_else(|| app.url().to_owned(), |host| format!("https://{host}"));
        let base = format!("{origin}{API_PREFIX}{}", DOWNLOAD_PREFIX.trim_end_matches('/'));
        let key = format!("{uid}/{digest}/{object_uid}/");
        let presign = Presign { method: Method::GET, base: &base, key: &key, parameters: &[], headers: &[], lifetime };
        ("avala_proxy", presign.sign(now))
    };
    let mut grant = PublicObjectGrant::new(
        1_u64,
        provider,
        "GET",
        url,
        expires_at,
        object.object_uid,
        object.size_bytes,
        object.sha256,
        canonical,
        uid,
        digest,
        manifest,
    );
    grant.range_supported = Some(range_supported);
    Ok(Json(grant))
}

/// Sends an object at the URL of a grant.
pub(crate) async fn download(state: State<App>, request: Request<Body>) -> Response {
    // The router has removed the prefix of the API from the path, and the grant is for the whole path.
    let path = format!("{API_PREFIX}{}", request.uri().path());
    storage_host::fetch(&state.0, &path, &request)
}

/// Returns the revision with this digest: 404 when there is none, and 410 when it was withdrawn.
fn revision<'a>(tables: &'a mut Tables, uid: &DatasetUid, digest: &str) -> Result<&'a Published, ApiError> {
    let revision = tables.published(uid).filter(|revision| revision.sha256 == digest).ok_or_else(not_found)?;
    if revision.is_withdrawn { Err(withdrawn(revision)) } else { Ok(revision) }
}

fn withdrawn(revision: &Published) -> ApiError {
    let body = json!({
        "schema_version": 1, "code": "dataset_revision_withdrawn", "dataset_uid": revision.dataset.as_str(),
        "canonical_reference": revision.canonical_reference(), "revision_sha256": revision.sha256,
    });
    ApiError::json(StatusCode::GONE, body)
}

fn not_found() -> ApiError {
    let body: FreeForm = json!({ "detail": "Not found.", "code": "not_found" }).into();
    ApiError::json(StatusCode::NOT_FOUND, body.to_value().unwrap_or_default())
}
