//! Storage configs.

use avala_types::OwnerName;

use crate::schema::StorageConfig;

pub(crate) struct StorageConfigRow {
    pub(crate) config: StorageConfig,
    pub(crate) owner: OwnerName,
    /// Why the bucket cannot be read.
    pub(crate) problem: Option<Problem>,
}

/// A required field of the bucket that is unset.
pub(crate) struct Problem {
    pub(crate) field: &'static str,
}

impl Problem {
    pub(crate) fn message(&self) -> String {
        format!("The bucket cannot be read without {}.", self.field)
    }
}
