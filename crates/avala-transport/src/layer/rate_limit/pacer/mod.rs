//! Pace of one client of a fleet that shares a limit without shared state.

mod server_clock;
#[cfg(test)]
mod simulation;

pub(super) use self::server_clock::FleetClock;

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
/// fades with this many responses.
const EARLY_PULL: f64 = 0.055;
const EARLY: f64 = 30.0;
/// The most that the early pull takes the distance to be: with all of it, thousands that start together would exceed the
/// target for hours.
const EARLY_DISTANCE: f64 = 3.0;
/// A client is new until it has this many responses, and knows nothing until it has the second number.
const NEW: u32 = 12;
const FIRST: u32 = 3;
/// A refusal multiplies the gap of a client that knows nothing by the demand that it proves, within these bounds. More
/// would leave some clients of a large fleet with tiny shares for hours.
const FIRST_GROWTH: (f64, f64) = (2.0, 3.0);
/// The bounds for a new client that knows something: it may only have been unlucky at the end of a window.
const NEW_GROWTH: (f64, f64) = (1.3, 3.0);
/// The most after `MANY` refusals in a row, which prove the same demand again.
const REPEATED_GROWTH: f64 = 1.5;
const MANY: u32 = 2;
/// The bounds for any other client, of the root of the demand.
const OLD_GROWTH: (f64, f64) = (1.14, 1.5);
/// A first response whose window is no fuller than expected does not tell a small fleet from a large one. The client then
/// tries the share of a fleet of this many, and a little more with each response while it is new.
const TRIED: f64 = 42.0;
const TRIED_GROWTH: f64 = 0.94;
/// What counts as fuller than expected, in standard deviations: for a first response, and for the end of a trial.
const FULLER: f64 = 0.7;
const MUCH_FULLER: f64 = 3.0;
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
    /// Refusals since the last response that was none.
    refusals: u32,
    /// The gap that the first response suggested, as if each call in the window were from another client. Set while a
    /// shorter one is tried.
    suggested: Option<f64>,
}

impl Pacer {
    /// Creates a pacer with the share of an earlier run, in calls per minute.
    pub(super) fn new(share: Option<f64>) -> Self {
        let gap =
            share.filter(|share| share.is_finite() && *share > 0.0).map(|share| (WINDOW / share).min(LONGEST_GAP));
        let responses = if gap.is_some() { OLD } else { 0 };
        Self { gap, responses, refusals: 0, suggested: None }
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
        let window = Window::new(sample);
        let growth = self.growth(&window, sample.refused);
        self.responses = self.responses.saturating_add(1);
        self.refusals = if sample.refused { self.refusals.saturating_add(1) } else { 0 };
        let gap = match self.gap {
            None => self.first(&window, growth),
            Some(gap) => self.next_gap(gap, &window, growth),
        };
        self.gap = Some((gap * self.pull(gap, &window).exp()).clamp(1.0 / window.target, LONGEST_GAP));
    }

    /// Returns by how much a refusal multiplies the gap; `None` without one.
    fn growth(&self, window: &Window, refused: bool) -> Option<f64> {
        let demand = window.proven_demand();
        let growth = match self.responses {
            0..FIRST => within(demand, FIRST_GROWTH),
            FIRST..NEW => within(demand, NEW_GROWTH),
            _ => within(demand.sqrt(), OLD_GROWTH),
        };
        let most = if self.refusals >= MANY { REPEATED_GROWTH } else { f64::MAX };
        refused.then_some(growth.min(most))
    }

    /// Returns the gap after the first response.
    fn first(&mut self, window: &Window, growth: Option<f64>) -> f64 {
        let suggested = window.used.clamp(1.0, window.limit) / window.target;
        let tried = TRIED / window.target;
        match growth {
            Some(growth) => suggested * growth,
            None if tried < suggested && window.excess() <= FULLER => {
                self.suggested = Some(suggested);
                tried
            }
            None => suggested,
        }
    }

    fn next_gap(&mut self, gap: f64, window: &Window, growth: Option<f64>) -> f64 {
        let Some(suggested) = self.suggested else {
            return gap * growth.unwrap_or_else(|| window.correction());
        };
        // A fleet that refuses the client, or has many newcomers, is no small one.
        if let Some(growth) = growth {
            self.suggested = None;
            self.responses = 1;
            return gap.max(suggested) * growth.max(FIRST_GROWTH.1);
        }
        if window.excess() > MUCH_FULLER {
            self.suggested = None;
            return gap.max(suggested) * window.correction();
        }
        let is_quiet = window.excess() <= FULLER && self.responses <= NEW;
        gap * window.correction() * if is_quiet { TRIED_GROWTH } else { 1.0 }
    }

    /// Returns the logarithm by which the gap changes towards that of all other clients.
    fn pull(&self, gap: f64, window: &Window) -> f64 {
        let root = window.limit.sqrt();
        let early = EARLY_PULL / root.sqrt() * (-f64::from(self.responses) / EARLY).exp();
        let distance = PULL_CENTER - (gap * window.target).max(1.0).ln();
        // Clients with large shares have many responses, so that half of the pull suffices.
        let halved = |distance: f64| if distance > 0.0 { distance / 2.0 } else { distance };
        PULL / root * halved(distance) + early * halved(distance.max(-EARLY_DISTANCE))
    }
}

/// What a response says about the window of the server.
struct Window {
    elapsed: f64,
    limit: f64,
    used: f64,
    /// The part of the limit that the fleet aims for.
    aim: f64,
    /// Calls per second that the fleet aims for.
    target: f64,
}

impl Window {
    fn new(sample: Sample) -> Self {
        let limit = sample.limit.max(1.0);
        let aim = (AIM - NOISE / limit.sqrt()).max(0.5);
        let (elapsed, used) = (sample.elapsed.clamp(0.0, WINDOW), sample.used.max(0.0));
        Self { elapsed, limit, used, aim, target: aim * limit / WINDOW }
    }

    /// Returns the calls that the target allows by now.
    fn expected(&self) -> f64 {
        self.target * self.elapsed
    }

    /// Returns the demand that a refusal proves: the window was full at this time or before.
    fn proven_demand(&self) -> f64 {
        WINDOW / (self.aim * self.elapsed.max(1.0))
    }

    /// Returns by how many standard deviations the window is fuller than expected, if calls are independent. Half a
    /// second is how exactly its beginning is known.
    fn excess(&self) -> f64 {
        let expected = self.expected();
        (self.used - expected) / (expected + (0.5 * self.target).powi(2)).max(1.0).sqrt()
    }

    /// Returns the factor for the gap with which the demand approaches the target.
    fn correction(&self) -> f64 {
        let (prior, expected) = (PRIOR * self.limit, self.expected());
        let distance = ((self.used + prior) / (expected + prior)).ln();
        let strength = NEAR + (FAR - NEAR) * distance.abs() / (distance.abs() + 0.7);
        // A response counts as much as the target expects calls by then, and not as much as it has seen: after most
        // clients left, few calls must count in full.
        let weight = expected / (expected + prior);
        (strength * weight * distance).exp()
    }
}

fn within(value: f64, (least, most): (f64, f64)) -> f64 {
    value.clamp(least, most)
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
