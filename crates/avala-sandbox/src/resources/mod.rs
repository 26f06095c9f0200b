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
pub(crate) mod agents;
pub(crate) mod annotation_issues;
pub(crate) mod annotations;
pub(crate) mod auto_label_jobs;
pub(crate) mod consensus;
pub(crate) mod datasets;
pub(crate) mod exports;
pub(crate) mod fleet;
pub(crate) mod inference_providers;
pub(crate) mod manual_upload;
pub(crate) mod models;
pub(crate) mod organizations;
pub(crate) mod projects;
pub(crate) mod quality_targets;
pub(crate) mod signup;
pub(crate) mod slices;
pub(crate) mod storage_configs;
pub(crate) mod tasks;
pub(crate) mod users;
pub(crate) mod webhooks;

use std::collections::HashMap;

use avala_types::{
    Agent, AgentExecution, Export, InferenceProvider, Model, Project, ProjectUid, Task, WebhookDelivery,
};

use crate::storage::Storage;
use crate::table::Table;
use accounts::Accounts;
use annotation_issues::IssueRow;
use auto_label_jobs::AutoLabelJobRow;
use consensus::ConsensusRow;
use datasets::DatasetRow;
use fleet::Fleet;
use manual_upload::ManualUploadRow;
use organizations::OrganizationRow;
use quality_targets::QualityTargetRow;
use slices::SliceRow;
use storage_configs::StorageConfigRow;
use webhooks::WebhookRow;

/// All data of a sandbox.
pub(crate) struct Tables {
    pub(crate) accounts: Accounts,
    pub(crate) agent_executions: Table<AgentExecution>,
    pub(crate) agents: Table<Agent>,
    pub(crate) annotation_issues: Table<IssueRow>,
    pub(crate) auto_label_jobs: Table<AutoLabelJobRow>,
    pub(crate) consensus: HashMap<ProjectUid, ConsensusRow>,
    pub(crate) datasets: Table<DatasetRow>,
    pub(crate) exports: Table<Export>,
    pub(crate) fleet: Fleet,
    pub(crate) inference_providers: Table<InferenceProvider>,
    pub(crate) manual_uploads: Table<ManualUploadRow>,
    pub(crate) models: Table<Model>,
    pub(crate) organizations: Table<OrganizationRow>,
    pub(crate) projects: Table<Project>,
    pub(crate) quality_targets: Table<QualityTargetRow>,
    pub(crate) slices: Table<SliceRow>,
    pub(crate) storage: Storage,
    pub(crate) storage_configs: Table<StorageConfigRow>,
    pub(crate) tasks: Table<Task>,
    pub(crate) webhook_deliveries: Table<WebhookDelivery>,
    pub(crate) webhooks: Table<WebhookRow>,
}

impl Tables {
    pub(crate) fn empty() -> Self {
        Self {
            accounts: Accounts::demo(),
            agent_executions: Table::new("agent executions"),
            agents: Table::new("agents"),
            annotation_issues: Table::new("annotation issues"),
            auto_label_jobs: Table::new("auto-label jobs"),
            consensus: HashMap::new(),
            datasets: Table::new("datasets"),
            exports: Table::new("exports"),
            fleet: Fleet::empty(),
            inference_providers: Table::new("inference providers"),
            manual_uploads: Table::new("manual uploads"),
            models: Table::new("models"),
            organizations: Table::new("organizations"),
            projects: Table::new("projects"),
            quality_targets: Table::new("quality targets"),
            slices: Table::new("slices"),
            storage: Storage::default(),
            storage_configs: Table::new("storage configs"),
            tasks: Table::new("tasks"),
            webhook_deliveries: Table::new("webhook deliveries"),
            webhooks: Table::new("webhooks"),
        }
    }
}
