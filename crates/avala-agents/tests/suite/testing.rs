use std::time::Duration;

use avala_agents::testing::AgentTest;
use avala_agents::{Context, Decision, Event, RecordState};
use http::Method;

async fn check(context: Context) -> Result<Decision, Box<dyn std::error::Error + Send + Sync>> {
    let Event::Result(result) = context.event() else { return Ok(Decision::leave()) };
    let Some(task) = &result.task_uid else { return Ok(Decision::skip()) };
    let task = context.avala().tasks().get(task).await?;
    Ok(Decision::flag(format!("look at {}", task.uid)))
}

#[tokio::test(start_paused = true)]
async fn decision_and_calls_are_reported() {
    let test = AgentTest::new(check).event("result.submitted", r#"{"task_uid":"t1"}"#);
    let outcome = test.response(Method::GET, "/tasks/t1/", r#"{"uid":"t1"}"#).await;
    assert_eq!(outcome.decision, Some(Decision::flag("look at t1")));
    assert_eq!(outcome.calls, ["GET /tasks/t1/"]);
    assert_eq!((outcome.runs, outcome.decisions_sent), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_crash_before_the_post_does_not_run_the_handler_again() {
    let outcome = AgentTest::new(check).event("result.submitted", "{}").crash_before_post().await;
    assert_eq!((outcome.decision, outcome.runs, outcome.decisions_sent), (Some(Decision::skip()), 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_second_delivery_is_not_handled_again() {
    let outcome = AgentTest::new(check).event("result.submitted", "{}").delivered_twice().await;
    assert_eq!((outcome.runs, outcome.decisions_sent), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_hanging_handler_is_parked() {
    let hang = |_: Context| std::future::pending::<Decision>();
    let outcome = AgentTest::new(hang).timeout(Duration::from_secs(1)).await;
    assert_eq!((outcome.decision, outcome.runs), (None, 2));
    assert_eq!(outcome.record.unwrap().state, RecordState::Parked);
}
