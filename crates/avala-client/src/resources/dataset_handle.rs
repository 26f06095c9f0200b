//! One dataset, addressed by its owner and slug.

use avala_types::{
    AnnotationIssue, AnnotationIssueMetrics, BulkEdit, Dataset, DatasetCalibration, DatasetFrame, DatasetHealth,
    DatasetItem, DatasetSequence, DatasetSlug, ItemUid, Json, OwnerName, SequenceOutcome, SequenceUid,
    SetSequenceOutcome, TransferDataset,
};

use super::{
    AnnotationIssueMetricsFilters, BulkEditChunks, DatasetIssueFilters, DatasetItemFilters, DatasetSequenceFilters,
    SequenceOutcomeFilters,
};
use crate::avala::Avala;
use crate::call::Call;
use crate::list::List;

/// One dataset, addressed by its owner and slug. Created by [`Avala::dataset`].
///
/// Creating it sends nothing. Each method is a short form of the method that its documentation names.
#[must_use = "a handle sends nothing until one of its calls is awaited"]
#[derive(Clone, Debug)]
pub struct DatasetHandle {
    avala: Avala,
    owner: OwnerName,
    slug: DatasetSlug,
}

impl Avala {
    /// Addresses a dataset by its owner and slug.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let drives = avala.dataset("acme", "night-drives");
    /// let dataset = drives.get().await?;
    /// let mut items = drives.items().items();
    /// while let Some(item) = items.next().await {
    ///     println!("{}", item?.uid);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn dataset(&self, owner: impl Into<OwnerName>, slug: impl Into<DatasetSlug>) -> DatasetHandle {
        DatasetHandle { avala: self.clone(), owner: owner.into(), slug: slug.into() }
    }

    /// Addresses a dataset that the server returned.
    ///
    /// Calls fail with [`ErrorKind::Request`](crate::ErrorKind::Request) if it has no `owner_name`.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let dataset = avala.datasets().get("d1").await?;
    /// let health = avala.dataset_of(&dataset).health().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn dataset_of(&self, dataset: &Dataset) -> DatasetHandle {
        self.dataset(dataset.owner_name.clone().unwrap_or_else(|| OwnerName::from("")), &dataset.slug)
    }
}

