//! Retry budget.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::outcome::Outcome;

/// Retry budget: how many retries all calls of a client may make to a host.
///
/// While a server is down, retries add load and do not help. Each retry takes tokens from a budget that all calls of a
/// [`RetryLayer`](super::RetryLayer) share. If too few are left, the last response or error is returned at once.
///
/// | | Tokens |
/// |---|---|
/// | capacity and initial level | 500 |
/// | cost of a retry after an unknown outcome, such as a timeout | 10 |
/// | cost of any other retry | 5 |
/// | refill for every response that needs no retry | 1 |
/// | refill per second | 1 |
///
/// Capacity and costs are those of the *standard* retry mode of the AWS SDKs, which refills the cost of a successful
/// retry but nothing over time. Here, an idle client's budget is full again after 500 s. While everything fails, there
/// are 50 to 100 retries at once and then 6 to 12 per minute for all calls together. While fewer than one call in
/// eleven fails, the budget stays full.
///
/// ```
/// use avala_transport::{RetryBudget, RetryPolicy};
///
/// let modest = RetryPolicy::default().budget(RetryBudget::new(100).per_second(0.2));
/// let without = RetryPolicy::default().budget(RetryBudget::off());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryBudget {
    /// `None` means no limit.
    capacity: Option<f64>,
    per_second: f64,
}

/// Returns 500 tokens, and a refill of one per second.
impl Default for RetryBudget {
    fn default() -> Self {
        Self::new(500)
    }
}

// Invalid rates are replaced when they are set, so a budget always equals itself.
impl Eq for RetryBudget {}

impl RetryBudget {
    /// Creates a budget of this many tokens. With zero, no retry is allowed, with any refill.
    #[must_use]
    pub fn new(capacity: u32) -> Self {
        Self { capacity: Some(f64::from(capacity)), per_second: 1.0 }
    }

    /// Creates a budget without a limit.
    #[must_use]
    pub fn off() -> Self {
        Self { capacity: None, ..Self::default() }
    }

    /// Sets the refill in tokens per second. Default: 1. Values that are not above zero count as zero.
    #[must_use]
    pub fn per_second(mut self, tokens: f64) -> Self {
        self.per_second = if tokens.is_finite() { tokens.max(0.0) } else { 0.0 };
        self
    }
}

/// Remaining tokens of a budget.
#[derive(Debug)]
pub(super) struct Tokens {
    budget: RetryBudget,
    left: Mutex<Left>,
}

#[derive(Debug)]
struct Left {
    tokens: f64,
    /// When `tokens` was computed. `None` before the first use: a layer may be created before a clock runs.
    counted_at: Option<Instant>,
}

impl Tokens {
    pub(super) fn new(budget: RetryBudget) -> Self {
        let tokens = budget.capacity.unwrap_or(0.0);
        Self { budget, left: Mutex::new(Left { tokens, counted_at: None }) }
    }

    /// Pays for a retry after `outcome`; `None` if too few tokens are left.
    pub(super) fn pay(&self, outcome: Outcome, now: Instant) -> Option<Payment<'_>> {
        let Some(capacity) = self.budget.capacity else { return Some(Payment { to: None, cost: 0.0 }) };
        let cost = match outcome {
            Outcome::Unknown => 10.0,
            Outcome::NotExecuted => 5.0,
        };
        let mut left = self.left();
        left.add(0.0, self.budget.per_second, capacity, now);
        if left.tokens < cost {
            return None;
        }
        left.tokens -= cost;
        Some(Payment { to: Some(self), cost })
    }

    /// Refills for a response that needs no retry.
    pub(super) fn reward(&self, now: Instant) {
        if let Some(capacity) = self.budget.capacity {
            self.left().add(1.0, self.budget.per_second, capacity, now);
        }
    }

    fn left(&self) -> MutexGuard<'_, Left> {
        // One number and its time: valid after a panic.
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cost of a retry. Refunded if dropped unspent: the call was cancelled while it backed off.
#[derive(Debug)]
pub(super) struct Payment<'a> {
    to: Option<&'a Tokens>,
    cost: f64,
}

impl Payment<'_> {
    /// Spends the payment: the retry is sent now.
    pub(super) fn spend(mut self) {
        self.to = None;
    }
}

