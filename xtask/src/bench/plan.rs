//! What is measured, as which side, how often.

/// What a list has of its memory once its buffers have grown: 20 pages.
pub(super) const FEW_ITEMS: u64 = 2_000;

/// One work as one side.
pub(super) struct Step {
    pub(super) side: &'static str,
    pub(super) work: String,
    /// How many operations: calls, pages or items.
    pub(super) count: u64,
    /// What would say nothing new is not done in every round.
    pub(super) most_rounds: usize,
}

/// All steps of a run.
pub(super) struct Plan {
    pub(super) rounds: usize,
    pub(super) steps: Vec<Step>,
    pub(super) python: bool,
    pub(super) python_steps: Vec<Step>,
    /// How many items the long list gives.
    pub(super) items: u64,
}

const EVERY: usize = usize::MAX;
const HTTP_CLIENTS: &[&str] = &["hyper", "hyper-util", "reqwest", "avala"];

impl Plan {
    pub(super) fn full() -> Self {
        let python_steps = vec![
            step("python", "small-sequential", 1_000, 3),
            step("python", "pages-raw", 100, 3),
            step("python", "sequence-raw", 5, 3),
        ];
        Self { python: true, python_steps, ..Self::new(11, 1_000_000, 5) }
    }

    pub(super) fn quick() -> Self {
        Self::new(5, 50_000, 2)
    }

    /// `few_rounds` is for what takes long.
    fn new(rounds: usize, items: u64, few_rounds: usize) -> Self {
        let mut steps = Vec::new();
        for (work, count) in
            [("small-sequential", 5_000), ("small-concurrent", 20_000), ("pages-raw", 100), ("sequence-raw", 20)]
        {
            steps.extend(HTTP_CLIENTS.iter().map(|side| step(side, work, count, EVERY)));
        }
        steps.push(step("reqwest", "pages-value", 100, EVERY));
        steps.push(step("reqwest", "sequence-typed", 20, EVERY));
        steps.push(step("avala", "sequence-typed", 20, EVERY));
        for side in ["hyper-util", "avala"] {
            for in_flight in [1, 64, 1_000, 10_000] {
                steps.push(step(side, &format!("in-flight-{in_flight}"), 20_000, few_rounds));
            }
        }
        for work in ["slow-sequential", "slow-pages", "slow-items"] {
            steps.push(step("avala", work, 20, few_rounds));
        }
        steps.push(step("avala", "items", FEW_ITEMS, few_rounds));
        steps.push(step("avala", "items", items, 1));
        Self { rounds, steps, python: false, python_steps: Vec::new(), items }
    }
}

fn step(side: &'static str, work: &str, count: u64, most_rounds: usize) -> Step {
    Step { side, work: work.to_owned(), count, most_rounds }
}
