//! Agents.

use avala_types::AgentUid;

/// Returns the secret of an agent, which only the response to its creation has.
pub(crate) fn secret_of(uid: &AgentUid) -> String {
    format!("agsec_{uid}")
}
