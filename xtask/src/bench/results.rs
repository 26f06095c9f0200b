//! The results of all rounds.

use std::collections::BTreeMap;

use serde_json::Value;

use super::counts::Counts;
use super::plan::Step;

/// The figures of one step in one round.
#[derive(Clone, Copy)]
pub(super) struct Figures {
    pub(super) operations: f64,
    pub(super) cpu_ms: f64,
    pub(super) wall_ms: f64,
    pub(super) peak_kb: f64,
}

/// Identifies a step: workload, client, and number of operations.
pub(super) type Key = (String, &'static str, u64);

#[derive(Default)]
pub(super) struct Results {
    /// In the order of the first measurement.
    pub(super) order: Vec<Key>,
    pub(super) rounds: BTreeMap<Key, Vec<Figures>>,
    /// The checksum of each workload and number of operations.
    checksums: BTreeMap<(String, u64), u64>,
    pub(super) counts: Counts,
}

impl Results {
    pub(super) fn add(&mut self, step: &Step, figures: Value) -> Result<(), String> {
        let number = |name: &str| {
            figures
                .get(name)
                .and_then(Value::as_u64)
                .ok_or_else(|| format!("no {name} in the figures of {}", step.workload))
        };
        // Both decode the same bytes, so their checksums are equal.
        let workload = step.workload.replace("pages-value", "pages-raw");
        let checksum = number("checksum")?;
        let known = *self.checksums.entry((workload, step.count)).or_insert(checksum);
        if known != checksum {
            return Err(format!("{} read other data in {} than the other clients", step.client, step.workload));
        }
        let key = (step.workload.clone(), step.client, step.count);
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

    /// Returns one figure of a step, for each round.
    pub(super) fn of(&self, client: &str, workload: &str, figure: fn(&Figures) -> f64) -> Result<Vec<f64>, String> {
        let found = self.rounds.iter().find(|((known, by, _), _)| known == workload && *by == client);
        found
            .map(|(_, rounds)| rounds.iter().map(figure).collect())
            .ok_or_else(|| format!("{workload} was not measured as {client}"))
    }

    /// Returns the median peak memory of a workload, in kB.
    pub(super) fn peak_kb(&self, client: &'static str, workload: &str, count: u64) -> Result<f64, String> {
        let rounds = self.rounds.get(&(workload.to_owned(), client, count));
        let peaks = rounds.map(|rounds| rounds.iter().map(|figures| figures.peak_kb).collect::<Vec<_>>());
        peaks.map(|peaks| median(&peaks)).ok_or_else(|| format!("{count} {workload} were not measured"))
    }
}

/// Returns the median.
pub(super) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// Returns the quantile of `part`, interpolated between values.
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
