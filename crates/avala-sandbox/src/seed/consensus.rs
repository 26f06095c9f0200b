//! Annotations of the same images by three annotators, one box each.

use super::values::{minutes, scatter};
use crate::demo;
use crate::error::ApiError;
use crate::state::consensus::{Area, Opinion};
use crate::state::tables::Tables;

/// Number of images that they annotated.
const ITEMS: usize = 120;

pub(super) fn add(tables: &mut Tables) -> Result<(), ApiError> {
    let images = tables.dataset(&demo::OWNER.into(), &demo::IMAGE_DATASET.into())?;
    let items: Vec<_> = images.items.rows().take(ITEMS).map(|item| item.uid.clone()).collect();
    let Some(project) = tables.projects.rows().next().map(|project| project.uid.clone()) else { return Ok(()) };

    let row = tables.consensus(&project)?;
    for (index, item) in items.into_iter().enumerate() {
        // Every tenth image has only one annotator.
        let annotators = if index % 10 == 9 { 1 } else { 3 };
        let task_name = if index % 3 == 2 { "pallet" } else { "forklift" };
        let areas = (0..annotators).map(|annotator| area(index, annotator)).collect();
        row.opinions.push(Opinion { item, task_name: task_name.to_owned(), areas });
    }
    row.compute(minutes(2000));
    row.config.created_at = minutes(0);
    row.config.updated_at = minutes(0);
    Ok(())
}

/// Annotators differ by up to a few pixels, and by up to half a box on every eighth image.
fn area(index: usize, annotator: usize) -> Area {
    let reach = if index % 8 == 7 { 60 } else { 12 };
    let shift = |axis: usize| scatter(index * 16 + annotator * 4 + axis, reach) as f64;
    Area { x: 100.0 + shift(0), y: 80.0 + shift(1), width: 120.0 + shift(2), height: 90.0 + shift(3) }
}
