//! Waiting for exports, datasets and auto-label jobs.

use std::time::Duration;

use avala_client::ErrorKind;
use avala_transport::testing::{ScriptedService, Step};
use avala_types::{DatasetStatus, ExportStatus};
use serde_json::json;
use tokio::time::Instant;

use crate::{bare, json, layered};

fn export(status: &str) -> Step {
    json(&json!({"uid": "e1", "status": status}))
}

#[tokio::test(start_paused = true)]
async fn it_looks_until_the_thing_is_ready() {
    for end in ["exported", "completed"] {
        let script = ["requested", "pending", "processing", "verifying", end]
            .into_iter()
            .fold(ScriptedService::new(), |script, status| script.then(export(status)));
        let started = Instant::now();
        let export = bare(&script).exports().wait("e1").await.unwrap();
        assert_eq!(export.status, Some(ExportStatus::from(end)));
        assert_eq!(started.elapsed(), Duration::from_secs(8), "five looks, two seconds apart");
    }
    let dataset = |status| json(&json!({"uid": "d1", "name": "n", "slug": "s", "status": status}));
    let script = ScriptedService::new().then(dataset("creating")).then(dataset("created"));
    let started = Instant::now();
    let dataset = bare(&script).datasets().wait("d1").interval(Duration::ZERO).await.unwrap();
    assert_eq!(dataset.status, Some(DatasetStatus::Created));
    assert_eq!(started.elapsed(), Duration::from_millis(500), "no shorter pause than half a second");
}

#[tokio::test(start_paused = true)]
async fn an_export_that_failed_is_an_error() {
    let script = ScriptedService::new().then(export("processing")).then(export("failed"));
    let error = bare(&script).exports().wait("e1").await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::JobFailed, false));
    assert!(error.to_string().contains("export e1 ended as `failed`"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn it_gives_up_at_its_deadline_and_says_what_it_saw() {
    let script = ScriptedService::always(export("processing"));
    let started = Instant::now();
    let wait = bare(&script).exports().wait("e1").interval(Duration::from_secs(3)).deadline(Duration::from_secs(10));
    let error = wait.await.unwrap_err();
    assert_eq!((error.kind(), error.timeout_phase()), (ErrorKind::Timeout, None));
    assert!(error.message().contains("`processing`") && error.message().contains("4 looks"), "{error}");
    assert_eq!(started.elapsed(), Duration::from_secs(9), "a pause that would pass the deadline is not begun");
}

#[tokio::test(start_paused = true)]
async fn a_look_that_hangs_does_not_outlast_the_wait() {
    let script =
        ScriptedService::new().then(export("pending")).then(Step::hang()).then(Step::hang()).then(Step::hang());
    let started = Instant::now();
    let error = layered(&script).exports().wait("e1").deadline(Duration::from_secs(20)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message().contains("`pending`"), "{error}");
    assert_eq!(started.elapsed(), Duration::from_secs(20));
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.to_string().contains("timed out"), "the last look is the source: {source}");
}

#[tokio::test(start_paused = true)]
async fn a_passing_failure_does_not_end_a_wait_and_a_lasting_one_does() {
    let busy = Step::respond(429).header("retry-after", "30");
    let script = ScriptedService::new().then(Step::respond(502)).then(busy).then(export("exported"));
    let started = Instant::now();
    assert!(bare(&script).exports().wait("e1").await.is_ok());
    assert_eq!(started.elapsed(), Duration::from_secs(32), "the server's own pause counts when it is longer");
    let script = ScriptedService::new().then(Step::respond(404)).then(export("exported"));
    assert_eq!(bare(&script).exports().wait("e1").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn an_auto_label_job_is_done_or_has_failed() {
    let job = |status: &str| json!({"uid": "j1", "status": status, "error_message": null});
    let script = ["pending", "running", "warming up", "completed"]
        .into_iter()
        .fold(ScriptedService::new(), |script, status| script.then(json(&job(status))));
    let started = Instant::now();
    let done = bare(&script).auto_label_jobs().wait("j1").await.unwrap();
    assert!(done.is_terminal());
    assert_eq!(started.elapsed(), Duration::from_secs(15), "four looks, five seconds apart");

    let mut failed = job("failed");
    failed["error_message"] = json!("no such model, api_key=hunter2hunter2");
    for (job, expected) in [
        (failed, "auto-label job j1 ended as `failed`: no such model"),
        (job("canceled"), "auto-label job j1 ended as `canceled`"),
    ] {
        let error = bare(&ScriptedService::always(json(&job))).auto_label_jobs().wait("j1").await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::JobFailed, false));
        assert!(error.message().starts_with(expected) && !error.message().contains("hunter2"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn wait_survives_rate_limits_until_its_deadline() {
    // Longer than the retry policy waits, and longer than the time of a call.
    let refused = || Step::respond(429).header("retry-after", "120");
    let script = ScriptedService::new().then(refused()).then(refused()).then(export("exported"));
    let started = Instant::now();
    let wait = layered(&script).exports().wait("e1").deadline(Duration::from_secs(600));
    assert_eq!(wait.await.unwrap().status, Some(ExportStatus::Exported));
    assert!(started.elapsed() >= Duration::from_secs(240) && started.elapsed() < Duration::from_secs(270));

    let script = (0..20).fold(ScriptedService::new(), |script, _| script.then(refused()));
    let started = Instant::now();
    let wait = layered(&script).exports().wait("e1").deadline(Duration::from_secs(600));
    assert_eq!(wait.await.unwrap_err().kind(), ErrorKind::Timeout);
    assert!(started.elapsed() > Duration::from_secs(470), "{:?}", started.elapsed());
}
