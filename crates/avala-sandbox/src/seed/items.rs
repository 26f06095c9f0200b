//! Items with free-form metadata and annotations, including numbers that a careless reader would round.

use avala_types::Json;
use serde::Serialize;

use super::values::{minutes, scatter};
use crate::schema::DatasetItem;
use crate::state::dataset::DatasetRow;
use crate::state::storage::links::link_to;

#[derive(Serialize)]
struct Metadata {
    width: u32,
    height: u32,
    format: &'static str,
    camera: &'static str,
    /// Too large for 64 bits.
    frame_id: u128,
    /// Longer than a double.
    exposure_seconds: Json,
    location: Location,
    tags: Vec<&'static str>,
}

#[derive(Serialize)]
struct Location {
    aisle: usize,
    bay: usize,
    height_m: f64,
}

#[derive(Serialize)]
struct Annotations {
    schema: &'static str,
    objects: Vec<Object>,
}

#[derive(Serialize)]
struct Object {
    id: usize,
    label: &'static str,
    #[serde(flatten)]
    shape: Shape,
    attributes: Attributes,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Shape {
    Box { x: f64, y: f64, width: f64, height: f64 },
    Polygon { points: Vec<[f64; 2]> },
}

#[derive(Serialize)]
struct Attributes {
    occluded: bool,
    confidence: f64,
    track: Option<u64>,
}

/// Fills a dataset with items, and counts them.
pub(super) fn add(row: &mut DatasetRow, count: usize) -> serde_json::Result<()> {
    let (mut annotation_count, mut size_bytes) = (0, 0);
    for index in 0..count {
        let objects = objects(index);
        annotation_count += objects.len() as u64;
        size_bytes += 800_000 + scatter(index, 400_000) as u64;

        let mut item = DatasetItem::new("");
        let folder = link_to(&format!("demo/datasets/{}", row.dataset.slug));
        item.id = Some(10_000 + index as u64);
        item.key = Some(format!("{index:05}.jpg"));
        item.dataset = Some(row.dataset.uid.clone());
        item.dataset_owner_name = row.dataset.owner_name.clone();
        item.dataset_slug = Some(row.dataset.slug.clone());
        item.url = Some(format!("{folder}/{index:05}.jpg"));
        item.thumbnails = vec![format!("{folder}/thumbnails/{index:05}.jpg")];
        item.status = Some("completed".to_owned());
        item.annotations_count = Some(objects.len() as u64);
        item.metadata = Some(Json::encode(&metadata(index)?)?);
        item.annotations = Some(Json::encode(&Annotations { schema: "warehouse-v2", objects })?);
        item.created_at = minutes(index);
        item.updated_at = minutes(index + 600);
        row.items.add(|uid| {
            item.uid = uid.into();
            item
        });
    }
    row.dataset.item_count = count as u64;
    row.dataset.annotations_count = Some(annotation_count);
    row.dataset.size_bytes = Some(size_bytes);
    Ok(())
}

/// Adds an item for each frame of a sequence, and counts them.
pub(super) fn add_frames(row: &mut DatasetRow, sequence: &str, count: usize) -> serde_json::Result<()> {
    for index in 0..count {
        let mut item = DatasetItem::new("");
        item.id = Some(20_000 + row.dataset.item_count);
        item.key = Some(format!("{sequence}/{index:06}.pcd"));
        item.dataset = Some(row.dataset.uid.clone());
        item.dataset_owner_name = row.dataset.owner_name.clone();
        item.dataset_slug = Some(row.dataset.slug.clone());
        item.url = Some(link_to(&format!("demo/sequences/{sequence}/{index:06}.pcd")));
        item.status = Some("completed".to_owned());
        item.annotations_count = Some(0);
        item.metadata = Some(Json::encode(&serde_json::json!({ "sequence": sequence, "frame": index }))?);
        item.created_at = minutes(index);
        item.updated_at = minutes(index + 600);
        row.items.add(|uid| {
            item.uid = uid.into();
            item
        });
        row.dataset.item_count += 1;
    }
    Ok(())
}

fn metadata(index: usize) -> serde_json::Result<Metadata> {
    let is_dark = index % 4 == 3;
    Ok(Metadata {
        width: 1920,
        height: 1080,
        format: "jpeg",
        camera: if index.is_multiple_of(2) { "mast-left" } else { "mast-right" },
        frame_id: 340_282_366_920_938_463_463_374_607_000_000_000 + index as u128,
        exposure_seconds: format!("0.0083333333333333333333333333{index:03}").parse()?,
        location: Location {
            aisle: index % 14 + 1,
            bay: scatter(index, 40),
            height_m: scatter(index, 900) as f64 / 100.0,
        },
        tags: if is_dark { vec!["night", "low-light"] } else { vec!["day"] },
    })
}

/// Returns up to four objects: boxes, and some polygons.
fn objects(index: usize) -> Vec<Object> {
    const LABELS: [&str; 4] = ["forklift", "pallet", "person", "rack"];
    let object = |(id, label): (usize, &&'static str)| {
        let seed = index * 4 + id;
        let (x, y) = (scatter(seed, 14_000) as f64 / 10.0, scatter(seed + 1, 7_000) as f64 / 10.0);
        let shape = if seed % 3 == 2 {
            Shape::Polygon { points: vec![[x, y], [x + 120.5, y + 8.25], [x + 96.0, y + 140.0], [x - 4.75, y + 121.5]] }
        } else {
            Shape::Box {
                x,
                y,
                width: 64.0 + scatter(seed + 2, 300) as f64,
                height: 48.0 + scatter(seed + 3, 200) as f64,
            }
        };
        let attributes = Attributes {
            occluded: seed.is_multiple_of(5),
            confidence: scatter(seed, 1000) as f64 / 1000.0,
            // Larger than the integers of a double.
            track: (*label != "rack").then_some(9_007_199_254_740_993 + id as u64),
        };
        Object { id, label, shape, attributes }
    };
    LABELS.iter().enumerate().take(index % 5).map(object).collect()
}
