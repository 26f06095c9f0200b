//! Pace of one client of a fleet that shares a limit without shared state.

#[cfg(test)]
mod simulation;

/// Length of the server's windows, in seconds.
pub(super) const WINDOW: f64 = 60.0;
/// The share of the limit that the fleet aims for is `AIM - NOISE / sqrt(limit)`: 90.8 % of 600, 89.7 % of 100. The
/// count in a window of 600 is then about Poisson(545), so that the limit is more than two standard deviations away.
const AIM: f64 = 0.9165;
const NOISE: f64 = 0.2;
/// How strongly a response changes the gap: near the target, and far from it.
const NEAR: f64 = 0.3;
const FAR: f64 = 0.9;
/// This part of the limit is added to the counted and to the expected calls, so that few calls at the start of a window
/// have little effect.
const PRIOR: f64 = 0.05;
/// Pulls all clients towards one gap: clients with a large share lose a little with each response, others gain.
/// Divided by the root of the limit.
const PULL: f64 = 0.037;
/// At a hundredth of the limit, the pull is zero.
const PULL_CENTER: f64 = 4.6;
/// A client that began without a remembered share is pulled this much more, divided by the fourth root of the limit. It
/// halves with 20 responses.
const EARLY_PULL: f64 = 0.055;
/// A client is new until it has this many responses.
const NEW: u32 = 12;
/// A refusal multiplies the gap of a new client by the demand that it proves, within these bounds. More would leave
/// some clients of a large fleet with tiny shares for hours.
const NEW_GROWTH: (f64, f64) = (2.0, 3.0);
/// A client with a remembered share counts as if it had this many.
const OLD: u32 = 1_000;
/// Maximum gap: a call a week.
const LONGEST_GAP: f64 = 604_800.0;

/// Information of one response about the limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// Seconds since the start of the window.
    pub(super) elapsed: f64,
    /// Calls per window.
    pub(super) limit: f64,
    /// Calls of all clients in this window.
    pub(super) used: f64,
    pub(super) refused: bool,
}

/// Time between the calls of one client, learned from responses.
///
/// Each response tells the calls of the whole fleet in this window so far. Compared with the calls that the target
/// allows by then, that is the fleet's demand. A client multiplies its gap by a power of it: if all do, the demand
/// approaches the target within some responses of each. Rules that learn only from refusals do not: most clients see
/// none.
#[derive(Debug, Clone)]
pub(super) struct Pacer {
    /// Seconds between calls; `None` before the first response, if no share is remembered.
    gap: Option<f64>,
    responses: u32,
}

impl Pacer {
    /// Creates a pacer with the share of an earlier run, in calls per minute.
    pub(super) fn new(share: Option<f64>) -> Self {
        let gap =
            share.filter(|share| share.is_finite() && *share > 0.0).map(|share| (WINDOW / share).min(LONGEST_GAP));
        Self { gap, responses: if gap.is_some() { OLD } else { 0 } }
    }

    /// Returns the seconds between calls; `None` if nothing is known.
    pub(super) fn gap(&self) -> Option<f64> {
        self.gap
    }

    /// Returns the seconds until the next call; `random` is from 0 to 1.
    pub(super) fn next(&self, random: f64) -> Option<f64> {
        self.gap.map(|gap| gap * (0.7 + 0.6 * random))
    }

    pub(super) fn observe(&mut self, sample: Sample) {
        let limit = sample.limit.max(1.0);
        let elapsed = sample.elapsed.clamp(0.0, WINDOW);
        let aim = (AIM - NOISE / limit.sqrt()).max(0.5);
        let target = aim * limit / WINDOW;
        let is_new = self.responses < NEW;
        self.responses = self.responses.saturating_add(1);
        let prior = PRIOR * limit;
        // The window was full at this time or before.
        let demand = WINDOW / (aim * elapsed.max(1.0));
        let new_growth = demand.clamp(NEW_GROWTH.0, NEW_GROWTH.1);
        let gap = match (self.gap, sample.refused) {
            // As if each counted call were from another client.
            (None, refused) => sample.used.clamp(1.0, limit) / target * if refused { new_growth } else { 1.0 },
            (Some(gap), true) if is_new => gap * new_growth,
            (Some(gap), true) => gap * demand.max(1.3).sqrt(),
            (Some(gap), false) => {
                let expected = target * elapsed;
                let distance = ((sample.used.max(0.0) + prior) / (expected + prior)).ln();
                let strength = NEAR + (FAR - NEAR) * distance.abs() / (distance.abs() + 0.7);
                // A response counts as much as the target expects calls by then, and not as much as it has seen: after
                // most clients left, few calls must count in full.
                let weight = expected / (expected + prior);
                gap * (strength * weight * distance).exp()
            }
        };
        let share = 1.0 / (gap * target);
        let early = EARLY_PULL / limit.sqrt().sqrt() * (-f64::from(self.responses) / 30.0).exp();
        // Clients with large shares have many responses, so that half of the pull suffices.
        let distance = PULL_CENTER - (1.0 / share).max(1.0).ln();
        let pull = (PULL / limit.sqrt() + early) * if distance > 0.0 { distance / 2.0 } else { distance };
        self.gap = Some((gap * pull.exp()).clamp(1.0 / target, LONGEST_GAP));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_keeps_the_gap_finite_and_within_its_bounds() {
        for value in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300] {
            assert!(Pacer::new(Some(value)).gap().is_none_or(|gap| gap.is_finite() && gap <= LONGEST_GAP));
        }
        let mut pacer = Pacer::new(None);
        assert!(pacer.next(0.5).is_none());
        for used in [0.0, 1.0, 1e8] {
            for elapsed in [-5.0, 0.0, 60.0, 1e9] {
                for limit in [0.0, 1.0, 1e8] {
                    for refused in [false, true] {
                        pacer.observe(Sample { elapsed, limit, used, refused });
                        let gap = pacer.gap().unwrap();
                        assert!(gap.is_finite() && gap > 0.0 && gap <= LONGEST_GAP, "{gap}");
                    }
                }
            }
        }
    }

    #[test]
    fn single_client_may_use_the_target_alone() {
        let mut pacer = Pacer::new(None);
        pacer.observe(Sample { elapsed: 30.0, limit: 600.0, used: 1.0, refused: false });
        assert!(pacer.gap().unwrap() < 0.12, "{pacer:?}");
    }
}
