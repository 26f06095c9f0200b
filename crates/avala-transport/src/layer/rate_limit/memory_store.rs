//! Limiter state in memory: the reference implementation of [`LimitStore`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::RateLimit;
use super::bucket::LONGEST_CLOSING;
use super::gcra::{Booking, Gcra};
use super::store::{Decision, Grant, GrantGuard, LimitFuture, LimitReport, LimitStore, StoreCall};
use crate::context::concurrency_group::ConcurrencyGroup;

/// Interval at which a call checks for a permit that another one has returned.
const PERMIT_POLL: Duration = Duration::from_millis(50);
/// Timers have a resolution of 1 ms, so a reservation is valid for at least this long after its start.
const SHORTEST_TERM: Duration = Duration::from_millis(5);

/// Limits in memory, for several limiters of one process, and for tests that need a shared store. Clones share one
/// state.
///
/// A call whose [group](StoreCall::group) has a limit holds a permit. It ends with its grant, and after its
/// [term](StoreCall::permit_term).
///
/// ```
/// use avala_transport::{MemoryLimits, RateLimit, RateLimiter};
///
/// let limits = MemoryLimits::new(RateLimit::per_minute(60).burst(5)).concurrency_limit("thumbnails", 4);
/// let limiter = RateLimiter::shared(limits, RateLimit::per_minute(6).burst(1));
/// ```
#[derive(Debug, Clone)]
pub struct MemoryLimits(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    configured: RateLimit,
    started: Instant,
    limits: HashMap<Option<&'static str>, Gcra>,
    concurrency: HashMap<ConcurrencyGroup, usize>,
    permits: HashMap<ConcurrencyGroup, Vec<(u64, Instant)>>,
    next_permit: u64,
}

impl MemoryLimits {
    /// Creates limits with this limit of the user. A scope has the same limit until the server reports its own.
    #[must_use]
    pub fn new(limit: RateLimit) -> Self {
        Self(Arc::new(Mutex::new(State {
            configured: limit,
            started: Instant::now(),
            limits: HashMap::new(),
            concurrency: HashMap::new(),
            permits: HashMap::new(),
            next_permit: 0,
        })))
    }

    /// Sets how many calls of a group may be in flight at once, over all limiters that use this store. Zero counts as
    /// one. Default: the limit in the [calls](StoreCall::concurrency_limit) of the group.
    #[must_use]
    pub fn concurrency_limit(self, group: impl Into<ConcurrencyGroup>, calls: usize) -> Self {
        self.lock().concurrency.insert(group.into(), calls);
        self
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The numbers stay valid if a thread panics between two of them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the start of a reservation, and makes a new one if the gate closed meanwhile, or if the call was not
    /// polled for so long that others could be sent at the same time.
    async fn wait(&self, call: StoreCall) -> Decision {
        let deadline = Instant::now().checked_add(call.max_wait);
        loop {
            let reserved = self.lock().reserve(call, deadline);
            let (start, closings, bookings) = match reserved {
                Ok(reserved) => reserved,
                Err(wait) => return Decision::TooLong(wait),
            };
            let mut reservation = Reservation { limits: self, bookings: Some(bookings) };
            sleep_until(start).await;
            reservation.bookings = None;
            let is_valid = self.lock().is_valid(call, start, closings);
            if is_valid {
                return self.permit(call, deadline).await;
            }
        }
    }

    async fn permit(&self, call: StoreCall, deadline: Option<Instant>) -> Decision {
        let mut guard = MemoryGrant { limits: self.clone(), call, granted: Instant::now(), permit: None, used: false };
        let limit = self.lock().concurrency.get(&call.group).copied().or(call.concurrency_limit);
        let Some(limit) = limit else { return Decision::Granted(Grant::with_guard(guard)) };
        loop {
            guard.permit = self.lock().take_permit(call, limit);
            if guard.permit.is_some() {
                return Decision::Granted(Grant::with_guard(guard));
            }
            if call.background || deadline.is_some_and(|deadline| Instant::now() + PERMIT_POLL > deadline) {
                return Decision::TooLong(PERMIT_POLL);
            }
            sleep(PERMIT_POLL).await;
        }
    }
}

impl State {
    fn limit(&mut self, scope: Option<&'static str>) -> &mut Gcra {
        let configured = self.configured;
        self.limits.entry(scope).or_insert_with(|| Gcra::new(configured))
    }

