//! Agent actions: decisions of agents.

use avala_types::{CreateAgentAction, Json};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;

/// Calls for agent actions: decisions of agents. Returned by [`Avala::agent_actions`].
#[derive(Clone, Debug)]
pub struct AgentActions {
    avala: Avala,
}

impl AgentActions {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Sends the decision of an agent about an execution (`POST /agent-actions/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{AgentAction, CreateAgentAction};
    ///
    /// let action = CreateAgentAction::new("x1", AgentAction::Reject).reason("two boxes overlap");
    /// avala.agent_actions().create(&action).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(&self, action: &CreateAgentAction) -> Call<Json> {
        self.avala.call(Endpoint::post("agent_actions.create", "/agent-actions/"), &[]).json(action)
    }
}
