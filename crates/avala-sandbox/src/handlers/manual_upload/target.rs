//! Where a file is sent.

use avala_types::{CreateManualUploadUrl, UploadMethod, UploadUid};
use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::app::{App, Settings};
use crate::error::{ApiError, ApiResult};
use crate::request::caller::Caller;
use crate::request::json_body::JsonBody;
use crate::request::validation::Kind;
use crate::schema::{FormUpload, ManualUploadSession};
use crate::state::manual_upload::ManualUploadRow;
use crate::state::storage::{Place, SIGNATURE};
use crate::state::tables::Tables;

/// How a file is sent: by a form with version 1 of the protocol, in a session with version 2.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum ManualUploadTarget {
    Form(FormUpload),
    Session(ManualUploadSession),
}

/// Asking again for the same file gives the same upload, which tells how far it is.
pub(super) async fn create(
    State(app): State<App>,
    Caller(caller): Caller,
    body: JsonBody,
) -> ApiResult<ManualUploadTarget> {
    let payload: CreateManualUploadUrl = body.read(|fields| {
        fields.required("dataset_name", Kind::Text);
        fields.required("file_path_in_dataset", Kind::Text);
        fields.required("content_length", Kind::Integer);
        fields.optional("upload_protocol_version", Kind::Integer);
        fields.optional("dataset_upload_uid", Kind::Text);
        fields.optional("organization_uid", Kind::Text);
    })?;
    let is_session = payload.upload_protocol_version == Some(2);
    if is_session && payload.dataset_upload_uid.is_none() {
        return Err(ApiError::field("dataset_upload_uid", "Version 2 of the protocol needs it."));
    }
    let mut tables = app.tables();
    let owner = tables.new_owner(payload.organization_uid.as_ref(), None, caller)?;
    let is_same = |row: &ManualUploadRow| {
        row.owner == owner
            && row.dataset_name == payload.dataset_name
            && row.path == payload.file_path_in_dataset
            && row.size == payload.content_length
            && row.batch == payload.dataset_upload_uid
    };
    let known = tables.manual_uploads.find(is_same).map(|row| row.uid.clone());
    let uid = match known {
        Ok(uid) => uid,
        Err(_) => {
            tables.check_quota(&owner, payload.content_length)?;
            tables.manual_uploads.add(|uid| ManualUploadRow::new(uid, owner, &payload)).uid.clone()
        }
    };
    if is_session { session(&mut tables, app.settings(), uid) } else { form(&mut tables, app.settings(), uid) }
}

/// Version 1: one POST of a form.
fn form(tables: &mut Tables, settings: &Settings, uid: UploadUid) -> ApiResult<ManualUploadTarget> {
    let key = tables.manual_uploads.get(&uid)?.key();
    let mut form = FormUpload::new(format!("{}/", settings.storage_url));
    let signature = tables.storage.sign_form(&key, settings.url_lifetime, Place::Upload(uid));
    form.fields.insert(SIGNATURE.to_owned(), signature);
    form.fields.insert("key".to_owned(), key);
    Ok(Json(ManualUploadTarget::Form(form)))
}

/// Version 2: one PUT, or one for each part.
fn session(tables: &mut Tables, settings: &Settings, uid: UploadUid) -> ApiResult<ManualUploadTarget> {
    let row = tables.manual_uploads.get(&uid)?;
    let (mut session, key) = (row.session(), row.key());
    if session.method == Some(UploadMethod::Put) {
        session.url = Some(tables.storage.presign(&settings.presign(&key, &[]), Place::Upload(uid)));
        // A file that is there is not replaced: the storage responds 412.
        session.headers.insert("If-None-Match".to_owned(), "*".to_owned());
    }
    Ok(Json(ManualUploadTarget::Session(session)))
}
