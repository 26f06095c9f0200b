//! Upload URLs of files.

use avala_types::{CreateManualUploadUrl, UploadMethod, UploadUid};
use axum::extract::State;
use http::Method;
use serde::Serializer;

use crate::app::{App, Settings};
use crate::error::{ApiError, ApiResult};
use crate::request::caller::Caller;
use crate::request::json_body::JsonBody;
use crate::request::validation::Kind;
use crate::response::Json;
use crate::schema::wire::Wire;
use crate::schema::{FormUpload, ManualUploadSession, UploadedPart};
use crate::state::manual_upload::{FileName, ManualUploadRow};
use crate::state::storage::sign::{Presign, form_fields};
use crate::state::tables::Tables;

/// Maximum length of the key of an object.
const MAX_KEY_BYTES: usize = 1024;

/// How a file is sent: with a form with version 1 of the protocol, in a session with version 2.
pub(super) enum ManualUploadTarget {
    Form(FormUpload),
    Session(ManualUploadSession),
}

impl Wire for ManualUploadTarget {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Form(form) => form.write(serializer),
            Self::Session(session) => session.write(serializer),
        }
    }
}

/// Creates an upload. A repeated request for the same file returns the same upload, with its progress.
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
    let settings = &app.settings().uploads;
    if payload.upload_protocol_version == Some(2) && payload.dataset_upload_uid.is_none() {
        return Err(ApiError::field("dataset_upload_uid", "Version 2 of the protocol needs it."));
    }
    let is_session = payload.upload_protocol_version == Some(2) && settings.version == 2;
    let mut tables = app.tables();
    let owner = tables.new_owner(payload.organization_uid.as_ref(), None, caller)?;
    let path = payload.file_path_in_dataset;
    let key = format!("{}/{}/{path}", tables.storage_root(&owner), payload.dataset_name);
    check_name("dataset_name", &payload.dataset_name)?;
    path.split('/').try_for_each(|segment| check_name("file_path_in_dataset", segment))?;
    if key.len() > MAX_KEY_BYTES {
        return Err(ApiError::field("file_path_in_dataset", "The path is too long."));
    }
    let size = payload.content_length;
    let batch = payload.dataset_upload_uid.filter(|_| is_session);
    let name = FileName { owner: owner.clone(), dataset_name: payload.dataset_name, batch, path };
    let uid = match tables.manual_uploads.named(&name) {
        Some(row) if row.size == size => row.uid.clone(),
        Some(row) if is_session => {
            let sentence = format!("The upload of this file was prepared for {} bytes.", row.size);
            return Err(ApiError::field("content_length", sentence));
        }
        _ => {
            app.settings().documented_limits.check_uploads(|| tables.manual_uploads.open(&owner))?;
            tables.check_quota(&owner, size, settings.quota)?;
            // An upload may have at most 10,000 parts.
            let part_size = settings.part_size.max(size.div_ceil(10_000));
            let part_size = Some(part_size).filter(|part_size| is_session && size > *part_size);
            let now = tables.storage.clock.now();
            let row = |uid: &str| ManualUploadRow { uid: uid.into(), name, key, size, part_size, is_complete: false };
            tables.manual_uploads.add(now, row).uid.clone()
        }
    };
    if is_session { session(&mut tables, app.settings(), uid) } else { form(&tables, app.settings(), uid) }
}

/// Checks the name of a dataset, or a segment of a path.
fn check_name(field: &str, name: &str) -> Result<(), ApiError> {
    let is_bad = ["", ".", ".."].contains(&name) || name.chars().any(|c| c.is_control() || c == '\\');
    if is_bad { Err(ApiError::field(field, format!("{name:?} is not allowed in a path."))) } else { Ok(()) }
}

/// Returns the target of version 1: one POST of a form.
fn form(tables: &Tables, settings: &Settings, uid: UploadUid) -> ApiResult<ManualUploadTarget> {
    let row = tables.manual_uploads.get(&uid)?;
    let mut form = FormUpload::new(format!("{}/", settings.links.base));
    let fields = form_fields(&row.key, row.size, settings.links.lifetime, tables.storage.clock.now());
    form.fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(Json(ManualUploadTarget::Form(form)))
}

/// Returns the target of version 2: one PUT, or one for each part.
fn session(tables: &mut Tables, settings: &Settings, uid: UploadUid) -> ApiResult<ManualUploadTarget> {
    let row = tables.manual_uploads.get(&uid)?;
    let mut session = ManualUploadSession::new(&uid);
    session.complete = row.is_complete;
    match row.part_size {
        Some(part_size) => {
            session.method = Some(UploadMethod::Multipart);
            session.part_size = Some(part_size);
            session.part_count = Some(row.part_count());
            if !row.is_complete {
                tables.storage.open_upload(uid.as_ref(), &row.key);
            }
            for (number, size) in tables.storage.part_sizes(uid.as_ref()) {
                let mut part = UploadedPart::new(number);
                part.size = Some(size);
                session.uploaded_parts.push(part);
            }
        }
        None => {
            session.method = Some(UploadMethod::Put);
            let headers = [("content-length", row.size.to_string()), ("if-none-match", "*".to_owned())];
            let presign = Presign {
                method: Method::PUT,
                base: &settings.links.base,
                key: &row.key,
                parameters: &[],
                headers: &headers,
                lifetime: settings.links.lifetime,
            };
            session.url = Some(presign.sign(tables.storage.clock.now()));
            // An existing object is not replaced: the storage responds 412.
            session.headers.insert("If-None-Match".to_owned(), "*".to_owned());
        }
    }
    Ok(Json(ManualUploadTarget::Session(session)))
}
