//! The resources of the API: their calls, and the filters of their lists.
//!
//! The names of the methods are those of the API reference: `datasets.list_items` is `avala.datasets().list_items(..)`.
//! [`DatasetHandle`] and [`OrganizationHandle`] have short forms of the calls that take the same owner and slug every
//! time, such as `avala.dataset(owner, slug).items()`; they send the same calls, under the same official names.
//!
//! Each resource has one file. To add a call to a resource, write a method like those around it; its name and its
//! endpoint are those of the contract (`tests/contract/endpoints.json`), which a test compares with what is sent.

mod agent_actions;
mod agents;
mod annotation_issues;
mod annotations;
mod auto_label_jobs;
mod consensus;
mod dataset_handle;
mod datasets;
mod exports;
mod fleet;
mod inference_providers;
mod manual_uploads;
mod models;
mod organization_handle;
mod organizations;
mod projects;
mod public_datasets;
mod quality_targets;
mod sequence_outcomes;
mod sequences;
mod signup;
mod slices;
mod storage_configs;
mod tasks;
mod uploads;
mod users;
mod webhook_deliveries;
mod webhooks;

pub use agent_actions::AgentActions;
pub use agents::{Agents, ExecutionFilters};
pub use annotation_issues::{
    AnnotationIssueMetricsFilters, AnnotationIssueToolFilters, AnnotationIssues, DatasetIssueFilters,
    SequenceIssueFilters,
};
pub use annotations::{Annotations, BulkEditChunks, BulkEditError};
pub use auto_label_jobs::{AutoLabelJobFilters, AutoLabelJobs};
pub use consensus::Consensus;
pub use dataset_handle::DatasetHandle;
pub use datasets::{DatasetFilters, DatasetItemFilters, Datasets, OwnedDatasetFilters};
pub use exports::Exports;
pub use fleet::{
    Fleet, FleetAlertChannels, FleetAlertFilters, FleetAlerts, FleetDeviceFilters, FleetDevices, FleetEventFilters,
    FleetEvents, FleetManagedUploads, FleetRecordingFilters, FleetRecordings, FleetRuleFilters, FleetRules,
    FleetUploads, ManagedProgressFilters,
};
pub use inference_providers::InferenceProviders;
pub use manual_uploads::UploadQuotaFilters;
pub use models::Models;
pub use organization_handle::OrganizationHandle;
pub use organizations::{InvitationFilters, MemberFilters, OrganizationFilters, Organizations};
pub use projects::{OwnedProjectFilters, Projects};
pub use public_datasets::{PublicDatasets, PublicObjectFilters};
pub use quality_targets::QualityTargets;
pub use sequence_outcomes::SequenceOutcomeFilters;
pub use sequences::DatasetSequenceFilters;
pub use signup::Signups;
pub use slices::{SliceFilters, Slices};
pub use storage_configs::StorageConfigs;
pub use tasks::{TaskFilters, Tasks};
pub use uploads::Uploads;
pub use users::Users;
pub use webhook_deliveries::WebhookDeliveries;
pub use webhooks::Webhooks;

use crate::avala::Avala;

