//! Quality targets.

use avala_types::ProjectUid;

use crate::schema::QualityTarget;

pub(crate) struct QualityTargetRow {
    pub(crate) target: QualityTarget,
    pub(crate) project: ProjectUid,
}