impl Drop for Payment<'_> {
    fn drop(&mut self) {
        if let Some(tokens) = self.to {
            let mut left = tokens.left();
            left.tokens = (left.tokens + self.cost).min(tokens.budget.capacity.unwrap_or(0.0));
        }
    }
}

impl Left {
    fn add(&mut self, tokens: f64, per_second: f64, capacity: f64, now: Instant) {
        let passed = self.counted_at.map_or(0.0, |then| now.saturating_duration_since(then).as_secs_f64());
        self.tokens = (self.tokens + tokens + passed * per_second).min(capacity);
        self.counted_at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn left(tokens: &Tokens) -> f64 {
        tokens.left().tokens
    }

    fn spend(tokens: &Tokens, outcome: Outcome, now: Instant) -> bool {
        tokens.pay(outcome, now).map(Payment::spend).is_some()
    }

    #[test]
    fn unknown_outcome_costs_more_and_a_response_refills_one() {
        let (tokens, now) = (Tokens::new(RetryBudget::default()), Instant::now());
        for (outcome, expected) in [(Outcome::Unknown, 490.0), (Outcome::NotExecuted, 485.0)] {
            assert!(spend(&tokens, outcome, now));
            assert_eq!(left(&tokens), expected, "{outcome:?}");
        }
        tokens.reward(now);
        assert_eq!(left(&tokens), 486.0);
    }

    #[test]
    fn last_token_can_be_spent_and_no_more() {
        let (tokens, now) = (Tokens::new(RetryBudget::new(20)), Instant::now());
        assert!(spend(&tokens, Outcome::Unknown, now));
        assert!(spend(&tokens, Outcome::NotExecuted, now));
        assert!(!spend(&tokens, Outcome::Unknown, now), "five are left");
        assert!(spend(&tokens, Outcome::NotExecuted, now));
        assert!(!spend(&tokens, Outcome::NotExecuted, now));
        assert!(!spend(&tokens, Outcome::NotExecuted, now + Duration::from_millis(4_999)));
        assert!(spend(&tokens, Outcome::NotExecuted, now + Duration::from_secs(5)));
    }

    #[test]
    fn dropped_payment_is_refunded_up_to_the_capacity() {
        let (tokens, now) = (Tokens::new(RetryBudget::new(20)), Instant::now());
        let payment = tokens.pay(Outcome::Unknown, now);
        assert_eq!(left(&tokens), 10.0);
        drop(payment);
        assert_eq!(left(&tokens), 20.0);
        let payment = tokens.pay(Outcome::Unknown, now);
        tokens.reward(now + Duration::from_secs(100));
        drop(payment);
        assert_eq!(left(&tokens), 20.0);
    }

    #[test]
    fn invalid_refill_rate_counts_as_zero() {
        for rate in [f64::NAN, f64::INFINITY, -1.0] {
            assert_eq!(RetryBudget::new(7).per_second(rate), RetryBudget::new(7).per_second(0.0), "{rate}");
        }
    }

    #[test]
    fn tokens_stay_within_bounds_under_random_use() {
        let mut random = fastrand::Rng::with_seed(11);
        for round in 0..500 {
            let (capacity, per_second) = (random.u32(0..600), f64::from(random.u32(0..50)) / 10.0);
            let tokens = Tokens::new(RetryBudget::new(capacity).per_second(per_second));
            let start = Instant::now();
            let (mut now, mut got, mut spent) = (start, f64::from(capacity), 0.0);
            for _ in 0..300 {
                match random.u8(0..4) {
                    0 => now += Duration::from_millis(random.u64(0..3_000)),
                    1 => {
                        tokens.reward(now);
                        got += 1.0;
                    }
                    choice => {
                        let (outcome, cost) =
                            if choice == 2 { (Outcome::Unknown, 10.0) } else { (Outcome::NotExecuted, 5.0) };
                        if spend(&tokens, outcome, now) {
                            spent += cost;
                        }
                    }
                }
                assert!((0.0..=f64::from(capacity)).contains(&left(&tokens)), "round {round}: {tokens:?}");
                let by_time = (now - start).as_secs_f64() * per_second;
                assert!(spent <= got + by_time + 1e-6, "round {round}: {spent} of {got} and {by_time}");
            }
        }
    }
}
