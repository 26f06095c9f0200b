//! The storage host: sends and takes files at the URLs that the API hands out.
//!
//! It is everything outside `/api/v1`, and works as the buckets do that real URLs lead to: no key, and what is allowed
//! is in the signature. It notes the size and the checksum of an uploaded file and forgets the bytes.

mod download;
mod form;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;

use crate::app::App;
use crate::error::ApiError;
use crate::state::public_dataset::Revision;
use crate::state::storage::{Place, Refused, SIGNATURE, path};

/// An error in the XML of S3.
struct StorageError {
    status: StatusCode,
    code: &'static str,
}

impl StorageError {
    const fn new(status: StatusCode, code: &'static str) -> Self {
        Self { status, code }
    }
}

impl From<Refused> for StorageError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::SignatureDoesNotMatch => Self::new(StatusCode::FORBIDDEN, "SignatureDoesNotMatch"),
            Refused::Expired => Self::new(StatusCode::FORBIDDEN, "AccessDenied"),
        }
    }
}

impl IntoResponse for StorageError {
    fn into_response(self) -> Response {
        let message = match self.code {
            "AccessDenied" => "Request has expired",
            "PreconditionFailed" => "At least one of the pre-conditions you specified did not hold",
            code => code,
        };
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{message}</Message></Error>",
            self.code
        );
        (self.status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
    }
}

type StorageResponse = Result<Response, StorageError>;

/// Handles every request outside the API and the control routes.
pub(crate) async fn serve(State(app): State<App>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return StatusCode::BAD_REQUEST.into_response() };
    let body = body.to_bytes();
    let is_form = parts.method == Method::POST && parts.uri.path() == "/";
    let result = match parts.method {
        _ if is_form => form(&app, &parts.headers, &body),
        Method::PUT => put(&app, &parts, &body),
        Method::GET | Method::HEAD if parts.uri.query().is_some() => {
            get(&app, parts.uri.path(), parts.uri.query().unwrap_or_default(), &parts.headers)
        }
        _ => return ApiError::not_found().into_response(),
    };
    result.unwrap_or_else(IntoResponse::into_response)
}

fn put(app: &App, parts: &Parts, body: &Bytes) -> StorageResponse {
    let mut tables = app.tables();
    let place = tables.storage.granted(parts.uri.path(), parts.uri.query().unwrap_or_default())?;
    if parts.headers.contains_key(header::IF_NONE_MATCH) && tables.has(&place) {
        return Err(StorageError::new(StatusCode::PRECONDITION_FAILED, "PreconditionFailed"));
    }
    let etag = tables.store(&place, body).map_err(|status| StorageError::new(status, "InvalidRequest"))?;
    Ok([(header::ETAG, etag)].into_response())
}

/// Sends a file at a path that the router has changed.
pub(crate) fn fetch(app: &App, path: &str, request: &Request<Body>) -> Response {
    let query = request.uri().query().unwrap_or_default();
    get(app, path, query, request.headers()).unwrap_or_else(IntoResponse::into_response)
}

fn get(app: &App, path: &str, query: &str, headers: &HeaderMap) -> StorageResponse {
    let mut tables = app.tables();
    let place = tables.storage.granted(path, query)?;
    let missing = || StorageError::new(StatusCode::NOT_FOUND, "NoSuchKey");
    let file = match (tables.storage.file(path), place) {
        (Some(file), _) => file,
        (None, Place::Export(uid)) => {
            let file = tables.export_file(&uid).ok_or_else(missing)?;
            tables.storage.keep_file(path, file.clone());
            file
        }
        (None, Place::PublicObject(dataset, object)) => {
            let row = tables.datasets.get(&dataset).map_err(|_| missing())?;
            Revision::of(row).and_then(|revision| revision.content(&object)).ok_or_else(missing)?
        }
        _ => return Err(missing()),
    };
    Ok(download::respond(file, headers))
}

fn form(app: &App, headers: &HeaderMap, body: &Bytes) -> StorageResponse {
    let malformed = || StorageError::new(StatusCode::BAD_REQUEST, "MalformedPOSTRequest");
    let fields = form::read(headers, body).ok_or_else(malformed)?;
    let text = |name: &str| fields.get(name).and_then(|value| std::str::from_utf8(value).ok());
    let (Some(key), Some(file)) = (text("key"), fields.get("file")) else { return Err(malformed()) };
    let mut tables = app.tables();
    let place = tables.storage.granted_form(text(SIGNATURE), &path(key))?;
    let etag = tables.store(&place, file).map_err(|status| StorageError::new(status, "EntityTooLarge"))?;
    Ok((StatusCode::NO_CONTENT, [(header::ETAG, etag)]).into_response())
}
