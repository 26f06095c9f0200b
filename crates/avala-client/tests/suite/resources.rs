//! Behavior of single resources besides sending their arguments: keys, organizations, responses without a documented form.

use avala_client::{Avala, ErrorKind};
use avala_transport::testing::{ScriptedService, Step};
use avala_types::{CreateStorageConfig, Json, Signup, StorageProvider, TransferOwnership};
use serde_json::json;

use crate::{bare, json, layered, targets};

fn account() -> Step {
    json(&json!({"user": {"uid": "u1", "username": "ada"}, "api_key": "avk_new"}))
}

#[tokio::test]
async fn signing_up_sends_no_key_even_where_there_is_one() {
    let script = ScriptedService::new().then(account()).then(json(&json!({"uid": "u1"})));
    let avala = layered(&script);
    let response = avala.signup().create(&Signup::new("ada@example.com", "pass")).await.unwrap();
    assert_eq!(response.api_key.expose(), "avk_new");
    avala.users().me().await.unwrap();
    let with_key = script.requests().iter().map(|r| r.headers.contains_key("x-avala-api-key")).collect::<Vec<_>>();
    assert_eq!(with_key, [false, true], "the next call has the key again");
}

#[tokio::test]
async fn a_client_without_a_key_can_sign_up() {
    let script = ScriptedService::new().then(account()).then(Step::respond(401));
    let nobody = Avala::builder().without_credentials().service(script.clone()).build().unwrap();
    nobody.signup().create(&Signup::new("ada@example.com", "pass")).await.unwrap();
    assert_eq!(nobody.users().me().await.unwrap_err().kind(), ErrorKind::Authentication);
    assert!(script.requests().iter().all(|request| !request.headers.contains_key("x-avala-api-key")));

    // The last setter wins.
    assert!(Avala::builder().api_key("").without_credentials().build().is_ok());
    assert!(Avala::builder().without_credentials().api_key("").build().is_err());
}

#[tokio::test]
async fn every_call_of_a_handle_says_its_organization() {
    let config = json!({"uid": "c1", "name": "n", "provider": "aws_s3", "results": []});
    let script = ScriptedService::always(json(&config));
    for (handle, query) in [
        (bare(&script).storage_configs(), ""),
        (bare(&script).storage_configs().organization("acme & co"), "?organization=acme%20%26%20co"),
    ] {
        let before = script.requests().len();
        handle.create(&CreateStorageConfig::new("n", StorageProvider::AwsS3)).await.unwrap();
        handle.list().await.unwrap();
        handle.get("c1").await.unwrap();
        handle.test("c1").await.unwrap();
        handle.delete("c1").await.unwrap();
        handle.setup_info().decode_as::<Json>().await.unwrap();
        let paths = ["", "", "c1/", "c1/test/", "c1/", "setup-info/"];
        assert_eq!(targets(&script)[before..], paths.map(|path| format!("/storage-configs/{path}{query}")));
    }
}

#[tokio::test]
async fn a_call_that_promises_nothing_takes_any_response() {
    for step in [
        Step::respond(204),
        Step::respond(200),
        Step::respond(200).body(r#"{"detail": "Done."}"#),
        Step::respond(202).header("content-type", "text/html").body("<html>"),
    ] {
        let avala = bare(&ScriptedService::always(step));
        avala.webhooks().delete("w1").await.unwrap();
        avala.organizations().transfer_ownership("acme", &TransferOwnership::new("u1")).await.unwrap();
    }
    let avala = bare(&ScriptedService::always(json(&json!({"detail": "Sent."}))));
    let said: Json = avala.organizations().resend_invitation("acme", "i1").decode_as().await.unwrap();
    assert_eq!(said.to_value().unwrap()["detail"], "Sent.");
    let avala = bare(&ScriptedService::always(Step::respond(404)));
    assert_eq!(avala.webhooks().delete("w1").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_list_is_read_as_an_array_and_as_a_page() {
    let issues = json!([{"uid": "i1"}, {"uid": "i2"}]);
    for response in [issues.clone(), json!({"results": issues, "next": null})] {
        let avala = bare(&ScriptedService::always(json(&response)));
        let page = avala.annotation_issues().list_by_sequence("s1").await.unwrap();
        assert_eq!((page.items.len(), page.has_more()), (2, false));
        let mut items = avala.annotation_issues().list_by_dataset("acme", "drives").items();
        assert_eq!(items.next().await.unwrap().unwrap().uid, "i1");
    }
}

#[tokio::test]
async fn a_numbered_list_starts_at_its_page_and_follows_the_links() {
    let page = |next: Option<&str>| json(&json!({"results": [], "next": next, "count": 300}));
    let script = ScriptedService::new().then(page(Some("?ordering=-name&page=3"))).then(page(None));
    let list = bare(&script).datasets().list_by_owner("acme").ordering("-name").page(2);
    assert!(list.items().next().await.is_none());
    let expected = ["/datasets/acme/list/?page=2&ordering=-name", "/datasets/acme/list/?ordering=-name&page=3"];
    assert_eq!(targets(&script), expected);
}
