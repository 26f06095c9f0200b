//! Payloads of agents and their decisions.

use avala_types::*;

use super::sample::{CLEARED, LEAST, MOST, Sample, body};

pub(super) fn samples() -> Vec<Sample> {
    let agent = CreateAgent::new("Überlappungsprüfer")
        .description("Rejects overlapping boxes")
        .callback_url("https://qc.nordlicht-robotik.de/agent")
        .is_active(false)
        .project("prj-reis")
        .events([EventType::ResultSubmitted, "sequence.recalibrated".into()])
        .task_types([TaskType::ImageAnnotation]);
    let update = UpdateAgent::default()
        .name("Prüfer 2")
        .is_active(true)
        .events(["task.completed"])
        .task_types(Vec::<TaskType>::new())
        .description("Looks twice")
        .callback_url("https://qc.nordlicht-robotik.de/v2")
        .project("prj-hafen");
    let cleared = UpdateAgent::default().description(Patch::Null).callback_url(Patch::Null).project(Patch::Null);
    let action = CreateAgentAction::new("exe_5c1b", AgentAction::Reject);
    vec![
        body("agents.create", [(LEAST, CreateAgent::new("night shift")), (MOST, agent)]),
        body("agents.update", [(LEAST, UpdateAgent::default()), (MOST, update), (CLEARED, cleared)]),
        body("agent_actions.create", [(LEAST, action.clone()), (MOST, action.reason("boxes 4 and 9 overlap"))]),
    ]
}
