//! Manual uploads: files that are sent to the sandbox and become a dataset.

mod create;
mod quota;
mod target;

use avala_types::{SignParts, UploadUid};
use axum::Json;
use axum::extract::{Path, State};

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::request::json_body::JsonBody;
use crate::request::validation::Kind;
use crate::routes::Routes;
use crate::schema::{AllowedMimes, ManualUploadSession, SignedPart, SignedParts};
use crate::state::storage::Place;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .post("/datasets/manual-upload/", create::create)
        .get("/datasets/manual-upload/quota/", quota::get_quota)
        .get("/datasets/manual-upload/allowed-mimes/", get_allowed_mimes)
        .post("/datasets/manual-upload/file-upload-url/", target::create)
        .post("/datasets/manual-upload/uploads/{upload_uid}/parts/", sign_parts)
        .post("/datasets/manual-upload/uploads/{upload_uid}/complete/", complete)
}

async fn get_allowed_mimes() -> ApiResult<AllowedMimes> {
    let mut mimes = AllowedMimes::new();
    mimes.mime_types = ["image/jpeg", "image/png", "image/webp", "application/octet-stream"].map(str::to_owned).into();
    mimes.video_prefix = "video/".to_owned();
    Ok(Json(mimes))
}

async fn sign_parts(State(app): State<App>, Path(uid): Path<UploadUid>, body: JsonBody) -> ApiResult<SignedParts> {
    let mut tables = app.tables();
    let row = tables.manual_uploads.get(&uid)?;
    let payload: SignParts = body.read(|fields| fields.required("part_numbers", Kind::Integers))?;
    let (key, count) = (row.key(), row.part_count());
    if let Some(number) = payload.part_numbers.iter().find(|number| !(1..=count).contains(*number)) {
        return Err(ApiError::field("part_numbers", format!("There is no part {number}: they go from 1 to {count}.")));
    }
    let mut response = SignedParts::new();
    for number in payload.part_numbers {
        let parameters = [("partNumber", number.to_string()), ("uploadId", uid.to_string())];
        let url = app.settings().presign(&key, &parameters);
        let url = tables.storage.presign(&url, Place::Part(uid.clone(), number));
        response.parts.push(SignedPart::new(number, url));
    }
    Ok(Json(response))
}

/// A repeat is harmless.
async fn complete(State(app): State<App>, Path(uid): Path<UploadUid>) -> ApiResult<ManualUploadSession> {
    let mut tables = app.tables();
    let row = tables.manual_uploads.get_mut(uid)?;
    row.complete()?;
    Ok(Json(row.session()))
}
