//! One limit and its schedule, shared by all clones of a limiter.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use super::attempt_times::{AttemptTimes, TimesByGroup};
use super::bucket::{Bucket, LONGEST_CLOSING};
use super::pacer::{Pacer, Sample, WINDOW};
use super::schedule::{Claim, Schedule, Ticket};
use super::store::LimitReport;
use super::{RateLimit, RateLimitState};
use crate::context::concurrency_group::ConcurrencyGroup;
use crate::context::options::Priority;
use crate::retry_after::{point_in_time, retry_after};

/// How long the gate closes after a 429 without `Retry-After`.
const DEFAULT_CLOSING: Duration = Duration::from_secs(1);
/// The server's count restarts every minute; a later reset is capped.
const LONGEST_RESET: Duration = Duration::from_secs(60);

/// Limit that the server counts separately: the user's, or that of one kind of call.
#[derive(Debug)]
pub(super) struct Scope {
    schedule: Mutex<Schedule>,
    times: TimesByGroup,
    /// Calls per minute that no report exceeds: a share of the limit.
    most: Option<u32>,
    /// Whether the limit is that of a fleet.
    is_paced: bool,
}

/// Uses the default limit: a scope is as wide as the user's limit until the server reports its own.
impl Default for Scope {
    fn default() -> Self {
        Self::new(RateLimit::default())
    }
}

impl Scope {
    pub(super) fn new(limit: RateLimit) -> Self {
        let schedule = Mutex::new(Schedule::new(Bucket::new(limit)));
        Self { schedule, times: TimesByGroup::default(), most: None, is_paced: false }
    }

    /// Creates a limit that the server's headers may lower, but not raise.
    pub(super) fn share(limit: RateLimit) -> Self {
        Self { most: Some(limit.per_minute), ..Self::new(limit) }
    }

    /// Creates the limit of one client of a fleet, with its share from an earlier run in calls per minute.
    pub(super) fn fleet(limit: RateLimit, share: Option<f64>) -> Self {
        let mut schedule = Schedule::new(Bucket::new(limit.burst(1)));
        let pacer = Pacer::new(share);
        if let Some(gap) = pacer.gap() {
            schedule.bucket.set_gap(Instant::now(), gap);
            // Clients that start together do not call together.
            schedule.bucket.set_passed(fastrand::f64());
        }
        schedule.pacer = Some(pacer);
        Self { schedule: Mutex::new(schedule), times: TimesByGroup::default(), most: None, is_paced: true }
    }

    /// Returns whether the limit needs the time until the reset of every response.
    pub(super) fn is_paced(&self) -> bool {
        self.is_paced
    }

    /// Returns the share of one client of a fleet, in calls per minute.
    pub(super) fn fleet_share(&self) -> Option<f64> {
        self.with(|schedule| schedule.pacer.as_ref().and_then(Pacer::gap)).map(|gap| WINDOW / gap)
    }

    /// Takes a token at once. Returns `false` if the call must wait; then use [`claim`](Self::claim).
    pub(super) fn try_take(&self, now: Instant, spare: usize, priority: Priority) -> bool {
        self.with(|schedule| schedule.try_take(now, spare, priority))
    }

    pub(super) fn claim(&self, now: Instant, ticket: &mut Ticket, waker: &Waker) -> Claim {
        self.with(|schedule| schedule.claim(now, ticket, waker))
    }

    pub(super) fn leave(&self, now: Instant, ticket: &mut Ticket) {
        self.with(|schedule| schedule.leave(now, ticket));
    }

    /// Returns a token that was taken and not used.
    pub(super) fn put_back(&self, now: Instant) {
        self.with(|schedule| schedule.put_back(now));
    }

    /// Returns the token of a call that also waits for a permit and keeps its position.
    pub(super) fn put_aside(&self, now: Instant, ticket: &mut Ticket) {
        self.with(|schedule| {
            schedule.mark(ticket);
            schedule.put_back(now);
        });
    }

    /// Opens a gate early that stays closed only to spread clients. Returns whether that is possible.
    pub(super) fn hurry(&self, now: Instant, excess: Duration) -> bool {
        self.with(|schedule| schedule.hurry(now, excess))
    }

    /// Returns how long the gate stays closed only to spread clients.
    pub(super) fn spread(&self, now: Instant) -> Duration {
        self.with(|schedule| schedule.spread_left(now))
    }

    /// Returns how long the gate stays closed because the server asked for it.
    pub(super) fn closed_for(&self, now: Instant) -> Duration {
        self.with(|schedule| schedule.closed_for(now))
    }

