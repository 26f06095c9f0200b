use avala_sandbox::{Sandbox, demo};
use http::StatusCode;
use serde_json::{Value, json as value};

use crate::client::{column, fetch, json, post, walk};

async fn project(sandbox: &Sandbox) -> String {
    walk(sandbox, "/users/me/projects/", "uid").await.swap_remove(0)
}

#[tokio::test]
async fn an_export_takes_a_step_with_each_fetch() {
    let sandbox = Sandbox::start().await.unwrap();
    let body = value!({"project": project(&sandbox).await});
    let export = json(&post(&sandbox, "/exports/", body).await, StatusCode::CREATED);
    assert_eq!((&export["status"], &export["total_task_count"]), (&value!("requested"), &value!(40)));
    let path = format!("/exports/{}/", export["uid"].as_str().unwrap());

    let mut steps = Vec::new();
    for _ in 0..5 {
        // A list shows an export and does not advance it.
        fetch(&sandbox, "/exports/").await;
        let export = fetch(&sandbox, &path).await;
        assert_eq!(export["download_url"].is_string(), export["status"] == "exported");
        steps.push((export["status"].as_str().unwrap().to_owned(), export["exported_task_count"].as_u64()));
    }
    let expected = [
        ("pending", None),
        ("processing", Some(13)),
        ("processing", Some(26)),
        ("exported", Some(40)),
        ("exported", Some(40)),
    ];
    assert_eq!(steps, expected.map(|(status, count)| (status.to_owned(), count)));
}

#[tokio::test]
async fn an_export_of_nothing_ends_too() {
    let sandbox = Sandbox::start().await.unwrap();
    let empty = value!({"name": "Empty", "slug": "empty", "data_type": "image"});
    let empty = json(&post(&sandbox, "/datasets/", empty).await, StatusCode::CREATED);
    let export = json(&post(&sandbox, "/exports/", value!({"dataset": empty["uid"]})).await, StatusCode::CREATED);
    let path = format!("/exports/{}/", export["uid"].as_str().unwrap());
    for _ in 0..3 {
        fetch(&sandbox, &path).await;
    }
    assert_eq!(fetch(&sandbox, &path).await["status"], "exported");
}

#[tokio::test]
async fn both_shapes_of_a_new_export_are_taken() {
    let sandbox = Sandbox::start().await.unwrap();
    let project = project(&sandbox).await;
    let images = fetch(&sandbox, &format!("/datasets/{}/{}/", demo::OWNER, demo::IMAGE_DATASET)).await;
    let one = json(&post(&sandbox, "/exports/", value!({"dataset": images["uid"]})).await, StatusCode::CREATED);
    assert_eq!((&one["datasets"], &one["total_task_count"]), (&value!([images["uid"]]), &value!(260)));

    let lists = value!({
        "name": "March", "format": "YOLO", "projects": [project], "datasets": [images["uid"]], "slices": [],
        "filter_query_string": "status=completed",
    });
    let several = json(&post(&sandbox, "/exports/", lists).await, StatusCode::CREATED);
    assert_eq!((&several["name"], &several["format"]), (&value!("March"), &value!("YOLO")));
    assert_eq!((&several["projects"], &several["total_task_count"]), (&value!([project]), &value!(300)));
    assert_eq!(column(&fetch(&sandbox, "/exports/").await, "uid").len(), 7);
}

#[tokio::test]
async fn an_export_needs_something_that_exists() {
    let sandbox = Sandbox::start().await.unwrap();
    let cases: [(Value, &str); 8] = [
        (value!({}), "non_field_errors"),
        (value!({"name": "Nothing", "projects": [], "datasets": [], "slices": []}), "non_field_errors"),
        (value!({"project": "no-such-uid"}), "project"),
        (value!({"dataset": "no-such-uid"}), "dataset"),
        (value!({"projects": ["no-such-uid"]}), "projects"),
        (value!({"datasets": ["no-such-uid"]}), "datasets"),
        (value!({"slices": ["no-such-uid"]}), "slices"),
        (value!({"project": project(&sandbox).await, "format": "XML"}), "format"),
    ];
    for (body, field) in cases {
        let errors = json(&post(&sandbox, "/exports/", body.clone()).await, StatusCode::BAD_REQUEST);
        assert!(errors[field][0].is_string(), "{body}: {errors}");
    }
    assert_eq!(column(&fetch(&sandbox, "/exports/").await, "uid").len(), 5, "a refused export is not kept");
}

#[tokio::test]
async fn sixth_unfinished_export_is_refused_if_limits_are_on() {
    // Three of the demo exports are unfinished.
    let sandbox = Sandbox::builder().documented_limits(true).start().await.unwrap();
    let body = value!({"project": project(&sandbox).await});
    let mut exports = Vec::new();
    for _ in 0..2 {
        exports.push(json(&post(&sandbox, "/exports/", body.clone()).await, StatusCode::CREATED));
    }
    let refused = post(&sandbox, "/exports/", body.clone()).await;
    assert_eq!(refused.headers()["retry-after"], "1");
    json(&refused, StatusCode::TOO_MANY_REQUESTS);
    let path = format!("/exports/{}/", exports[0]["uid"].as_str().unwrap());
    for _ in 0..5 {
        fetch(&sandbox, &path).await;
    }
    json(&post(&sandbox, "/exports/", body).await, StatusCode::CREATED);
}
