//! Compares uploads and downloads with other programs: `cargo xtask bench transfers`.
//!
//! The SDK (`bench/programs/transfers`) and the sandbox are separate processes, each on its own core. Rounds are
//! interleaved; a ratio is taken inside a round.

mod parties;
mod plan;
mod report;
mod rows;

use self::parties::Parties;
use self::plan::Plan;
use crate::outcome::Outcome;
use crate::performance;
use crate::process::log;

/// Measures all rows and writes their section of `docs/performance.md`. Takes about ten minutes after the build.
pub(crate) fn full() -> Outcome {
    let plan =
        Plan { large: 2 << 30, largest: 20 << 30, files: (10_000, 400), slow_files: 1_000, rounds: [5, 2, 7, 3] };
    let text = measure(&plan)?;
    performance::update(None, &[("Transfers", &text)])
}

/// Measures a tenth of the data, and writes nothing.
pub(crate) fn quick() -> Outcome {
    let plan = Plan { large: 256 << 20, largest: 2 << 30, files: (1_000, 100), slow_files: 200, rounds: [3, 1, 3, 1] };
    measure(&plan).map(drop)
}

fn measure(plan: &Plan) -> Result<String, String> {
    let parties = Parties::prepare()?;
    let mut rows = Vec::new();
    rows.extend(rows::large_upload(&parties, plan)?);
    rows.extend(rows::through_a_relay(&parties, plan)?);
    rows.extend(rows::download(&parties, plan)?);
    rows.extend(rows::many_files(&parties, plan)?);
    rows.extend(rows::calls(&parties)?);
    rows.extend(rows::latency(&parties, plan)?);
    rows.extend(rows::memory(&parties, plan)?);
    let text = report::table(&rows, &parties);
    log(&text);
    Ok(text)
}
