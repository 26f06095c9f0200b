//! Datasets, exports of them and slices of them.

use avala_types::*;
use serde_json::json;

use super::sample::{LEAST, MOST, Sample, body};

pub(super) fn samples() -> Vec<Sample> {
    let dataset = CreateDataset::new("Nachtfahrten Göteborg", "nachtfahrten-goteborg", DataType::Lidar);
    let full = dataset
        .clone()
        .visibility(Visibility::Unlisted)
        .create_metadata(true)
        .provider_config(json!({"provider": "aws_s3", "s3_secret_access_key": "plum-sparrow-77"}))
        .owner_name("nordlicht")
        .organization_uid("org-nl")
        .gpu_texture_format("bc7")
        .metadata(json!({"site": "Göteborg", "runs": [3, 4]}))
        .is_sequence(true)
        .organization_id(31)
        .industry(4)
        .license(2);
    let slice_parts = json!([{"type": "dataset", "dataset_uid": "ds-7"}]);
    let slice = CreateSlice::new("Nächte mit Regen", Visibility::Private, slice_parts);
    let export = CreateExport::lists("März, Halle 3", ExportFormat::Yolo)
        .datasets(["ds-7"])
        .projects(["prj-reis", "prj-hafen"])
        .slices(["slc-night"])
        .filter_query_string("status=completed");
    let mut every_field = export.clone();
    every_field.project = Some("prj-reis".into());
    every_field.dataset = Some("ds-7".into());
    let outcome = SetSequenceOutcome::new(OutcomeLabel::MistakeAndRecovery);
    let whole_outcome = outcome
        .clone()
        .hand_actions(json!({"left": ["grasp"]}))
        .mistake_type("slip")
        .recovery_type("regrasp")
        .failure_stage("lift")
        .autonomy_level(AutonomyLevel::SharedAutonomy)
        .model_version("pi-0.5")
        .evaluation_membership(EvaluationMembership::HeldOutEval)
        .leakage_groups(json!(["halle-3"]))
        .source(OutcomeSource::Human)
        .source_metadata(json!({"tool": "qa"}))
        .subtasks([json!({"name": "Griff öffnen"})])
        .progress(0.875)
        .quality(4)
        .speed(2)
        .confidence(0.75);
    vec![
        body("datasets.set_sequence_outcome", [(LEAST, outcome), (MOST, whole_outcome)]),
        body("datasets.create", [(LEAST, dataset), (MOST, full)]),
        body(
            "datasets.transfer",
            [
                ("to an organization", TransferDataset::to_organization("org-nl")),
                ("to a user", TransferDataset::to_user("ada")),
            ],
        ),
        body(
            "exports.create",
            [
                (LEAST, CreateExport::default()),
                ("of a project", CreateExport::project("prj-reis")),
                ("of a dataset", CreateExport::dataset("ds-7").name("Dock").format("coco-panoptic")),
                ("of several things", export),
                (MOST, every_field),
            ],
        ),
        body(
            "slices.create",
            [(LEAST, slice.clone()), (MOST, slice.organization("nordlicht").random_selection_count(100))],
        ),
    ]
}