impl DatasetHandle {
    /// Returns the owner of the dataset.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let drives = avala.dataset("acme", "night-drives");
    /// assert_eq!(drives.owner().as_str(), "acme");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn owner(&self) -> &OwnerName {
        &self.owner
    }

    /// Returns the slug of the dataset.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let drives = avala.dataset("acme", "night-drives");
    /// assert_eq!(drives.slug().as_str(), "night-drives");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn slug(&self) -> &DatasetSlug {
        &self.slug
    }

    /// Gets the dataset: [`Datasets::get_by_slug`](super::Datasets::get_by_slug).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let drives = avala.dataset("acme", "night-drives");
    /// let dataset = drives.get().await?;
    /// println!("{}: {} items", dataset.name, dataset.item_count);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self) -> Call<Dataset> {
        self.avala.datasets().get_by_slug(&self.owner, &self.slug)
    }

    /// Lists the items: [`Datasets::list_items`](super::Datasets::list_items).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let drives = avala.dataset("acme", "night-drives");
    /// let mut items = drives.items().items();
    /// while let Some(item) = items.next().await {
    ///     let item = item?;
    ///     println!("{}: {:?}", item.uid, item.key);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn items(&self) -> List<DatasetItem, DatasetItemFilters> {
        self.avala.datasets().list_items(&self.owner, &self.slug)
    }

    /// Gets one item: [`Datasets::get_item`](super::Datasets::get_item).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let drives = avala.dataset("acme", "night-drives");
    /// let item = drives.item("i7").await?;
    /// println!("{}: {:?}", item.uid, item.key);
    /// # Ok(())
    /// # }
    /// ```
    pub fn item(&self, item: impl Into<ItemUid>) -> Call<DatasetItem> {
        self.avala.datasets().get_item(&self.owner, &self.slug, item)
    }

    /// Lists the sequences: [`Datasets::list_sequences`](super::Datasets::list_sequences).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let drives = avala.dataset("acme", "night-drives");
    /// let mut sequences = drives.sequences().items();
    /// while let Some(sequence) = sequences.next().await {
    ///     let sequence = sequence?;
    ///     println!("{}: {} frames", sequence.uid, sequence.frame_count());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn sequences(&self) -> List<DatasetSequence, DatasetSequenceFilters> {
        self.avala.datasets().list_sequences(&self.owner, &self.slug)
    }

    /// Gets one sequence with all its frames: [`Datasets::get_sequence`](super::Datasets::get_sequence).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let drives = avala.dataset("acme", "night-drives");
    /// let sequence = drives.sequence("s1").await?;
    /// println!("{}: {} frames", sequence.uid, sequence.frame_count());
    /// # Ok(())
    /// # }
    /// ```
    pub fn sequence(&self, sequence: impl Into<SequenceUid>) -> Call<DatasetSequence> {
        self.avala.datasets().get_sequence(&self.owner, &self.slug, sequence)
    }

    /// Gets one frame of a sequence, counted from 0: [`Datasets::get_frame`](super::Datasets::get_frame).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let drives = avala.dataset("acme", "night-drives");
    /// let frame = drives.frame("s1", 0).await?;
    /// println!("frame {}: {} images", frame.frame_index, frame.images.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn frame(&self, sequence: impl Into<SequenceUid>, index: usize) -> Call<DatasetFrame> {
        self.avala.datasets().get_frame(&self.owner, &self.slug, sequence, index)
    }

    /// Gets the cameras of a sequence: [`Datasets::get_calibration`](super::Datasets::get_calibration).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let calibration = avala.dataset("acme", "night-drives").calibration("s1").await?;
    /// for camera in &calibration.cameras {
    ///     println!("{:?}: {:?} x {:?}", camera.camera_id, camera.width, camera.height);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn calibration(&self, sequence: impl Into<SequenceUid>) -> Call<DatasetCalibration> {
        self.avala.datasets().get_calibration(&self.owner, &self.slug, sequence)
    }

    /// Gets the current outcome of a sequence:
    /// [`Datasets::get_sequence_outcome`](super::Datasets::get_sequence_outcome).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let drives = avala.dataset("acme", "night-drives");
    /// let outcome = drives.sequence_outcome("s1").await?;
    /// println!("version {:?}: {:?}", outcome.version, outcome.outcome);
    /// # Ok(())
    /// # }
    /// ```
    pub fn sequence_outcome(&self, sequence: impl Into<SequenceUid>) -> Call<SequenceOutcome> {
        self.avala.datasets().get_sequence_outcome(&self.owner, &self.slug, sequence)
    }

    /// Replaces the outcome of a sequence:
    /// [`Datasets::set_sequence_outcome`](super::Datasets::set_sequence_outcome).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{OutcomeLabel, SetSequenceOutcome};
    ///
    /// let drives = avala.dataset("acme", "night-drives");
    /// drives.set_sequence_outcome("s1", &SetSequenceOutcome::new(OutcomeLabel::SlowSuccess)).await?;
    /// println!("{:?}", drives.sequence_outcome("s1").await?.outcome);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_sequence_outcome(
        &self,
        sequence: impl Into<SequenceUid>,
        outcome: &SetSequenceOutcome,
    ) -> Call<SequenceOutcome> {
        self.avala.datasets().set_sequence_outcome(&self.owner, &self.slug, sequence, outcome)
    }

    /// Lists all versions of the outcome of a sequence:
    /// [`Datasets::list_sequence_outcome_history`](super::Datasets::list_sequence_outcome_history).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let drives = avala.dataset("acme", "night-drives");
    /// for outcome in drives.sequence_outcome_history("s1").await? {
    ///     println!("version {:?}: {:?}", outcome.version, outcome.outcome);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn sequence_outcome_history(&self, sequence: impl Into<SequenceUid>) -> Call<Vec<SequenceOutcome>> {
        self.avala.datasets().list_sequence_outcome_history(&self.owner, &self.slug, sequence)
    }

    /// Lists the current outcomes of the sequences:
    /// [`Datasets::list_sequence_outcomes`](super::Datasets::list_sequence_outcomes).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let drives = avala.dataset("acme", "night-drives");
    /// let mut outcomes = drives.sequence_outcomes().items();
    /// while let Some(outcome) = outcomes.next().await {
    ///     let outcome = outcome?;
    ///     println!("version {:?}: {:?}", outcome.version, outcome.outcome);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn sequence_outcomes(&self) -> List<SequenceOutcome, SequenceOutcomeFilters> {
        self.avala.datasets().list_sequence_outcomes(&self.owner, &self.slug)
    }

    /// Gets the health of the files: [`Datasets::get_health`](super::Datasets::get_health).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let drives = avala.dataset("acme", "night-drives");
    /// let health = drives.health().await?;
    /// println!("{:?} frames, problems: {:?}", health.total_frames, health.issues);
    /// # Ok(())
    /// # }
    /// ```
    pub fn health(&self) -> Call<DatasetHealth> {
        self.avala.datasets().get_health(&self.owner, &self.slug)
    }

    /// Transfers the dataset to another owner: [`Datasets::transfer`](super::Datasets::transfer).
    ///
    /// This handle addresses the old owner afterwards; use [`Avala::dataset_of`] with the returned dataset.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::TransferDataset;
    ///
    /// let drives = avala.dataset("acme", "night-drives");
    /// let to = TransferDataset::to_user("grace");
    /// let dataset = drives.transfer(&to).await?;
    /// println!("{} belongs to {:?}", dataset.name, dataset.owner_name);
    /// # Ok(())
    /// # }
    /// ```
    pub fn transfer(&self, to: &TransferDataset) -> Call<Dataset> {
        self.avala.datasets().transfer(&self.owner, &self.slug, to)
    }

    /// Lists the annotation issues:
    /// [`AnnotationIssues::list_by_dataset`](super::AnnotationIssues::list_by_dataset).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let drives = avala.dataset("acme", "night-drives");
    /// let mut issues = drives.annotation_issues().items();
    /// while let Some(issue) = issues.next().await {
    ///     let issue = issue?;
    ///     println!("{}: {:?}, {:?}", issue.uid, issue.status, issue.severity);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn annotation_issues(&self) -> List<AnnotationIssue, DatasetIssueFilters> {
        self.avala.annotation_issues().list_by_dataset(&self.owner, &self.slug)
    }

    /// Gets counts of the annotation issues: [`AnnotationIssues::get_metrics`](super::AnnotationIssues::get_metrics).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let drives = avala.dataset("acme", "night-drives");
    /// let metrics = drives.annotation_issue_metrics().await?;
    /// println!("closed within {:?} s on average", metrics.mean_seconds_close_time_all);
    /// # Ok(())
    /// # }
    /// ```
    pub fn annotation_issue_metrics(&self) -> Call<AnnotationIssueMetrics, AnnotationIssueMetricsFilters> {
        self.avala.annotation_issues().get_metrics(&self.owner, &self.slug)
    }

    /// Edits any number of annotations: [`Annotations::bulk_edit`](super::Annotations::bulk_edit).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use serde_json::json;
    ///
    /// let edits = [json!({"action": "delete", "object_uuid": "ob1", "sequence_uid": "s1"})];
    /// let responses = avala.dataset("acme", "night-drives").bulk_edit(edits).await?;
    /// println!("{} chunks", responses.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn bulk_edit(&self, edits: impl IntoIterator<Item: Into<Json>>) -> BulkEditChunks {
        self.avala.annotations().bulk_edit(&self.owner, &self.slug, edits)
    }

    /// Edits annotations in one call: [`Annotations::bulk_edit_chunk`](super::Annotations::bulk_edit_chunk).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::BulkEdit;
    /// use serde_json::json;
    ///
    /// let edits = BulkEdit::new([json!({"action": "delete", "object_uuid": "ob1", "sequence_uid": "s1"})]);
    /// let response = avala.dataset("acme", "night-drives").bulk_edit_chunk(&edits).await?;
    /// println!("{}", response.get());
    /// # Ok(())
    /// # }
    /// ```
    pub fn bulk_edit_chunk(&self, edits: &BulkEdit) -> Call<Json> {
        self.avala.annotations().bulk_edit_chunk(&self.owner, &self.slug, edits)
    }
}
