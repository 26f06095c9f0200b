//! Paths of datasets.

use avala_types::{DatasetSlug, OwnerName};
use axum::extract::Path;

/// Owner and slug of a dataset.
pub(super) type ByName = Path<(OwnerName, DatasetSlug)>;
