use avala_sandbox::Sandbox;
use http::StatusCode;
use serde_json::json as value;

use crate::client::{act, delete, fetch, first_uid, json, post, text, walk};

#[tokio::test]
async fn a_job_takes_a_step_with_each_fetch() {
    let sandbox = Sandbox::start().await.unwrap();
    let project = first_uid(&sandbox, "/users/me/projects/").await;
    let create = format!("/projects/{project}/auto-label/");
    let new = value!({"model_type": "yolo", "confidence_threshold": 0.7, "labels": ["pallet"], "dry_run": true});
    let job = json(&post(&sandbox, &create, new).await, StatusCode::ACCEPTED);
    assert_eq!((&job["status"], &job["total_items"]), (&value!("pending"), &value!(40)));
    let path = format!("/auto-label-jobs/{}/", text(&job, "uid"));
    for (status, processed, percent) in
        [("running", 13, 32.5), ("running", 26, 65.0), ("completed", 40, 100.0), ("completed", 40, 100.0)]
    {
        let job = fetch(&sandbox, &path).await;
        assert_eq!((&job["status"], &job["processed_items"]), (&value!(status), &value!(processed)));
        assert_eq!(job["progress_pct"], percent);
        let (done, skipped) = (job["successful_items"].as_u64().unwrap(), job["skipped_items"].as_u64().unwrap());
        assert_eq!(done + skipped, processed);
    }
    assert_eq!(fetch(&sandbox, &path).await["summary"]["annotations_created"], 0, "a dry run");
    json(&delete(&sandbox, &path).await, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_job_can_be_canceled_and_stays_there() {
    let sandbox = Sandbox::start().await.unwrap();
    let project = first_uid(&sandbox, "/users/me/projects/").await;
    let job = json(&act(&sandbox, &format!("/projects/{project}/auto-label/")).await, StatusCode::ACCEPTED);
    let path = format!("/auto-label-jobs/{}/", text(&job, "uid"));
    assert_eq!(delete(&sandbox, &path).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(fetch(&sandbox, &path).await["status"], "canceled");
    assert_eq!(delete(&sandbox, "/auto-label-jobs/none/").await.status(), StatusCode::NOT_FOUND);
    json(&act(&sandbox, "/projects/none/auto-label/").await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn jobs_are_filtered_by_project_and_status() {
    let sandbox = Sandbox::start().await.unwrap();
    let project = first_uid(&sandbox, "/users/me/projects/").await;
    assert_eq!(walk(&sandbox, "/auto-label-jobs/?limit=3", "uid").await.len(), 10);
    assert_eq!(walk(&sandbox, &format!("/auto-label-jobs/?project={project}"), "uid").await.len(), 2);
    assert_eq!(walk(&sandbox, "/auto-label-jobs/?status=failed", "uid").await.len(), 2);
    assert_eq!(walk(&sandbox, "/auto-label-jobs/?status=failed&project=none", "uid").await.len(), 0);
}
