//! An agent that checks size, range and overlap of the cuboids of each submitted result, and flags results with
//! reasons.
//!
//! With `AVALA_API_KEY` in the environment it runs against the real API until Ctrl-C, with a journal in the current
//! folder, and otherwise against a new sandbox:
//!
//! ```text
//! cargo run -p avala-agents --example cuboid_checks
//! ```
//!
//! The API does not say how a project writes its annotations. Here an element of `result_data` is a cuboid if it has a
//! `center`, a `size` and perhaps a `yaw`; change [`Annotation`] for yours.

#![allow(clippy::print_stdout, reason = "an example prints its results")]

mod checks;
mod geometry;

use std::error::Error;

use avala_agents::types::{CreateAgent, EventType};
use avala_agents::{Agent, Context, Decision, Event, RedbJournal};
use avala_client::Avala;
use avala_sandbox::Sandbox;
use serde::Deserialize;
use serde_json::json;

use self::checks::{Labelled, Limits, findings, reason};
use self::geometry::Cuboid;

const NAME: &str = "cuboid checks";

/// An element of `result_data`, as this project writes it.
#[derive(Deserialize)]
struct Annotation {
    #[serde(default)]
    label: String,
    /// Center in metres. Other kinds of annotations have none.
    center: Option<[f64; 3]>,
    /// Length, width and height in metres.
    size: Option<[f64; 3]>,
    /// Rotation around the vertical axis in radians.
    #[serde(default)]
    yaw: f64,
}

/// Decides about one result. An element of another type is an error of this agent, or of the annotation
/// tool: the runtime runs the handler again, and then parks the execution for a person.
async fn check(context: Context) -> Result<Decision, serde_json::Error> {
    let Event::Result(result) = context.event() else { return Ok(Decision::leave()) };
    let annotations: Vec<Annotation> = result.result_data()?;
    let cuboids = annotations.into_iter().filter_map(|annotation| {
        let cuboid = Cuboid { center: annotation.center?, size: annotation.size?, yaw: annotation.yaw };
        Some(Labelled { label: annotation.label, cuboid })
    });
    let cuboids: Vec<Labelled> = cuboids.collect();
    let found = findings(&cuboids, &Limits::default());
    Ok(match found.is_empty() {
        true => Decision::skip().with_reason(format!("{} cuboids without findings", cuboids.len())),
        false => Decision::flag(reason(&found)),
    })
}

fn agent() -> Agent {
    Agent::new(NAME).on(EventType::ResultSubmitted, check)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    if std::env::var("AVALA_API_KEY").is_ok_and(|key| !key.is_empty()) {
        let agent = agent().journal(RedbJournal::open("cuboid_checks.journal")?);
        agent.run(&Avala::from_env()?).await?;
        return Ok(());
    }
    let sandbox = Sandbox::start().await?;
    println!("No AVALA_API_KEY is set, so this runs against a sandbox at {}.", sandbox.url());
    let builder = Avala::builder().api_key(sandbox.key()).base_url(sandbox.url()).allow_insecure_base_url(true);
    let avala = builder.build()?;
    // Events are sent to agents that exist at the time of the event.
    let registered = avala.agents().create(&CreateAgent::new(NAME).events([EventType::ResultSubmitted])).await?;
    let good = json!({"label": "car", "center": [12.0, 3.0, 0.9], "size": [4.5, 1.9, 1.6], "yaw": 0.1});
    let same = json!({"label": "car", "center": [12.5, 3.0, 0.9], "size": [4.5, 1.9, 1.6]});
    let far = json!({"label": "cone", "center": [400.0, 3.0, 0.3], "size": [0.3, 0.3, 0.02]});
    for (number, annotations) in [json!([good]), json!([good, same, far]), json!([])].into_iter().enumerate() {
        let (task, result) = (format!("task-{number}"), format!("result-{number}"));
        let payload = json!({"task_uid": task, "result_uid": result, "result_data": annotations});
        sandbox.announce("result.submitted", payload)?;
    }
    let summary = agent().run_until_idle(&avala).await?;
    println!("{} results decided:", summary.decided);
    let mut executions = avala.agents().list_executions(&registered.uid).items();
    while let Some(execution) = executions.next().await {
        let execution = execution?;
        let action = execution.action.as_ref().map_or("none", |action| action.as_str());
        let response = execution.response_payload.as_ref().map_or("", |response| response.get());
        println!("  {:<9} {action:<5} {response}", execution.task.as_ref().map_or("", |task| task.as_str()));
    }
    if summary.decided == 3 { Ok(()) } else { Err("expected three decided results".into()) }
}
