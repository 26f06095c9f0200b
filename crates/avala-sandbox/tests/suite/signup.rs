use avala_sandbox::{Sandbox, Seed};
use http::{HeaderValue, Method, StatusCode};
use serde_json::json as value;

use crate::client::{call, create, json, post, refused_fields, request, text};

#[tokio::test]
async fn a_new_account_needs_no_key_and_gets_one() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    let body = value!({"email": "Ada.B@lab.example", "password": "long enough", "first_name": "Ada"});
    let mut request_without_key = request(&sandbox, Method::POST, "/signup/", body.to_string());
    request_without_key.headers_mut().remove("x-avala-api-key");
    let account = json(&call(&sandbox, request_without_key).await, StatusCode::CREATED);
    assert_eq!((text(&account["user"], "username"), text(&account["user"], "first_name")), ("ada-b", "Ada"));

    let with_key = |method, path: &str, body: &str| {
        let mut request = request(&sandbox, method, path, body.to_owned());
        request.headers_mut().insert("x-avala-api-key", HeaderValue::from_str(text(&account, "api_key")).unwrap());
        request
    };
    let me = json(&call(&sandbox, with_key(Method::GET, "/users/me/", "")).await, StatusCode::OK);
    assert_eq!((&me["uid"], &me["email"]), (&account["user"]["uid"], &value!("Ada.B@lab.example")));
    let dataset = r#"{"name": "Mine", "slug": "mine", "data_type": "image"}"#;
    let dataset = json(&call(&sandbox, with_key(Method::POST, "/datasets/", dataset)).await, StatusCode::CREATED);
    assert_eq!(dataset["owner_name"], "ada-b");
}

#[tokio::test]
async fn sixth_signup_in_a_minute_is_refused_if_limits_are_on() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).documented_limits(true).start().await.unwrap();
    let body = |index: usize| value!({"email": format!("{index}@lab.example"), "password": "long enough"});
    for index in 0..5 {
        create(&sandbox, "/signup/", body(index)).await;
    }
    let refused = post(&sandbox, "/signup/", body(5)).await;
    assert!(refused.headers().contains_key("retry-after"));
    json(&refused, StatusCode::TOO_MANY_REQUESTS);
    let other = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    for index in 0..7 {
        create(&other, "/signup/", body(index)).await;
    }
}

#[tokio::test]
async fn an_address_signs_up_once() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    let body = |email: &str, password: &str| value!({"email": email, "password": password});
    create(&sandbox, "/signup/", body("ada@lab.example", "long enough")).await;
    for (email, password, field) in [
        ("ADA@lab.example", "long enough", "email"),
        ("ada", "long enough", "email"),
        ("eve@lab.example", "short", "password"),
    ] {
        assert_eq!(refused_fields(&sandbox, "/signup/", body(email, password)).await, [field]);
    }
    let namesake = create(&sandbox, "/signup/", body("ada@other.example", "long enough")).await;
    assert_eq!(namesake["user"]["username"], "ada-2");
}
