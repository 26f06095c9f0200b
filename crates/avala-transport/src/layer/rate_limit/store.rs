//! Trait for the state of a rate limiter that several processes share.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::context::concurrency_group::ConcurrencyGroup;

/// The future of [`LimitStore::acquire`].
pub type LimitFuture = Pin<Box<dyn Future<Output = Decision> + Send>>;

/// State of a rate limiter outside the client: in another process, or in a database.
///
/// A [`RateLimiter::shared`](super::RateLimiter::shared) asks the store before each attempt and sends the attempt when
/// the future of [`acquire`](Self::acquire) is ready. [`MemoryLimits`](super::MemoryLimits) is the implementation in
/// memory, and `avala-limits-redis` the one in Redis. With the feature `testing`,
/// [`testing::check_limit_store`](crate::testing::check_limit_store) tests an implementation.
///
/// # What an implementation must do
///
/// - Grant never more than `rate * T + burst` calls in any time `T`, over all processes. A store that counts nothing
///   after a restart starts without a burst.
/// - Return [`Decision::Local`] when it cannot decide, within a short timeout. An error never means "granted": the
///   limiter then applies its own share of the limit.
/// - Return [`Decision::TooLong`] at once if the call would have to wait longer than [`StoreCall::max_wait`].
/// - Not depend on the future being polled: it may stay unpolled or be dropped at any time, and must not keep others
///   waiting. A reservation that cannot be returned then costs one token at most.
/// - Treat a [`Grant`] that is dropped unused as a call that was not sent.
///
/// ```
/// use avala_transport::{Decision, Grant, LimitFuture, LimitReport, LimitStore, RateLimit, RateLimiter, StoreCall};
///
/// /// Grants every call: for clients behind a gateway that limits them.
/// #[derive(Debug)]
/// struct Unlimited;
///
/// impl LimitStore for Unlimited {
///     fn acquire(&self, _call: StoreCall) -> LimitFuture {
///         Box::pin(async { Decision::Granted(Grant::new()) })
///     }
///
///     fn report(&self, _scope: Option<&'static str>, _report: LimitReport) {}
/// }
///
/// let limiter = RateLimiter::shared(Unlimited, RateLimit::per_minute(10).burst(1));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a store of limits",
    note = "use `MemoryLimits` in one process, `avala_limits_redis::RedisLimits` across processes, or implement `LimitStore`"
)]
pub trait LimitStore: fmt::Debug + Send + Sync + 'static {
    /// Waits until the call may be sent, or decides that it may not.
    ///
    /// The call counts against the user's limit and, if it has a [scope](StoreCall::scope), against that scope. If its
    /// [group](StoreCall::group) has a limit, it also takes one of the permits of the group: the limit is that of the
    /// store's settings, or else the one of the [call](StoreCall::concurrency_limit). The future must not borrow from
    /// the store.
    fn acquire(&self, call: StoreCall) -> LimitFuture;

    /// Records what a response to a call of this scope said about the limit. Must not block.
    fn report(&self, scope: Option<&'static str>, report: LimitReport);
}

/// An attempt that asks a [`LimitStore`] for permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreCall {
    /// Name of the narrower limit that also counts the call. Unset if only the user's limit does.
    pub scope: Option<&'static str>,
    /// Concurrency group of the call.
    pub group: ConcurrencyGroup,
    /// How many calls of the group may be in flight at once where the store has no setting for it. Unset if the call
    /// needs no permit then.
    pub concurrency_limit: Option<usize>,
    /// Maximum wait that leaves the call enough time. Default: [`Duration::MAX`], no limit.
    pub max_wait: Duration,
    /// Whether the call is a prefetch: it may take a token only if another one stays free, and must not wait. Default:
    /// false.
    pub background: bool,
    /// Maximum time for which a permit is held, if it is not returned: the attempt timeout. Default: 30 s.
    pub permit_term: Duration,
}

impl StoreCall {
    /// Creates a call of this group, without a scope and a concurrency limit, that may wait for any time.
    #[must_use]
    pub fn new(group: impl Into<ConcurrencyGroup>) -> Self {
        Self {
            scope: None,
            group: group.into(),
            concurrency_limit: None,
            max_wait: Duration::MAX,
            background: false,
            permit_term: Duration::from_secs(30),
        }
    }

