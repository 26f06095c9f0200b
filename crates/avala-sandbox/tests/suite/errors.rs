use avala_sandbox::Sandbox;
use http::{Method, StatusCode};

use crate::client::{call, get, json, request};

#[tokio::test]
async fn a_path_without_its_slash_is_redirected() {
    let sandbox = Sandbox::start().await.unwrap();
    for (path, location) in
        [("/datasets", "/api/v1/datasets/"), ("/tasks?limit=2&status=pending", "/api/v1/tasks/?limit=2&status=pending")]
    {
        let response = get(&sandbox, path).await;
        assert_eq!(response.status(), StatusCode::MOVED_PERMANENTLY);
        assert_eq!(response.headers()["location"], location);
    }
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let sandbox = Sandbox::start().await.unwrap();
    for path in [
        "/",
        "/nothing/",
        "/datasets/no-such-uid/",
        "/datasets/acme-robotics/no-such-slug/",
        "/datasets/nobody/forklift-images/",
        "/datasets/nobody/list/",
        "/datasets/acme-robotics/no-such-slug/items/",
        "/datasets/acme-robotics/forklift-images/items/no-such-uid/",
        "/datasets/acme-robotics/forklift-images/sequences/no-such-uid/",
        "/datasets/acme-robotics/no-such-slug/health/",
        "/projects/nobody/",
        "/users/me/projects/no-such-uid/",
        "/tasks/no-such-uid/",
        "/exports/no-such-uid/",
    ] {
        let body = json(&get(&sandbox, path).await, StatusCode::NOT_FOUND);
        assert_eq!(body["detail"], "Not found.", "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_405() {
    let sandbox = Sandbox::start().await.unwrap();
    for (method, path) in [(Method::DELETE, "/datasets/"), (Method::POST, "/tasks/"), (Method::PUT, "/users/me/")] {
        let response = call(&sandbox, request(&sandbox, method.clone(), path, "")).await;
        assert!(response.headers()["allow"].to_str().unwrap().contains("GET"), "{response:?}");
        let body = json(&response, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(body["detail"], format!("Method \"{method}\" not allowed."));
    }
}

#[tokio::test]
async fn every_response_has_an_id_of_its_own() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut ids = Vec::new();
    for path in ["/datasets/", "/datasets", "/nothing/"] {
        let response = get(&sandbox, path).await;
        ids.push(response.headers()["x-request-id"].to_str().unwrap().to_owned());
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
}
