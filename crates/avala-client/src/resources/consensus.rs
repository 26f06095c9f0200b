//! Consensus: agreement of annotators.

use avala_types::{
    ConsensusComputeResult, ConsensusConfig, ConsensusScore, ConsensusSummary, ProjectUid, UpdateConsensusConfig,
};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::list::List;

/// Calls for consensus: the agreement of annotators. Returned by [`Avala::consensus`].
#[derive(Clone, Debug)]
pub struct Consensus {
    avala: Avala,
}

impl Consensus {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Gets the agreement of the annotators of a project (`GET /projects/{project_uid}/consensus/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let summary = avala.consensus().get_summary("p1").await?;
    /// println!("mean {:.2} over {} items", summary.mean_score, summary.total_items);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_summary(&self, project: impl Into<ProjectUid>) -> Call<ConsensusSummary> {
        let endpoint = Endpoint::get("consensus.get_summary", "/projects/{project_uid}/consensus/");
        self.avala.call(endpoint, &[project.into().as_str()])
    }

    /// Lists the scores of the items of a project (`GET /projects/{project_uid}/consensus/scores/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut scores = avala.consensus().list_scores("p1").items();
    /// while let Some(score) = scores.next().await {
    ///     let score = score?;
    ///     println!("{}: {:.2} of {} annotators", score.task_name, score.score, score.annotator_count);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_scores(&self, project: impl Into<ProjectUid>) -> List<ConsensusScore> {
        let endpoint = Endpoint::get("consensus.list_scores", "/projects/{project_uid}/consensus/scores/");
        self.avala.list(endpoint, &[project.into().as_str()])
    }

    /// Starts the computation of new scores (`POST /projects/{project_uid}/consensus/compute/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let result = avala.consensus().compute("p1").await?;
    /// println!("{:?}", result.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn compute(&self, project: impl Into<ProjectUid>) -> Call<ConsensusComputeResult> {
        let endpoint = Endpoint::post("consensus.compute", "/projects/{project_uid}/consensus/compute/");
        self.avala.call(endpoint, &[project.into().as_str()])
    }

    /// Gets the thresholds of agreement (`GET /projects/{project_uid}/consensus/config/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let config = avala.consensus().get_config("p1").await?;
    /// println!("IoU of at least {:?}", config.iou_threshold);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_config(&self, project: impl Into<ProjectUid>) -> Call<ConsensusConfig> {
        let endpoint = Endpoint::get("consensus.get_config", "/projects/{project_uid}/consensus/config/");
        self.avala.call(endpoint, &[project.into().as_str()])
    }

    /// Updates the thresholds of agreement (`PUT /projects/{project_uid}/consensus/config/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::UpdateConsensusConfig;
    ///
    /// let changes = UpdateConsensusConfig::default().iou_threshold(0.7);
    /// let config = avala.consensus().update_config("p1", &changes).await?;
    /// println!("IoU of at least {:?}", config.iou_threshold);
    /// # Ok(())
    /// # }
    /// ```
    pub fn update_config(
        &self,
        project: impl Into<ProjectUid>,
        changes: &UpdateConsensusConfig,
    ) -> Call<ConsensusConfig> {
        let endpoint = Endpoint::put("consensus.update_config", "/projects/{project_uid}/consensus/config/");
        self.avala.call(endpoint, &[project.into().as_str()]).json(changes)
    }
}
