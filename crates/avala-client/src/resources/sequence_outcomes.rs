//! Outcomes of sequences: the success of recorded episodes.

use avala_types::{
    AutonomyLevel, DatasetSlug, EvaluationMembership, OutcomeLabel, OutcomeSource, OwnerName, SequenceOutcome,
    SequenceUid, SetSequenceOutcome,
};

use super::Datasets;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::filters::filters;
use crate::list::List;

const OUTCOME: &str = "/datasets/{owner}/{slug}/sequences/{sequence_uid}/outcome/";

/// Outcomes of sequences.
impl Datasets {
    /// Gets the current outcome of a sequence (`GET /datasets/{owner}/{slug}/sequences/{sequence_uid}/outcome/`).
    ///
    /// Fails with [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if the sequence has no outcome.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let outcome = avala.datasets().get_sequence_outcome("acme", "night-drives", "s1").await?;
    /// println!("version {:?}: {:?}", outcome.version, outcome.outcome);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_sequence_outcome(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
        sequence: impl Into<SequenceUid>,
    ) -> Call<SequenceOutcome> {
        let endpoint = Endpoint::get("datasets.get_sequence_outcome", OUTCOME);
        self.avala.call(endpoint, &[owner.into().as_str(), slug.into().as_str(), sequence.into().as_str()])
    }

    /// Replaces the outcome of a sequence as a whole
    /// (`PUT /datasets/{owner}/{slug}/sequences/{sequence_uid}/outcome/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{AutonomyLevel, OutcomeLabel, SetSequenceOutcome};
    ///
    /// let outcome = SetSequenceOutcome::new(OutcomeLabel::SlowSuccess)
    ///     .autonomy_level(AutonomyLevel::Autonomous)
    ///     .confidence(0.9);
    /// avala.datasets().set_sequence_outcome("acme", "drives", "s1", &outcome).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_sequence_outcome(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
        sequence: impl Into<SequenceUid>,
        outcome: &SetSequenceOutcome,
    ) -> Call<SequenceOutcome> {
        let endpoint = Endpoint::put("datasets.set_sequence_outcome", OUTCOME);
        let call = self.avala.call(endpoint, &[owner.into().as_str(), slug.into().as_str(), sequence.into().as_str()]);
        call.json(outcome)
    }

    /// Lists all versions of the outcome of a sequence
    /// (`GET /datasets/{owner}/{slug}/sequences/{sequence_uid}/outcome/history/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// for outcome in avala.datasets().list_sequence_outcome_history("acme", "night-drives", "s1").await? {
    ///     println!("version {:?}: {:?}", outcome.version, outcome.outcome);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_sequence_outcome_history(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
        sequence: impl Into<SequenceUid>,
    ) -> Call<Vec<SequenceOutcome>> {
        let route = "/datasets/{owner}/{slug}/sequences/{sequence_uid}/outcome/history/";
        let endpoint = Endpoint::get("datasets.list_sequence_outcome_history", route);
        self.avala.call(endpoint, &[owner.into().as_str(), slug.into().as_str(), sequence.into().as_str()])
    }

    /// Lists the current outcomes of the sequences of a dataset (`GET /datasets/{owner}/{slug}/sequence-outcomes/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::OutcomeLabel;
    ///
    /// let list = avala.datasets().list_sequence_outcomes("acme", "night-drives");
    /// let mut outcomes = list.outcome([OutcomeLabel::Failure, OutcomeLabel::Unsafe]).items();
    /// while let Some(outcome) = outcomes.next().await {
    ///     let outcome = outcome?;
    ///     println!("version {:?}: {:?}", outcome.version, outcome.outcome);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_sequence_outcomes(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
    ) -> List<SequenceOutcome, SequenceOutcomeFilters> {
        let endpoint = Endpoint::get("datasets.list_sequence_outcomes", "/datasets/{owner}/{slug}/sequence-outcomes/");
        self.avala.list(endpoint, &[owner.into().as_str(), slug.into().as_str()])
    }
}

filters! {
    /// Filters of [`Datasets::list_sequence_outcomes`].
    pub enum SequenceOutcomeFilters {
        /// Lists only sequences with one of these outcomes.
        fn outcome(self, labels: impl IntoIterator<Item: Into<OutcomeLabel>>) {
            self.any_of("outcome", labels.into_iter().map(|label| label.into().as_str().to_owned()))
        }

        /// Lists only sequences of these evaluation splits.
        fn evaluation_membership(self, splits: impl IntoIterator<Item: Into<EvaluationMembership>>) {
            self.any_of("evaluation_membership", splits.into_iter().map(|split| split.into().as_str().to_owned()))
        }

        /// Lists only outcomes of these sources, such as a human.
        fn source(self, sources: impl IntoIterator<Item: Into<OutcomeSource>>) {
            self.any_of("source", sources.into_iter().map(|source| source.into().as_str().to_owned()))
        }

        /// Lists only sequences with one of these autonomy levels.
        fn autonomy_level(self, levels: impl IntoIterator<Item: Into<AutonomyLevel>>) {
            self.any_of("autonomy_level", levels.into_iter().map(|level| level.into().as_str().to_owned()))
        }

        /// Lists only sequences with actions of this version of a model.
        fn model_version(self, version: impl Into<String>) {
            self.param("model_version", version)
        }
    }
}
