//! Shared handle of the rate limiter.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};

use super::attempt_times::{AttemptTimes, TimesByGroup};
use super::pacer::FleetClock;
use super::scope::{Scope, closing, report};
use super::store::{LimitReport, LimitStore};
use super::{RateLimit, RateLimitState};
use crate::context::concurrency_group::ConcurrencyGroup;
use crate::retry_after::{response_date, sent_at};

/// Client-side rate limiter. Clones share one count.
///
/// Use the same limiter in every client that uses the same API key. Calls that have to wait are sent in the order in
/// which they queued, those of high [priority](crate::CallOptions::priority) first. A queued call holds a reservation
/// and nothing else: if it is dropped, those behind it move up, and if it is not polled within one interval of its
/// start, those behind it are sent first and it queues again. A call counts when it is sent: never more than
/// `rate * T + burst` calls in any time `T`.
///
/// The limiter adapts to response headers:
///
/// - `X-RateLimit-Limit` replaces the configured calls per minute.
/// - `X-RateLimit-Remaining` lowers the number of tokens. Zero closes the gate until `X-RateLimit-Reset`, relative to
///   the response's own `Date`, for a minute at most.
/// - A 429 closes the gate for its `Retry-After`, or for a second without one; for at most an hour.
///
/// Invalid values are ignored. The gate opens with one token: queued calls are sent one at a time at the rate of the
/// limit, and the burst refills over time.
///
/// The server names the same time to all clients with one key, and they must not call together then. So the gate
/// never opens before that time, but at random after it: up to 30 s after a wait of 30 s or more, 3 s
/// after 10 s, 0.1 s after 2 s, times the part of the limit that others used in the last minute. A client that used the
/// limit alone calls again at once. A call whose timeout is too short for this opens the gate as early as it needs.
/// Where that is not enough, use [`shared`](Self::shared) limits, or a [`fleet`](Self::fleet), whose clients call again
/// spread over the time between two of their calls.
///
/// Some endpoints have a narrower limit. A call names it with
/// [`CallOptions::rate_scope`](crate::CallOptions::rate_scope). Rate limit headers in its responses then apply to that
/// scope, which gets its own schedule with the first such response and never delays other calls. Such a call takes a
/// token of both limits at once. Headers in responses to calls without a scope apply to the user's limit, for any
/// endpoint.
///
/// ```
/// use avala_transport::{RateLimit, RateLimiter};
///
/// let limiter = RateLimiter::new(RateLimit::per_minute(30).burst(5));
/// assert!(limiter.state().is_none(), "the server has not reported anything yet");
/// ```
#[derive(Debug, Clone)]
pub struct RateLimiter(Arc<Shared>);

/// The documented limit on calls without credentials.
const PUBLIC_PER_MINUTE: u32 = 30;

#[derive(Debug)]
struct Shared {
    /// `None` when the limiter is off.
    user: Option<Scope>,
    /// Durations of attempts while the limiter is off: calls may also wait for a permit.
    times: TimesByGroup,
    /// Decides in place of the limits here, while it can be reached.
    store: Option<Box<dyn LimitStore>>,
    /// The share of the limit that applies while the store does not decide.
    share: Option<RateLimit>,
    /// Narrower limits by name. Names are static, so there are few.
    scopes: Mutex<HashMap<&'static str, Arc<Scope>>>,
    last_reported: Mutex<Option<RateLimitState>>,
    /// Clock of a client of a fleet, for responses without `Date`.
    clock: Option<Mutex<FleetClock>>,
    /// The limit on anonymous calls, which the server counts by address and not by user.
    public: OnceLock<RateLimiter>,
}

impl Shared {
    fn new(user: Option<Scope>) -> Self {
        Self {
            user,
            times: TimesByGroup::default(),
            store: None,
            share: None,
            scopes: Mutex::default(),
            last_reported: Mutex::default(),
            clock: None,
            public: OnceLock::new(),
        }
    }
}

/// With [`RateLimit::default`].
impl Default for RateLimiter {
    fn default() -> Self {
        Self::new(RateLimit::default())
    }
}

impl RateLimiter {
    /// Creates a limiter with this limit.
    #[must_use]
    pub fn new(limit: RateLimit) -> Self {
        Self::with(Some(Scope::new(limit)))
    }

    /// Creates a limiter that delays no call. It still remembers what the server reports.
    #[must_use]
    pub fn off() -> Self {
        Self::with(None)
    }

    /// Creates a limiter whose state is in a store that several processes share.
    ///
    /// Each attempt asks the store. While the store cannot be reached, the process sends `share` at most: divide the
    /// limit by the number of processes. Response headers may lower the share, but not raise it. The limit on
    /// [public](crate::CallOptions::public) calls stays in the process, because the server counts them by address.
    ///
    /// A call that is dropped while the store decides may have used a token: it cannot be returned over a network.
    ///
    /// ```
    /// use avala_transport::{MemoryLimits, RateLimit, RateLimiter};
    ///
    /// let store = MemoryLimits::new(RateLimit::per_minute(100));
    /// let limiter = RateLimiter::shared(store, RateLimit::per_minute(12).burst(2));
    /// ```
    #[must_use]
    pub fn shared(store: impl LimitStore, share: RateLimit) -> Self {
        let mut shared = Shared::new(Some(Scope::share(share)));
        shared.store = Some(Box::new(store));
        shared.share = Some(share);
        Self(Arc::new(shared))
    }

