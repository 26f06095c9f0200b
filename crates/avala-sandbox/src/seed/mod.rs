//! What a sandbox holds at the start: made by code, the same in every run.

mod datasets;
mod exports;
mod items;
mod projects;
mod sequences;
mod tasks;

use avala_types::Timestamp;

use crate::Seed;
use crate::resources::Tables;

pub(crate) fn tables(seed: Seed) -> serde_json::Result<Tables> {
    let mut tables = Tables::empty();
    match seed {
        Seed::Empty => {}
        Seed::Demo => {
            datasets::add(&mut tables)?;
            projects::add(&mut tables);
            tasks::add(&mut tables);
            exports::add(&mut tables);
        }
    }
    Ok(tables)
}

/// So many minutes after the morning on which the demo begins, 2025-01-15T08:00:00Z.
fn minutes(count: usize) -> Option<Timestamp> {
    Timestamp::from_unix_seconds(1_736_928_000 + i64::try_from(count).ok()? * 60)
}
