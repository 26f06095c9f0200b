//! The routes of the sandbox and the rows of the contract are the same calls.

use std::collections::BTreeSet;

use avala_sandbox::{Sandbox, Seed};
use http::{Method, StatusCode};
use serde::Deserialize;

use crate::client::{call, request};

const CONTRACT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/contract/endpoints.json"));

/// The reference documents PUT where the SDKs, and so the contract, send PATCH.
const ONLY_DOCUMENTED: [&str; 1] = ["PUT /agents/{uid}/"];

#[derive(Deserialize)]
struct Row {
    method: String,
    path: String,
}

fn contract() -> BTreeSet<String> {
    let rows: Vec<Row> = serde_json::from_str(CONTRACT).unwrap();
    rows.into_iter().map(|Row { method, path }| format!("{method} {path}")).collect()
}

#[test]
fn every_row_has_a_route_and_every_route_has_a_row() {
    let routes = avala_sandbox::routes();
    let responded: BTreeSet<String> = routes.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(responded.len(), routes.len(), "a route occurs twice");
    let mut expected = contract();
    expected.extend(ONLY_DOCUMENTED.map(str::to_owned));
    let missing: Vec<_> = expected.difference(&responded).collect();
    let unknown: Vec<_> = responded.difference(&expected).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "without a route: {missing:#?}, without a row: {unknown:#?}");
}

#[tokio::test]
async fn the_server_knows_every_route() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    for route in avala_sandbox::routes() {
        let path = route.path.replace(['{', '}'], "");
        let response = call(&sandbox, request(&sandbox, Method::OPTIONS, &path, "")).await;
        // An unknown path is 404; the response for a known one has its methods.
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        let allowed = response.headers()["allow"].to_str().unwrap();
        assert!(allowed.split(',').any(|method| method == route.method), "{route:?}: {allowed}");
    }
}
