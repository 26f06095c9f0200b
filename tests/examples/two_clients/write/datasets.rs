//! Datasets, slices, annotations and issues.

use avala_client::Avala;
use avala_client::types::{
    CreateAnnotationIssue, CreateDataset, CreateSlice, DataType, Dataset, DatasetSlug, OwnerName, Visibility,
};
use serde_json::json;

use super::first;
use crate::Failure;
use crate::record::Record;

pub(super) async fn dataset(avala: &Avala) -> Result<Record, Failure> {
    let dataset = CreateDataset::new("From Rust", "from-rust", DataType::Image).visibility(Visibility::Public);
    let made = avala.datasets().create(&dataset).await?;
    Ok(Record::new("dataset", [made.uid.as_str()], &dataset)?.without(["visibility"]))
}

/// Creates an annotation on an item.
pub(super) async fn annotation(avala: &Avala) -> Result<Record, Failure> {
    let (owner, slug) = place(first(avala.datasets().list().items()).await?)?;
    let item = first(avala.datasets().list_items(&owner, &slug).items()).await?.uid;
    let edit = json!({
        "action": "upsert",
        "dataset_item_uid": item,
        "object_uuid": "from-rust",
        "object_type": "box",
        "object_data": { "size": [1, 2.5] },
    });
    avala.annotations().bulk_edit(&owner, &slug, [&edit]).await?;
    let at = [owner.as_str(), slug.as_str(), item.as_str(), "from-rust"];
    Ok(Record::new("annotation", at, &edit)?.without(["action", "dataset_item_uid"]))
}

/// Creates an issue of a sequence.
pub(super) async fn annotation_issue(avala: &Avala) -> Result<Record, Failure> {
    let (owner, slug) = place(first(avala.datasets().list().data_type(DataType::Lidar).items()).await?)?;
    let sequence = first(avala.datasets().list_sequences(owner, slug).items()).await?.uid;
    let tool = first(avala.annotation_issues().list_tools().dataset_type(DataType::Lidar).items()).await?;
    let problem = tool.problems.first().ok_or("the tool has no problems")?;
    let issue = CreateAnnotationIssue::new(&tool.uid, &problem.uid, &sequence)
        .priority("high")
        .severity("critical")
        .description("From Rust")
        .frames_affected("3-5")
        .should_delete(true)
        .coordinates(json!({ "x": 1.5 }))
        .object_uid("object-1");
    let made = avala.annotation_issues().create(&issue).await?;
    let record = Record::new("annotation_issue", [sequence.as_str(), made.uid.as_str()], &issue)?;
    Ok(record.renamed("tool_uid", "tool.uid").renamed("problem_uid", "problem.uid"))
}

/// Creates a slice of a dataset with this number of items.
pub(super) async fn slice(avala: &Avala) -> Result<Record, Failure> {
    let dataset = first(avala.datasets().list().items()).await?.uid;
    let parts = json!([{ "type": "dataset", "dataset_uid": dataset }]);
    let slice = CreateSlice::new("From Rust", Visibility::Private, parts).random_selection_count(7);
    let made = avala.slices().create(&slice).await?;
    let owner = made.owner_name.ok_or("the slice does not name its owner")?;
    let slug = made.slug.ok_or("the slice has no slug")?;
    let record = Record::new("slice", [owner.as_str(), slug.as_str()], &slice)?;
    Ok(record.renamed("random_selection_count", "item_count"))
}

/// Returns the location of a dataset.
fn place(dataset: Dataset) -> Result<(OwnerName, DatasetSlug), Failure> {
    Ok((dataset.owner_name.ok_or("the dataset does not name its owner")?, dataset.slug))
}
