//! The storage host: what takes files at addresses that the API hands out.
//!
//! It is everything outside `/api/v1`, and works as the buckets do that real addresses lead to: no key, and what is
//! allowed is in the address. It notes the size and the checksum of a file and forgets the bytes.

mod form;

use std::collections::HashMap;

use avala_types::{UploadSessionUid, UploadUid};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::error::ApiError;
use crate::hex::hex;
use crate::resources::Tables;
use crate::resources::manual_upload::ManualUploadRow;

/// What stands for itself in a path.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The parameter of an address, and the field of a form, that says what is allowed.
pub(crate) const GRANT: &str = "X-Sandbox-Grant";

/// The addresses that were handed out.
#[derive(Default)]
pub(crate) struct Storage {
    grants: HashMap<String, Grant>,
}

#[derive(Clone)]
struct Grant {
    path: String,
    place: Place,
}

/// Whose file it is.
#[derive(Clone)]
pub(crate) enum Place {
    /// A file of a recording.
    Recording { session: UploadSessionUid, path: String },
    /// A file of a dataset.
    Upload(UploadUid),
    /// A part of a file of a dataset; the first one is 1.
    Part(UploadUid, u64),
}

/// What is known of a file.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) size: u64,
    /// Without quotes.
    pub(crate) etag: String,
}

impl Storage {
    /// An address that takes a file, as often as it is sent.
    pub(crate) fn grant(&mut self, url: &str, key: &str, place: Place) -> String {
        let token = self.token(key, place);
        format!("{}?{GRANT}={token}", address(url, key))
    }

    /// What allows a file at the place of a key.
    pub(crate) fn token(&mut self, key: &str, place: Place) -> String {
        let token = format!("{:08x}", self.grants.len() + 1);
        self.grants.insert(token.clone(), Grant { path: path(key), place });
        token
    }

    fn granted(&self, token: Option<&str>, path: &str) -> Result<Place, StatusCode> {
        let grant = token.and_then(|token| self.grants.get(token)).filter(|grant| grant.path == path);
        grant.map(|grant| grant.place.clone()).ok_or(StatusCode::FORBIDDEN)
    }
}

/// Where the file with a key is.
pub(crate) fn address(url: &str, key: &str) -> String {
    format!("{url}{}", path(key))
}

fn path(key: &str) -> String {
    format!("/{}", utf8_percent_encode(key, IN_PATH))
}

/// Answers every request outside `/api/v1`.
pub(crate) async fn serve(State(app): State<App>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return StatusCode::BAD_REQUEST.into_response() };
    let body = body.to_bytes();
    let is_form = parts.method == Method::POST && parts.uri.path() == "/";
    let result = if is_form {
        form(&app, &parts.headers, &body)
    } else if parts.method == Method::PUT {
        put(&app, &parts, &body)
    } else {
        return ApiError::not_found().into_response();
    };
    result.unwrap_or_else(IntoResponse::into_response)
}

fn put(app: &App, parts: &http::request::Parts, body: &Bytes) -> Result<Response, StatusCode> {
    let query = parts.uri.query().unwrap_or_default();
    let token = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == GRANT).map(|(_, token)| token);
    let mut tables = app.tables();
    let place = tables.storage.granted(token.as_deref(), parts.uri.path())?;
    if parts.headers.contains_key(header::IF_NONE_MATCH) && tables.has(&place) {
        return Err(StatusCode::PRECONDITION_FAILED);
    }
    let etag = tables.store(&place, body)?;
    Ok([(header::ETAG, etag)].into_response())
}

fn form(app: &App, headers: &HeaderMap, body: &Bytes) -> Result<Response, StatusCode> {
    let fields = form::read(headers, body).ok_or(StatusCode::BAD_REQUEST)?;
    let text = |name: &str| fields.get(name).and_then(|value| std::str::from_utf8(value).ok());
    let (Some(key), Some(file)) = (text("key"), fields.get("file")) else { return Err(StatusCode::BAD_REQUEST) };
    let mut tables = app.tables();
    let place = tables.storage.granted(text(GRANT), &path(key))?;
    let etag = tables.store(&place, file)?;
    Ok((StatusCode::NO_CONTENT, [(header::ETAG, etag)]).into_response())
}

impl Tables {
    fn has(&self, place: &Place) -> bool {
        match place {
            Place::Recording { session, path } => self.fleet.stored(session, path).is_some(),
            Place::Upload(upload) => self.manual_uploads.get(upload).is_ok_and(ManualUploadRow::is_stored),
            // Like other storages, this one lets a part be sent again.
            Place::Part(..) => false,
        }
    }

    /// Notes a file, and returns its `ETag` with the quotes that belong to it.
    fn store(&mut self, place: &Place, bytes: &[u8]) -> Result<String, StatusCode> {
        let digest = hex(&Sha256::digest(bytes));
        let object = Object { size: bytes.len() as u64, etag: digest.chars().take(32).collect() };
        let etag = format!("\"{}\"", object.etag);
        let stored = match place {
            Place::Recording { session, path } => self.fleet.store(session, path, object),
            Place::Upload(upload) => self.manual_uploads.get_mut(upload).and_then(|row| row.store(object)),
            Place::Part(upload, number) => {
                self.manual_uploads.get_mut(upload).and_then(|row| row.store_part(*number, object.size))
            }
        };
        stored.map_err(|error| error.status())?;
        Ok(etag)
    }
}
