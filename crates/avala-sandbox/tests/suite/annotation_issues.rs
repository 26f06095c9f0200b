use avala_sandbox::{Sandbox, demo};
use http::StatusCode;
use serde_json::{Value, json as value};

use crate::client::{create, delete, fetch, first_uid, get, json, patch, refused_fields, text};

async fn sequence(sandbox: &Sandbox) -> String {
    first_uid(sandbox, &format!("/datasets/{}/{}/sequences/", demo::OWNER, demo::LIDAR_DATASET)).await
}

fn count(list: &Value) -> usize {
    list.as_array().expect("a bare array").len()
}

#[tokio::test]
async fn an_issue_lives_in_its_sequence() {
    let sandbox = Sandbox::start().await.unwrap();
    let sequence = sequence(&sandbox).await;
    let list = format!("/sequences/{sequence}/annotation-issues/");
    let before = count(&fetch(&sandbox, &list).await);
    let tools = fetch(&sandbox, "/qc-available-tools/?dataset_type=lidar").await;
    let project = first_uid(&sandbox, "/users/me/projects/").await;
    let new = value!({
        "tool_uid": tools[0]["uid"], "problem_uid": tools[0]["problems"][1]["uid"], "sequence_uid": sequence,
        "project_uid": project, "priority": "high", "severity": "critical", "description": "Backwards.",
        "wrong_class": "pallet", "correct_class": "rack", "should_re_annotate": true, "frames_affected": "3-9",
        "coordinates": [1.5, 2], "query_params": {"frame": 3}, "object_uid": "o1",
    });
    let issue = create(&sandbox, &list, new).await;
    assert_eq!((&issue["status"], &issue["tool"]["name"]), (&value!("open"), &tools[0]["name"]));
    assert_eq!((&issue["project"]["uid"], &issue["reporter"]["username"]), (&value!(project), &value!(demo::OWNER)));
    assert_eq!(count(&fetch(&sandbox, &list).await), before + 1);
    assert_eq!(count(&fetch(&sandbox, &format!("{list}?project_uid={project}")).await), 1);
    assert_eq!(count(&fetch(&sandbox, &format!("{list}?dataset_item_uid=none")).await), 0);

    let path = format!("{list}{}/", text(&issue, "uid"));
    let closed = json(&patch(&sandbox, &path, value!({"status": "closed", "priority": null})).await, StatusCode::OK);
    assert!(closed["closed_at"].is_string() && closed["priority"].is_null());
    assert_eq!(closed["description"], "Backwards.");
    let reopened = json(&patch(&sandbox, &path, value!({"status": "open"})).await, StatusCode::OK);
    assert!(reopened["closed_at"].is_null());
    assert_eq!(delete(&sandbox, &path).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(delete(&sandbox, &path).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(count(&fetch(&sandbox, &list).await), before);
}

#[tokio::test]
async fn an_issue_names_what_exists() {
    let sandbox = Sandbox::start().await.unwrap();
    let sequence = sequence(&sandbox).await;
    let list = format!("/sequences/{sequence}/annotation-issues/");
    let issue = |tool: &str, problem: &str, sequence: &str| value!({"tool_uid": tool, "problem_uid": problem, "sequence_uid": sequence});
    for (body, field) in [
        (issue("none", "problem-cuboid-class", &sequence), "tool_uid"),
        (issue("tool-cuboid", "problem-box-class", &sequence), "problem_uid"),
        (issue("tool-cuboid", "problem-cuboid-class", "another"), "sequence_uid"),
    ] {
        assert_eq!(refused_fields(&sandbox, &list, body).await, [field]);
    }
    assert_eq!(get(&sandbox, "/sequences/none/annotation-issues/").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_issues_of_a_dataset_are_counted() {
    let sandbox = Sandbox::start().await.unwrap();
    let path = format!("/datasets/{}/{}/annotation-issues/", demo::OWNER, demo::LIDAR_DATASET);
    assert_eq!(count(&fetch(&sandbox, &path).await), 24);
    let sequence = sequence(&sandbox).await;
    assert_eq!(count(&fetch(&sandbox, &format!("{path}?sequence_uid={sequence}")).await), 8);

    let metrics = fetch(&sandbox, &format!("{path}metrics/")).await;
    assert_eq!(metrics["status_count"], value!({"open": 12, "resolved": 6, "closed": 6}));
    assert_eq!(metrics["priority_count"], value!({"low": 8, "medium": 8, "high": 8}));
    assert_eq!(metrics["mean_seconds_close_time_all"], 300 * 60);
    assert!(metrics["mean_unresolved_issue_age_all"].as_u64().unwrap() > 1_000_000);
    let problems = metrics["object_count_by_annotation_issue_problem_uid"].as_array().unwrap();
    assert_eq!(problems.iter().map(|problem| problem["object_count"].as_u64().unwrap()).sum::<u64>(), 24);
    let other = format!("/datasets/{}/{}/annotation-issues/metrics/", demo::OWNER, demo::IMAGE_DATASET);
    let empty = fetch(&sandbox, &other).await;
    assert_eq!(empty["status_count"], value!({}));
    assert!(empty.get("mean_seconds_close_time_all").is_none_or(Value::is_null));
}

#[tokio::test]
async fn tools_are_filtered_by_what_they_are_used_for() {
    let sandbox = Sandbox::start().await.unwrap();
    for (query, expected) in [("", 4), ("?dataset_type=lidar", 2), ("?dataset_type=image", 1), ("?dataset_type=x", 0)] {
        assert_eq!(count(&fetch(&sandbox, &format!("/qc-available-tools/{query}")).await), expected);
    }
}
