//! Registration: finds the existing agent, or creates it once.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use avala_client::transport::Sent;
use avala_client::types::{Agent as AgentModel, AgentUid, CreateAgent, EventType, Json, UpdateAgent};
use avala_client::{Avala, Error, ErrorKind};
use serde::Deserialize;

use crate::error::{AgentError, AgentErrorKind};
use crate::settings::Settings;

/// The UID under which this process is registered. It changes when the agent is deleted on the server and registers
/// again.
#[derive(Debug)]
pub(crate) struct Registered(Mutex<AgentUid>);

impl Default for Registered {
    fn default() -> Self {
        // Replaced before the first call; a call with an empty UID would be an error.
        Self(Mutex::new(AgentUid::new("")))
    }
}

impl Registered {
    pub(crate) fn uid(&self) -> AgentUid {
        self.lock().clone()
    }

    pub(crate) fn set(&self, uid: AgentUid) {
        *self.lock() = uid;
    }

    fn lock(&self) -> MutexGuard<'_, AgentUid> {
        // Replaced in one step, so the value is valid after a panic elsewhere.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Finds the agent by its UID, or by name and project; creates it only if there is none.
///
/// An existing agent is updated if its events, task types or activity differ. After a creation with an unknown outcome
/// the name is looked up again instead of sending a second `POST`.
pub(crate) async fn register(avala: &Avala, settings: &Settings, events: &[EventType]) -> Result<AgentUid, AgentError> {
    let found = match &settings.uid {
        Some(uid) => Some(avala.agents().get(uid).await.map_err(|error| failed("cannot read the agent", error))?),
        None => find(avala, settings).await?,
    };
    let agent = match found {
        Some(agent) => agent,
        None => match create(avala, settings, events).await {
            Ok(agent) => return Ok(agent.uid),
            // The request may have arrived, so a second one might create a second agent.
            Err(error) if is_unknown(&error) => match find(avala, settings).await? {
                Some(agent) => agent,
                None => return Err(failed("creating the agent has an unknown outcome; run again", error)),
            },
            Err(error) => return Err(failed("cannot create the agent", error)),
        },
    };
    if differs(&agent, settings, events) {
        let mut changes = UpdateAgent::default().is_active(true).events(events.iter().cloned());
        if !settings.task_types.is_empty() {
            changes = changes.task_types(settings.task_types.iter().cloned());
        }
        let updated = avala.agents().update(&agent.uid, &changes).await;
        updated.map_err(|error| failed("cannot update the agent's events", error))?;
    }
    Ok(agent.uid)
}

/// Returns the only agent with this name and project.
async fn find(avala: &Avala, settings: &Settings) -> Result<Option<AgentModel>, AgentError> {
    let mut matches = Vec::new();
    let mut agents = avala.agents().list().items();
    while let Some(agent) = agents.next().await {
        let agent = match agent {
            Ok(agent) => agent,
            // An agent with another name can be ignored if it cannot be decoded.
            Err(error) if error.raw_record().is_some_and(|raw| is_other(raw, &settings.name)) => continue,
            Err(error) => return Err(failed("cannot list the agents", error)),
        };
        if agent.name == settings.name && agent.project == settings.project {
            matches.push(agent);
        }
    }
    match matches.len() {
        0 | 1 => Ok(matches.pop()),
        count => {
            let uids: Vec<_> = matches.iter().map(|agent| agent.uid.to_string()).collect();
            Err(AgentError::new(
                AgentErrorKind::Ambiguous,
                format!(
                    "{count} agents are named `{}` in this project: {}; choose one with `Agent::uid`, or delete the others",
                    settings.name,
                    uids.join(", ")
                ),
            ))
        }
    }
}

/// Returns whether a record that cannot be decoded has another name.
fn is_other(record: &Json, name: &str) -> bool {
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    record.parse::<Named>().is_ok_and(|agent| agent.name != name)
}

async fn create(avala: &Avala, settings: &Settings, events: &[EventType]) -> Result<AgentModel, Error> {
    let mut payload = CreateAgent::new(settings.name.clone()).events(events.iter().cloned());
    if let Some(project) = &settings.project {
        payload = payload.project(project.clone());
    }
    if !settings.task_types.is_empty() {
        payload = payload.task_types(settings.task_types.iter().cloned());
    }
    avala.agents().create(&payload).await
}

fn differs(agent: &AgentModel, settings: &Settings, events: &[EventType]) -> bool {
    let names = |events: &[EventType]| events.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let types = |settings: &Settings| settings.task_types.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let known: BTreeSet<_> = agent.task_types.iter().map(ToString::to_string).collect();
    agent.is_active == Some(false)
        || names(&agent.events) != names(events)
        || (!settings.task_types.is_empty() && known != types(settings))
}

/// Returns whether the server may have acted although the call failed.
fn is_unknown(error: &Error) -> bool {
    error.sent() != Sent::No && error.status().is_none_or(|status| status.is_server_error() || status.is_success())
}

fn failed(what: &str, error: Error) -> AgentError {
    let kind = match error.kind() {
        ErrorKind::Authentication | ErrorKind::Forbidden => AgentErrorKind::Unauthorized,
        _ => AgentErrorKind::Registration,
    };
    AgentError::new(kind, what).with_source(error)
}
