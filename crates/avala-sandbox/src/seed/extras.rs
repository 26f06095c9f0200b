//! Objects that a test adds to the seed.

use avala_types::{DataType, DatasetStatus, RecordingStatus, Visibility};

use super::values::minutes;
use crate::demo;
use crate::schema::{Dataset, FleetRecording};
use crate::state::manual_upload::add_item;
use crate::state::tables::Tables;

/// Objects besides those of the seed.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    /// Slugs of public datasets, and how many objects they have.
    pub(crate) public_datasets: Vec<(String, usize)>,
    pub(crate) recordings: usize,
}

pub(super) fn add(tables: &mut Tables, extras: &Extras) {
    for (slug, count) in &extras.public_datasets {
        let mut dataset = Dataset::new("", slug.as_str(), slug.as_str());
        dataset.owner_name = Some(demo::OTHER_OWNER.into());
        dataset.visibility = Some(Visibility::Public);
        let row = tables.add_dataset(dataset, DataType::Image);
        row.dataset.status = Some(DatasetStatus::Created);
        for index in 0..*count {
            let path = format!("{index:06}.bin");
            add_item(row, &path, &format!("demo/public/{slug}/{path}"), 0);
        }
    }
    for index in 0..extras.recordings {
        tables.fleet.recordings.add(|uid| {
            let mut recording = FleetRecording::new(uid);
            recording.status = Some(RecordingStatus::Uploading);
            recording.started_at = minutes(index);
            recording.created_at = minutes(index);
            recording.updated_at = minutes(index);
            recording
        });
    }
}
