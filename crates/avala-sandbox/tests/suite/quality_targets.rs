use avala_sandbox::Sandbox;
use http::StatusCode;
use serde_json::json as value;

use crate::client::{act, create, fetch, first_uid, get, json, patch, refused_fields, text, walk};
use crate::life::Life;

async fn list(sandbox: &Sandbox) -> String {
    format!("/projects/{}/quality-targets/", first_uid(sandbox, "/users/me/projects/").await)
}

#[tokio::test]
async fn a_target_lives_in_its_project() {
    let sandbox = Sandbox::start().await.unwrap();
    let list = list(&sandbox).await;
    let life = Life {
        list: list.clone(),
        key: "uid",
        new: value!({
            "name": "Accurate", "metric": "accuracy", "threshold": 0.9, "operator": "gt", "severity": "critical",
            "is_active": true, "notify_webhook": false, "notify_emails": ["ada@acme.example"],
        }),
        change: value!({"threshold": 0.8, "operator": "gte", "is_active": false, "notify_emails": []}),
        keeps: "name",
        clears: Some("severity"),
        secret: None,
    };
    life.live(&sandbox).await;
    let target = first_uid(&sandbox, &list).await;
    let projects = walk(&sandbox, "/users/me/projects/", "uid").await;
    let elsewhere = format!("/projects/{}/quality-targets/{target}/", projects[1]);
    assert_eq!(get(&sandbox, &elsewhere).await.status(), StatusCode::NOT_FOUND);
    let wrong = value!({"name": "n", "metric": "beauty", "threshold": "high", "operator": "near"});
    assert_eq!(refused_fields(&sandbox, &list, wrong).await, ["metric", "operator", "threshold"]);
}

#[tokio::test]
async fn targets_are_measured_on_what_is_there() {
    let sandbox = Sandbox::start().await.unwrap();
    let list = list(&sandbox).await;
    let inactive = value!({"name": "Off", "metric": "iou", "threshold": 2.0, "is_active": false});
    create(&sandbox, &list, inactive).await;
    let evaluations = json(&act(&sandbox, &format!("{list}evaluate/")).await, StatusCode::OK);
    let evaluations = evaluations.as_array().expect("a bare array");
    assert_eq!(evaluations.len(), 4, "the inactive one is left out");

    let accepted = &evaluations[0];
    assert_eq!((&accepted["metric"], &accepted["current_value"]), (&value!("acceptance_rate"), &value!(0.4)));
    assert_eq!(accepted["is_breached"], true);
    let path = format!("{list}{}/", text(accepted, "uid"));
    let target = fetch(&sandbox, &path).await;
    assert_eq!((&target["last_value"], &target["breach_count"]), (&value!(0.4), &value!(1)));
    assert!(target["last_breached_at"].is_string());

    patch(&sandbox, &path, value!({"threshold": 0.3})).await;
    let again = json(&act(&sandbox, &format!("{list}evaluate/")).await, StatusCode::OK);
    assert_eq!(again[0]["is_breached"], false);
    let target = fetch(&sandbox, &path).await;
    assert_eq!((&target["is_breached"], &target["breach_count"]), (&value!(false), &value!(1)));

    let summary = fetch(&sandbox, &list.replace("quality-targets", "consensus")).await;
    assert_eq!(evaluations[1]["current_value"], summary["mean_score"]);
}
