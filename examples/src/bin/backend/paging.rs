//! Forwards lists of the API page by page, with the caller's timeout.

use std::time::Duration;

use avala_client::types::{Cursor, Task};
use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use crate::api_error::ApiError;
use crate::app::App;

/// Maximum timeout of a handler. A caller can request a shorter one.
const MAX_TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    cursor: Option<String>,
    limit: Option<u32>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Tasks {
    items: Vec<Task>,
    /// The cursor of the next page, to be sent back unchanged.
    next: Option<String>,
}

/// Returns one page of tasks. The cursor of the API is the cursor of this backend, so it keeps no state between pages.
pub(crate) async fn tasks(
    State(app): State<App>,
    headers: HeaderMap,
    Query(page): Query<Page>,
) -> Result<Json<Tasks>, ApiError> {
    let mut list = app.avala.tasks().list().limit(page.limit.unwrap_or(50).min(200));
    if let Some(text) = &page.cursor {
        let invalid = |_| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "the cursor is invalid");
        let cursor: Cursor = decode(text).parse().map_err(invalid)?;
        list = list.cursor(cursor);
    }
    let page = list.timeout(timeout(&headers)).await?;
    let next = page.next_cursor.map(|cursor| encode(&cursor.to_string()));
    Ok(Json(Tasks { items: page.items, next }))
}

/// Returns the time that the caller still waits. A call that cannot be sent in that time fails immediately.
pub(crate) fn timeout(headers: &HeaderMap) -> Duration {
    let milliseconds = headers.get("x-timeout-ms").and_then(|value| value.to_str().ok()?.parse().ok());
    milliseconds.map_or(MAX_TIMEOUT, |milliseconds| Duration::from_millis(milliseconds).min(MAX_TIMEOUT))
}

/// Encodes a cursor, which is a query, in hexadecimal digits, so that it needs no escaping in a query of this backend.
fn encode(cursor: &str) -> String {
    cursor.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads what [`encode`] writes; anything else becomes an empty text, which is not a valid cursor.
fn decode(text: &str) -> String {
    let digits: Option<Vec<u8>> =
        text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    digits.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}
