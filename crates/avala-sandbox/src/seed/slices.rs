//! Slices of the datasets.

use avala_types::{CreateSlice, Visibility};
use serde_json::{Value, json};

use super::values::minutes;
use crate::demo;
use crate::error::ApiError;
use crate::state::tables::Tables;

const NAMES: [&str; 12] = [
    "Night shifts",
    "Blocked aisles",
    "Forklifts at speed",
    "People near racks",
    "Torn pallets",
    "Low light",
    "Wet floor",
    "Reflections",
    "Charging bay",
    "Empty shelves",
    "Half-open gates",
    "Review sample",
];

pub(super) fn add(tables: &mut Tables) -> Result<(), ApiError> {
    let datasets: Vec<_> = tables.datasets.rows().map(|row| row.dataset.uid.clone()).collect();
    for (index, name) in NAMES.into_iter().enumerate() {
        // Every third has items of a second dataset.
        let sources = datasets.iter().take(1).chain(datasets.iter().skip(2 + index).take(usize::from(index % 3 == 0)));
        let parts: Value = sources.map(|uid| json!({ "type": "dataset", "dataset_uid": uid })).collect();
        let visibility = if index % 4 == 3 { Visibility::Public } else { Visibility::Private };
        let payload = CreateSlice::new(name, visibility, parts).random_selection_count(20 + index as u64 * 10);
        let payload = if index == 11 { payload.organization(demo::ORGANIZATION) } else { payload };
        let row = tables.add_slice(payload, demo::OWNER.into())?;
        row.slice.created_at = minutes(index * 500);
        row.slice.updated_at = minutes(index * 500 + 20);
    }
    Ok(())
}