    /// Returns how long recent attempts of a group took.
    pub(super) fn times(&self, group: ConcurrencyGroup) -> Arc<AttemptTimes> {
        self.times.of(group)
    }

    /// Updates the limit from the headers of a response.
    pub(super) fn observe(&self, report: &LimitReport) {
        let now = Instant::now();
        self.with(|schedule| {
            if schedule.pacer.is_some() {
                return observe_in_fleet(schedule, now, report);
            }
            let mut changed = false;
            if let Some(limit) = report.limit {
                let limit = self.most.map_or(limit, |most| limit.min(most.into()));
                changed |= schedule.bucket.set_limit(now, limit);
            }
            if let Some(remaining) = report.remaining {
                schedule.bucket.set_remaining(now, remaining);
            }
            if let Some(wait) = report.closed_for {
                changed |= schedule.close_for(now, wait, report.limit);
            }
            schedule.reschedule(now, changed);
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut Schedule) -> T) -> T {
        // The numbers stay valid if a thread panics between two of them.
        let mut schedule = self.schedule.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut schedule);
        if schedule.wake.is_empty() {
            return result;
        }
        let wake = std::mem::take(&mut schedule.wake);
        // A waker may poll, and lock this mutex again.
        drop(schedule);
        wake.into_iter().for_each(Waker::wake);
        result
    }
}

/// Learns the pace of one client of a fleet. Its gate opens at random within one gap: all others wait for the same
/// moment.
fn observe_in_fleet(schedule: &mut Schedule, now: Instant, report: &LimitReport) {
    let Some(pacer) = &mut schedule.pacer else { return };
    if let Some(sample) = sample(report) {
        pacer.observe(sample);
    }
    let Some(gap) = pacer.next(fastrand::f64()) else {
        let changed = report.closed_for.is_some_and(|wait| schedule.close_for(now, wait, report.limit));
        return schedule.reschedule(now, changed);
    };
    schedule.bucket.set_gap(now, gap);
    if let Some(wait) = report.closed_for
        && (report.refused || schedule.bucket.wait(now, 0) < wait)
    {
        let spread = Duration::try_from_secs_f64(gap * fastrand::f64()).unwrap_or(LONGEST_CLOSING);
        schedule.close_in_fleet(now, wait, spread);
    }
    schedule.reschedule(now, true);
}

/// Returns the information of a response about the demand of a fleet.
fn sample(report: &LimitReport) -> Option<Sample> {
    let limit = report.limit? as f64;
    let elapsed = WINDOW - report.until_reset?.as_secs_f64();
    let used = if report.refused { limit } else { limit - report.remaining? as f64 };
    // The reset and the date have whole seconds.
    Some(Sample { elapsed: elapsed + 0.5, limit, used: used.max(0.0), refused: report.refused })
}

/// Returns what a response says about a limit. The time until the reset is read only if it is needed: if the limit is
/// used up, or with `reads_reset`. `sent_at` returns when the server sent the response, which names this reset.
pub(super) fn report(
    status: StatusCode,
    headers: &HeaderMap,
    reported: Option<RateLimitState>,
    reads_reset: bool,
    sent_at: impl FnOnce(SystemTime) -> SystemTime,
) -> LimitReport {
    let RateLimitState { limit, remaining, reset } = reported.unwrap_or_default();
    let refused = status == StatusCode::TOO_MANY_REQUESTS;
    let reads_reset = reads_reset || refused || remaining == Some(0);
    let until_reset = reset.filter(|_| reads_reset).and_then(|reset| until_reset(reset, sent_at));
    let closing = refused.then(|| closing(retry_after(headers)));
    let closed_for = until_reset.filter(|_| remaining == Some(0)).max(closing);
    LimitReport { limit, remaining, closed_for, until_reset: until_reset.or(closing), refused }
}

/// Returns how long the gate closes after a 429.
pub(super) fn closing(retry_after: Option<Duration>) -> Duration {
    retry_after.unwrap_or(DEFAULT_CLOSING).min(LONGEST_CLOSING)
}

/// Returns the time until the reset; `None` if `reset` is not a valid time.
fn until_reset(reset: u64, sent_at: impl FnOnce(SystemTime) -> SystemTime) -> Option<Duration> {
    let seconds = || UNIX_EPOCH.checked_add(Duration::from_secs(reset)).filter(|_| reset < 10_000_000_000);
    let reset = point_in_time(reset).or_else(seconds)?;
    Some(reset.duration_since(sent_at(reset)).unwrap_or_default().min(LONGEST_RESET))
}
