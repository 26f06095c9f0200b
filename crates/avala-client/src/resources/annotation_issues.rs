//! Annotation issues: problems that reviewers report.

use avala_types::{
    AnnotationIssue, AnnotationIssueMetrics, AnnotationIssueToolDetail, CreateAnnotationIssue, DataType, DatasetSlug,
    IssueUid, ItemUid, OwnerName, ProjectUid, SequenceUid, UpdateAnnotationIssue,
};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::filters::filters;
use crate::list::List;

/// Calls for annotation issues: problems that reviewers report. Returned by [`Avala::annotation_issues`].
#[derive(Clone, Debug)]
pub struct AnnotationIssues {
    avala: Avala,
}

impl AnnotationIssues {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Creates an issue in a sequence (`POST /sequences/{sequence_uid}/annotation-issues/`).
    ///
    /// Its tool and its problem have to be among those of [`list_tools`](AnnotationIssues::list_tools).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::CreateAnnotationIssue;
    ///
    /// let issue = CreateAnnotationIssue::new("tool1", "prob1", "s1").severity("high").frames_affected("10-25");
    /// let issue = avala.annotation_issues().create(&issue).await?;
    /// println!("{}: {:?}, {:?}", issue.uid, issue.status, issue.severity);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(&self, issue: &CreateAnnotationIssue) -> Call<AnnotationIssue> {
        let endpoint = Endpoint::post("annotation_issues.create", "/sequences/{sequence_uid}/annotation-issues/");
        self.avala.call(endpoint, &[issue.sequence_uid.as_str()]).json(issue)
    }

    /// Lists the issues of a sequence, all in one page (`GET /sequences/{sequence_uid}/annotation-issues/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut issues = avala.annotation_issues().list_by_sequence("s1").item("i7").items();
    /// while let Some(issue) = issues.next().await {
    ///     let issue = issue?;
    ///     println!("{}: {:?}, {:?}", issue.uid, issue.status, issue.severity);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_by_sequence(&self, sequence: impl Into<SequenceUid>) -> List<AnnotationIssue, SequenceIssueFilters> {
        let route = "/sequences/{sequence_uid}/annotation-issues/";
        let endpoint = Endpoint::get("annotation_issues.list_by_sequence", route);
        self.avala.list(endpoint, &[sequence.into().as_str()])
    }

    /// Lists the issues of a dataset, all in one page (`GET /datasets/{owner}/{dataset_slug}/annotation-issues/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut issues = avala.annotation_issues().list_by_dataset("acme", "night-drives").sequence("s1").items();
    /// while let Some(issue) = issues.next().await {
    ///     let issue = issue?;
    ///     println!("{}: {:?}, {:?}", issue.uid, issue.status, issue.severity);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_by_dataset(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
    ) -> List<AnnotationIssue, DatasetIssueFilters> {
        let route = "/datasets/{owner}/{dataset_slug}/annotation-issues/";
        let endpoint = Endpoint::get("annotation_issues.list_by_dataset", route);
        self.avala.list(endpoint, &[owner.into().as_str(), slug.into().as_str()])
    }

    /// Updates an issue (`PATCH /sequences/{sequence_uid}/annotation-issues/{issue_uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{AnnotationIssueStatus, UpdateAnnotationIssue};
    ///
    /// let changes = UpdateAnnotationIssue::default().status(AnnotationIssueStatus::Resolved);
    /// let issue = avala.annotation_issues().update("s1", "i1", &changes).await?;
    /// println!("{}: {:?}, {:?}", issue.uid, issue.status, issue.severity);
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(
        &self,
        sequence: impl Into<SequenceUid>,
        issue: impl Into<IssueUid>,
        changes: &UpdateAnnotationIssue,
    ) -> Call<AnnotationIssue> {
        let endpoint = Endpoint::patch("annotation_issues.update", ISSUE);
        self.avala.call(endpoint, &[sequence.into().as_str(), issue.into().as_str()]).json(changes)
    }

    /// Deletes an issue (`DELETE /sequences/{sequence_uid}/annotation-issues/{issue_uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// match avala.annotation_issues().delete("s1", "i1").await {
    ///     Ok(()) => println!("deleted"),
    ///     Err(error) if error.is_not_found() => println!("there is no such issue"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete(&self, sequence: impl Into<SequenceUid>, issue: impl Into<IssueUid>) -> Call<()> {
        let endpoint = Endpoint::delete("annotation_issues.delete", ISSUE);
        self.avala.command(endpoint, &[sequence.into().as_str(), issue.into().as_str()])
    }

    /// Lists the annotation tools, with the kinds of problems that issues can be about (`GET /qc-available-tools/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::DataType;
    ///
    /// let mut tools = avala.annotation_issues().list_tools().dataset_type(DataType::Lidar).items();
    /// while let Some(tool) = tools.next().await {
    ///     let tool = tool?;
    ///     println!("{}: {} problems", tool.name, tool.problems.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_tools(&self) -> List<AnnotationIssueToolDetail, AnnotationIssueToolFilters> {
        self.avala.list(Endpoint::get("annotation_issues.list_tools", "/qc-available-tools/"), &[])
    }

    /// Gets counts of the issues of a dataset (`GET /datasets/{owner}/{dataset_slug}/annotation-issues/metrics/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let metrics = avala.annotation_issues().get_metrics("acme", "night-drives").await?;
    /// println!("closed within {:?} s on average", metrics.mean_seconds_close_time_all);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_metrics(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
    ) -> Call<AnnotationIssueMetrics, AnnotationIssueMetricsFilters> {
        let route = "/datasets/{owner}/{dataset_slug}/annotation-issues/metrics/";
        let endpoint = Endpoint::get("annotation_issues.get_metrics", route);
        self.avala.call(endpoint, &[owner.into().as_str(), slug.into().as_str()])
    }
}

const ISSUE: &str = "/sequences/{sequence_uid}/annotation-issues/{issue_uid}/";

filters! {
    /// Filters of [`AnnotationIssues::list_by_sequence`].
    pub enum SequenceIssueFilters {
        /// Lists only issues in this item.
        fn item(self, item: impl Into<ItemUid>) {
            self.param("dataset_item_uid", item.into().as_str())
        }

        /// Lists only issues of annotations made in this project.
        fn project(self, project: impl Into<ProjectUid>) {
            self.param("project_uid", project.into().as_str())
        }
    }
}

filters! {
    /// Filters of [`AnnotationIssues::list_by_dataset`].
    pub enum DatasetIssueFilters {
        /// Lists only issues in this sequence.
        fn sequence(self, sequence: impl Into<SequenceUid>) {
            self.param("sequence_uid", sequence.into().as_str())
        }
    }
}

filters! {
    /// Filters of [`AnnotationIssues::list_tools`].
    pub enum AnnotationIssueToolFilters {
        /// Lists only tools for datasets of this data type.
        fn dataset_type(self, data_type: impl Into<DataType>) {
            self.param("dataset_type", data_type.into().as_str())
        }
    }
}

filters! {
    /// Filters of [`AnnotationIssues::get_metrics`].
    pub enum AnnotationIssueMetricsFilters for Call {
        /// Counts only issues in this sequence.
        ///
        /// ```
        /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
        /// let metrics = avala.annotation_issues().get_metrics("acme", "night-drives").sequence("s1").await?;
        /// println!("{:?}", metrics.severity_count);
        /// # Ok(())
        /// # }
        /// ```
        fn sequence(self, sequence: impl Into<SequenceUid>) {
            self.param("sequence_uid", sequence.into().as_str())
        }
    }
}
