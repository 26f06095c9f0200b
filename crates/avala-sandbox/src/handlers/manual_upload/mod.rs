//! Manual uploads: files that are sent to the sandbox and become a dataset.

mod create;
mod target;

use avala_types::{OrganizationUid, SignParts, UploadMethod, UploadUid};
use axum::extract::{Path, State};
use http::Method;

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::request::caller::Caller;
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::Kind;
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{AllowedMimes, ManualUploadSession, SignedPart, SignedParts, UploadQuota};
use crate::state::storage::sign::Presign;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .post("/datasets/manual-upload/", create::create)
        .get("/datasets/manual-upload/quota/", get_quota)
        .get("/datasets/manual-upload/allowed-mimes/", get_allowed_mimes)
        .post("/datasets/manual-upload/file-upload-url/", target::create)
        .post("/datasets/manual-upload/uploads/{upload_uid}/parts/", sign_parts)
        .post("/datasets/manual-upload/uploads/{upload_uid}/complete/", complete)
}

async fn get_quota(State(app): State<App>, Caller(caller): Caller, query: ListQuery) -> ApiResult<UploadQuota> {
    let mut tables = app.tables();
    let organization = query.get("organization_uid").map(OrganizationUid::from);
    let owner = tables.new_owner(organization.as_ref(), None, caller)?;
    Ok(Json(UploadQuota::new(tables.used_bytes(&owner), app.settings().uploads.quota)))
}

async fn get_allowed_mimes() -> ApiResult<AllowedMimes> {
    let mut mimes = AllowedMimes::new();
    mimes.mime_types = ["image/jpeg", "image/png", "image/webp", "application/octet-stream"].map(str::to_owned).into();
    mimes.video_prefix = "video/".to_owned();
    Ok(Json(mimes))
}

async fn sign_parts(State(app): State<App>, Path(uid): Path<UploadUid>, body: JsonBody) -> ApiResult<SignedParts> {
    let tables = app.tables();
    let row = tables.manual_uploads.get(&uid)?;
    let payload: SignParts = body.read(|fields| fields.required("part_numbers", Kind::Integers))?;
    let settings = app.settings();
    let most = settings.uploads.signed_parts;
    if payload.part_numbers.len() > most {
        return Err(ApiError::field("part_numbers", format!("Ensure this field has no more than {most} elements.")));
    }
    let mut response = SignedParts::new();
    for number in payload.part_numbers {
        let size = row.size_of_part(number).ok_or_else(|| {
            let count = row.part_count();
            ApiError::field("part_numbers", format!("There is no part {number}: they go from 1 to {count}."))
        })?;
        let presign = Presign {
            method: Method::PUT,
            base: &settings.links.base,
            key: &row.key,
            parameters: &[("partNumber", number.to_string()), ("uploadId", uid.to_string())],
            headers: &[("content-length", size.to_string())],
            lifetime: settings.links.lifetime,
        };
        response.parts.push(SignedPart::new(number, presign.sign(tables.storage.clock.now())));
    }
    Ok(Json(response))
}

/// Verifies that the storage has the file, by its size. A repeat is harmless.
async fn complete(State(app): State<App>, Path(uid): Path<UploadUid>) -> ApiResult<ManualUploadSession> {
    let mut tables = app.tables();
    tables.complete_upload(&uid)?;
    let row = tables.manual_uploads.get(&uid)?;
    let mut session = ManualUploadSession::new(&uid);
    session.complete = true;
    session.method = Some(if row.part_size.is_some() { UploadMethod::Multipart } else { UploadMethod::Put });
    session.part_size = row.part_size;
    session.part_count = row.part_size.map(|_| row.part_count());
    Ok(Json(session))
}