    /// Creates the limiter of one client of a fleet: many clients with one API key and without shared state.
    ///
    /// Each response tells how many calls the whole fleet has made in this minute. From it the client learns how long
    /// to wait between its own calls, so that all together use about nine tenths of the limit, in equal shares. It
    /// needs the headers `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset`; without them, only a 429
    /// delays calls. `limit` applies until the first response, without a burst.
    ///
    /// `share` is what [`fleet_share`](Self::fleet_share) returned in an earlier run, in calls per minute: store it, or
    /// set it to nine tenths of the limit divided by the number of clients. With it, a fleet that starts together has
    /// no more than a few refusals; its first calls are spread over the time between two calls. Invalid values are
    /// ignored.
    ///
    /// With 1,000 clients at 600 calls per minute a client has one call in 110 s. Calls need a
    /// [timeout](crate::CallOptions::timeout) that allows for several such gaps.
    ///
    /// ```
    /// use avala_transport::{RateLimit, RateLimiter};
    ///
    /// let limiter = RateLimiter::fleet(RateLimit::per_minute(600), Some(0.54));
    /// assert_eq!(limiter.fleet_share().map(|share| (share * 100.0).round()), Some(54.0));
    /// ```
    #[must_use]
    pub fn fleet(limit: RateLimit, share: Option<f64>) -> Self {
        let mut shared = Shared::new(Some(Scope::fleet(limit, share)));
        shared.clock = Some(Mutex::default());
        Self(Arc::new(shared))
    }

    /// Returns the share that this client of a [fleet](Self::fleet) has now, in calls per minute. `None` before the
    /// first response without a remembered share, and for other limiters.
    #[must_use]
    pub fn fleet_share(&self) -> Option<f64> {
        self.user()?.fleet_share()
    }

    fn with(user: Option<Scope>) -> Self {
        Self(Arc::new(Shared::new(user)))
    }

    /// Returns the limiter of [public](crate::CallOptions::public) calls, which clones share; off if this one is.
    pub(super) fn public(&self) -> Self {
        let create = || match self.0.user {
            Some(_) => Self::new(RateLimit::per_minute(PUBLIC_PER_MINUTE)),
            None => Self::off(),
        };
        self.0.public.get_or_init(create).clone()
    }

    /// Returns the rate limit that the server last reported for calls without a scope, to any of the clones.
    #[must_use]
    pub fn state(&self) -> Option<RateLimitState> {
        *lock(&self.0.last_reported)
    }

    /// Returns the user's limit; `None` when the limiter is off.
    pub(super) fn user(&self) -> Option<&Scope> {
        self.0.user.as_ref()
    }

    /// Returns the durations of recent attempts of a group, in a narrower limit if there is one.
    pub(super) fn times(&self, scope: Option<&Scope>, group: ConcurrencyGroup) -> Arc<AttemptTimes> {
        scope.or(self.user()).map_or_else(|| self.0.times.of(group), |scope| scope.times(group))
    }

    /// Returns the store of the limits, if they are not in this process.
    pub(super) fn store(&self) -> Option<&dyn LimitStore> {
        self.0.store.as_deref()
    }

    /// Returns the narrower limit of this name, if the server has reported one.
    pub(super) fn scope(&self, name: Option<&'static str>) -> Option<Arc<Scope>> {
        let name = name?;
        lock(&self.0.scopes).get(name).cloned()
    }

    /// Updates the limits from a response.
    pub(super) fn observe(&self, name: Option<&'static str>, status: StatusCode, headers: &HeaderMap) {
        let reported = RateLimitState::from_headers(headers);
        if reported.is_none() && status != StatusCode::TOO_MANY_REQUESTS {
            return;
        }
        if name.is_none() {
            let mut last = lock(&self.0.last_reported);
            *last = reported.or(*last);
        }
        let reads_reset = self.store().is_some() || self.user().is_some_and(Scope::is_paced);
        let sent_at = |reset: SystemTime| match &self.0.clock {
            Some(clock) if name.is_none() => response_date(headers).unwrap_or_else(|| lock(clock).sent_at(reset)),
            _ => sent_at(headers),
        };
        self.update(name, report(status, headers, reported, reads_reset, sent_at));
    }

    /// Updates the limits from a 429 whose body was lost, so that only its `Retry-After` is known.
    pub(super) fn refused(&self, name: Option<&'static str>, retry_after: Option<Duration>) {
        self.update(
            name,
            LimitReport { closed_for: Some(closing(retry_after)), refused: true, ..LimitReport::default() },
        );
    }

    fn update(&self, name: Option<&'static str>, report: LimitReport) {
        let Some(user) = self.user() else { return };
        if let Some(store) = self.store() {
            store.report(name, report);
        }
        match name {
            None => user.observe(&report),
            Some(name) => self.scope_of(name).observe(&report),
        }
    }

    fn scope_of(&self, name: &'static str) -> Arc<Scope> {
        let create = || Arc::new(self.0.share.map_or_else(Scope::default, Scope::share));
        Arc::clone(lock(&self.0.scopes).entry(name).or_insert_with(create))
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each value is written in one step, so it is valid after a panic.
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