    /// Sets the [limit of the group](Self::concurrency_limit) where the store has no setting for it.
    #[must_use]
    pub fn with_concurrency_limit(mut self, calls: Option<usize>) -> Self {
        self.concurrency_limit = calls;
        self
    }

    /// Sets the [narrower limit](Self::scope) that also counts the call.
    #[must_use]
    pub fn with_scope(mut self, scope: Option<&'static str>) -> Self {
        self.scope = scope;
        self
    }

    /// Sets the [maximum wait](Self::max_wait).
    #[must_use]
    pub fn with_max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = wait;
        self
    }

    /// Sets whether the call is in the [background](Self::background).
    #[must_use]
    pub fn with_background(mut self, background: bool) -> Self {
        self.background = background;
        self
    }

    /// Sets [how long a permit is held](Self::permit_term) at most.
    #[must_use]
    pub fn with_permit_term(mut self, term: Duration) -> Self {
        self.permit_term = term;
        self
    }
}

/// Result of [`LimitStore::acquire`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Decision {
    /// The call may be sent now.
    Granted(Grant),
    /// The call would have to wait this long, which is longer than its [`StoreCall::max_wait`]. It took no token.
    TooLong(Duration),
    /// The store does not decide: it cannot be reached, or only counts. The limit in the process applies.
    Local,
}

/// Permission to send one call. Dropped unused, it counts as a call that was not sent.
///
/// The limiter keeps the grant until the response is complete, so that a permit is held as long.
pub struct Grant(Option<Box<dyn GrantGuard>>);

impl Grant {
    /// Creates a grant that returns nothing when it is dropped.
    #[must_use]
    pub fn new() -> Self {
        Self(None)
    }

    /// Creates a grant that knows whether it was used.
    #[must_use]
    pub fn with_guard(guard: impl GrantGuard) -> Self {
        Self(Some(Box::new(guard)))
    }

    /// Records that the call is sent.
    pub fn used(&mut self) {
        if let Some(guard) = &mut self.0 {
            guard.used();
        }
    }

    /// Returns whether dropping the grant has an effect.
    pub(super) fn has_guard(&self) -> bool {
        self.0.is_some()
    }
}

impl Default for Grant {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("has_guard", &self.0.is_some()).finish()
    }
}

/// A store's part of a [`Grant`]. Dropping it returns an unused token, and the permit.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept with a grant",
    note = "implement `GrantGuard` for what has to be returned when the grant is dropped"
)]
pub trait GrantGuard: Send + 'static {
    /// Records that the call is sent, so that its token is used.
    fn used(&mut self);
}

/// Information of a response about a limit. Missing and implausible headers are unset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitReport {
    /// Calls per minute, from `X-RateLimit-Limit`.
    pub limit: Option<u64>,
    /// Calls that are left in this minute, from `X-RateLimit-Remaining`.
    pub remaining: Option<u64>,
    /// How long no call may be sent: `Retry-After` of a 429, or the time until `X-RateLimit-Reset` if no call is
    /// left. At most an hour.
    pub closed_for: Option<Duration>,
    /// Time until the server's count restarts, from `X-RateLimit-Reset`; of a 429 without it, its `Retry-After`.
    pub until_reset: Option<Duration>,
    /// Whether the response was a 429. Default: false.
    pub refused: bool,
}

impl LimitReport {
    /// Creates an empty report.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the [calls per minute](Self::limit).
    #[must_use]
    pub fn with_limit(mut self, per_minute: u64) -> Self {
        self.limit = Some(per_minute);
        self
    }

    /// Sets the [calls that are left](Self::remaining).
    #[must_use]
    pub fn with_remaining(mut self, calls: u64) -> Self {
        self.remaining = Some(calls);
        self
    }

    /// Sets for [how long no call may be sent](Self::closed_for).
    #[must_use]
    pub fn with_closed_for(mut self, wait: Duration) -> Self {
        self.closed_for = Some(wait);
        self
    }
}
