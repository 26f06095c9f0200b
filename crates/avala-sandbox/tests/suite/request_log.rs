use std::sync::{Arc, Mutex};

use avala_sandbox::{Fault, Sandbox};
use http::{Method, StatusCode};
use serde_json::json as value;

use crate::client::{address, call, get, json, post, request, send};

#[tokio::test]
async fn requests_are_logged_with_their_responses_and_without_the_key() {
    let sandbox = Sandbox::builder().api_key("avk_hidden").start().await.unwrap();
    get(&sandbox, "/tasks/?limit=1").await;
    post(&sandbox, "/exports/", value!({"project": "p"})).await;
    get(&sandbox, "/tasks").await;
    sandbox.fault(Fault::drop_response()).unwrap();
    send(address(&sandbox), request(&sandbox, Method::GET, "/tasks/", "")).await.unwrap_err();

    let requests = sandbox.requests();
    let statuses: Vec<_> = requests.iter().map(|request| request.status.map(|status| status.as_u16())).collect();
    assert_eq!(statuses, [Some(200), Some(400), Some(301), None]);
    assert_eq!((requests[0].method.as_str(), requests[0].path.as_str()), ("GET", "/api/v1/tasks/"));
    assert_eq!((requests[0].api_path(), requests[0].query.as_deref()), ("/tasks/", Some("limit=1")));
    assert_eq!((requests[1].method.as_str(), &requests[1].body[..]), ("POST", &br#"{"project":"p"}"#[..]));
    assert_eq!(requests[1].headers["content-type"], "application/json");
    assert_eq!(requests[1].headers["x-avala-api-key"], "[redacted]");
    assert!(!format!("{requests:?}{sandbox:?}").contains("avk_hidden"));

    sandbox.clear_requests();
    assert!(sandbox.requests().is_empty());
    get(&sandbox, "/tasks/").await;
    assert_eq!(sandbox.requests().len(), 1);
    assert_eq!(sandbox.requests()[0].status, Some(StatusCode::OK));
}

#[tokio::test]
async fn an_observer_is_called_with_each_response() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let observer = Arc::clone(&seen);
    let observe = move |request: &avala_sandbox::LoggedRequest| {
        observer.lock().unwrap().push((request.path.clone(), request.status));
    };
    let sandbox = Sandbox::builder().on_response(observe).start().await.unwrap();
    get(&sandbox, "/tasks/").await;
    assert_eq!(*seen.lock().unwrap(), [("/api/v1/tasks/".to_owned(), Some(StatusCode::OK))]);
}

#[tokio::test]
async fn secrets_of_bodies_are_not_logged() {
    let sandbox = Sandbox::start().await.unwrap();
    let webhook = value!({"target_url": "https://h.example/", "events": ["dataset.created"], "secret": "hunter2"});
    post(&sandbox, "/webhooks/", webhook).await;
    let signup = value!({
        "email": "a@b.example", "first_name": "A", "last_name": "B", "password": "hunter2", "username": "ab",
    });
    post(&sandbox, "/signup/", signup).await;
    for request in sandbox.requests() {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        assert!(body.contains("[redacted]") && !body.contains("hunter2"), "{body}");
    }
}

#[tokio::test]
async fn headers_over_the_limit_get_an_error_in_json() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut many = request(&sandbox, Method::GET, "/tasks/", "");
    for index in 0..500 {
        many.headers_mut()
            .insert(http::HeaderName::try_from(format!("x-filler-{index}")).unwrap(), "x".parse().unwrap());
    }
    let mut large = request(&sandbox, Method::GET, "/tasks/", "");
    large.headers_mut().insert("x-filler", "x".repeat(200_000).parse().unwrap());
    assert_eq!(call(&sandbox, many).await.status(), StatusCode::OK);
    let refused = json(&call(&sandbox, large).await, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert!(refused["detail"].as_str().unwrap().contains("32768 bytes"), "{refused}");
}
