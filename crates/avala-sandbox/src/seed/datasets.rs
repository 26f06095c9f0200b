//! Datasets: a few with content, and enough small ones that a list has more than one page.

use avala_types::{DataType, DatasetStatus, Visibility};

use super::values::minutes;
use super::{items, sequences};
use crate::demo;
use crate::schema::Dataset;
use crate::state::dataset::DatasetRow;
use crate::state::tables::Tables;

/// Number of all datasets.
const COUNT: usize = 120;

const ZONES: [&str; 5] = ["Inbound dock", "Outbound dock", "Cold store", "High rack", "Charging bay"];

/// Settings of a dataset before its items are created.
struct Plan {
    owner: &'static str,
    name: String,
    data_type: DataType,
    visibility: Visibility,
    items: usize,
}

pub(super) fn add(tables: &mut Tables) -> serde_json::Result<()> {
    let named = named();
    let shifts = (0..COUNT - named.len()).map(shift);
    for (index, plan) in named.into_iter().chain(shifts).enumerate() {
        let mut dataset = Dataset::new("", plan.name.as_str(), slug(&plan.name));
        dataset.owner_name = Some(plan.owner.into());
        dataset.is_sequence = Some(plan.data_type == DataType::Lidar);
        dataset.data_type = Some(plan.data_type);
        dataset.visibility = Some(plan.visibility);
        // Every fortieth dataset is still being read.
        dataset.status = Some(if index % 40 == 39 { DatasetStatus::Creating } else { DatasetStatus::Created });
        dataset.project_count = Some(index as u64 % 3);
        dataset.created_at = minutes(index * 90);
        dataset.updated_at = minutes(index * 90 + 45);
        let row = tables.datasets.add(|uid| {
            dataset.uid = uid.into();
            DatasetRow::new(dataset)
        });
        items::add(row, plan.items)?;
        if row.dataset.data_type == Some(DataType::Lidar) {
            sequences::add(row)?;
        }
    }
    Ok(())
}

/// Returns the datasets that tests and examples call by name.
fn named() -> Vec<Plan> {
    use Visibility::{Private, Public, Unlisted};
    let plan = |owner, name: &str, data_type, visibility, items| Plan {
        owner,
        name: name.to_owned(),
        data_type,
        visibility,
        items,
    };
    vec![
        plan(demo::OWNER, "Forklift images", DataType::Image, Private, 260),
        plan(demo::OWNER, "Warehouse LiDAR", DataType::Lidar, Private, 0),
        plan(demo::OWNER, "Dock videos", DataType::Video, Private, 6),
        plan(demo::OWNER, "Patrol recordings", DataType::Mcap, Private, 4),
        plan(demo::OWNER, "Lobby splats", DataType::Splat, Public, 2),
        plan(demo::OWNER, "Pallet scans", DataType::PointCloud, Unlisted, 5),
        plan(demo::OTHER_OWNER, "Harbor cranes", DataType::Image, Public, 12),
        plan(demo::OTHER_OWNER, "Quay videos", DataType::Video, Public, 3),
        plan(demo::ORGANIZATION, "Bearing volumes", DataType::Image3d, Private, 3),
        plan(demo::ORGANIZATION, "Gripper failures", DataType::Image, Unlisted, 8),
    ]
}

/// Plans one of the many small datasets: the images of one shift.
fn shift(index: usize) -> Plan {
    let zone = ZONES.get(index % ZONES.len()).unwrap_or(&"Yard");
    Plan {
        owner: demo::OWNER,
        name: format!("{zone} shift {:03}", index + 1),
        data_type: DataType::Image,
        visibility: Visibility::Private,
        items: index % 3,
    }
}

fn slug(name: &str) -> String {
    name.to_lowercase().replace(' ', "-")
}
