//! A path where a journal is expected.

use avala_agents::Agent;

pub fn agent() -> Agent {
    Agent::new("qa").journal("/var/lib/qa.journal")
}
