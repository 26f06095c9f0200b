//! What a sandbox holds at the start: made by code, the same in every run.

mod agents;
mod annotation_issues;
mod auto_label_jobs;
mod build;
mod consensus;
mod datasets;
mod exports;
mod extras;
mod fleet;
mod items;
mod organizations;
mod projects;
mod quality_targets;
mod sequences;
mod services;
mod slices;
mod tasks;
mod webhooks;

use avala_types::Timestamp;

pub use self::build::Seed;
pub(crate) use self::build::tables;
pub(crate) use self::extras::Extras;

/// So many minutes after the morning on which the demo begins, 2025-01-15T08:00:00Z.
fn minutes(count: usize) -> Option<Timestamp> {
    Timestamp::from_unix_seconds(1_736_928_000 + i64::try_from(count).ok()? * 60)
}

/// A number below `bound` that looks random and is the same in every run.
fn scatter(index: usize, bound: usize) -> usize {
    let hash = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    hash as usize % bound
}
