//! Datasets, manual uploads, and slices.

use avala_client::Avala;
use avala_client::types::{
    CreateDataset, CreateDatasetFromManualUpload, CreateManualUploadUrl, CreateSlice, DataType, SetSequenceOutcome,
    SignParts, TransferDataset, Visibility,
};
use serde_json::json;

use crate::contract::case::{Case, id, paged};

pub(super) fn cases(avala: &Avala) -> Vec<Case> {
    datasets(avala)
        .into_iter()
        .chain(contents(avala))
        .chain(outcomes(avala))
        .chain(uploads(avala))
        .chain(slices(avala))
        .collect()
}

fn datasets(avala: &Avala) -> Vec<Case> {
    let datasets = avala.datasets();
    let (owner, slug) = (id("owner"), id("slug"));
    let dataset = CreateDataset::new("n", "s", DataType::Image);
    let whole_dataset = dataset
        .clone()
        .visibility("private")
        .create_metadata(true)
        .provider_config(json!({}))
        .owner_name("o")
        .organization_id(1)
        .organization_uid("o")
        .gpu_texture_format("f")
        .metadata(json!({}))
        .industry(1)
        .license(1)
        .is_sequence(true);
    vec![
        Case::new("datasets.create", datasets.create(&dataset)).complete(datasets.create(&whole_dataset)),
        Case::new("datasets.get", datasets.get(id("uid"))),
        Case::new("datasets.get_by_slug", datasets.get_by_slug(&owner, &slug)),
        Case::new("datasets.get_health", datasets.get_health(&owner, &slug)),
        Case::new("datasets.list", datasets.list())
            .complete(paged(datasets.list()).data_type("image").name("n").status("created").visibility("private")),
        Case::new("datasets.list_by_owner", datasets.list_by_owner(&owner))
            .complete(datasets.list_by_owner(&owner).limit(5).page(2).ordering("-name")),
        Case::new("datasets.transfer", datasets.transfer(&owner, &slug, &TransferDataset::to_user("u")))
            .complete(datasets.transfer(&owner, &slug, &TransferDataset::to_organization("o"))),
    ]
}

fn outcomes(avala: &Avala) -> Vec<Case> {
    let datasets = avala.datasets();
    let (owner, slug, sequence) = (id("owner"), id("slug"), id("sequence_uid"));
    let outcome = SetSequenceOutcome::new("unsafe");
    let whole_outcome = outcome
        .clone()
        .autonomy_level("autonomous")
        .confidence(0.5)
        .evaluation_membership("train")
        .failure_stage("s")
        .hand_actions(json!({}))
        .leakage_groups(json!([]))
        .mistake_type("m")
        .model_version("v")
        .progress(0.5)
        .quality(1)
        .recovery_type("r")
        .source("human")
        .source_metadata(json!({}))
        .speed(1)
        .subtasks([json!({})]);
    vec![
        Case::new("datasets.get_sequence_outcome", datasets.get_sequence_outcome(&owner, &slug, &sequence)),
        Case::new(
            "datasets.list_sequence_outcome_history",
            datasets.list_sequence_outcome_history(&owner, &slug, &sequence),
        ),
        Case::new("datasets.list_sequence_outcomes", datasets.list_sequence_outcomes(&owner, &slug)).complete(
            paged(datasets.list_sequence_outcomes(&owner, &slug))
                .outcome(["unsafe", "failure"])
                .evaluation_membership(["train"])
                .source(["human", "model"])
                .autonomy_level(["autonomous"])
                .model_version("v"),
        ),
        Case::new("datasets.set_sequence_outcome", datasets.set_sequence_outcome(&owner, &slug, &sequence, &outcome))
            .complete(datasets.set_sequence_outcome(&owner, &slug, &sequence, &whole_outcome)),
    ]
}

fn contents(avala: &Avala) -> Vec<Case> {
    let datasets = avala.datasets();
    let (owner, slug, item, sequence) = (id("owner"), id("slug"), id("item_uid"), id("sequence_uid"));
    vec![
        Case::new("datasets.get_calibration", datasets.get_calibration(&owner, &slug, &sequence)),
        Case::new("datasets.get_frame", datasets.get_frame(&owner, &slug, &sequence, 0)),
        Case::new("datasets.get_item", datasets.get_item(&owner, &slug, &item)),
        Case::new("datasets.get_sequence", datasets.get_sequence(&owner, &slug, &sequence)),
        Case::new("datasets.list_items", datasets.list_items(&owner, &slug))
            .complete(paged(datasets.list_items(&owner, &slug)).ordering("-name")),
        Case::new("datasets.list_sequences", datasets.list_sequences(&owner, &slug))
            .complete(paged(datasets.list_sequences(&owner, &slug)).ordering("name")),
    ]
}

fn uploads(avala: &Avala) -> Vec<Case> {
    let (datasets, uploads) = (avala.datasets(), avala.uploads());
    let dataset = CreateDatasetFromManualUpload::new("n", "s", DataType::Image);
    let whole_dataset = dataset
        .clone()
        .visibility("private")
        .create_metadata(true)
        .owner_name("o")
        .metadata(json!({}))
        .industry(1)
        .license(1)
        .organization_uid("o")
        .dataset_upload_uid("u");
    let file = CreateManualUploadUrl::new("n", "a.jpg", 1_u64);
    let whole_file = file.clone().upload_protocol_version(2).dataset_upload_uid("u").organization_uid("o");
    vec![
        Case::new("datasets.create_from_manual_upload", datasets.create_from_manual_upload(&dataset))
            .complete(datasets.create_from_manual_upload(&whole_dataset)),
        Case::new("datasets.create_manual_upload_url", datasets.create_manual_upload_url(&file))
            .complete(datasets.create_manual_upload_url(&whole_file)),
        Case::new("datasets.manual_upload_allowed_mimes", datasets.manual_upload_allowed_mimes()),
        Case::new("datasets.manual_upload_quota", datasets.manual_upload_quota())
            .complete(datasets.manual_upload_quota().organization("o")),
        Case::new("uploads.complete", uploads.complete(id("upload_uid"))),
        Case::new("uploads.sign_parts", uploads.sign_parts(id("upload_uid"), &SignParts::new([1, 2]))),
    ]
}

fn slices(avala: &Avala) -> Vec<Case> {
    let slices = avala.slices();
    let (owner, slug) = (id("owner"), id("slug"));
    let slice = CreateSlice::new("n", Visibility::Private, json!([]));
    vec![
        Case::new("slices.create", slices.create(&slice))
            .complete(slices.create(&slice.clone().organization("o").random_selection_count(1))),
        Case::new("slices.get", slices.get(&owner, &slug)),
        Case::new("slices.get_item", slices.get_item(&owner, &slug, id("item_uid"))),
        Case::new("slices.list", slices.list(&owner))
            .complete(paged(slices.list(&owner)))
            .complete(slices.list(&owner).page(2).ordering("-name")),
        Case::new("slices.list_by_dataset", slices.list_by_dataset(id("dataset_uid")))
            .complete(paged(slices.list_by_dataset(id("dataset_uid")))),
        Case::new("slices.list_items", slices.list_items(&owner, &slug))
            .complete(paged(slices.list_items(&owner, &slug))),
    ]
}
