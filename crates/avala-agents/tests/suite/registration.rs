use avala_agents::types::EventType;
use avala_agents::{Agent, AgentErrorKind};
use serde_json::json;

use crate::server::{Fault, Server, approving};

#[tokio::test(start_paused = true)]
async fn an_agent_is_created_once_and_found_by_name_afterwards() {
    let server = Server::new();
    for _ in 0..3 {
        approving().run_once(&server.client()).await.unwrap();
    }
    assert_eq!(server.lock().agents.len(), 1);
    assert_eq!(server.requests("POST /agents/"), 1);
    assert_eq!(server.requests("PATCH"), 0, "nothing differs, so nothing is updated");
}

#[tokio::test(start_paused = true)]
async fn several_agents_with_the_name_are_listed_and_none_is_chosen() {
    let server = Server::new();
    for uid in ["a7", "a8"] {
        server.lock().agents.push(json!({"uid": uid, "name": "qa", "project": null}));
    }
    let error = approving().run_once(&server.client()).await.unwrap_err();
    assert_eq!(error.kind(), AgentErrorKind::Ambiguous);
    assert!(error.to_string().contains("a7, a8"), "{error}");
    approving().uid("a8").run_once(&server.client()).await.unwrap();
    assert_eq!(server.requests("POST /agents/"), 0);
}

#[tokio::test(start_paused = true)]
async fn an_agent_of_another_project_is_not_used() {
    let server = Server::new();
    server.lock().agents.push(json!({"uid": "a7", "name": "qa", "project": "p1"}));
    approving().run_once(&server.client()).await.unwrap();
    assert_eq!(server.lock().agents.len(), 2);
    approving().project("p1").run_once(&server.client()).await.unwrap();
    assert_eq!(server.lock().agents.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn changed_events_and_inactive_agents_are_updated() {
    let server = Server::new();
    server.lock().agents.push(json!({"uid": "a1", "name": "qa", "events": ["task.completed"], "is_active": false}));
    approving().run_once(&server.client()).await.unwrap();
    let state = server.lock();
    assert_eq!(state.agents[0]["events"], json!(["result.submitted"]));
    assert_eq!(state.agents[0]["is_active"], json!(true));
}

#[tokio::test(start_paused = true)]
async fn a_lost_response_of_create_leads_to_one_agent() {
    let server = Server::new();
    server.fail("POST /agents/", [Fault::LostResponse]);
    approving().run_once(&server.client()).await.unwrap();
    assert_eq!(server.lock().agents.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_registration_ends_with_an_error_without_the_secret() {
    let server = Server::new();
    server.fail("POST /agents/", [Fault::Status(403)]);
    let error = approving().run_once(&server.client()).await.unwrap_err();
    assert_eq!(error.kind(), AgentErrorKind::Unauthorized);
    assert!(!format!("{error} {error:?}").contains("agsec"), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn an_agent_without_handlers_is_not_registered() {
    let server = Server::new();
    let error = Agent::new("qa").run_once(&server.client()).await.unwrap_err();
    assert_eq!(error.kind(), AgentErrorKind::Configuration);
    assert!(server.lock().requests.is_empty());
}

#[tokio::test(start_paused = true)]
async fn any_event_can_be_handled() {
    let server = Server::new();
    server.add("x1", "quality.alert", json!(null));
    server.add("x2", "weather.changed", json!("not an object"));
    let handler = |_: avala_agents::Context| async { avala_agents::Decision::skip() };
    let agent = Agent::new("qa").on(EventType::QualityAlert, handler).on("weather.changed", handler);
    let summary = agent.run_once(&server.client()).await.unwrap();
    assert_eq!(summary.decided, 2);
}

#[tokio::test(start_paused = true)]
async fn an_odd_agent_of_another_name_does_not_stop_the_start() {
    let server = Server::new().with_executions(1);
    server.lock().agents.push(json!({"uid": 7, "name": "other"}));
    approving().run_once(&server.client()).await.unwrap();
    server.assert_each_decided_once(1);
    // An agent that may have the same name is not created a second time.
    let server = Server::new();
    server.lock().agents.push(json!({"name": "qa"}));
    let error = approving().run_once(&server.client()).await.unwrap_err();
    assert_eq!(error.kind(), AgentErrorKind::Registration);
    assert_eq!(server.requests("POST /agents/"), 0);
}
