//! Annotation issues.

use crate::args::option::{boolean, json, pos, text};
use crate::commands::row::Row;

const ISSUE_COLUMNS: &[&str] = &["uid", "status", "severity", "priority", "description", "created_at"];

pub(super) const ROWS: &[Row] = &[
    Row::list(
        "annotation_issues.list_by_sequence",
        &["annotation-issues", "list-by-sequence"],
        "List the issues of a sequence",
        &[
            pos("sequence-uid", "UID of the sequence"),
            text("item", "Filter by dataset item"),
            text("project", "Filter by project"),
        ],
        |a, i| {
            let list = a.annotation_issues().list_by_sequence(i.text("sequence-uid"));
            let list = i.with(list, "item", |list, value| list.item(value));
            i.list(i.with(list, "project", |list, value| list.project(value)))
        },
    )
    .columns(ISSUE_COLUMNS),
    Row::list(
        "annotation_issues.list_by_dataset",
        &["annotation-issues", "list-by-dataset"],
        "List the issues of a dataset",
        &[pos("owner", "Owner"), pos("slug", "Slug of the dataset"), text("sequence", "Filter by sequence")],
        |a, i| {
            let list = a.annotation_issues().list_by_dataset(i.text("owner"), i.text("slug"));
            i.list(i.with(list, "sequence", |list, value| list.sequence(value)))
        },
    )
    .columns(ISSUE_COLUMNS),
    Row::read(
        "annotation_issues.get_metrics",
        &["annotation-issues", "metrics"],
        "Count the issues of a dataset",
        &[pos("owner", "Owner"), pos("slug", "Slug of the dataset"), text("sequence", "Filter by sequence")],
        |a, i| {
            let call = a.annotation_issues().get_metrics(i.text("owner"), i.text("slug"));
            i.one(i.with(call, "sequence", |call, value| call.sequence(value)))
        },
    ),
    Row::list(
        "annotation_issues.list_tools",
        &["annotation-issues", "tools"],
        "List the tools that issues can refer to, with their problems",
        &[text("dataset-type", "Filter by dataset type")],
        |a, i| {
            let list = a.annotation_issues().list_tools();
            i.list(i.with(list, "dataset-type", |list, value| list.dataset_type(value)))
        },
    )
    .columns(&["uid", "name", "problems"]),
    Row::change(
        "annotation_issues.create",
        &["annotation-issues", "create"],
        "Report an issue",
        &[
            text("sequence", "UID of the sequence").field("sequence_uid").required(),
            text("tool", "UID of the tool").field("tool_uid").required(),
            text("problem", "UID of the problem, one of the tool").field("problem_uid").required(),
            text("item", "UID of the dataset item").field("dataset_item_uid"),
            text("project", "UID of the project").field("project_uid"),
            text("object", "UID of the object").field("object_uid"),
            text("priority", "Priority").field("priority"),
            text("severity", "Severity").field("severity"),
            text("description", "Description").field("description"),
            text("wrong-class", "Annotated class that is wrong").field("wrong_class"),
            text("correct-class", "Correct class").field("correct_class"),
            text("frames-affected", "Frames that are affected").field("frames_affected"),
            boolean("should-re-annotate", "Whether to annotate again").field("should_re_annotate"),
            boolean("should-delete", "Whether to delete the object").field("should_delete"),
            json("coordinates", "Position of the issue").field("coordinates"),
            json("query-params", "View in which the issue was found").field("query_params"),
        ],
        |a, i| i.one(a.annotation_issues().create(&i.payload()?)),
    ),
    Row::change(
        "annotation_issues.update",
        &["annotation-issues", "update"],
        "Update an issue",
        &[
            pos("sequence-uid", "UID of the sequence"),
            pos("issue-uid", "UID of the issue"),
            text("status", "Status").field("status"),
            text("priority", "Priority").field("priority"),
            text("severity", "Severity").field("severity"),
            text("description", "Description").field("description"),
            text("tool", "UID of the tool").field("tool_uid"),
            text("problem", "UID of the problem, one of the tool").field("problem_uid"),
            text("wrong-class", "Annotated class that is wrong").field("wrong_class"),
            text("frames-affected", "Frames that are affected").field("frames_affected"),
        ],
        |a, i| i.one(a.annotation_issues().update(i.text("sequence-uid"), i.text("issue-uid"), &i.payload()?)),
    ),
    Row::destroy(
        "annotation_issues.delete",
        &["annotation-issues", "delete"],
        "Delete an issue",
        &[pos("sequence-uid", "UID of the sequence"), pos("issue-uid", "UID of the issue")],
        |a, i| i.nothing(a.annotation_issues().delete(i.text("sequence-uid"), i.text("issue-uid"))),
    ),
];
