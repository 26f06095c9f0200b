//! Annotation issues: what reviewers find wrong.

use crate::dataset::DataType;
use crate::id::{IssueProblemUid, IssueToolUid, IssueUid, ItemUid, ObjectUid, OwnerName, ProjectUid, SequenceUid};
use crate::json::Json;
use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::timestamp::Timestamp;

open_enum! {
    /// Status of an annotation issue.
    pub enum AnnotationIssueStatus {
        /// Open.
        Open = "open",
        /// The annotation was corrected.
        Resolved = "resolved",
        /// Closed.
        Closed = "closed",
    }
}

model! {
    /// A problem with an annotation.
    #[derive(Eq, Hash)]
    pub struct AnnotationIssue {
        required {
            /// Unique identifier (UID).
            uid: IssueUid,
        }
        optional {
            /// Item.
            dataset_item_uid: Option<ItemUid>,
            /// Sequence.
            sequence_uid: Option<SequenceUid>,
            /// Project of the annotation.
            project: Option<AnnotationIssueProject>,
            /// User who reported the issue.
            reporter: Option<AnnotationIssueReporter>,
            /// Priority, free text.
            priority: Option<String>,
            /// Severity, free text.
            severity: Option<String>,
            /// Description of the problem.
            description: Option<String>,
            /// Status.
            status: Option<AnnotationIssueStatus>,
            /// Annotation tool.
            tool: Option<AnnotationIssueTool>,
            /// Problem type.
            problem: Option<AnnotationIssueProblem>,
            /// Current class of the object.
            wrong_class: Option<String>,
            /// Correct class of the object.
            correct_class: Option<String>,
            /// Whether the object must be annotated again.
            should_re_annotate: Option<bool>,
            /// Whether the object should be deleted.
            should_delete: Option<bool>,
            /// Affected frames, free text.
            frames_affected: Option<String>,
            /// Location in the data, free-form.
            coordinates: Option<Json>,
            /// View in which the issue was found, free-form.
            query_params: Option<Json>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Closing time.
            closed_at: Option<Timestamp>,
            /// UID of the annotated object.
            object_uid: Option<ObjectUid>,
        }
    }
}

model! {
    /// Project of an annotation issue.
    #[derive(Eq, Hash)]
    pub struct AnnotationIssueProject {
        required {
            /// Unique identifier (UID).
            uid: ProjectUid,
            /// Display name.
            name: String,
        }
        optional {}
    }
}

model! {
    /// User who reported an annotation issue.
    #[derive(Eq, Hash)]
    pub struct AnnotationIssueReporter {
        required {}
        optional {
            /// Account name.
            username: Option<OwnerName>,
            /// Image URL.
            picture: Option<String>,
            /// Name of the user.
            full_name: Option<String>,
            /// Account type, free text.
            reporter_type as "type": Option<String>,
            /// Whether the user is Avala staff.
            is_staff: Option<bool>,
        }
    }
}

model! {
    /// The annotation tool of an issue.
    #[derive(Eq, Hash)]
    pub struct AnnotationIssueTool {
        required {
            /// Unique identifier (UID).
            uid: IssueToolUid,
            /// Display name.
            name: String,
        }
        optional {
            /// Whether it is a default tool.
            is_default as "default": Option<bool>,
        }
    }
}

model! {
    /// A problem type.
    #[derive(Eq, Hash)]
    pub struct AnnotationIssueProblem {
        required {
            /// Unique identifier (UID).
            uid: IssueProblemUid,
            /// Display name.
            title: String,
        }
        optional {}
    }
}

model! {
    /// An annotation tool and its problem types.
    #[derive(Eq, Hash)]
    pub struct AnnotationIssueToolDetail {
        required {
            /// Unique identifier (UID).
            uid: IssueToolUid,
            /// Display name.
            name: String,
        }
        optional {
            /// Data type of the datasets.
            dataset_type: Option<DataType>,
            /// Whether it is a default tool.
            is_default as "default": Option<bool>,
            /// Problem types.
            problems: Vec<AnnotationIssueProblem>,
        }
    }
}

model! {
    /// Annotation issue counts of a dataset.
    #[derive(Eq, Hash)]
    pub struct AnnotationIssueMetrics {
        required {}
        optional {
            /// Counts by status, a free-form object.
            status_count: Option<Json>,
            /// Counts by priority, a free-form object.
            priority_count: Option<Json>,
            /// Counts by severity, a free-form object.
            severity_count: Option<Json>,
            /// Mean time to close an issue, in seconds.
            mean_seconds_close_time_all: Option<u64>,
            /// Mean time to close an issue found by a customer, in seconds.
            mean_seconds_close_time_customer: Option<u64>,
            /// Mean age of open issues; the server does not document the unit.
            mean_unresolved_issue_age_all: Option<u64>,
            /// Mean age of open issues found by customers; the server does not document the unit.
            mean_unresolved_issue_age_customer: Option<u64>,
            /// Object counts by problem type, a list of free-form objects.
            object_count_by_annotation_issue_problem_uid: Option<Json>,
        }
    }
}

payload! {
    /// Payload that creates an annotation issue (`POST /sequences/{sequence_uid}/annotation-issues/`).
    #[derive(Eq, Hash)]
    pub struct CreateAnnotationIssue {
        required {
            /// Annotation tool.
            tool_uid: IssueToolUid,
            /// Problem type.
            problem_uid: IssueProblemUid,
            /// Sequence; must equal the one in the path.
            sequence_uid: SequenceUid,
        }
        optional {
            /// Item.
            dataset_item_uid: ItemUid,
            /// Project of the annotation.
            project_uid: ProjectUid,
            /// Priority, free text.
            priority: String,
            /// Severity, free text.
            severity: String,
            /// Description of the problem.
            description: String,
            /// Current class of the object.
            wrong_class: String,
            /// Correct class of the object.
            correct_class: String,
            /// Whether the object must be annotated again.
            should_re_annotate: bool,
            /// Whether the object should be deleted.
            should_delete: bool,
            /// Affected frames, free text.
            frames_affected: String,
            /// Location in the data, free-form.
            coordinates: Json,
            /// View in which the issue was found, a free-form object.
            query_params: Json,
            /// UID of the annotated object.
            object_uid: ObjectUid,
        }
    }
}

payload! {
    /// Update of an annotation issue (`PATCH /sequences/{sequence_uid}/annotation-issues/{issue_uid}/`).
    #[derive(Eq, Hash)]
    pub struct UpdateAnnotationIssue {
        required {}
        optional {
            /// Status.
            status: AnnotationIssueStatus,
            /// Annotation tool.
            tool_uid: IssueToolUid,
            /// Problem type.
            problem_uid: IssueProblemUid,
        }
        patch {
            /// Priority, free text.
            priority: String,
            /// Severity, free text.
            severity: String,
            /// Description of the problem.
            description: String,
            /// Current class of the object.
            wrong_class: String,
            /// Affected frames, free text.
            frames_affected: String,
        }
    }
}
