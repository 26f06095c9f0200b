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
            pos("sequence-uid", "Sequence"),
            text("item", "Only of this dataset item"),
            text("project", "Only of this project"),
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
        &[pos("owner", "Owner"), pos("slug", "Dataset"), text("sequence", "Only of this sequence")],
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
        &[pos("owner", "Owner"), pos("slug", "Dataset"), text("sequence", "Only of this sequence")],
        |a, i| {
            let call = a.annotation_issues().get_metrics(i.text("owner"), i.text("slug"));
            i.one(i.with(call, "sequence", |call, value| call.sequence(value)))
        },
    ),
    Row::list(
        "annotation_issues.list_tools",
        &["annotation-issues", "tools"],
        "List the tools that issues can be about, with their problems",
        &[text("dataset-type", "Only for datasets of this type")],
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
            text("sequence", "Sequence").field("sequence_uid").required(),
            text("tool", "Tool").field("tool_uid").required(),
            text("problem", "Problem of the tool").field("problem_uid").required(),
            text("item", "Dataset item").field("dataset_item_uid"),
            text("project", "Project").field("project_uid"),
            text("object", "Object").field("object_uid"),
            text("priority", "Priority").field("priority"),
            text("severity", "Severity").field("severity"),
            text("description", "Description").field("description"),
            text("wrong-class", "Class that was annotated").field("wrong_class"),
            text("correct-class", "Class that is right").field("correct_class"),
            text("frames-affected", "Frames that are affected").field("frames_affected"),
            boolean("should-re-annotate", "Whether to annotate again").field("should_re_annotate"),
            boolean("should-delete", "Whether to delete the object").field("should_delete"),
            json("coordinates", "Where it is").field("coordinates"),
            json("query-params", "View in which it was found").field("query_params"),
        ],
        |a, i| i.one(a.annotation_issues().create(&i.payload()?)),
    ),
    Row::change(
        "annotation_issues.update",
        &["annotation-issues", "update"],
        "Update an issue",
        &[
            pos("sequence-uid", "Sequence"),
            pos("issue-uid", "Issue"),
            text("status", "Status").field("status"),
            text("priority", "Priority").field("priority"),
            text("severity", "Severity").field("severity"),
            text("description", "Description").field("description"),
            text("tool", "Tool").field("tool_uid"),
            text("problem", "Problem of the tool").field("problem_uid"),
            text("wrong-class", "Class that was annotated").field("wrong_class"),
            text("frames-affected", "Frames that are affected").field("frames_affected"),
        ],
        |a, i| i.one(a.annotation_issues().update(i.text("sequence-uid"), i.text("issue-uid"), &i.payload()?)),
    ),
    Row::destroy(
        "annotation_issues.delete",
        &["annotation-issues", "delete"],
        "Delete an issue",
        &[pos("sequence-uid", "Sequence"), pos("issue-uid", "Issue")],
        |a, i| i.nothing(a.annotation_issues().delete(i.text("sequence-uid"), i.text("issue-uid"))),
    ),
];
