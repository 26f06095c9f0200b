//! Lookups and changes of consensus across tables.

use avala_types::ProjectUid;

use crate::error::ApiError;
use crate::state::consensus::ConsensusRow;
use crate::state::tables::Tables;

impl Tables {
    /// Returns the consensus of a project, or 404 if there is no such project.
    pub(crate) fn consensus(&mut self, project: &ProjectUid) -> Result<&mut ConsensusRow, ApiError> {
        self.projects.get(project)?;
        Ok(self.consensus.entry(project.clone()).or_insert_with(|| ConsensusRow::new(project)))
    }
}
