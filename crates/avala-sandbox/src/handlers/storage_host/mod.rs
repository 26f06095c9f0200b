//! The storage host: sends and receives objects at the URLs that the API returns.
//!
//! It is everything outside `/api/v1`, and behaves like the buckets behind real URLs: what is allowed is in the
//! signature of the URL, and other credentials are refused.

mod content_body;
mod download;

mod form;
mod upload;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, Method, Request, header};
use http_body_util::BodyExt;

use crate::app::App;
use crate::error::ApiError;
use crate::protocol::{API_KEY_HEADER, MAX_DRAINED_BYTES};
use crate::state::storage::sign;
use crate::storage_error::{StorageError, StorageResponse};

/// Headers that may not be sent to a storage host: it would see credentials that are not for it.
const CREDENTIALS: [HeaderName; 4] =
    [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION, HeaderName::from_static(API_KEY_HEADER)];

/// Handles every request outside the API and the control routes.
pub(crate) async fn serve(State(app): State<App>, request: Request<Body>) -> Response {
    let (parts, mut body) = request.into_parts();
    let query = parts.uri.query();
    let is_form = parts.method == Method::POST && parts.uri.path() == "/";
    if !is_form && query.is_none() && parts.method != Method::PUT {
        return ApiError::not_found().into_response();
    }
    let result = match parts.method {
        _ if has_credentials(&parts.headers) => Err(StorageError::CREDENTIALS),
        _ if is_form => form::post(&app, &parts.headers, &mut body).await,
        Method::PUT => upload::put(&app, &parts, &mut body).await,
        Method::GET | Method::HEAD => {
            get(&app, &parts.method, parts.uri.path(), query.unwrap_or_default(), &parts.headers)
        }
        _ => Err(StorageError::METHOD),
    };
    match result {
        Ok(response) => response,
        Err(error) => {
            app.storage(|storage| storage.counters.refused += 1);
            drain(&mut body).await;
            error.into_response()
        }
    }
}

/// Reads and drops what a client still sends, so that it reads the response. There is a limit to that.
async fn drain(body: &mut Body) {
    let mut left = MAX_DRAINED_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// Sends an object at a path that the router has changed.
pub(crate) fn fetch(app: &App, path: &str, request: &Request<Body>) -> Response {
    if has_credentials(request.headers()) {
        return StorageError::CREDENTIALS.into_response();
    }
    let query = request.uri().query().unwrap_or_default();
    get(app, request.method(), path, query, request.headers()).unwrap_or_else(IntoResponse::into_response)
}

fn has_credentials(headers: &HeaderMap) -> bool {
    CREDENTIALS.iter().any(|name| headers.contains_key(name))
}

fn get(app: &App, method: &Method, path: &str, query: &str, headers: &HeaderMap) -> StorageResponse {
    let mut tables = app.tables();
    let now = tables.storage.clock.now();
    sign::verify_edge(path, query, now).unwrap_or_else(|| sign::verify(method, path, query, headers, now))?;
    let key = sign::key_of(path).ok_or(StorageError::INVALID_KEY)?;
    let object = tables.object_at(&key, app.links()).ok_or(StorageError::NO_SUCH_KEY)?;
    drop(tables);
    Ok(download::respond(&object, headers))
}
