//! A handler of an agent that is not async.

use avala_agents::types::EventType;
use avala_agents::{Agent, Context, Decision};

fn check(_: Context) -> Decision {
    Decision::approve()
}

pub fn agent() -> Agent {
    Agent::new("qa").on(EventType::ResultSubmitted, check)
}
