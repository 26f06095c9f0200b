//! Summary of the scores of a project.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::schema::{ConsensusScore, ConsensusSummary};
use crate::state::consensus::{ConsensusRow, round};

/// The ranges of the histogram of scores, by their lower bounds.
const RANGES: [(f64, &str); 5] =
    [(0.0, "0.0-0.2"), (0.2, "0.2-0.4"), (0.4, "0.4-0.6"), (0.6, "0.6-0.8"), (0.8, "0.8-1.0")];

impl ConsensusRow {
    pub(crate) fn summary(&self) -> ConsensusSummary {
        let mut scores: Vec<f64> = self.scores.rows().map(|score| score.score).collect();
        scores.sort_by(f64::total_cmp);
        let agreed = self.scores.rows().filter(|score| self.is_agreed(score)).count() as u64;
        let (min, max) = (scores.first().copied(), scores.last().copied());
        let mut summary = ConsensusSummary::new(
            mean(&scores),
            median(&scores),
            min.unwrap_or_default(),
            max.unwrap_or_default(),
            self.opinions.len() as u64,
            agreed,
        );
        let count = |(low, label): (f64, &'static str)| {
            let in_range = |score: &&f64| **score >= low && (**score < low + 0.2 || low == 0.8);
            (label, scores.iter().filter(in_range).count())
        };
        let distribution: BTreeMap<&str, usize> = RANGES.into_iter().map(count).collect();
        summary.score_distribution = Some(json!(distribution).into());
        summary.by_task_name = Some(self.by_task_name().into());
        summary
    }

    fn by_task_name(&self) -> Value {
        let mut by_name: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for ConsensusScore { task_name, score, .. } in self.scores.rows() {
            by_name.entry(task_name).or_default().push(*score);
        }
        let entry = |(name, scores): (&str, Vec<f64>)| json!({ "task_name": name, "mean_score": mean(&scores), "count": scores.len() });
        by_name.into_iter().map(entry).collect()
    }
}

fn mean(scores: &[f64]) -> f64 {
    if scores.is_empty() { 0.0 } else { round(scores.iter().sum::<f64>() / scores.len() as f64) }
}

/// Returns the median.
fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    match sorted.get(middle) {
        None => 0.0,
        Some(upper) if sorted.len() % 2 == 1 => *upper,
        Some(upper) => round((upper + sorted.get(middle - 1).unwrap_or(upper)) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_an_even_number_is_a_mean() {
        assert_eq!((median(&[]), mean(&[])), (0.0, 0.0));
        assert_eq!(median(&[0.25]), 0.25);
        assert_eq!(median(&[0.25, 0.75]), 0.5);
        assert_eq!(median(&[0.1, 0.2, 0.9]), 0.2);
    }
}
