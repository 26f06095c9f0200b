//! Handlers of the calls: one file or folder for each resource, with its routes.
//!
//! To add one, copy `tasks.rs`, which is the smallest:
//!
//! 1. a file here, with `routes()` and a handler for each call;
//! 2. a line in `router.rs` that merges its routes;
//! 3. a table in [`Tables`](crate::state::tables::Tables), which gives UIDs, order and 404, and a record in `schema`;
//! 4. a file in `seed/` with an `add`, and a line in `seed/mod.rs` that calls it.
//!
//! Bodies are checked with [`JsonBody::read`](crate::request::json_body::JsonBody::read), lists are cut into pages with
//! [`ListQuery::list`](crate::request::list::ListQuery::list).

pub(crate) mod agents;
pub(crate) mod annotation_issues;
pub(crate) mod annotations;
pub(crate) mod auto_label_jobs;
pub(crate) mod consensus;
pub(crate) mod control;
pub(crate) mod datasets;
pub(crate) mod exports;
pub(crate) mod fleet;
pub(crate) mod inference_providers;
pub(crate) mod manual_upload;
pub(crate) mod models;
pub(crate) mod organizations;
mod patch;
pub(crate) mod projects;
pub(crate) mod public_datasets;
pub(crate) mod quality_targets;
pub(crate) mod signup;
pub(crate) mod slices;
pub(crate) mod storage_configs;
pub(crate) mod storage_host;
pub(crate) mod tasks;
pub(crate) mod users;
pub(crate) mod webhooks;
