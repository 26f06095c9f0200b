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
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut targets = avala.quality_targets().list("p1").items();
    /// while let Some(target) = targets.next().await {
    ///     let target = target?;
    ///     println!("{}: {} {} {}", target.name, target.metric, target.operator, target.threshold);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self, project: impl Into<ProjectUid>) -> List<QualityTarget> {
        let endpoint = Endpoint::get("quality_targets.list", "/projects/{project_uid}/quality-targets/");
        self.avala.list(endpoint, &[project.into().as_str()])
    }

    /// Gets a quality target (`GET /projects/{project_uid}/quality-targets/{uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let target = avala.quality_targets().get("p1", "qt1").await?;
    /// println!("{}: {} {} {}", target.name, target.metric, target.operator, target.threshold);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, project: impl Into<ProjectUid>, uid: impl Into<QualityTargetUid>) -> Call<QualityTarget> {
        let endpoint = Endpoint::get("quality_targets.get", "/projects/{project_uid}/quality-targets/{uid}/");
        self.avala.call(endpoint, &[project.into().as_str(), uid.into().as_str()])
    }

    /// Updates a quality target (`PATCH /projects/{project_uid}/quality-targets/{uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::UpdateQualityTarget;
    ///
    /// let changes = UpdateQualityTarget::default().threshold(0.95);
    /// let target = avala.quality_targets().update("p1", "qt1", &changes).await?;
    /// println!("{}: {} {} {}", target.name, target.metric, target.operator, target.threshold);
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// match avala.quality_targets().delete("p1", "qt1").await {
    ///     Ok(()) => println!("deleted"),
    ///     Err(error) if error.is_not_found() => println!("there is no such target"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete(&self, project: impl Into<ProjectUid>, uid: impl Into<QualityTargetUid>) -> Call<()> {
        let endpoint = Endpoint::delete("quality_targets.delete", "/projects/{project_uid}/quality-targets/{uid}/");
        self.avala.command(endpoint, &[project.into().as_str(), uid.into().as_str()])
    }

    /// Evaluates all quality targets of a project now (`POST /projects/{project_uid}/quality-targets/evaluate/`).
    ///
    /// A call, not a list: the server evaluates all targets each time, and responds with all of them at once.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// for evaluation in avala.quality_targets().evaluate("p1").await? {
    ///     println!("{}: {}, breached: {}", evaluation.name, evaluation.current_value, evaluation.is_breached);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn evaluate(&self, project: impl Into<ProjectUid>) -> Call<Vec<QualityTargetEvaluation>> {
        let endpoint = Endpoint::post("quality_targets.evaluate", "/projects/{project_uid}/quality-targets/evaluate/");
        self.avala.call(endpoint, &[project.into().as_str()])
    }
}
