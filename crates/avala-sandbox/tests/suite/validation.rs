use avala_sandbox::{Sandbox, Seed};
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json as value};

use crate::client::{call, json, post, request};

async fn errors(sandbox: &Sandbox, path: &str, body: Value) -> Value {
    json(&post(sandbox, path, body).await, StatusCode::BAD_REQUEST)
}

#[tokio::test]
async fn a_body_must_be_a_json_object() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    for body in ["", "{", "name=x", "{\"name\": }"] {
        let response = call(&sandbox, request(&sandbox, Method::POST, "/datasets/", body)).await;
        let detail = json(&response, StatusCode::BAD_REQUEST)["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with("JSON parse error - "), "{detail}");
    }
    for body in ["[]", "null", "\"name\"", "7"] {
        let response = call(&sandbox, request(&sandbox, Method::POST, "/datasets/", body)).await;
        assert!(json(&response, StatusCode::BAD_REQUEST)["non_field_errors"].is_array(), "{body}");
    }
    for (media_type, status) in [
        ("application/x-www-form-urlencoded", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("application/jsonlines", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("Application/JSON ; charset=utf-8", StatusCode::BAD_REQUEST),
    ] {
        let mut other = request(&sandbox, Method::POST, "/datasets/", "{}");
        other.headers_mut().insert("content-type", HeaderValue::from_static(media_type));
        json(&call(&sandbox, other).await, status);
    }
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    let required = value!(["This field is required."]);
    assert_eq!(
        errors(&sandbox, "/datasets/", value!({})).await,
        value!({"name": required, "slug": required, "data_type": required})
    );
    let wrong = value!({
        "name": "  ", "slug": "not a slug", "data_type": "smell", "visibility": 3, "is_sequence": "yes",
        "metadata": [], "industry": "automotive", "owner_name": "nobody",
    });
    assert_eq!(
        errors(&sandbox, "/datasets/", wrong).await,
        value!({
            "name": ["This field may not be blank."],
            "slug": ["Enter a valid slug of letters, numbers, underscores or hyphens."],
            "data_type": ["\"smell\" is not a valid choice."],
            "visibility": ["Not a valid string."],
            "is_sequence": ["Must be a valid boolean."],
            "metadata": ["Expected a dictionary of items."],
            "industry": ["A valid integer is required."],
        })
    );
    let null = value!({"name": null, "slug": "s", "data_type": "image", "owner_name": null});
    assert_eq!(errors(&sandbox, "/datasets/", null).await, value!({"name": ["This field may not be null."]}));
}

#[tokio::test]
async fn an_owner_must_exist() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    for field in ["owner_name", "organization_uid"] {
        let body = value!({"name": "n", "slug": "s", "data_type": "image", field: "nobody"});
        let text = errors(&sandbox, "/datasets/", body).await[field][0].as_str().unwrap().to_owned();
        assert!(text.contains("does not exist"), "{text}");
    }
}
