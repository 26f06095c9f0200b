use avala_sandbox::{Sandbox, Seed};
use http::{HeaderValue, Method, StatusCode};

use crate::client::{call, get, json, request};

#[tokio::test]
async fn every_call_needs_the_key() {
    let sandbox = Sandbox::builder().api_key("avk_mine").seed(Seed::Empty).start().await.unwrap();
    assert_eq!(get(&sandbox, "/datasets/").await.status(), StatusCode::OK);

    let mut without = request(&sandbox, Method::GET, "/datasets/", "");
    without.headers_mut().remove("x-avala-api-key");
    let body = json(&call(&sandbox, without).await, StatusCode::UNAUTHORIZED);
    assert_eq!(body["detail"], "Authentication credentials were not provided.");

    for wrong in ["avk_test", "", "avk_mine2"] {
        let mut with_wrong = request(&sandbox, Method::GET, "/no-such-route/", "");
        with_wrong.headers_mut().insert("x-avala-api-key", HeaderValue::from_static(wrong));
        let body = json(&call(&sandbox, with_wrong).await, StatusCode::UNAUTHORIZED);
        assert_eq!(body["detail"], "Invalid API key.");
    }
}

#[tokio::test]
async fn repeated_credentials_are_refused() {
    let sandbox = Sandbox::builder().access_token("oauth_1").seed(Seed::Empty).start().await.unwrap();
    for (name, value) in [("x-avala-api-key", sandbox.key()), ("authorization", "Bearer oauth_1")] {
        let mut request = request(&sandbox, Method::GET, "/datasets/", "");
        request.headers_mut().remove("x-avala-api-key");
        request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
        assert_eq!(call(&sandbox, request.clone()).await.status(), StatusCode::OK);
        request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
        json(&call(&sandbox, request).await, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_key_that_no_client_could_send_is_refused_at_the_start() {
    for key in ["", "avk\n1"] {
        let error = Sandbox::builder().api_key(key).start().await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    }
}

#[tokio::test]
async fn the_owner_of_the_key_is_shown() {
    let sandbox = Sandbox::start().await.unwrap();
    let me = json(&get(&sandbox, "/users/me/").await, StatusCode::OK);
    assert_eq!(me["username"], avala_sandbox::demo::OWNER);
    assert!(me["uid"].is_string());
}
