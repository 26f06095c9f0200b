//! Annotation issues and edits of annotations.

use avala_types::*;
use serde_json::json;

use super::sample::{CLEARED, LEAST, MOST, Sample, body};

pub(super) fn samples() -> Vec<Sample> {
    let issue = CreateAnnotationIssue::new("tool-cuboid", "prob-size", "seq-kyoto-14");
    let full = issue
        .clone()
        .dataset_item_uid("itm_f00231")
        .project_uid("prj-reis")
        .priority("high")
        .severity("major")
        .description("Stops 40 cm short of the header")
        .wrong_class("tractor")
        .correct_class("harvester")
        .should_re_annotate(true)
        .should_delete(false)
        .frames_affected("14-22, 31")
        .coordinates(json!([12.75, -3.5, 0.8]))
        .query_params(json!({"camera": "front_left"}))
        .object_uid("obj_b7");
    let update = UpdateAnnotationIssue::default()
        .status(AnnotationIssueStatus::Resolved)
        .tool_uid("tool-box")
        .problem_uid("prob-yaw")
        .priority("low")
        .severity("minor")
        .description("Nachgezogen")
        .wrong_class("van")
        .frames_affected("14");
    let cleared = UpdateAnnotationIssue::default()
        .priority(Patch::Null)
        .severity(Patch::Null)
        .description(Patch::Null)
        .wrong_class(Patch::Null)
        .frames_affected(Patch::Null);
    let edits = BulkEdit::new([
        json!({"action": "delete", "object_uuid": "obj_b7", "dataset_item_uid": "itm_f00231"}),
        json!({"action": "update", "object_uuid": "obj_c1", "object_data": {"label": "Gabelstapler"}}),
    ]);
    vec![
        body("annotation_issues.create", [(LEAST, issue), (MOST, full)]),
        body(
            "annotation_issues.update",
            [(LEAST, UpdateAnnotationIssue::default()), (MOST, update), (CLEARED, cleared)],
        ),
        body("annotations.bulk_edit", [(LEAST, BulkEdit::default()), (MOST, edits)]),
    ]
}