    fn closings(&mut self, scope: Option<&'static str>) -> (u64, u64) {
        (self.limit(None).closings(), self.limit(scope).closings())
    }

    /// Returns whether a reservation can be used now: no gate closed since it was made, and its start has passed by less
    /// than an interval.
    fn is_valid(&mut self, call: StoreCall, start: Instant, closings: (u64, u64)) -> bool {
        let term = self.limit(None).interval().max(SHORTEST_TERM);
        self.closings(call.scope) == closings && start.elapsed() < term
    }

    /// Reserves a token of each limit, and returns the start and the number of closings of the gates so far; or the
    /// wait, if it is too long.
    fn reserve(&mut self, call: StoreCall, deadline: Option<Instant>) -> Result<Reserved, Duration> {
        let now = self.started.elapsed();
        let spare = u32::from(call.background);
        let mut start = self.limit(None).start(now, spare);
        if call.scope.is_some() {
            start = start.max(self.limit(call.scope).start(now, spare));
        }
        let at = self.started + start;
        if (call.background && start > now) || deadline.is_some_and(|deadline| at > deadline) {
            return Err(start.saturating_sub(now));
        }
        let user = self.limit(None).book(start);
        let scope = call.scope.map(|scope| (scope, self.limit(Some(scope)).book(start)));
        Ok((at, self.closings(call.scope), (user, scope)))
    }

    fn take_permit(&mut self, call: StoreCall, limit: usize) -> Option<u64> {
        let now = Instant::now();
        self.next_permit += 1;
        let permit = self.next_permit;
        let held = self.permits.entry(call.group).or_default();
        held.retain(|(_, ends)| *ends > now);
        let ends = now.checked_add(call.permit_term).unwrap_or(now + LONGEST_CLOSING);
        (held.len() < limit.max(1)).then(|| held.push((permit, ends)))?;
        Some(permit)
    }
}

impl LimitStore for MemoryLimits {
    fn acquire(&self, call: StoreCall) -> LimitFuture {
        let limits = self.clone();
        Box::pin(async move { limits.wait(call).await })
    }

    fn report(&self, scope: Option<&'static str>, report: LimitReport) {
        let mut state = self.lock();
        let now = state.started.elapsed();
        state.limit(scope).report(now, &report);
    }
}

/// Start, closings of the gates, and bookings of a call.
type Reserved = (Instant, (u64, u64), Bookings);
type Bookings = (Booking, Option<(&'static str, Booking)>);

/// Returns the tokens of a call that is dropped while it waits for its start.
struct Reservation<'a> {
    limits: &'a MemoryLimits,
    bookings: Option<Bookings>,
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let Some((user, scope)) = self.bookings.take() else { return };
        let mut state = self.limits.lock();
        state.limit(None).cancel(user);
        if let Some((scope, booking)) = scope {
            state.limit(Some(scope)).cancel(booking);
        }
    }
}

struct MemoryGrant {
    limits: MemoryLimits,
    call: StoreCall,
    granted: Instant,
    permit: Option<u64>,
    used: bool,
}

impl GrantGuard for MemoryGrant {
    fn used(&mut self) {
        self.used = true;
    }
}

impl Drop for MemoryGrant {
    fn drop(&mut self) {
        let mut state = self.limits.lock();
        if let Some(held) = state.permits.get_mut(&self.call.group) {
            held.retain(|(permit, _)| Some(*permit) != self.permit);
        }
        // Many tokens that are returned late and taken again at once would form a burst.
        if !self.used && self.granted.elapsed() <= PERMIT_POLL {
            let now = state.started.elapsed();
            state.limit(None).put_back(now);
            if self.call.scope.is_some() {
                state.limit(self.call.scope).put_back(now);
            }
        }
    }
}
