//! Annotations and their issues, consensus, and quality targets.

use avala_client::Avala;
use avala_client::types::{
    BulkEdit, CreateAnnotationIssue, CreateQualityTarget, UpdateAnnotationIssue, UpdateConsensusConfig,
    UpdateQualityTarget,
};
use serde_json::json;

use crate::contract::case::{Case, id, paged};

pub(super) fn cases(avala: &Avala) -> Vec<Case> {
    annotations(avala).into_iter().chain(consensus(avala)).chain(quality_targets(avala)).collect()
}

fn annotations(avala: &Avala) -> Vec<Case> {
    let (annotations, issues) = (avala.annotations(), avala.annotation_issues());
    let (owner, dataset, sequence, uid) = (id("owner"), id("dataset_slug"), id("sequence_uid"), id("issue_uid"));
    let issue = CreateAnnotationIssue::new("t", "p", &*sequence);
    let whole_issue = issue
        .clone()
        .dataset_item_uid("i")
        .project_uid("p")
        .priority("high")
        .severity("high")
        .description("d")
        .wrong_class("car")
        .correct_class("van")
        .should_re_annotate(true)
        .should_delete(false)
        .frames_affected("1-2")
        .coordinates(json!({}))
        .query_params(json!({}))
        .object_uid("o");
    let changes = UpdateAnnotationIssue::default()
        .status("resolved")
        .priority("high")
        .severity("high")
        .description("d")
        .tool_uid("t")
        .problem_uid("p")
        .wrong_class("car")
        .frames_affected("1-2");
    vec![
        Case::new("annotation_issues.create", issues.create(&issue)).complete(issues.create(&whole_issue)),
        Case::new("annotation_issues.delete", issues.delete(&sequence, &uid)),
        Case::new("annotation_issues.get_metrics", issues.get_metrics(&owner, &dataset))
            .complete(issues.get_metrics(&owner, &dataset).sequence("s")),
        Case::new("annotation_issues.list_by_dataset", issues.list_by_dataset(&owner, &dataset))
            .complete(issues.list_by_dataset(&owner, &dataset).sequence("s")),
        Case::new("annotation_issues.list_by_sequence", issues.list_by_sequence(&sequence))
            .complete(issues.list_by_sequence(&sequence).item("i").project("p")),
        Case::new("annotation_issues.list_tools", issues.list_tools())
            .complete(issues.list_tools().dataset_type("lidar")),
        Case::new("annotation_issues.update", issues.update(&sequence, &uid, &UpdateAnnotationIssue::default()))
            .complete(issues.update(&sequence, &uid, &changes)),
        Case::new("annotations.bulk_edit", annotations.bulk_edit(&owner, id("slug"), [json!({"action": "delete"})]))
            .complete(annotations.bulk_edit_chunk(&owner, id("slug"), &BulkEdit::default())),
    ]
}

fn consensus(avala: &Avala) -> Vec<Case> {
    let consensus = avala.consensus();
    let project = id("project_uid");
    let changes = UpdateConsensusConfig::default().iou_threshold(0.5).min_agreement_ratio(0.5).min_annotations(2);
    vec![
        Case::new("consensus.compute", consensus.compute(&project)),
        Case::new("consensus.get_config", consensus.get_config(&project)),
        Case::new("consensus.get_summary", consensus.get_summary(&project)),
        Case::new("consensus.list_scores", consensus.list_scores(&project))
            .complete(paged(consensus.list_scores(&project))),
        Case::new("consensus.update_config", consensus.update_config(&project, &UpdateConsensusConfig::default()))
            .complete(consensus.update_config(&project, &changes)),
    ]
}

fn quality_targets(avala: &Avala) -> Vec<Case> {
    let targets = avala.quality_targets();
    let (project, uid) = (id("project_uid"), id("uid"));
    let target = CreateQualityTarget::new("n", "accuracy", 0.9);
    let whole_target = target
        .clone()
        .operator("gte")
        .severity("high")
        .is_active(true)
        .notify_webhook(true)
        .notify_emails(["ada@example.com"]);
    let changes = UpdateQualityTarget::default()
        .name("n")
        .metric("accuracy")
        .threshold(0.9)
        .operator("gte")
        .severity("high")
        .is_active(true)
        .notify_webhook(true)
        .notify_emails(["ada@example.com"]);
    vec![
        Case::new("quality_targets.create", targets.create(&project, &target))
            .complete(targets.create(&project, &whole_target)),
        Case::new("quality_targets.delete", targets.delete(&project, &uid)),
        Case::new("quality_targets.evaluate", targets.evaluate(&project)),
        Case::new("quality_targets.get", targets.get(&project, &uid)),
        Case::new("quality_targets.list", targets.list(&project)).complete(paged(targets.list(&project))),
        Case::new("quality_targets.update", targets.update(&project, &uid, &UpdateQualityTarget::default()))
            .complete(targets.update(&project, &uid, &changes)),
    ]
}
