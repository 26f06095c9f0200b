use avala_sandbox::{Sandbox, demo};
use http::StatusCode;
use serde_json::{Value, json as value};

use crate::client::{fetch, first_uid, json, post};

fn dataset() -> String {
    format!("/datasets/{}/{}/", demo::OWNER, demo::IMAGE_DATASET)
}

async fn edit(sandbox: &Sandbox, edits: Value) -> Value {
    json(&post(sandbox, &format!("{}bulk-edition/", dataset()), edits).await, StatusCode::OK)
}

#[tokio::test]
async fn edits_are_keyed_by_their_object_so_that_a_repeat_is_harmless() {
    let sandbox = Sandbox::start().await.unwrap();
    let item = first_uid(&sandbox, &format!("{}items/", dataset())).await;
    let path = format!("{}items/{item}/", dataset());
    let before = fetch(&sandbox, &path).await;
    let edits = |x: f64| {
        let edit = |uuid: &str| {
            value!({
                "action": "upsert", "object_uuid": uuid, "object_type": "box", "dataset_item_uid": item,
                "object_data": {"x": x},
            })
        };
        value!([edit("a"), edit("b")])
    };
    let counts = |created, updated, deleted| {
        value!({
            "processed": created + updated + deleted, "created": created, "updated": updated, "deleted": deleted,
        })
    };
    assert_eq!(edit(&sandbox, edits(1.5)).await, counts(2, 0, 0));
    assert_eq!(edit(&sandbox, edits(2.5)).await, counts(0, 2, 0));
    let after = fetch(&sandbox, &path).await;
    let objects = after["annotations"]["objects"].as_array().unwrap();
    assert_eq!(objects.len() as u64, before["annotations_count"].as_u64().unwrap() + 2);
    assert_eq!(after["annotations_count"], objects.len());
    assert_eq!(objects.last().unwrap()["object_data"]["x"], 2.5);
    assert_eq!(after["annotations"]["schema"], before["annotations"]["schema"]);

    let removal = value!([{"action": "delete", "object_uuid": "a", "dataset_item_uid": item}]);
    assert_eq!(edit(&sandbox, removal.clone()).await, counts(0, 0, 1));
    assert_eq!(edit(&sandbox, removal).await, counts(0, 0, 0));
}

#[tokio::test]
async fn objects_of_a_sequence_are_edited_too() {
    let sandbox = Sandbox::start().await.unwrap();
    let lidar = format!("/datasets/{}/{}/", demo::OWNER, demo::LIDAR_DATASET);
    let sequence = first_uid(&sandbox, &format!("{lidar}sequences/")).await;
    let edits = value!([{"action": "upsert", "object_uuid": "c", "sequence_uid": sequence, "object_data": {}}]);
    for (created, updated) in [(1, 0), (0, 1)] {
        let counts = json(&post(&sandbox, &format!("{lidar}bulk-edition/"), edits.clone()).await, StatusCode::OK);
        assert_eq!((&counts["created"], &counts["updated"]), (&value!(created), &value!(updated)));
    }
}

#[tokio::test]
async fn one_wrong_edit_stops_all_of_them() {
    let sandbox = Sandbox::start().await.unwrap();
    let item = first_uid(&sandbox, &format!("{}items/", dataset())).await;
    let path = format!("{}bulk-edition/", dataset());
    let good = value!({"action": "upsert", "object_uuid": "a", "dataset_item_uid": item, "object_data": {}});
    let wrong = [
        (value!({"action": "paint", "object_uuid": "a", "dataset_item_uid": item}), "non_field_errors"),
        (value!({"action": "upsert", "object_uuid": "a", "dataset_item_uid": item}), "object_data"),
        (value!({"action": "delete", "object_uuid": "a"}), "non_field_errors"),
        (value!({"action": "delete", "object_uuid": "a", "dataset_item_uid": "none"}), "dataset_item_uid"),
    ];
    for (bad, field) in wrong {
        let errors = json(&post(&sandbox, &path, value!([good, bad])).await, StatusCode::BAD_REQUEST);
        assert_eq!(errors[0], value!({}));
        assert!(errors[1][field][0].is_string(), "{errors}");
    }
    let item = fetch(&sandbox, &format!("{}items/{item}/", dataset())).await;
    assert!(!item["annotations"].to_string().contains("object_uuid"));

    let many: Value = std::iter::repeat_n(good, 501).collect();
    json(&post(&sandbox, &path, many).await, StatusCode::BAD_REQUEST);
    json(&post(&sandbox, &path, value!({"action": "delete"})).await, StatusCode::BAD_REQUEST);
}
