//! What the steps of all rounds gave.

use std::collections::BTreeMap;

use serde_json::Value;

use super::counts::Counts;
use super::plan::Step;

/// What one step took in one round.
#[derive(Clone, Copy)]
pub(super) struct Figures {
    pub(super) operations: f64,
    pub(super) cpu_ms: f64,
    pub(super) wall_ms: f64,
    pub(super) peak_kb: f64,
}

/// What is told apart: the side, the work and how much of it.
pub(super) type Key = (String, &'static str, u64);

#[derive(Default)]
pub(super) struct Results {
    /// In the order in which they were measured first.
    pub(super) order: Vec<Key>,
    pub(super) rounds: BTreeMap<Key, Vec<Figures>>,
    /// For a work and how much of it, the sum over what was read.
    checksums: BTreeMap<(String, u64), u64>,
    pub(super) counts: Counts,
}

impl Results {
    pub(super) fn add(&mut self, step: &Step, figures: Value) -> Result<(), String> {
        let number = |name: &str| {
            figures
                .get(name)
                .and_then(Value::as_u64)
                .ok_or_else(|| format!("no {name} in the figures of {}", step.work))
        };
        // The same bytes were read whatever became of free-form fields and of the order of calls.
        let work = step.work.replace("pages-value", "pages-raw");
        let checksum = number("checksum")?;
        let known = *self.checksums.entry((work, step.count)).or_insert(checksum);
        if known != checksum {
            return Err(format!("{} did not read in {} what the others read", step.side, step.work));
        }
        let key = (step.work.clone(), step.side, step.count);
        if !self.order.contains(&key) {
            self.order.push(key.clone());
        }
        self.rounds.entry(key).or_default().push(Figures {
            operations: number("operations")? as f64,
            cpu_ms: number("cpu_ns")? as f64 / 1e6,
            wall_ms: number("wall_ns")? as f64 / 1e6,
            peak_kb: number("peak_kb")? as f64,
        });
        Ok(())
    }

    /// One of the figures of a step, round by round.
    pub(super) fn of(&self, side: &str, work: &str, figure: fn(&Figures) -> f64) -> Result<Vec<f64>, String> {
        let found = self.rounds.iter().find(|((known, by, _), _)| known == work && *by == side);
        found
            .map(|(_, rounds)| rounds.iter().map(figure).collect())
            .ok_or_else(|| format!("{work} was not measured as {side}"))
    }

    /// The most memory that a work of this size took.
    pub(super) fn peak_kb(&self, side: &'static str, work: &str, count: u64) -> Result<f64, String> {
        let rounds = self.rounds.get(&(work.to_owned(), side, count));
        let peaks = rounds.map(|rounds| rounds.iter().map(|figures| figures.peak_kb).collect::<Vec<_>>());
        peaks.map(|peaks| median(&peaks)).ok_or_else(|| format!("{count} {work} were not measured"))
    }
}

/// The value in the middle.
pub(super) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value below which a part of the values lies; between two values, it is interpolated.
pub(super) fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = part * sorted.len().saturating_sub(1) as f64;
    let value = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    let (below, above) = (value(place.floor() as usize), value(place.ceil() as usize));
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_the_values() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[1.0, 2.0]), 1.5);
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.25), 2.0);
        assert!(median(&[]).is_nan());
    }
}
