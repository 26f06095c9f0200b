//! Forms with files: `multipart/form-data`, whose last part is the file.

use std::collections::HashMap;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyDataStream;
use multer::{Field, Multipart};

use crate::app::App;
use crate::state::storage::{Receiver, sign};
use crate::storage_error::{StorageError, StorageResponse};

/// Maximum length of a field besides the file, and maximum number of fields before it.
const MAX_FIELD_BYTES: usize = 64 * 1024;
const MAX_FIELDS: usize = 64;

/// Stores the file of a form under the key that its fields are signed for.
pub(super) async fn post(app: &App, headers: &HeaderMap, body: &mut Body) -> StorageResponse {
    let malformed = StorageError::MALFORMED_FORM;
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(content_type).map_err(|_| malformed)?;
    let mut form = Multipart::new(BodyDataStream::new(body), boundary);
    let mut fields: HashMap<String, String> = HashMap::new();
    // What comes after the file is ignored, as S3 does.
    let mut file = loop {
        let field = form.next_field().await.map_err(|_| malformed)?.ok_or(malformed)?;
        let name = field.name().ok_or(malformed)?.to_ascii_lowercase();
        if name == "file" {
            break field;
        }
        if fields.len() == MAX_FIELDS {
            return Err(malformed);
        }
        fields.insert(name, read_text(field).await?);
    };

    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let key = field("key");
    let (now, bodies) = app.storage(|storage| (storage.clock.now(), storage.bodies));
    let size = sign::verify_form(key, field("policy"), field("x-amz-signature"), now)?;
    let content_type = file.content_type().map(ToString::to_string);
    let mut receiver = Receiver::new(bodies);
    let mut length = 0;
    while let Some(bytes) = file.chunk().await.map_err(|_| malformed)? {
        length += bytes.len() as u64;
        if length > size {
            return Err(StorageError::WRONG_SIZE);
        }
        receiver.write(bytes).await.map_err(|_| StorageError::BROKEN)?;
    }
    if length != size {
        return Err(StorageError::WRONG_SIZE);
    }
    let received = receiver.finish().await.map_err(|_| StorageError::BROKEN)?;
    let mut tables = app.tables();
    let etag = tables.storage.put(key, received, content_type);
    tables.manual_uploads.complete_form(key);
    drop(tables);
    let response: Response = (StatusCode::NO_CONTENT, [(header::ETAG, format!("\"{etag}\""))]).into_response();
    Ok(response)
}

async fn read_text(mut field: Field<'_>) -> Result<String, StorageError> {
    let mut text = Vec::new();
    while let Some(bytes) = field.chunk().await.map_err(|_| StorageError::MALFORMED_FORM)? {
        text.extend_from_slice(&bytes);
        if text.len() > MAX_FIELD_BYTES {
            return Err(StorageError::MALFORMED_FORM);
        }
    }
    String::from_utf8(text).map_err(|_| StorageError::MALFORMED_FORM)
}
