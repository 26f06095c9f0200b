//! Decisions on executions, as a sandbox received them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use avala_client::Avala;
use avala_client::types::{AgentExecution, ExecutionStatus};
use avala_sandbox::LoggedRequest;
use serde_json::Value;

use super::Failure;
use super::program::NAME;

/// The decisions that were posted, by execution.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Mutex<BTreeMap<String, Posts>>>);

/// The posts of one execution.
#[derive(Clone, Debug, Default)]
pub struct Posts {
    /// Different decisions, in the form `action: reason`.
    pub decisions: BTreeSet<String>,
    /// Responses with 201.
    pub accepted: usize,
    /// Responses with 409.
    pub conflicts: usize,
}

impl Ledger {
    /// Records a request of the sandbox; for `SandboxBuilder::on_response`.
    pub fn note(&self, request: &LoggedRequest) {
        if request.method != "POST" || request.api_path() != "/agent-actions/" {
            return;
        }
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else { return };
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut posts = self.posts();
        let posts = posts.entry(text("execution")).or_default();
        posts.decisions.insert(decision(&text("action"), &text("reason")));
        match request.status.map(|status| status.as_u16()) {
            Some(201) => posts.accepted += 1,
            Some(409) => posts.conflicts += 1,
            _ => {}
        }
    }

    /// Returns the different decisions that were posted for all executions, with any response.
    #[must_use]
    pub fn posted(&self) -> BTreeSet<String> {
        self.posts().values().flat_map(|posts| posts.decisions.iter().cloned()).collect()
    }

    /// Posts that got a 409.
    #[must_use]
    pub fn conflicts(&self) -> usize {
        self.posts().values().map(|posts| posts.conflicts).sum()
    }

    /// Compares the executions of the sandbox with the decisions that handlers made, by execution. Returns a line for
    /// each fault: an execution that is lost, that was decided otherwise than its handler did, or decided twice. With
    /// `one_decision`, no other decision may even have been sent, as from a single process.
    ///
    /// # Errors
    /// When the executions cannot be listed.
    pub async fn faults(
        &self,
        avala: &Avala,
        made: &BTreeMap<String, BTreeSet<String>>,
        count: usize,
        one_decision: bool,
    ) -> Result<Vec<String>, Failure> {
        let executions = executions(avala).await?;
        let mut faults = Vec::new();
        if executions.len() != count {
            faults.push(format!("{} executions instead of {count}", executions.len()));
        }
        for execution in &executions {
            let uid = execution.uid.as_str();
            let posts = self.posts().get(uid).cloned().unwrap_or_default();
            let Some(kept) = kept(execution) else {
                faults.push(format!("{uid} is lost: not decided"));
                continue;
            };
            if !made.get(uid).is_some_and(|made| made.contains(&kept)) {
                faults.push(format!("{uid} is contradicted: `{kept}` is not a decision of its handler"));
            }
            if posts.accepted > 1 || (one_decision && posts.decisions.len() > 1) {
                faults.push(format!("{uid} has {} different decisions: {posts:?}", posts.decisions.len()));
            }
        }
        Ok(faults)
    }

    fn posts(&self) -> MutexGuard<'_, BTreeMap<String, Posts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns all executions of the agent.
///
/// # Errors
/// When they cannot be listed.
pub async fn executions(avala: &Avala) -> Result<Vec<AgentExecution>, Failure> {
    let mut agents = avala.agents().list().items();
    let agent = loop {
        let agent = agents.next().await.ok_or("the sandbox has no agent")??;
        if agent.name == NAME {
            break agent.uid;
        }
    };
    let mut executions = Vec::new();
    let mut list = avala.agents().list_executions(&agent).limit(1000).items();
    while let Some(execution) = list.next().await {
        executions.push(execution?);
    }
    Ok(executions)
}

/// Returns the decision that the server keeps, in the form `action: reason`.
fn kept(execution: &AgentExecution) -> Option<String> {
    let action = execution.action.as_ref().filter(|_| execution.status == Some(ExecutionStatus::Completed))?;
    let response = execution.response_payload.as_ref()?.parse::<Value>().ok()?;
    Some(decision(action.as_str(), response.get("reason").and_then(Value::as_str).unwrap_or_default()))
}

fn decision(action: &str, reason: &str) -> String {
    if reason.is_empty() { action.to_owned() } else { format!("{action}: {reason}") }
}
