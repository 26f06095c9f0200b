//! Annotations of a project by several annotators, and their agreement.

mod summary;

use avala_types::{ConsensusScoreType, ItemUid, ProjectUid, Timestamp};
use serde_json::json;

use crate::schema::{ConsensusConfig, ConsensusScore};
use crate::state::clock;
use crate::state::table::Table;

pub(crate) struct ConsensusRow {
    pub(crate) config: ConsensusConfig,
    /// Annotations of the same items by several annotators.
    pub(crate) opinions: Vec<Opinion>,
    /// Result of the last computation.
    pub(crate) scores: Table<ConsensusScore>,
}

/// The annotations of one object on one item, by all annotators.
pub(crate) struct Opinion {
    pub(crate) item: ItemUid,
    pub(crate) task_name: String,
    pub(crate) areas: Vec<Area>,
}

/// A box.
#[derive(Clone, Copy)]
pub(crate) struct Area {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl ConsensusRow {
    pub(crate) fn new(project: &ProjectUid) -> Self {
        let mut config = ConsensusConfig::new(format!("consensus-{project}"));
        config.iou_threshold = Some(0.5);
        config.min_agreement_ratio = Some(0.5);
        config.min_annotations = Some(2);
        config.created_at = clock::now();
        config.updated_at = config.created_at;
        Self { config, opinions: Vec::new(), scores: Table::new(&format!("consensus of {project}")) }
    }

    /// Replaces the scores: one for each item with enough annotators.
    pub(crate) fn compute(&mut self, created_at: Option<Timestamp>) {
        self.scores.retain(|_| false);
        let threshold = self.config.iou_threshold.unwrap_or(0.5);
        let enough = self.config.min_annotations.unwrap_or(2).max(2);
        for opinion in &self.opinions {
            let annotators = opinion.areas.len() as u64;
            if annotators < enough {
                continue;
            }
            let overlaps = opinion.overlaps();
            let agreeing = overlaps.iter().filter(|overlap| **overlap >= threshold).count();
            let mean = overlaps.iter().sum::<f64>() / overlaps.len() as f64;
            self.scores.add(|uid| {
                let mut score =
                    ConsensusScore::new(uid, &opinion.item, opinion.task_name.as_str(), round(mean), annotators);
                score.score_type = Some(ConsensusScoreType::Iou);
                score.details = Some(json!({ "pairs": overlaps.len(), "agreeing_pairs": agreeing }).into());
                score.created_at = created_at;
                score
            });
        }
    }

    /// Returns whether an item's annotators agree: enough of their pairs overlap enough.
    pub(crate) fn is_agreed(&self, score: &ConsensusScore) -> bool {
        #[derive(serde::Deserialize)]
        struct Details {
            pairs: f64,
            agreeing_pairs: f64,
        }
        let details = score.details.as_ref().and_then(|details| details.parse::<Details>().ok());
        let ratio = details.map_or(0.0, |details| details.agreeing_pairs / details.pairs);
        ratio >= self.config.min_agreement_ratio.unwrap_or(0.5)
    }
}

impl Opinion {
    /// Returns the agreement of each pair of annotators.
    fn overlaps(&self) -> Vec<f64> {
        let pairs = self
            .areas
            .iter()
            .enumerate()
            .flat_map(|(index, one)| self.areas.iter().skip(index + 1).map(move |other| one.overlap(other)));
        pairs.collect()
    }
}

impl Area {
    /// Returns the area that two boxes share, divided by the area that they cover together.
    fn overlap(&self, other: &Self) -> f64 {
        let shared = |start: f64, size: f64, other_start: f64, other_size: f64| {
            ((start + size).min(other_start + other_size) - start.max(other_start)).max(0.0)
        };
        let both =
            shared(self.x, self.width, other.x, other.width) * shared(self.y, self.height, other.y, other.height);
        both / (self.width * self.height + other.width * other.height - both)
    }
}

/// Rounds to four digits, as the server writes scores.
pub(crate) fn round(number: f64) -> f64 {
    (number * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_overlap_by_the_share_that_both_cover() {
        let area = |x, y| Area { x, y, width: 2.0, height: 2.0 };
        assert_eq!(area(0.0, 0.0).overlap(&area(0.0, 0.0)), 1.0);
        assert_eq!(area(0.0, 0.0).overlap(&area(1.0, 0.0)), 2.0 / 6.0);
        assert_eq!(area(0.0, 0.0).overlap(&area(2.0, 0.0)), 0.0);
        assert_eq!(area(0.0, 0.0).overlap(&area(9.0, 9.0)), 0.0);
    }

    #[test]
    fn every_pair_counts_once() {
        let area = Area { x: 0.0, y: 0.0, width: 1.0, height: 1.0 };
        let opinion = Opinion { item: "i".into(), task_name: "box".to_owned(), areas: vec![area; 4] };
        assert_eq!(opinion.overlaps(), [1.0; 6]);
    }
}
