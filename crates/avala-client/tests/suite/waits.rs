//! Waiting for exports, datasets and auto-label jobs.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use avala_client::{ErrorKind, Method, Progress, Sent};
use avala_transport::testing::{ScriptedService, Step};
use avala_types::{DatasetStatus, ExportStatus};
use serde_json::json;
use tokio::time::Instant;

use crate::{bare, json, layered};

fn export(status: &str) -> Step {
    json(&json!({"uid": "e1", "status": status}))
}

#[tokio::test(start_paused = true)]
async fn wait_polls_until_the_job_is_done() {
    for end in ["exported", "completed"] {
        let script = ["requested", "pending", "processing", "verifying", end]
            .into_iter()
            .fold(ScriptedService::new(), |script, status| script.then(export(status)));
        let started = Instant::now();
        let export = bare(&script).exports().wait("e1").await.unwrap();
        assert_eq!(export.status, Some(ExportStatus::from(end)));
        assert_eq!(started.elapsed(), Duration::from_secs(8), "five polls, two seconds apart");
    }
    let dataset = |status| json(&json!({"uid": "d1", "name": "n", "slug": "s", "status": status}));
    let script = ScriptedService::new().then(dataset("creating")).then(dataset("created"));
    let started = Instant::now();
    let dataset = bare(&script).datasets().wait("d1").interval(Duration::ZERO).await.unwrap();
    assert_eq!(dataset.status, Some(DatasetStatus::Created));
    assert_eq!(started.elapsed(), Duration::from_millis(500), "a pause of at least half a second");
}

