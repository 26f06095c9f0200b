//! Executions that are sent to the callbacks of agents.
//!
//! No source describes these requests. They have the form of webhook deliveries, with the execution as the body, so
//! that an agent verifies both in the same way.

use std::time::Duration;

use avala_types::{AgentUid, ExecutionUid, Secret};
use serde_json::json;

use super::post::{self, Failure, Letter};
use crate::app::App;
use crate::schema::Agent;
use crate::state::agent::secret_of;
use crate::state::table::uid_in;

/// Sends an execution until it is delivered, rejected or decided, or the attempts are used up.
pub(super) async fn carry(app: App, uid: ExecutionUid, waits: Vec<Duration>) {
    let mut waits = waits.into_iter();
    while let Some(letter) = execution_letter(&app, &uid) {
        match post::send(letter).await {
            Ok(reply) if reply.status.is_success() => return,
            Err(Failure::Refused(_)) => return,
            _ => {}
        }
        let Some(wait) = waits.next() else { return };
        tokio::time::sleep(wait).await;
    }
}

/// Sends a sample once.
pub(super) async fn carry_sample(app: App, uid: AgentUid) {
    let letter = app.tables().agents.get(&uid).ok().and_then(|agent| {
        let body = json!({ "event": "test", "registration": uid.as_str(), "status": "pending", "event_payload": {} });
        letter(agent, "test", &uid_in(&format!("sample for {uid}"), 1), body.to_string())
    });
    if let Some(letter) = letter {
        drop(post::send(letter).await);
    }
}

fn execution_letter(app: &App, uid: &ExecutionUid) -> Option<Letter> {
    let tables = app.tables();
    let execution = tables.agent_executions.get(uid).ok().filter(|execution| execution.action.is_none())?;
    let agent = tables.agents.get(&execution.registration).ok()?;
    let body = serde_json::to_string(execution).ok()?;
    letter(agent, execution.event_type.as_str(), uid.as_ref(), body)
}

fn letter(agent: &Agent, event: &str, delivery: &str, body: String) -> Option<Letter> {
    let target = agent.callback_url.clone()?;
    let secret = Secret::from(secret_of(&agent.uid));
    Some(Letter { target, event: event.to_owned(), delivery: delivery.to_owned(), secret, body })
}
