//! The resources: one file each, with the routes and what they do.
//!
//! To add one, copy `tasks.rs`, which is the smallest:
//!
//! 1. a file here, with `routes()` and a handler for each call;
//! 2. a line in `router.rs` that merges its routes;
//! 3. a table in [`Tables`] below, which gives uids, order and 404;
//! 4. a file in `seed/` with an `add`, and a line in `seed/mod.rs` that calls it.
//!
//! Bodies are checked with [`JsonBody::read`](crate::json_body::JsonBody::read), lists are cut into pages with
//! [`ListQuery::list`](crate::list::ListQuery::list).

pub(crate) mod accounts;
pub(crate) mod datasets;
pub(crate) mod exports;
pub(crate) mod projects;
pub(crate) mod tasks;
pub(crate) mod users;

use avala_types::{Export, Project, Task};

use crate::table::Table;
use accounts::Accounts;
use datasets::DatasetRow;

/// All data of a sandbox.
pub(crate) struct Tables {
    pub(crate) accounts: Accounts,
    pub(crate) datasets: Table<DatasetRow>,
    pub(crate) exports: Table<Export>,
    pub(crate) projects: Table<Project>,
    pub(crate) tasks: Table<Task>,
}

impl Tables {
    pub(crate) fn empty() -> Self {
        Self {
            accounts: Accounts::demo(),
            datasets: Table::new("datasets"),
            exports: Table::new("exports"),
            projects: Table::new("projects"),
            tasks: Table::new("tasks"),
        }
    }
}
