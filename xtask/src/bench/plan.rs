//! The plan: which workloads run with which clients, and how often.

/// 20 pages, after which the buffers of a list no longer grow.
pub(super) const FEW_ITEMS: u64 = 2_000;

/// One workload with one client.
pub(super) struct Step {
    pub(super) client: &'static str,
    pub(super) workload: String,
    /// Number of operations: calls, pages or items.
    pub(super) count: u64,
    /// Slow steps with stable results run in fewer rounds.
    pub(super) most_rounds: usize,
}

/// The steps of a run.
pub(super) struct Plan {
    pub(super) rounds: usize,
    pub(super) steps: Vec<Step>,
    pub(super) python: bool,
    pub(super) python_steps: Vec<Step>,
    /// Number of items of the long list.
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

    /// Creates a plan. `few_rounds` limits the rounds of slow steps.
    fn new(rounds: usize, items: u64, few_rounds: usize) -> Self {
        let mut steps = Vec::new();
        for (workload, count) in [
            ("small-one-core", 5_000),
            ("small-sequential", 5_000),
            ("small-concurrent", 20_000),
            ("small-two-threads", 20_000),
            ("pages-raw", 100),
            ("sequence-raw", 20),
            ("sequence-typed", 20),
        ] {
            steps.extend(HTTP_CLIENTS.iter().map(|client| step(client, workload, count, EVERY)));
        }
        steps.push(step("reqwest", "pages-value", 100, EVERY));
        for client in ["hyper-util", "avala"] {
            for in_flight in [1, 64, 1_000, 10_000] {
                steps.push(step(client, &format!("in-flight-{in_flight}"), 20_000, few_rounds));
            }
        }
        for workload in ["slow-sequential", "slow-pages", "slow-items"] {
            steps.push(step("avala", workload, 20, few_rounds));
        }
        steps.push(step("avala", "items", FEW_ITEMS, few_rounds));
        steps.push(step("avala", "items", items, 1));
        Self { rounds, steps, python: false, python_steps: Vec::new(), items }
    }
}

fn step(client: &'static str, workload: &str, count: u64, most_rounds: usize) -> Step {
    Step { client, workload: workload.to_owned(), count, most_rounds }
}
