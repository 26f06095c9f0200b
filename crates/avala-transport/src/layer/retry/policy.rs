//! Retry policy: attempts and backoff.

use std::time::Duration;

use super::RetryBudget;

/// Retry policy: attempts and backoff.
///
/// ```
/// use std::time::Duration;
/// use avala_transport::RetryPolicy;
///
/// let patient = RetryPolicy::default().max_attempts(6).max_delay(Duration::from_secs(20));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    pub(super) max_attempts: u32,
    base_delay: Duration,
    max_delay: Duration,
    pub(super) max_wait: Duration,
    pub(super) budget: RetryBudget,
}

/// Returns 3 attempts, a backoff of up to 200 ms that doubles up to 5 s, waits of at most 60 s if the server requests
/// them, and the default [`RetryBudget`].
impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base_delay: Duration::from_millis(200),
            max_delay: Duration::from_secs(5),
            max_wait: Duration::from_secs(60),
            budget: RetryBudget::default(),
        }
    }
}

impl RetryPolicy {
    /// Creates a policy with one attempt.
    #[must_use]
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// Sets the maximum number of attempts. Default: 3. Zero counts as one.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the maximum backoff before the second attempt, which doubles for each further one. Default: 200 ms.
    #[must_use]
    pub fn base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// Sets the maximum backoff, unless the server requests a wait. Default: 5 s.
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Sets the maximum wait that a server may request. Default: 60 s. [`Duration::MAX`] means no limit. If the server
    /// requests more, its response is returned at once. While the rate limiter's gate stays closed for longer than
    /// this, calls fail at once with [`RateLimited`](crate::TransportErrorKind::RateLimited) and the remaining time.
    #[must_use]
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = wait;
        self
    }

    /// Sets the retry budget of all calls together. Each [`RetryLayer`](super::RetryLayer), and so each transport, has
    /// its own budget; clones of a layer share it.
    #[must_use]
    pub fn budget(mut self, budget: RetryBudget) -> Self {
        self.budget = budget;
        self
    }

    /// Returns the backoff after `attempts` attempts, or `None` if the server requests more than the policy allows.
    ///
    /// The backoff is random between zero and the doubled base delay (full jitter), so that clients that failed
    /// together do not retry together. If the server names a time, the backoff is that time plus a jitter of up to a
    /// tenth.
    pub(super) fn delay(&self, attempts: u32, retry_after: Option<Duration>) -> Option<Duration> {
        let doublings = attempts.saturating_sub(1).min(31);
        let ceiling = self.base_delay.saturating_mul(1 << doublings).min(self.max_delay);
        let backoff = ceiling.mul_f64(fastrand::f64());
        let Some(asked) = retry_after else { return Some(backoff.min(self.max_wait)) };
        if asked > self.max_wait {
            return None;
        }
        let spread = asked.mul_f64(fastrand::f64() / 10.0);
        Some(backoff.max(asked.saturating_add(spread)).min(self.max_wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUNDS: usize = 2_000;

    fn longest(policy: &RetryPolicy, attempts: u32) -> Duration {
        (0..ROUNDS).filter_map(|_| policy.delay(attempts, None)).max().unwrap()
    }

    #[test]
    fn ceiling_doubles_up_to_the_cap() {
        let policy = RetryPolicy::default();
        for (attempts, ceiling_ms) in
            [(1, 200), (2, 400), (3, 800), (5, 3_200), (6, 5_000), (40, 5_000), (u32::MAX, 5_000)]
        {
            let ceiling = Duration::from_millis(ceiling_ms);
            let longest = longest(&policy, attempts);
            assert!(longest <= ceiling, "{attempts}: {longest:?}");
            assert!(longest >= ceiling.mul_f64(0.95), "{attempts}: full jitter reaches the ceiling, not {longest:?}");
        }
    }

    #[test]
    fn jitter_reaches_down_to_zero() {
        let shortest = (0..ROUNDS).filter_map(|_| RetryPolicy::default().delay(6, None)).min().unwrap();
        assert!(shortest < Duration::from_millis(250), "{shortest:?}");
    }

    #[test]
    fn retry_after_is_the_minimum_delay() {
        let asked = Duration::from_secs(10);
        for _ in 0..ROUNDS {
            let delay = RetryPolicy::default().delay(1, Some(asked)).unwrap();
            assert!(delay >= asked && delay <= asked.mul_f64(1.1), "{delay:?}");
        }
    }

    #[test]
    fn wait_over_the_limit_is_not_started() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.delay(1, Some(Duration::from_secs(60))), Some(Duration::from_secs(60)));
        assert_eq!(policy.delay(1, Some(Duration::from_secs(61))), None);
        assert_eq!(policy.delay(1, Some(Duration::MAX)), None);
    }

    #[test]
    fn extreme_settings_do_not_overflow() {
        let policy =
            RetryPolicy::default().base_delay(Duration::MAX).max_delay(Duration::MAX).max_wait(Duration::from_secs(9));
        assert!(policy.delay(u32::MAX, None).unwrap() <= Duration::from_secs(9));
        let nano = Duration::from_nanos(1);
        let extremes = [Duration::ZERO, nano, Duration::from_secs(1), Duration::MAX - nano, Duration::MAX];
        let settings = extremes.iter().flat_map(|a| extremes.iter().flat_map(move |b| extremes.map(|c| (*a, *b, c))));
        for (base, longest, wait) in settings {
            let policy = RetryPolicy::default().base_delay(base).max_delay(longest).max_wait(wait);
            for attempts in [0, 1, 2, u32::MAX] {
                for asked in extremes.map(Some).into_iter().chain([None]) {
                    let delay = policy.delay(attempts, asked);
                    assert_eq!(delay.is_none(), asked.is_some_and(|asked| asked > wait), "{policy:?} {asked:?}");
                    assert!(delay.is_none_or(|delay| delay >= asked.unwrap_or_default() && delay <= wait));
                }
            }
        }
    }
}
