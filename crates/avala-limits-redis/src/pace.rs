//! Converts a configured or reported limit to the arguments of the script.

use std::time::Duration;

/// Maximum lifetime of a token that was taken in advance.
const LONGEST_LIFETIME: Duration = Duration::from_millis(100);
const MINUTE: Duration = Duration::from_secs(60);
/// Maximum burst and rate, so that numbers stay within the exact integers of Lua.
const LARGEST_BURST: u64 = 100_000;
const LARGEST_RATE: u64 = 4_000_000_000;

/// One limit as the script applies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Calls per minute: the limit without the burst, so that both together fit into a minute of the server.
    pub(crate) rate: u64,
    /// The burst without the calls that tokens taken in advance may add.
    pub(crate) burst: u64,
    /// How long after its start a token may be used.
    pub(crate) lifetime: Duration,
}

impl Pace {
    pub(crate) fn new(per_minute: u64, burst: u64) -> Self {
        let burst = burst.min(per_minute / 2).clamp(1, LARGEST_BURST);
        let rate = per_minute.saturating_sub(burst).clamp(1, LARGEST_RATE);
        if burst == 1 {
            return Self { rate, burst, lifetime: Duration::ZERO };
        }
        let half_of_burst = MINUTE.mul_f64(burst as f64 / 2.0 / rate as f64);
        let lifetime = LONGEST_LIFETIME.min(half_of_burst);
        let late_calls = (lifetime.as_secs_f64() * rate as f64 / MINUTE.as_secs_f64()).ceil() as u64;
        Self { rate, burst: burst.saturating_sub(late_calls).max(1), lifetime }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_and_burst_fit_into_one_minute() {
        for per_minute in [1, 2, 3, 10, 100, 600, 1_000_000, u64::MAX] {
            for burst in [0, 1, 2, 12, 600, u64::MAX] {
                let pace = Pace::new(per_minute, burst);
                let late = pace.lifetime.as_secs_f64() * pace.rate as f64 / 60.0;
                let most = pace.rate as f64 + pace.burst as f64 + late;
                assert!(most <= per_minute.max(2) as f64, "{per_minute} {burst} {pace:?}");
                assert!(pace.rate >= 1 && pace.burst >= 1);
            }
        }
        assert_eq!(Pace::new(600, 12), Pace { rate: 588, burst: 11, lifetime: LONGEST_LIFETIME });
    }
}
