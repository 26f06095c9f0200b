//! Annotation issues.

use avala_types::DatasetUid;

use crate::schema::{AnnotationIssue, AnnotationIssueReporter};
use crate::state::accounts::User;

pub(crate) struct IssueRow {
    pub(crate) issue: AnnotationIssue,
    pub(crate) dataset: DatasetUid,
}

pub(crate) fn reporter(user: &User) -> AnnotationIssueReporter {
    let mut reporter = AnnotationIssueReporter::new();
    reporter.username = Some(user.name.clone());
    reporter.full_name = Some(user.full_name());
    reporter.reporter_type = Some("customer".to_owned());
    reporter.is_staff = Some(false);
    reporter
}
