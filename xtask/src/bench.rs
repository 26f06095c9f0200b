//! Compares the SDK with other clients: `cargo xtask bench`.
//!
//! The runs of all clients are interleaved, so that disturbances affect them equally. The
//! programs are in `bench/`, a separate workspace.

pub(crate) mod cli;
mod counts;
mod goals;
pub(crate) mod instructions;
mod plan;
mod programs;
pub(crate) mod python;
mod report;
mod results;

use self::plan::Plan;
use self::programs::{Programs, Server};
use self::results::Results;
use crate::outcome::Outcome;
use crate::process::log;

/// Measures everything and writes `docs/performance.md`.
pub(crate) fn full() -> Outcome {
    let (results, goals) = measure(&Plan::full())?;
    report::write(&results, &goals)
}

/// Measures less, within two minutes after the build, and fails if a goal is missed.
pub(crate) fn quick() -> Outcome {
    let (_, goals) = measure(&Plan::quick())?;
    let missed: Vec<&str> = goals.iter().filter(|goal| goal.is_missed()).map(|goal| goal.what.as_str()).collect();
    if missed.is_empty() { Ok(()) } else { Err(format!("missed by more than the noise: {}", missed.join("; "))) }
}

fn measure(plan: &Plan) -> Result<(Results, Vec<goals::Goal>), String> {
    let programs = Programs::build()?;
    let python = if plan.python { python::find() } else { None };
    let server = Server::start(&programs)?;
    let mut results = Results::default();
    for round in 0..plan.rounds {
        log(&format!("round {} of {}", round + 1, plan.rounds));
        for step in plan.steps.iter().filter(|step| round < step.most_rounds) {
            results.add(step, programs.run(step, server.port)?)?;
        }
        for step in plan.python_steps.iter().filter(|step| round < step.most_rounds) {
            if let Some(python) = &python {
                results.add(step, python.run(step, server.port)?)?;
            }
        }
    }
    results.counts = counts::count(&programs, server.port)?;
    let goals = goals::of(&results, plan)?;
    log(&report::measurements(&results));
    log(&report::goals(&goals));
    Ok((results, goals))
}