#[tokio::test(start_paused = true)]
async fn an_export_that_failed_is_an_error() {
    let script = ScriptedService::new().then(export("processing")).then(export("failed"));
    let error = bare(&script).exports().wait("e1").await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::JobFailed, false));
    assert!(error.to_string().contains("export e1 ended as `failed`"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn wait_times_out_and_reports_the_last_status() {
    let script = ScriptedService::always(export("processing"));
    let started = Instant::now();
    let wait = bare(&script).exports().wait("e1").interval(Duration::from_secs(3)).deadline(Duration::from_secs(10));
    let error = wait.await.unwrap_err();
    assert_eq!((error.kind(), error.timeout_phase()), (ErrorKind::Timeout, None));
    assert!(error.message().contains("`processing`") && error.message().contains("4 polls"), "{error}");
    assert_eq!(started.elapsed(), Duration::from_secs(9), "a pause that would exceed the deadline is not started");
}

#[tokio::test(start_paused = true)]
async fn hanging_poll_does_not_outlast_the_wait() {
    let script =
        ScriptedService::new().then(export("pending")).then(Step::hang()).then(Step::hang()).then(Step::hang());
    let started = Instant::now();
    let error = layered(&script).exports().wait("e1").deadline(Duration::from_secs(20)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message().contains("`pending`"), "{error}");
    assert_eq!(started.elapsed(), Duration::from_secs(20));
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.to_string().contains("timed out"), "the last poll is the source: {source}");
}

#[tokio::test(start_paused = true)]
async fn only_a_lasting_failure_ends_a_wait() {
    let busy = Step::respond(429).header("retry-after", "30");
    let script = ScriptedService::new().then(Step::respond(502)).then(busy).then(export("exported"));
    let started = Instant::now();
    assert!(bare(&script).exports().wait("e1").await.is_ok());
    assert_eq!(started.elapsed(), Duration::from_secs(32), "the server's own pause counts when it is longer");
    let script = ScriptedService::new().then(Step::respond(403)).then(export("exported"));
    assert_eq!(bare(&script).exports().wait("e1").await.unwrap_err().kind(), ErrorKind::Forbidden);
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
    assert_eq!(started.elapsed(), Duration::from_secs(15), "four polls, five seconds apart");

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
    // The gate opens up to 30 s later than the server asked for.
    assert!((240..=310).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());

    let script = (0..20).fold(ScriptedService::new(), |script, _| script.then(refused()));
    let started = Instant::now();
    let wait = layered(&script).exports().wait("e1").deadline(Duration::from_secs(600));
    assert_eq!(wait.await.unwrap_err().kind(), ErrorKind::Timeout);
    assert!(started.elapsed() > Duration::from_secs(470), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn one_early_404_is_retried_and_a_second_one_is_not() {
    let lost = || Step::respond(404).body(r#"{"detail":"Not found."}"#);
    let script = ScriptedService::new().then(lost()).then(export("exported"));
    let started = Instant::now();
    let wait =
        bare(&script).exports().wait("e1").poll_interval(Duration::from_millis(10)).timeout(Duration::from_secs(2));
    assert!(wait.await.is_ok());
    assert_eq!(started.elapsed(), Duration::from_millis(500));
    let script = ScriptedService::new().then(lost()).then(lost()).then(export("exported"));
    assert_eq!(bare(&script).exports().wait("e1").await.unwrap_err().kind(), ErrorKind::NotFound);
    let dataset = json(&json!({"uid": "d1", "name": "n", "slug": "s", "status": "creating"}));
    let script = ScriptedService::new().then(dataset).then(lost()).then(lost());
    let error = bare(&script).datasets().wait("d1").await.unwrap_err();
    assert_eq!((error.kind(), script.requests().len()), (ErrorKind::NotFound, 2), "10 seconds after the start");
}

#[tokio::test(start_paused = true)]
async fn missing_resource_is_not_found_however_short_the_wait() {
    for milliseconds in [1, 300, 1_000, 60_000] {
        let script = ScriptedService::always(Step::respond(404).body(r#"{"detail":"Not found."}"#));
        let wait = bare(&script).exports().wait("e1").timeout(Duration::from_millis(milliseconds));
        assert_eq!(wait.await.unwrap_err().kind(), ErrorKind::NotFound, "{milliseconds} ms");
    }
    // A poll that failed for another reason is no evidence about the resource.
    let script = ScriptedService::always(Step::respond(502));
    let wait = bare(&script).exports().wait("e1").timeout(Duration::from_secs(1));
    assert_eq!(wait.await.unwrap_err().kind(), ErrorKind::Timeout);
}

#[tokio::test(start_paused = true)]
async fn progress_and_states_have_every_value() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let script = ScriptedService::new().then(export("pending")).then(Step::respond(502)).then(export("exported"));
    let noted = Arc::clone(&seen);
    let wait = bare(&script).exports().wait("e1").on_progress(move |export| {
        noted.lock().unwrap().push(export.status.as_ref().unwrap().to_string());
    });
    wait.await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["pending", "exported"]);

    for (end, fails) in [("exported", false), ("failed", true)] {
        let script = ScriptedService::new().then(export("pending")).then(export("processing")).then(export(end));
        let mut states = bare(&script).exports().wait("e1").states();
        for status in ["pending", "processing", end] {
            assert_eq!(states.next().await.unwrap().unwrap().status, Some(ExportStatus::from(status)));
        }
        match states.next().await {
            Some(result) => assert_eq!((fails, result.unwrap_err().kind()), (true, ErrorKind::JobFailed)),
            None => assert!(!fails),
        }
        assert!(states.next().await.is_none() && states.next().await.is_none());
    }
    let wait = bare(&ScriptedService::always(export("pending"))).exports().wait("e1");
    let mut states = wait.poll_interval(Duration::from_secs(2)).timeout(Duration::from_secs(3)).states();
    assert!(states.next().await.unwrap().is_ok() && states.next().await.unwrap().is_ok());
    assert_eq!(states.next().await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
    assert!(states.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn any_call_can_be_awaited_until_a_predicate_holds() {
    let job = |state: &str| json(&json!({"uid": "j1", "state": state, "status": "pending"}));
    let script = ScriptedService::new().then(job("new")).then(job("new")).then(job("done"));
    let started = Instant::now();
    let call = bare(&script).request(Method::GET, "/beta/jobs/").path(["j1"]);
    let done = call.decode_as::<serde_json::Value>().wait_until(|job| job["state"] == "done").await.unwrap();
    assert_eq!((done["uid"].as_str(), started.elapsed()), (Some("j1"), Duration::from_secs(10)));

    let script = ScriptedService::new().then(job("new")).then(job("broken"));
    let call = bare(&script).request(Method::GET, "/beta/jobs/").decode_as::<serde_json::Value>();
    let wait = call.wait_with(|job| match job["state"].as_str() {
        Some("broken") => Progress::Failed("job j1 is broken".to_owned()),
        state => Progress::Running(state.map(str::to_owned)),
    });
    let error = wait.await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::JobFailed, "job j1 is broken"));

    let script = ScriptedService::always(job("new"));
    let wait = bare(&script).tasks().get("j1").wait_until(|_| false).timeout(Duration::from_secs(7));
    let error = wait.header("x-request-id", "r1").max_attempts(1).await.unwrap_err();
    assert_eq!(error.message(), "timed out after 2 polls in 5.0 s");
    assert!(script.requests().iter().all(|request| request.headers["x-request-id"] == "r1"));
    let error = bare(&script).tasks().get("").wait_until(|_| true).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
}

#[tokio::test(start_paused = true)]
async fn recording_is_ready_or_has_failed() {
    let recording = |status: &str| json(&json!({"uid": "r1", "status": status}));
    for end in ["ready", "completed", "archived"] {
        let script = ["uploading", "recording", "processing", end];
        let script = script.into_iter().fold(ScriptedService::new(), |script, status| script.then(recording(status)));
        let done = bare(&script).fleet().recordings().wait("r1").await.unwrap();
        assert_eq!(done.status.unwrap().as_str(), end);
    }
    let script = ScriptedService::always(recording("error"));
    let error = bare(&script).fleet().recordings().wait("r1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::JobFailed);
    assert!(error.message().contains("recording r1 ended as `error`"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn wait_without_time_sends_nothing() {
    for (index, client) in [layered, bare].into_iter().enumerate() {
        let script = ScriptedService::always(export("exported"));
        let error = client(&script).exports().wait("e1").timeout(Duration::ZERO).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Timeout, Sent::No), "{index}: {error}");
        assert!(script.requests().is_empty(), "{index}");
    }
    // Its polls may have been executed.
    let script = ScriptedService::always(Step::hang());
    let error = layered(&script).exports().wait("e1").timeout(Duration::from_secs(1)).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Timeout, Sent::Maybe), "{error}");
    let script = ScriptedService::new().then(export("pending")).then(Step::hang());
    let error = layered(&script).exports().wait("e1").timeout(Duration::from_secs(3)).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Timeout, Sent::Yes), "{error}");
}

#[tokio::test(start_paused = true)]
async fn longest_timeout_and_interval_of_a_wait_do_not_panic() {
    let longest = [Duration::MAX, Duration::MAX - Duration::from_nanos(1), Duration::from_secs(i64::MAX as u64)];
    for longest in longest {
        for status in [429, 503, 500] {
            let busy = Step::respond(status).header("retry-after", "18446744073709551615");
            let script = ScriptedService::new().then(busy).then(export("exported"));
            let wait = bare(&script).exports().wait("e1").timeout(longest);
            assert_eq!(wait.await.unwrap().status, Some(ExportStatus::Exported), "{longest:?} {status}");

            let script = ScriptedService::always(Step::respond(status));
            let wait = layered(&script).exports().wait("e1").poll_interval(longest).timeout(Duration::from_secs(9));
            assert_eq!(wait.await.unwrap_err().kind(), ErrorKind::Timeout, "{longest:?} {status}");
        }
        let script = ScriptedService::always(Step::respond(404));
        let wait = bare(&script).exports().wait("e1").timeout(longest);
        assert_eq!(wait.await.unwrap_err().kind(), ErrorKind::NotFound, "{longest:?}");
        assert_eq!(script.requests().len(), 2, "{longest:?}");
    }
}
