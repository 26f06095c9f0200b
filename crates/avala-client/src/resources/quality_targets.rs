//! Quality targets: required quality of the work in a project.

use avala_types::{
    CreateQualityTarget, ProjectUid, QualityTarget, QualityTargetEvaluation, QualityTargetUid, UpdateQualityTarget,
};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::list::List;

/// Calls for quality targets: required quality of the work in a project. Returned by [`Avala::quality_targets`].
#[derive(Clone, Debug)]
pub struct QualityTargets {
    avala: Avala,
}

impl QualityTargets {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Creates a quality target (`POST /projects/{project_uid}/quality-targets/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{CreateQualityTarget, QualityMetric, QualityOperator};
    ///
    /// let payload = CreateQualityTarget::new("Few issues", QualityMetric::IssueRate, 0.02).operator(QualityOperator::Lte);
    /// let target = avala.quality_targets().create("p1", &payload).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(&self, project: impl Into<ProjectUid>, target: &CreateQualityTarget) -> Call<QualityTarget> {
        let endpoint = Endpoint::post("quality_targets.create", "/projects/{project_uid}/quality-targets/");
        self.avala.call(endpoint, &[project.into().as_str()]).json(target)
    }

    /// Lists the quality targets of a project (`GET /projects/{project_uid}/quality-targets/`).
    pub fn list(&self, project: impl Into<ProjectUid>) -> List<QualityTarget> {
        let endpoint = Endpoint::get("quality_targets.list", "/projects/{project_uid}/quality-targets/");
        self.avala.list(endpoint, &[project.into().as_str()])
    }

    /// Gets a quality target (`GET /projects/{project_uid}/quality-targets/{uid}/`).
    pub fn get(&self, project: impl Into<ProjectUid>, uid: impl Into<QualityTargetUid>) -> Call<QualityTarget> {
        let endpoint = Endpoint::get("quality_targets.get", "/projects/{project_uid}/quality-targets/{uid}/");
        self.avala.call(endpoint, &[project.into().as_str(), uid.into().as_str()])
    }

    /// Updates a quality target (`PATCH /projects/{project_uid}/quality-targets/{uid}/`).
    pub fn update(
        &self,
        project: impl Into<ProjectUid>,
        uid: impl Into<QualityTargetUid>,
        changes: &UpdateQualityTarget,
    ) -> Call<QualityTarget> {
        let endpoint = Endpoint::patch("quality_targets.update", "/projects/{project_uid}/quality-targets/{uid}/");
        self.avala.call(endpoint, &[project.into().as_str(), uid.into().as_str()]).json(changes)
    }

    /// Deletes a quality target (`DELETE /projects/{project_uid}/quality-targets/{uid}/`).
    pub fn delete(&self, project: impl Into<ProjectUid>, uid: impl Into<QualityTargetUid>) -> Call<()> {
        let endpoint = Endpoint::delete("quality_targets.delete", "/projects/{project_uid}/quality-targets/{uid}/");
        self.avala.command(endpoint, &[project.into().as_str(), uid.into().as_str()])
    }

    /// Evaluates all quality targets of a project now (`POST /projects/{project_uid}/quality-targets/evaluate/`).
    ///
    /// A call, not a list: the server evaluates all targets each time, and responds with all of them at once.
    pub fn evaluate(&self, project: impl Into<ProjectUid>) -> Call<Vec<QualityTargetEvaluation>> {
        let endpoint = Endpoint::post("quality_targets.evaluate", "/projects/{project_uid}/quality-targets/evaluate/");
        self.avala.call(endpoint, &[project.into().as_str()])
    }
}
