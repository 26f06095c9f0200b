use avala_sandbox::Sandbox;
use http::{Method, StatusCode};
use serde_json::{Value, json as value};

use crate::client::{act, call, fetch, first_uid, get, json, request};

async fn path(sandbox: &Sandbox) -> String {
    format!("/projects/{}/consensus/", first_uid(sandbox, "/users/me/projects/").await)
}

async fn put_config(sandbox: &Sandbox, path: &str, body: Value) -> http::Response<bytes::Bytes> {
    call(sandbox, request(sandbox, Method::PUT, &format!("{path}config/"), body.to_string())).await
}

#[tokio::test]
async fn a_summary_is_made_of_the_scores() {
    let sandbox = Sandbox::start().await.unwrap();
    let path = path(&sandbox).await;
    let page = fetch(&sandbox, &format!("{path}scores/?limit=1000")).await;
    let scores: Vec<f64> = page["results"].as_array().unwrap().iter().map(|s| s["score"].as_f64().unwrap()).collect();
    let summary = fetch(&sandbox, &path).await;
    assert_eq!((summary["total_items"].as_u64(), scores.len()), (Some(120), 108), "every tenth has one annotator");
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    assert!((summary["mean_score"].as_f64().unwrap() - mean).abs() < 1e-4);
    assert_eq!(summary["min_score"].as_f64(), scores.iter().copied().reduce(f64::min));
    assert_eq!(summary["max_score"].as_f64(), scores.iter().copied().reduce(f64::max));
    let distribution = summary["score_distribution"].as_object().unwrap();
    assert_eq!(distribution.values().map(|count| count.as_u64().unwrap()).sum::<u64>(), 108);
    assert_eq!(summary["by_task_name"].as_array().unwrap().len(), 2);
    let agreed = summary["items_with_consensus"].as_u64().unwrap();
    assert!(0 < agreed && agreed < 108);
}

#[tokio::test]
async fn a_stricter_config_leaves_fewer_items_with_consensus() {
    let sandbox = Sandbox::start().await.unwrap();
    let path = path(&sandbox).await;
    let before = fetch(&sandbox, &path).await["items_with_consensus"].as_u64().unwrap();
    let config = json(&put_config(&sandbox, &path, value!({"iou_threshold": 0.9})).await, StatusCode::OK);
    assert_eq!((&config["iou_threshold"], &config["min_agreement_ratio"]), (&value!(0.9), &value!(0.5)));
    assert_eq!(fetch(&sandbox, &format!("{path}config/")).await, config);
    let result = json(&act(&sandbox, &format!("{path}compute/")).await, StatusCode::OK);
    assert_eq!(result["status"], "completed");
    assert!(fetch(&sandbox, &path).await["items_with_consensus"].as_u64().unwrap() < before);

    put_config(&sandbox, &path, value!({"min_annotations": 4})).await;
    act(&sandbox, &format!("{path}compute/")).await;
    let none = fetch(&sandbox, &path).await;
    assert_eq!((&none["mean_score"], &none["items_with_consensus"]), (&value!(0.0), &value!(0)));
    let errors = json(&put_config(&sandbox, &path, value!({"iou_threshold": 1.5})).await, StatusCode::BAD_REQUEST);
    assert!(errors["iou_threshold"][0].is_string());
}

#[tokio::test]
async fn a_project_without_annotators_has_no_consensus() {
    let sandbox = Sandbox::start().await.unwrap();
    let projects = fetch(&sandbox, "/users/me/projects/").await;
    let path = format!("/projects/{}/consensus/", projects["results"][4]["uid"].as_str().unwrap());
    assert_eq!(fetch(&sandbox, &path).await["total_items"], 0);
    assert_eq!(fetch(&sandbox, &format!("{path}scores/")).await["results"], value!([]));
    assert_eq!(fetch(&sandbox, &format!("{path}config/")).await["min_annotations"], 2);
    json(&get(&sandbox, "/projects/none/consensus/").await, StatusCode::NOT_FOUND);
}
