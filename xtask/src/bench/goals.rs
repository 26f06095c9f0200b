//! Performance goals and their measured values.

use super::plan::{FEW_ITEMS, Plan};
use super::results::{Figures, Results, median, quantile};

/// A figure with an upper limit.
pub(super) struct Goal {
    pub(super) what: String,
    pub(super) most: f64,
    /// One value per round; a single value for reproducible figures.
    pub(super) values: Vec<f64>,
}

impl Goal {
    pub(super) fn median(&self) -> f64 {
        median(&self.values)
    }

    /// Returns whether three of four rounds miss the goal, which is more than noise.
    pub(super) fn is_missed(&self) -> bool {
        quantile(&self.values, 0.25) > self.most
    }

    pub(super) fn verdict(&self) -> &'static str {
        match (self.median() <= self.most, self.is_missed()) {
            (true, _) => "met",
            (false, false) => "missed, within the noise",
            (false, true) => "**missed**",
        }
    }
}

fn cpu(figures: &Figures) -> f64 {
    figures.cpu_ms
}

fn wall(figures: &Figures) -> f64 {
    figures.wall_ms
}

fn cpu_for_one(figures: &Figures) -> f64 {
    figures.cpu_ms / figures.operations
}

pub(super) fn of(results: &Results, plan: &Plan) -> Result<Vec<Goal>, String> {
    // Both values of a ratio are from the same round.
    let ratio = |figure: fn(&Figures) -> f64, (client, workload): (&str, &str), (other, other_work): (&str, &str)| {
        let pairs = results.of(client, workload, figure)?.into_iter().zip(results.of(other, other_work, figure)?);
        Ok::<Vec<f64>, String>(pairs.map(|(value, base)| value / base).collect())
    };
    let mut goals = Vec::new();
    let mut goal = |what: &str, most: f64, values: Vec<f64>| goals.push(Goal { what: what.to_owned(), most, values });

    for (what, workload, of_hyper, of_reqwest) in [
        ("5,000 small GETs in sequence, one core for client and server", "small-one-core", 1.35, 0.85),
        ("the same, one core each", "small-sequential", 1.35, 0.85),
        ("20,000 small GETs, 64 in flight", "small-concurrent", 1.30, 0.85),
        ("the same on two threads", "small-two-threads", 1.50, 0.85),
    ] {
        goal(&format!("{what}: CPU, bare hyper = 1"), of_hyper, ratio(cpu, ("avala", workload), ("hyper", workload))?);
        goal(&format!("{what}: CPU, reqwest = 1"), of_reqwest, ratio(cpu, ("avala", workload), ("reqwest", workload))?);
    }
    let pages = ("avala", "pages-raw");
    goal("10,000 items in 100 pages: CPU, bare hyper = 1", 0.82, ratio(cpu, pages, ("hyper", "pages-raw"))?);
    goal("the same: CPU, reqwest with `Value` = 1", 0.25, ratio(cpu, pages, ("reqwest", "pages-value"))?);
    let base = ("hyper", "sequence-raw");
    goal(
        "a sequence, frame count and calibration: CPU, bare hyper = 1",
        0.95,
        ratio(cpu, ("avala", "sequence-raw"), base)?,
    );
    let typed = ratio(cpu, ("avala", "sequence-typed"), ("reqwest", "sequence-typed"))?;
    goal("a sequence, all frames typed: CPU, reqwest with serde derive = 1", 1.0, typed);
    let peak = results.of("avala", "sequence-raw", |figures| figures.peak_kb / 1024.0)?;
    goal("peak memory of a process that reads such sequences, in MiB", 13.0, peak);

    let counts = &results.counts;
    let kept = (counts.item_bytes - 400.0) / counts.item_text_bytes;
    goal("an item kept in memory: bytes for a byte of its JSON, less 400", 1.15, vec![kept]);
    let page_bytes = counts.item_bytes * 100.0;
    // A page is decoded from its whole text, which is freed afterwards.
    let alive = (counts.streamed_bytes - counts.item_text_bytes * 100.0) / page_bytes;
    goal("items streamed: most memory alive beside the text of one page, in pages", 2.0, vec![alive]);
    let growth = results.peak_kb("avala", "items", plan.items)? - results.peak_kb("avala", "items", FEW_ITEMS)?;
    let what = format!("from {FEW_ITEMS} to {} items streamed: growth of the peak, in pages", plan.items);
    goal(&what, 2.0, vec![growth * 1024.0 / page_bytes]);
    for (what, workload) in [("pages", "slow-pages"), ("items", "slow-items")] {
        let values = ratio(wall, ("avala", workload), ("avala", "slow-sequential"))?;
        goal(
            &format!("20 ms for a page and 20 ms of workload on it, {what} as a stream: wall, in sequence = 1"),
            0.6,
            values,
        );
    }
    let allocations =
        |client: &str| counts.allocations.iter().find(|(name, _)| *name == client).map(|(_, count)| *count);
    let more = allocations("avala").zip(allocations("hyper")).map(|(ours, bare)| ours - bare);
    goal("a small call: allocations more than bare hyper", 25.0, more.into_iter().collect());
    for (in_flight, workload) in
        [("1 call", "in-flight-1"), ("1,000 calls", "in-flight-1000"), ("10,000 calls", "in-flight-10000")]
    {
        let values = ratio(cpu_for_one, ("avala", workload), ("hyper-util", workload))?;
        goal(&format!("{in_flight} in flight: CPU for a call, hyper-util = 1"), 1.25, values);
    }
    Ok(goals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_missed_when_three_of_four_rounds_miss_it() {
        let goal = |values: &[f64]| Goal { what: String::new(), most: 1.0, values: values.to_vec() };
        assert_eq!(goal(&[0.9, 1.0, 1.2]).verdict(), "met");
        assert_eq!(goal(&[0.9, 1.1, 1.2]).verdict(), "missed, within the noise");
        assert_eq!(goal(&[1.1, 1.1, 1.2]).verdict(), "**missed**");
        assert!(!goal(&[]).is_missed(), "a missing measurement is shown without a number");
    }
}
