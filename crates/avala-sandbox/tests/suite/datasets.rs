use avala_sandbox::{Sandbox, Seed, demo};
use http::StatusCode;
use serde_json::{Value, json as value};

use crate::client::{fetch, get, json, post, walk};

async fn create(sandbox: &Sandbox, body: Value) -> Value {
    json(&post(sandbox, "/datasets/", body).await, StatusCode::CREATED)
}

#[tokio::test]
async fn a_new_dataset_becomes_ready_while_it_is_fetched() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    let dataset = create(&sandbox, value!({"name": "Night", "slug": "night", "data_type": "lidar"})).await;
    assert_eq!((&dataset["status"], &dataset["owner_name"]), (&value!("creating"), &value!(demo::OWNER)));
    assert_eq!((&dataset["visibility"], &dataset["item_count"]), (&value!("private"), &value!(0)));

    let by_uid = format!("/datasets/{}/", dataset["uid"].as_str().unwrap());
    let by_slug = format!("/datasets/{}/night/", demo::OWNER);
    assert_eq!(fetch(&sandbox, &format!("{by_slug}health/")).await["ingest_ok"], false);
    for (path, status) in [(&by_uid, "creating"), (&by_slug, "creating"), (&by_uid, "created"), (&by_uid, "created")] {
        assert_eq!(fetch(&sandbox, path).await["status"], status);
    }
    assert_eq!(fetch(&sandbox, &format!("{by_slug}health/")).await["ingest_ok"], true);
    assert_eq!(walk(&sandbox, "/datasets/", "slug").await, ["night"]);
}

#[tokio::test]
async fn a_slug_is_unique_for_its_owner_only() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    let body = |owner: &str| value!({"name": "A", "slug": "a", "data_type": "image", "owner_name": owner});
    create(&sandbox, body(demo::OWNER)).await;
    create(&sandbox, body(demo::OTHER_OWNER)).await;
    let errors = json(&post(&sandbox, "/datasets/", body(demo::OWNER)).await, StatusCode::BAD_REQUEST);
    assert!(errors["slug"][0].is_string(), "{errors}");
    assert_eq!(walk(&sandbox, "/datasets/", "uid").await.len(), 2);

    let organization =
        value!({"name": "A", "slug": "a", "data_type": "image", "organization_uid": demo::ORGANIZATION_UID});
    assert_eq!(create(&sandbox, organization).await["owner_name"], demo::ORGANIZATION);
}

#[tokio::test]
async fn a_transfer_moves_a_dataset_with_everything_in_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let path = |owner: &str| format!("/datasets/{owner}/{}/", demo::IMAGE_DATASET);
    let old = fetch(&sandbox, &path(demo::OWNER)).await;
    for (from, to, body) in [
        (demo::OWNER, demo::ORGANIZATION, value!({"organization_uid": demo::ORGANIZATION_UID})),
        (demo::ORGANIZATION, demo::OTHER_OWNER, value!({"owner_username": demo::OTHER_OWNER})),
    ] {
        let moved = json(&post(&sandbox, &format!("{}transfer/", path(from)), body).await, StatusCode::OK);
        assert_eq!((&moved["owner_name"], &moved["uid"]), (&value!(to), &old["uid"]));
        assert_eq!(get(&sandbox, &path(from)).await.status(), StatusCode::NOT_FOUND);
        assert_eq!(fetch(&sandbox, &path(to)).await["uid"], old["uid"]);
        assert_eq!(walk(&sandbox, &format!("{}items/", path(to)), "uid").await.len(), 260);
    }
}

#[tokio::test]
async fn transfer_needs_one_receiver_who_exists_and_has_room() {
    let sandbox = Sandbox::start().await.unwrap();
    let path = format!("/datasets/{}/{}/transfer/", demo::OWNER, demo::IMAGE_DATASET);
    for (body, field) in [
        (value!({}), "non_field_errors"),
        (value!({"organization_uid": null}), "non_field_errors"),
        (value!({"organization_uid": demo::ORGANIZATION_UID, "owner_username": demo::OWNER}), "non_field_errors"),
        (value!({"organization_uid": "nobody"}), "organization_uid"),
        (value!({"owner_username": demo::ORGANIZATION}), "owner_username"),
        (value!({"owner_username": ""}), "owner_username"),
    ] {
        let errors = json(&post(&sandbox, &path, body.clone()).await, StatusCode::BAD_REQUEST);
        assert!(errors[field][0].is_string(), "{body}: {errors}");
    }
    let twin = value!({
        "name": "Twin", "slug": demo::IMAGE_DATASET, "data_type": "image", "owner_name": demo::OTHER_OWNER,
    });
    create(&sandbox, twin).await;
    let errors =
        json(&post(&sandbox, &path, value!({"owner_username": demo::OTHER_OWNER})).await, StatusCode::BAD_REQUEST);
    assert!(errors["slug"][0].is_string(), "{errors}");
}
