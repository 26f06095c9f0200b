//! Annotation issues: what reviewers find wrong.

use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::{
    DataType, IssueProblemUid, IssueToolUid, IssueUid, ItemUid, Json, ObjectUid, OwnerName, ProjectUid, SequenceUid,
    Timestamp,
};

open_enum! {
    /// Whether an annotation issue is dealt with.
    pub enum AnnotationIssueStatus {
        /// It is not.
        Open = "open",
        /// The annotation was put right.
        Resolved = "resolved",
        /// It needs no more attention.
        Closed = "closed",
    }
}

model! {
    /// Something that is wrong with an annotation.
    #[derive(Eq, Hash)]
    pub struct AnnotationIssue {
        required {
            /// Its identity.
            uid: IssueUid,
        }
        optional {
            /// The item that it is in.
            dataset_item_uid: Option<ItemUid>,
            /// The sequence that it is in.
            sequence_uid: Option<SequenceUid>,
            /// The project that made the annotation.
            project: Option<AnnotationIssueProject>,
            /// Who found it.
            reporter: Option<AnnotationIssueReporter>,
            /// How urgent it is, in the server's words.
            priority: Option<String>,
            /// How bad it is, in the server's words.
            severity: Option<String>,
            /// What is wrong, in sentences.
            description: Option<String>,
            /// Whether it is dealt with.
            status: Option<AnnotationIssueStatus>,
            /// The annotation tool that it concerns.
            tool: Option<AnnotationIssueTool>,
            /// The kind of problem.
            problem: Option<AnnotationIssueProblem>,
            /// The class that the object has.
            wrong_class: Option<String>,
            /// The class that the object should have.
            correct_class: Option<String>,
            /// Whether the object has to be annotated again.
            should_re_annotate: Option<bool>,
            /// Whether the object should not be there.
            should_delete: Option<bool>,
            /// The frames that it is in, in the reporter's words.
            frames_affected: Option<String>,
            /// Where in the data it is: free-form.
            coordinates: Option<Json>,
            /// The view that it was found in: free-form.
            query_params: Option<Json>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it was closed.
            closed_at: Option<Timestamp>,
            /// The object that it is about.
            object_uid: Option<ObjectUid>,
        }
    }
}

model! {
    /// The project of an annotation issue.
    #[derive(Eq, Hash)]
    pub struct AnnotationIssueProject {
        required {
            /// Its identity.
            uid: ProjectUid,
            /// Its name, as people read it.
            name: String,
        }
        optional {}
    }
}

model! {
    /// Who found an annotation issue.
    #[derive(Eq, Hash)]
    pub struct AnnotationIssueReporter {
        required {}
        optional {
            /// The name of the account.
            username: Option<OwnerName>,
            /// Where a picture is.
            picture: Option<String>,
            /// The name of the person.
            full_name: Option<String>,
            /// The kind of account, in the server's words.
            reporter_type as "type": Option<String>,
            /// Whether the person works for Avala.
            is_staff: Option<bool>,
        }
    }
}

model! {
    /// An annotation tool, as an issue names it.
    #[derive(Eq, Hash)]
    pub struct AnnotationIssueTool {
        required {
            /// Its identity.
            uid: IssueToolUid,
            /// Its name, as people read it.
            name: String,
        }
        optional {
            /// Whether it is offered first.
            is_default as "default": Option<bool>,
        }
    }
}

model! {
    /// A kind of problem.
    #[derive(Eq, Hash)]
    pub struct AnnotationIssueProblem {
        required {
            /// Its identity.
            uid: IssueProblemUid,
            /// Its name, as people read it.
            title: String,
        }
        optional {}
    }
}

model! {
    /// An annotation tool, with the kinds of problems that issues can be about.
    #[derive(Eq, Hash)]
    pub struct AnnotationIssueToolDetail {
        required {
            /// Its identity.
            uid: IssueToolUid,
            /// Its name, as people read it.
            name: String,
        }
        optional {
            /// What the datasets hold that it is used for.
            dataset_type: Option<DataType>,
            /// Whether it is offered first.
            is_default as "default": Option<bool>,
            /// The kinds of problems.
            problems: Vec<AnnotationIssueProblem>,
        }
    }
}

model! {
    /// The annotation issues of a dataset, counted.
    #[derive(Eq, Hash)]
    pub struct AnnotationIssueMetrics {
        required {}
        optional {
            /// How many there are of each status: a free-form object.
            status_count: Option<Json>,
            /// How many there are of each priority: a free-form object.
            priority_count: Option<Json>,
            /// How many there are of each severity: a free-form object.
            severity_count: Option<Json>,
            /// How long it took to close one, on average and in seconds.
            mean_seconds_close_time_all: Option<u64>,
            /// How long it took to close one that a customer found, on average and in seconds.
            mean_seconds_close_time_customer: Option<u64>,
            /// How old the open ones are on average; the server does not document the unit.
            mean_unresolved_issue_age_all: Option<u64>,
            /// How old the open ones are that a customer found, on average; the server does not document the unit.
            mean_unresolved_issue_age_customer: Option<u64>,
            /// How many objects have each kind of problem: a list of free-form objects.
            object_count_by_annotation_issue_problem_uid: Option<Json>,
        }
    }
}

payload! {
    /// A new annotation issue (`POST /sequences/{sequence_uid}/annotation-issues/`).
    #[derive(Eq, Hash)]
    pub struct CreateAnnotationIssue {
        required {
            /// The annotation tool that it concerns.
            tool_uid: IssueToolUid,
            /// The kind of problem.
            problem_uid: IssueProblemUid,
            /// The sequence that it is in, the same as in the path.
            sequence_uid: SequenceUid,
        }
        optional {
            /// The item that it is in.
            dataset_item_uid: ItemUid,
            /// The project that made the annotation.
            project_uid: ProjectUid,
            /// How urgent it is, in the server's words.
            priority: String,
            /// How bad it is, in the server's words.
            severity: String,
            /// What is wrong, in sentences.
            description: String,
            /// The class that the object has.
            wrong_class: String,
            /// The class that the object should have.
            correct_class: String,
            /// Whether the object has to be annotated again.
            should_re_annotate: bool,
            /// Whether the object should not be there.
            should_delete: bool,
            /// The frames that it is in, in your words.
            frames_affected: String,
            /// Where in the data it is: free-form.
            coordinates: Json,
            /// The view that it was found in: a free-form object.
            query_params: Json,
            /// The object that it is about.
            object_uid: ObjectUid,
        }
    }
}

payload! {
    /// What changes in an annotation issue (`PATCH /sequences/{sequence_uid}/annotation-issues/{issue_uid}/`).
    #[derive(Eq, Hash)]
    pub struct UpdateAnnotationIssue {
        required {}
        optional {
            /// Whether it is dealt with.
            status: AnnotationIssueStatus,
            /// The annotation tool that it concerns.
            tool_uid: IssueToolUid,
            /// The kind of problem.
            problem_uid: IssueProblemUid,
        }
        patch {
            /// How urgent it is, in the server's words.
            priority: String,
            /// How bad it is, in the server's words.
            severity: String,
            /// What is wrong, in sentences.
            description: String,
            /// The class that the object has.
            wrong_class: String,
            /// The frames that it is in, in your words.
            frames_affected: String,
        }
    }
}
