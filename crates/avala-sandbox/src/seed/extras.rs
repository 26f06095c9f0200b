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
    /// Slugs of public datasets with episodes, how many of them, and how many files each has.
    pub(crate) public_episodes: Vec<(String, usize, usize)>,
    pub(crate) recordings: usize,
}

fn add_public(tables: &mut Tables, slug: &str, data_type: DataType, paths: impl Iterator<Item = String>) {
    let mut dataset = Dataset::new("", slug, slug);
    dataset.owner_name = Some(demo::OTHER_OWNER.into());
    dataset.visibility = Some(Visibility::Public);
    let row = tables.add_dataset(dataset, data_type);
    row.dataset.status = Some(DatasetStatus::Created);
    for path in paths {
        add_item(row, &path, &format!("demo/public/{slug}/{path}"), 0);
    }
}

pub(super) fn add(tables: &mut Tables, extras: &Extras) {
    for (slug, count) in &extras.public_datasets {
        add_public(tables, slug, DataType::Image, (0..*count).map(|index| format!("{index:06}.bin")));
    }
    for (slug, episodes, files) in &extras.public_episodes {
        let paths = (0..*episodes).flat_map(|episode| {
            let file = move |file| format!("{episode:04}/{file:04}.bin");
            (0..*files).map(file).chain([format!("{episode:04}.episode")])
        });
        add_public(tables, slug, DataType::Video, paths);
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
