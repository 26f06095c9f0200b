//! Edits in chunks: all of them, and resuming after one that failed.

use std::time::Duration;

use avala_client::{Error, ErrorKind, Sent};
use avala_transport::TransportErrorKind;
use avala_transport::testing::{ScriptedService, Step};
use avala_types::{BulkEdit, Json};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{bare, json, layered};

/// Three chunks, the last one short.
const EDITS: usize = 2 * BulkEdit::MAX_EDITS + 7;

fn edits() -> impl Iterator<Item = Value> {
    (0..EDITS).map(|number| json!({"action": "delete", "object_uuid": number}))
}

/// Returns the response to a chunk.
fn done(chunk: usize) -> Step {
    json(&json!({"chunk": chunk}))
}

/// Returns the numbers of the edits that a request has, first and last.
fn range(body: &[u8]) -> (usize, usize) {
    let edits: Vec<Value> = serde_json::from_slice(body).unwrap();
    let number = |edit: &Value| edit["object_uuid"].as_u64().unwrap() as usize;
    assert_eq!(number(&edits[edits.len() - 1]) - number(&edits[0]) + 1, edits.len(), "none is missing in between");
    (number(&edits[0]), number(&edits[edits.len() - 1]))
}

fn ranges(script: &ScriptedService) -> Vec<(usize, usize)> {
    script.requests().iter().map(|request| range(&request.body)).collect()
}

fn chunks(responses: &[Json]) -> Vec<Value> {
    responses.iter().map(|response| response.to_value().unwrap()["chunk"].clone()).collect()
}

#[tokio::test]
async fn every_edit_is_sent_once_in_its_order() {
    let script = ScriptedService::new().then(done(0)).then(done(1)).then(done(2));
    let responses = bare(&script).annotations().bulk_edit("acme", "drives", edits()).await.unwrap();
    assert_eq!(chunks(&responses), [0, 1, 2]);
    assert_eq!(ranges(&script), [(0, 499), (500, 999), (1000, 1006)]);
    for request in script.requests() {
        assert_eq!((request.method.as_str(), request.uri.path()), ("POST", "/datasets/acme/drives/bulk-edition/"));
    }
}

#[tokio::test]
async fn full_chunk_is_not_followed_by_an_empty_one() {
    let script = ScriptedService::new().then(done(0));
    let responses = bare(&script).annotations().bulk_edit("acme", "drives", edits().take(BulkEdit::MAX_EDITS)).await;
    assert_eq!((responses.unwrap().len(), script.requests().len()), (1, 1));
}

#[tokio::test]
async fn without_edits_nothing_is_sent() {
    let script = ScriptedService::new();
    let responses = bare(&script).annotations().bulk_edit("acme", "drives", Vec::<Json>::new()).await.unwrap();
    assert!(responses.is_empty() && script.requests().is_empty());
}

#[tokio::test]
async fn bulk_edit_resumes_at_the_failed_chunk() {
    let broken = Step::respond(400).body(r#"{"detail": "Unknown object."}"#);
    let script = ScriptedService::new().then(done(0)).then(broken).then(Step::respond(500)).then(done(1)).then(done(2));
    let failed = bare(&script).annotations().bulk_edit("acme", "drives", edits()).await.unwrap_err();
    assert_eq!((failed.chunk(), failed.error().kind()), (1, ErrorKind::Validation));
    assert_eq!(chunks(failed.responses()), [0]);
    assert_eq!(failed.remaining().len(), EDITS - BulkEdit::MAX_EDITS);
    assert_eq!(failed.remaining()[0], json!({"action": "delete", "object_uuid": 500}).into());
    assert!(failed.to_string().starts_with("chunk 1 failed, 507 edits are left: annotations.bulk_edit: "), "{failed}");
    assert!(!format!("{failed:?}").contains("object_uuid"), "{failed:?}");
    assert_eq!(ranges(&script), [(0, 499), (500, 999)], "nothing is sent after a failure");

    let failed = failed.resume().await.unwrap_err();
    assert_eq!((failed.chunk(), failed.error().kind()), (1, ErrorKind::Server));
    let responses = failed.resume().await.unwrap();
    assert_eq!(chunks(&responses), [0, 1, 2], "the earlier responses are included");
    assert_eq!(ranges(&script)[2..], [(500, 999), (500, 999), (1000, 1006)]);
}

#[tokio::test]
async fn bulk_edit_error_converts_into_its_cause() {
    async fn edit(script: &ScriptedService) -> Result<Vec<Json>, Error> {
        Ok(bare(script).annotations().bulk_edit("acme", "drives", edits()).await?)
    }
    let error = edit(&ScriptedService::always(Step::respond(403))).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Forbidden, Some("annotations.bulk_edit")));
}

#[tokio::test]
async fn invalid_argument_keeps_the_edits() {
    let script = ScriptedService::new();
    let failed = bare(&script).annotations().bulk_edit("", "drives", edits()).await.unwrap_err();
    assert_eq!((failed.error().kind(), failed.error().sent()), (ErrorKind::Request, Sent::No));
    assert_eq!((failed.chunk(), failed.remaining().len()), (0, EDITS));
    assert!(script.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn lost_chunk_is_sent_again() {
    let lost = Step::fail(TransportErrorKind::ConnectionLost, Sent::Maybe);
    let script = ScriptedService::new().then(lost).then(done(0));
    let edits = BulkEdit::new(edits().take(1));
    let response = layered(&script).annotations().bulk_edit_chunk("acme", "drives", &edits).with_meta().await.unwrap();
    assert_eq!(response.meta.attempts, 2);
    assert_eq!(script.requests()[0].body, script.requests()[1].body);
}

#[tokio::test(start_paused = true)]
async fn options_apply_to_each_chunk() {
    let hang = Step::hang();
    let script = ScriptedService::new().then(done(0)).then(hang);
    let chunks = layered(&script).annotations().bulk_edit("acme", "drives", edits()).max_attempts(1);
    let chunks = chunks.header("x-request-id", "import-17").timeout(Duration::from_secs(3));
    let started = Instant::now();
    let failed = chunks.await.unwrap_err();
    assert_eq!((failed.chunk(), failed.error().kind(), failed.error().attempts()), (1, ErrorKind::Timeout, 1));
    assert_eq!(started.elapsed(), Duration::from_secs(3));
    assert!(script.requests().iter().all(|request| request.headers["x-request-id"] == "import-17"));

    let script = ScriptedService::always(Step::fail(TransportErrorKind::ConnectionLost, Sent::Maybe));
    let chunks = layered(&script).annotations().bulk_edit("acme", "drives", edits());
    let failed = chunks.header("x-avala-api-key", "avk_other").await.unwrap_err();
    assert_eq!((failed.error().kind(), failed.remaining().len()), (ErrorKind::Request, EDITS));
    let _ = failed.resume().await.unwrap_err();
    assert!(script.requests().is_empty(), "an invalid option is kept when the edit is resumed");
}
