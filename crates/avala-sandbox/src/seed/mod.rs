//! Demo data of a sandbox: created by code, the same in every run.

mod agents;
mod annotation_issues;
mod auto_label_jobs;
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
mod values;
mod webhooks;

pub(crate) use extras::Extras;

use std::io;

use crate::error::ApiError;
use crate::state::tables::Tables;

/// Data of a sandbox when it starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Seed {
    /// Some resources of every kind, the same in every run; the names are in [`demo`](crate::demo).
    #[default]
    Demo,
    /// The accounts of [`demo`](crate::demo), and nothing that they own.
    Empty,
}

/// Creates the data of the seed for a sandbox at this address.
pub(crate) fn tables(seed: Seed, url: &str, extras: &Extras) -> io::Result<Tables> {
    let mut tables = Tables::empty();
    organizations::add_first(&mut tables).map_err(impossible)?;
    match seed {
        Seed::Empty => {}
        Seed::Demo => {
            datasets::add(&mut tables)?;
            add_demo(&mut tables, url).map_err(impossible)?;
        }
    }
    extras::add(&mut tables, extras);
    Ok(tables)
}

/// Adds everything except datasets, each table after those that it refers to.
fn add_demo(tables: &mut Tables, url: &str) -> Result<(), ApiError> {
    organizations::add(tables, url)?;
    projects::add(tables);
    tasks::add(tables);
    exports::add(tables);
    agents::add(tables);
    annotation_issues::add(tables)?;
    auto_label_jobs::add(tables);
    consensus::add(tables)?;
    fleet::add(&mut tables.fleet);
    quality_targets::add(tables);
    services::add(tables);
    slices::add(tables)?;
    webhooks::add(tables);
    Ok(())
}

/// Converts an error that cannot happen, because the seed refers only to rows that it has created before.
fn impossible(error: ApiError) -> io::Error {
    io::Error::other(format!("the seed is inconsistent: {error:?}"))
}
