//! Lookups and changes of quality targets across tables.

use avala_types::{ProjectUid, QualityTargetUid};

use crate::error::ApiError;
use crate::schema::QualityTarget;
use crate::state::tables::Tables;

impl Tables {
    /// Returns the target of this project, or 404.
    pub(crate) fn quality_target(
        &mut self,
        project: &ProjectUid,
        uid: &QualityTargetUid,
    ) -> Result<&mut QualityTarget, ApiError> {
        let row = self.quality_targets.get_mut(uid)?;
        if row.project == *project { Ok(&mut row.target) } else { Err(ApiError::not_found()) }
    }
}
