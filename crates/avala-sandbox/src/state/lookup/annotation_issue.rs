//! Lookups and changes of annotation issues across tables.

use avala_types::{DatasetUid, IssueUid, SequenceUid};

use crate::error::ApiError;
use crate::schema::AnnotationIssue;
use crate::state::tables::Tables;

impl Tables {
    /// Returns the dataset that a sequence is in, or 404.
    pub(crate) fn dataset_of(&self, sequence: &SequenceUid) -> Result<DatasetUid, ApiError> {
        self.datasets.find(|row| row.sequences.get(sequence).is_ok()).map(|row| row.dataset.uid.clone())
    }

    /// Returns the issue of this sequence, or 404.
    pub(crate) fn annotation_issue(
        &mut self,
        sequence: &SequenceUid,
        uid: &IssueUid,
    ) -> Result<&mut AnnotationIssue, ApiError> {
        let issue = &mut self.annotation_issues.get_mut(uid)?.issue;
        if issue.sequence_uid.as_ref() == Some(sequence) { Ok(issue) } else { Err(ApiError::not_found()) }
    }
}
