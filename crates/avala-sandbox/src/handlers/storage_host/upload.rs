//! Objects and parts that are sent with PUT.

use axum::body::Body;
use axum::response::IntoResponse;
use http::request::Parts;
use http::{HeaderValue, header};
use http_body_util::BodyExt;

use crate::app::App;
use crate::state::storage::{Receiver, Storage, sign};
use crate::storage_error::{StorageError, StorageResponse};

/// Target of the bytes of a PUT.
enum Target {
    Object { is_new: bool },
    Part { upload: String, number: u64 },
}

/// Stores an object or a part once its last byte has arrived.
pub(super) async fn put(app: &App, parts: &Parts, body: &mut Body) -> StorageResponse {
    let query = parts.uri.query().unwrap_or_default();
    if !parts.headers.contains_key(header::CONTENT_LENGTH) {
        return Err(StorageError::NO_LENGTH);
    }
    let key = sign::key_of(parts.uri.path()).ok_or(StorageError::INVALID_KEY)?;
    let (now, bodies) = app.storage(|storage| (storage.clock.now(), storage.bodies));
    sign::verify(&parts.method, parts.uri.path(), query, &parts.headers, now)?;
    let target = target(parts, query)?;
    app.storage(|storage| check(storage, &key, &target))?;

    let mut receiver = match &target {
        Target::Object { .. } => Receiver::new(bodies),
        Target::Part { upload, number } => app.storage(|storage| storage.part_receiver(upload, *number)),
    };
    while let Some(frame) = body.frame().await {
        // A body that ends too early: the connection is closed, and nothing is stored.
        let frame = frame.map_err(|_| StorageError::BROKEN)?;
        if let Ok(bytes) = frame.into_data() {
            receiver.write(bytes).await.map_err(|_| StorageError::BROKEN)?;
        }
    }
    let received = receiver.finish().await.map_err(|_| StorageError::BROKEN)?;
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let etag = app.storage(|storage| {
        // Another PUT may have been faster.
        check(storage, &key, &target)?;
        match &target {
            Target::Object { .. } => Ok(storage.put(&key, received, content_type.map(str::to_owned))),
            Target::Part { upload, number } => {
                storage.put_part(upload, *number, received).ok_or(StorageError::NO_SUCH_UPLOAD)
            }
        }
    })?;
    if let Target::Part { upload, .. } = &target {
        hash_waiting_parts(app, upload).await?;
    }
    Ok([(header::ETAG, format!("\"{etag}\""))].into_response())
}

/// Hashes the parts that arrived before the part ahead of them.
async fn hash_waiting_parts(app: &App, upload: &str) -> Result<(), StorageError> {
    while let Some(part) = app.storage(|storage| storage.waiting_part(upload)) {
        // Parts may be large: they are read outside the lock and of the threads of the runtime.
        let hashed = tokio::task::spawn_blocking(move || part.hash()).await.map_err(|_| StorageError::BROKEN)?;
        app.storage(|storage| storage.end_waiting(upload, hashed));
    }
    Ok(())
}

fn target(parts: &Parts, query: &str) -> Result<Target, StorageError> {
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let value = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_ref());
    match (value("uploadId"), value("partNumber")) {
        (Some(upload), Some(number)) => {
            let number = number.parse().map_err(|_| StorageError::NO_SUCH_UPLOAD)?;
            Ok(Target::Part { upload: upload.to_owned(), number })
        }
        _ => {
            let is_new = parts.headers.get(header::IF_NONE_MATCH).map(HeaderValue::as_bytes) == Some(b"*");
            Ok(Target::Object { is_new })
        }
    }
}

fn check(storage: &Storage, key: &str, target: &Target) -> Result<(), StorageError> {
    match target {
        Target::Object { is_new: true } if storage.objects.contains_key(key) => Err(StorageError::EXISTS),
        Target::Part { upload, .. } if !storage.is_open(upload, key) => Err(StorageError::NO_SUCH_UPLOAD),
        Target::Object { .. } | Target::Part { .. } => Ok(()),
    }
}
