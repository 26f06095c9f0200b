//! Agents: programs that receive events and send decisions.

use avala_types::{
    Agent, AgentExecution, AgentTest, AgentUid, CreateAgent, ExecutionStatus, ProjectUid, TaskType, UpdateAgent,
};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::filters::filters;
use crate::list::List;

/// Calls for agents: programs that receive events and send decisions. Returned by [`Avala::agents`].
#[derive(Clone, Debug)]
pub struct Agents {
    avala: Avala,
}

impl Agents {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Registers an agent (`POST /agents/`). Only this response has its secret.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{CreateAgent, EventType};
    ///
    /// let payload = CreateAgent::new("Overlap check").events([EventType::ResultSubmitted]).project("p1");
    /// let agent = avala.agents().create(&payload).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(&self, agent: &CreateAgent) -> Call<Agent> {
        self.avala.call(Endpoint::post("agents.create", "/agents/"), &[]).json(agent)
    }

    /// Lists the agents of the account (`GET /agents/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut agents = avala.agents().list().items();
    /// while let Some(agent) = agents.next().await {
    ///     let agent = agent?;
    ///     println!("{}: {:?}", agent.name, agent.events);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> List<Agent> {
        self.avala.list(Endpoint::get("agents.list", "/agents/"), &[])
    }

    /// Gets an agent (`GET /agents/{uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let agent = avala.agents().get("a1").await?;
    /// println!("{}: {:?}", agent.name, agent.events);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, uid: impl Into<AgentUid>) -> Call<Agent> {
        self.avala.call(Endpoint::get("agents.get", "/agents/{uid}/"), &[uid.into().as_str()])
    }

    /// Updates an agent (`PATCH /agents/{uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::UpdateAgent;
    ///
    /// let changes = UpdateAgent::default().is_active(false);
    /// let agent = avala.agents().update("a1", &changes).await?;
    /// println!("{}: is active: {:?}", agent.name, agent.is_active);
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(&self, uid: impl Into<AgentUid>, changes: &UpdateAgent) -> Call<Agent> {
        let endpoint = Endpoint::patch("agents.update", "/agents/{uid}/");
        self.avala.call(endpoint, &[uid.into().as_str()]).json(changes)
    }

    /// Replaces an agent (`PUT /agents/{uid}/`), for servers without [`update`](Agents::update).
    ///
    /// Fields that the payload leaves out may be reset.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::UpdateAgent;
    ///
    /// let agent = UpdateAgent::default().is_active(false);
    /// let agent = avala.agents().replace("a1", &agent).await?;
    /// println!("{}: is active: {:?}", agent.name, agent.is_active);
    /// # Ok(())
    /// # }
    /// ```
    pub fn replace(&self, uid: impl Into<AgentUid>, agent: &UpdateAgent) -> Call<Agent> {
        self.avala.call(Endpoint::put("agents.replace", "/agents/{uid}/"), &[uid.into().as_str()]).json(agent)
    }

    /// Deletes an agent (`DELETE /agents/{uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// match avala.agents().delete("a1").await {
    ///     Ok(()) => println!("deleted"),
    ///     Err(error) if error.is_not_found() => println!("there is no such agent"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete(&self, uid: impl Into<AgentUid>) -> Call<()> {
        self.avala.command(Endpoint::delete("agents.delete", "/agents/{uid}/"), &[uid.into().as_str()])
    }

    /// Lists the executions of an agent, pending and decided (`GET /agents/{uid}/executions/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::ExecutionStatus;
    ///
    /// let mut executions = avala.agents().list_executions("a1").status(ExecutionStatus::Failed).items();
    /// while let Some(execution) = executions.next().await {
    ///     let execution = execution?;
    ///     println!("{}: {:?}", execution.event_type, execution.status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_executions(&self, uid: impl Into<AgentUid>) -> List<AgentExecution, ExecutionFilters> {
        let endpoint = Endpoint::get("agents.list_executions", "/agents/{uid}/executions/");
        self.avala.list(endpoint, &[uid.into().as_str()])
    }

    /// Sends a test event to an agent (`POST /agents/{uid}/test/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let test = avala.agents().test("a1").await?;
    /// println!("delivered: {:?}, status {:?}", test.delivered, test.status_code);
    /// # Ok(())
    /// # }
    /// ```
    pub fn test(&self, uid: impl Into<AgentUid>) -> Call<AgentTest> {
        self.avala.call(Endpoint::post("agents.test", "/agents/{uid}/test/"), &[uid.into().as_str()])
    }
}

filters! {
    /// Filters of [`Agents::list_executions`].
    pub enum ExecutionFilters {
        /// Lists only executions of events in this project.
        fn project(self, project: impl Into<ProjectUid>) {
            self.param("project", project.into().as_str())
        }

        /// Lists only executions with this status.
        fn status(self, status: impl Into<ExecutionStatus>) {
            self.param("status", status.into().as_str())
        }

        /// Lists only executions of events about tasks of one of these types.
        fn task_types(self, types: impl IntoIterator<Item: Into<TaskType>>) {
            let types: Vec<String> = types.into_iter().map(|task_type| task_type.into().to_string()).collect();
            self.param("task_types", types.join(","))
        }
    }
}
