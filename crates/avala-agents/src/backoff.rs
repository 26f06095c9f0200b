//! Backoff: delays that grow with each failure.

use std::time::Duration;

/// Returns the delay before retry number `failures` (from 1): `base`, doubled each time up to `max`, with full jitter
/// on its upper half, so that many processes do not retry together.
pub(crate) fn delay(failures: u32, base: Duration, max: Duration) -> Duration {
    let doubled = base.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX)).min(max);
    doubled / 2 + (doubled / 2).mul_f64(fastrand::f64())
}

/// Returns the wait that a server requested, plus up to a tenth, so that many processes do not return together.
pub(crate) fn later(asked: Duration) -> Duration {
    asked.saturating_add((asked / 10).mul_f64(fastrand::f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_maximum() {
        let (base, max) = (Duration::from_secs(1), Duration::from_secs(60));
        for (failures, seconds) in [(1, 1), (2, 2), (5, 16), (7, 60), (40, 60), (u32::MAX, 60)] {
            for _ in 0..100 {
                let delay = delay(failures, base, max);
                assert!(
                    delay >= Duration::from_secs(seconds) / 2 && delay <= Duration::from_secs(seconds),
                    "{delay:?}"
                );
            }
        }
    }
}
