use std::time::Duration;

use avala_sandbox::{Sandbox, demo};
use http::StatusCode;
use serde_json::{Value, json as value};

use crate::client::{create, fetch, first_uid, get, json, refused_fields, text, unsigned, walk};

async fn images(sandbox: &Sandbox) -> String {
    text(&fetch(sandbox, &format!("/datasets/{}/{}/", demo::OWNER, demo::IMAGE_DATASET)).await, "uid").to_owned()
}

fn new(name: &str, parts: Value) -> Value {
    value!({"name": name, "visibility": "private", "sub_slices": parts})
}

#[tokio::test]
async fn a_slice_is_made_found_and_listed() {
    let sandbox = Sandbox::start().await.unwrap();
    let dataset = images(&sandbox).await;
    let parts = value!([{"type": "dataset", "dataset_uid": dataset}]);
    let mut body = new("Torn & wet", parts.clone());
    body["random_selection_count"] = value!(50);
    let slice = create(&sandbox, "/slices/", body).await;
    assert_eq!((text(&slice, "slug"), &slice["owner_name"]), ("torn-wet", &value!(demo::OWNER)));
    assert_eq!((&slice["item_count"], &slice["sub_slices"]), (&value!(50), &parts));
    let path = format!("/slices/{}/torn-wet/", demo::OWNER);
    // URLs are signed again in each response.
    sandbox.advance_clock(Duration::from_secs(2));
    assert_eq!(unsigned(fetch(&sandbox, &path).await), unsigned(slice));

    let list = fetch(&sandbox, &format!("/slices/{}/list/?limit=5", demo::OWNER)).await;
    assert_eq!(list["count"], 12);
    assert!(text(&list, "next").contains("page=2"));
    assert_eq!(walk(&sandbox, &format!("/slices/dataset/{dataset}/?limit=5"), "uid").await.len(), 13);

    let items = walk(&sandbox, &format!("{path}items/list/?limit=20"), "uid").await;
    assert_eq!(items.len(), 50);
    let item = fetch(&sandbox, &format!("{path}items/{}/", items[7])).await;
    let original = format!("/datasets/{}/{}/items/{}/", demo::OWNER, demo::IMAGE_DATASET, items[7]);
    assert_eq!(item["annotations"], fetch(&sandbox, &original).await["annotations"]);
    for missing in ["/slices/nobody/list/", "/slices/dataset/none/", &format!("{path}items/none/")] {
        json(&get(&sandbox, missing).await, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_slice_of_an_organization_is_owned_by_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut body = new("Shared", value!([{"dataset_uid": images(&sandbox).await}]));
    body["organization"] = value!(demo::ORGANIZATION);
    let slice = create(&sandbox, "/slices/", body.clone()).await;
    assert_eq!((&slice["owner_name"], &slice["item_count"]), (&value!(demo::ORGANIZATION), &value!(260)));
    assert_eq!(slice["organization"]["uid"], demo::ORGANIZATION_UID);
    assert_eq!(create(&sandbox, "/slices/", body.clone()).await["slug"], "shared-2");
    body["organization"] = value!("nobody");
    assert_eq!(refused_fields(&sandbox, "/slices/", body).await, ["organization"]);
}

#[tokio::test]
async fn a_slice_is_put_together_from_what_exists() {
    let sandbox = Sandbox::start().await.unwrap();
    let dataset = images(&sandbox).await;
    let items = format!("/datasets/{}/{}/items/", demo::OWNER, demo::IMAGE_DATASET);
    let item = first_uid(&sandbox, &items).await;
    let one = new("One", value!([{"dataset_uid": dataset, "item_uids": [item]}]));
    assert_eq!(create(&sandbox, "/slices/", one).await["item_count"], 1);
    for parts in [
        value!([{"dataset_uid": "none"}]),
        value!([{"dataset_uid": dataset, "item_uids": ["none"]}]),
        value!([{"type": "dataset"}]),
        value!("all"),
    ] {
        assert_eq!(refused_fields(&sandbox, "/slices/", new("Wrong", parts)).await, ["sub_slices"]);
    }
    let export =
        create(&sandbox, "/exports/", value!({"slices": [first_uid(&sandbox, "/slices/acme-robotics/list/").await]}))
            .await;
    assert_eq!(export["total_task_count"], 20);
}
