//! All tables of a sandbox.

use std::collections::HashMap;

use avala_types::{DatasetUid, ProjectUid};

use crate::schema::{Agent, AgentExecution, Export, InferenceProvider, Model, Project, Task, WebhookDelivery};
use crate::state::accounts::Accounts;
use crate::state::annotation_issue::IssueRow;
use crate::state::auto_label_job::AutoLabelJobRow;
use crate::state::consensus::ConsensusRow;
use crate::state::dataset::DatasetRow;
use crate::state::fleet::Fleet;
use crate::state::manual_upload::ManualUploads;
use crate::state::organization::OrganizationRow;
use crate::state::public_dataset::Published;
use crate::state::quality_target::QualityTargetRow;
use crate::state::slice::SliceRow;
use crate::state::storage::Storage;
use crate::state::storage_config::StorageConfigRow;
use crate::state::table::Table;
use crate::state::webhook::WebhookRow;

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
    pub(crate) manual_uploads: ManualUploads,
    pub(crate) models: Table<Model>,
    pub(crate) organizations: Table<OrganizationRow>,
    pub(crate) projects: Table<Project>,
    pub(crate) published: HashMap<DatasetUid, Published>,
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
            manual_uploads: ManualUploads::new(),
            models: Table::new("models"),
            organizations: Table::new("organizations"),
            projects: Table::new("projects"),
            published: HashMap::new(),
            quality_targets: Table::new("quality targets"),
            slices: Table::new("slices"),
            storage: Storage::new(),
            storage_configs: Table::new("storage configs"),
            tasks: Table::new("tasks"),
            webhook_deliveries: Table::new("webhook deliveries"),
            webhooks: Table::new("webhooks"),
        }
    }
}