impl Avala {
    /// Returns the calls for agent actions: decisions of agents.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{AgentAction, CreateAgentAction};
    ///
    /// let action = CreateAgentAction::new("x1", AgentAction::Approve);
    /// println!("{}", avala.agent_actions().create(&action).await?.get());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn agent_actions(&self) -> AgentActions {
        AgentActions::new(self)
    }

    /// Returns the calls for agents: programs that receive events and send decisions.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{}", avala.agents().get("a1").await?.name);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn agents(&self) -> Agents {
        Agents::new(self)
    }

    /// Returns the calls for annotation issues: problems that reviewers report.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let metrics = avala.annotation_issues().get_metrics("acme", "night-drives").await?;
    /// println!("{:?}", metrics.status_count);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn annotation_issues(&self) -> AnnotationIssues {
        AnnotationIssues::new(self)
    }

    /// Returns the calls for annotations, edited in bulk.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let edits = [serde_json::json!({"action": "delete", "object_uuid": "ob1", "sequence_uid": "s1"})];
    /// println!("{} chunks", avala.annotations().bulk_edit("acme", "night-drives", edits).await?.len());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn annotations(&self) -> Annotations {
        Annotations::new(self)
    }

    /// Returns the calls for auto-label jobs: annotations made by a model.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{:?}", avala.auto_label_jobs().get("j1").await?.status);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn auto_label_jobs(&self) -> AutoLabelJobs {
        AutoLabelJobs::new(self)
    }

    /// Returns the calls for consensus: the agreement of annotators.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("mean score {:.2}", avala.consensus().get_summary("p1").await?.mean_score);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn consensus(&self) -> Consensus {
        Consensus::new(self)
    }

    /// Returns the calls for datasets, their items, sequences and frames, and the files that become one.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{}", avala.datasets().get("d1").await?.name);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn datasets(&self) -> Datasets {
        Datasets::new(self)
    }

    /// Returns the calls for exports.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{:?}", avala.exports().get("e1").await?.download_url);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn exports(&self) -> Exports {
        Exports::new(self)
    }

    /// Returns the calls for fleets: devices, their recordings, and rules that raise alerts.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{:?}", avala.fleet().devices().get("dev1").await?.status);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn fleet(&self) -> Fleet {
        Fleet::new(self)
    }

    /// Returns the calls for inference providers: models that run outside Avala.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{}", avala.inference_providers().get("ip1").await?.name);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn inference_providers(&self) -> InferenceProviders {
        InferenceProviders::new(self)
    }

    /// Returns the calls for machine learning models.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{} models on the first page", avala.models().list().await?.items.len());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn models(&self) -> Models {
        Models::new(self)
    }

    /// Returns the calls for organizations, and their members, invitations and teams.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{:?} members", avala.organizations().get("acme").await?.member_count);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn organizations(&self) -> Organizations {
        Organizations::new(self)
    }

    /// Returns the calls for projects.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{}", avala.projects().get("p1").await?.name);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn projects(&self) -> Projects {
        Projects::new(self)
    }

    /// Returns the calls for public datasets, for anyone without an account.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let revision = avala.public_datasets().resolve("acme", "night-drives", "main").await?;
    /// println!("{}", revision.canonical_reference);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn public_datasets(&self) -> PublicDatasets {
        PublicDatasets::new(self)
    }

    /// Returns the calls for quality targets: required quality of the work in a project.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// for evaluation in avala.quality_targets().evaluate("p1").await? {
    ///     println!("{}: breached: {}", evaluation.name, evaluation.is_breached);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn quality_targets(&self) -> QualityTargets {
        QualityTargets::new(self)
    }

    /// Returns the calls for signing up, which needs no key.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::Signup;
    ///
    /// let signup = Signup::new("ada@acme.example", "a long passphrase");
    /// println!("{}", avala.signup().create(&signup).await?.user.username);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn signup(&self) -> Signups {
        Signups::new(self)
    }

    /// Returns the calls for slices: selections of items from datasets.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{:?} items", avala.slices().get("acme", "rainy-nights").await?.item_count);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn slices(&self) -> Slices {
        Slices::new(self)
    }

    /// Returns the calls for storage configs: your own buckets that Avala reads.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{:?}", avala.storage_configs().test("sc1").await?.verified);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn storage_configs(&self) -> StorageConfigs {
        StorageConfigs::new(self)
    }

    /// Returns the calls for tasks.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{:?}", avala.tasks().get("t1").await?.status);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn tasks(&self) -> Tasks {
        Tasks::new(self)
    }

    /// Returns the calls for uploads of files that become a dataset.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::SignParts;
    ///
    /// let signed = avala.uploads().sign_parts("up1", &SignParts::new([1_u64, 2])).await?;
    /// println!("{} URLs", signed.parts.len());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn uploads(&self) -> Uploads {
        Uploads::new(self)
    }

    /// Returns the calls for users.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{:?}", avala.users().get_permissions().await?.scopes);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn users(&self) -> Users {
        Users::new(self)
    }

    /// Returns the calls for deliveries to webhooks.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{:?}", avala.webhook_deliveries().get("wd1").await?.status);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn webhook_deliveries(&self) -> WebhookDeliveries {
        WebhookDeliveries::new(self)
    }

    /// Returns the calls for webhooks: your own URLs that receive events.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{:?}", avala.webhooks().get("w1").await?.events);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn webhooks(&self) -> Webhooks {
        Webhooks::new(self)
    }
}
