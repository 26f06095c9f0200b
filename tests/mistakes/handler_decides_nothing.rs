//! A handler of an agent that returns no decision.

use avala_agents::types::EventType;
use avala_agents::{Agent, Context};

async fn check(_: Context) {}

pub fn agent() -> Agent {
    Agent::new("qa").on(EventType::ResultSubmitted, check)
}
