//! Local view of the shared limits between two round trips.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use avala_transport::{LimitReport, RateLimit};
use tokio::time::Instant;

use crate::pace::Pace;
use crate::protocol::{Reply, WireLimit};

/// How long a reading of Redis' clock is used.
const CLOCK: Duration = Duration::from_secs(300);
/// How long a reported number of remaining calls is used.
const REMAINING: Duration = Duration::from_secs(1);
/// Maximum delay of a call after its start, or the lifetime of a token if that is longer. Afterwards, the
/// token is lost, because many late calls would be a burst.
const LAPSE: Duration = Duration::from_millis(20);
/// Maximum age of a response that confirms a reservation.
const RECENT: Duration = Duration::from_millis(100);

/// State at the time of a reservation, which is void if any of it has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) generation: u64,
    pub(crate) user: u64,
    pub(crate) scope: u64,
}

/// State that the short script compares with Redis.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) generation: String,
    pub(crate) time: u64,
    /// Calls per minute, burst and closings of the user's limit.
    pub(crate) user: String,
    /// Those of the scope's, if there is one.
    pub(crate) scope: String,
}

/// Local view of one limit.
#[derive(Debug, Default)]
struct Limit {
    reported: Option<Pace>,
    remaining: Option<(u64, Instant)>,
    closed_until: Option<Instant>,
    /// Unused tokens to return with the next round trip.
    put_back: u32,
    closings: u64,
    seen: Option<Instant>,
}

impl Limit {
    /// Returns calls per minute, burst and closings as the scripts write them, if there is nothing to report.
    fn quiet(&self, now: Instant, configured: RateLimit) -> Option<String> {
        let pace = self.reported.unwrap_or_else(|| pace(configured));
        // More remaining calls than the burst change nothing.
        let is_low = self.remaining.is_some_and(|(calls, at)| calls < pace.burst && now - at < REMAINING);
        let is_open = self.closed_until.is_none_or(|until| until <= now);
        let is_quiet = self.put_back == 0 && !is_low && is_open && self.seen.is_some();
        is_quiet.then(|| format!("{} {} {}", pace.rate, pace.burst, self.closings))
    }
}

/// How often the full script has to run, for Redis' clock and the expiry of the keys.
const SHORT_WAY: Duration = Duration::from_secs(60);
/// How long the full script is used after the short script could not decide.
const SHORT_WAY_BLOCKED: Duration = Duration::from_secs(5);

/// Local view of the limits, behind one lock.
#[derive(Default)]
pub(crate) struct View {
    pub(crate) generation: String,
    /// Number of generations seen, for cheap comparisons.
    pub(crate) generations: u64,
    clock: Option<(u64, Instant)>,
    user: Limit,
    scopes: HashMap<&'static str, Limit>,
    /// Starts of unused tokens.
    tokens: VecDeque<Instant>,
    demand: Demand,
    short_way_from: Option<Instant>,
}

/// Number of tokens used within the last lifetime of a token.
#[derive(Default)]
struct Demand {
    since: Option<Instant>,
    now: u32,
    before: u32,
}

impl Demand {
    fn count(&mut self, now: Instant, lifetime: Duration) {
        let since = *self.since.get_or_insert(now);
        let passed = now.saturating_duration_since(since);
        if passed >= lifetime {
            self.before = if passed < lifetime * 2 { self.now } else { 0 };
            self.now = 0;
            self.since = Some(now);
        }
        self.now = self.now.saturating_add(1);
    }
}

impl View {
    fn limit(&mut self, scope: Option<&'static str>) -> &mut Limit {
        match scope {
            None => &mut self.user,
            Some(name) => self.scopes.entry(name).or_default(),
        }
    }

    pub(crate) fn pace(&self, configured: RateLimit) -> Pace {
        self.user.reported.unwrap_or_else(|| pace(configured))
    }

    /// Takes an unused token that starts in time, and returns its start.
    pub(crate) fn take(&mut self, now: Instant, max_wait: Duration, configured: RateLimit) -> Option<Instant> {
        let lifetime = self.pace(configured).lifetime;
        self.demand.count(now, lifetime);
        self.drop_expired(now, lifetime.max(LAPSE));
        let start = *self.tokens.front()?;
        if start.saturating_duration_since(now) > max_wait {
            return None;
        }
        self.tokens.pop_front()
    }

    fn drop_expired(&mut self, now: Instant, lifetime: Duration) {
        while self.tokens.front().is_some_and(|start| now.saturating_duration_since(*start) > lifetime) {
            self.tokens.pop_front();
        }
    }

    /// Returns whether a reservation can still be used or returned.
    pub(crate) fn is_in_time(&self, start: Instant, now: Instant, configured: RateLimit) -> bool {
        now.saturating_duration_since(start) <= self.pace(configured).lifetime.max(LAPSE)
    }

    /// Returns the number of tokens to take in advance: as many as are used within their lifetime.
    pub(crate) fn advance(&self, most: u32, lifetime: Duration) -> u32 {
        let demand = self.demand.before.max(self.demand.now);
        if lifetime.is_zero() || demand < 8 {
            return 0;
        }
        demand.min(most).saturating_sub(u32::try_from(self.tokens.len()).unwrap_or(u32::MAX))
    }

    /// Returns the state for the short script; `None` if there is something to report, or too little is known.
    pub(crate) fn short_way(
        &self,
        now: Instant,
        scope: Option<&'static str>,
        configured: RateLimit,
    ) -> Option<Expected> {
        let (_, read) = self.clock?;
        if self.short_way_from.is_some_and(|from| now < from) || now - read >= SHORT_WAY {
            return None;
        }
        let user = self.user.quiet(now, configured)?;
        let scope = match scope {
            Some(name) => self.scopes.get(name)?.quiet(now, configured)?,
            None => String::new(),
        };
        Some(Expected { generation: self.generation.clone(), time: self.expected_time(now), user, scope })
    }

    pub(crate) fn block_short_way(&mut self, now: Instant) {
        self.short_way_from = now.checked_add(SHORT_WAY_BLOCKED);
    }

    /// Records that the state in Redis equals the local view.
    pub(crate) fn saw(&mut self, scope: Option<&'static str>, now: Instant) {
        self.user.seen = Some(now);
        if scope.is_some() {
            self.limit(scope).seen = Some(now);
        }
    }

    pub(crate) fn marks(&mut self, scope: Option<&'static str>) -> Marks {
        Marks {
            generation: self.generations,
            user: self.user.closings,
            scope: scope.map_or(0, |_| self.limit(scope).closings),
        }
    }

    /// Returns whether a reservation is still valid according to a recent response; `None` without a recent response.
    pub(crate) fn is_current(&mut self, marks: Marks, scope: Option<&'static str>, now: Instant) -> Option<bool> {
        let known = self.marks(scope);
        let mut limits = vec![&self.user];
        limits.extend(scope.and_then(|name| self.scopes.get(name)));
        let is_open = limits.iter().all(|limit| limit.closed_until.is_none_or(|until| until <= now));
        let is_recent = limits.iter().all(|limit| limit.seen.is_some_and(|seen| now - seen < RECENT));
        if known != marks || !is_open { Some(false) } else { is_recent.then_some(true) }
    }

    /// Keeps the token of a call that was not sent for the next call of this process. A token of a scope is lost.
    pub(crate) fn give_back(&mut self, start: Instant, marks: Marks, scope: Option<&'static str>) {
        if scope.is_none() && marks == self.marks(None) {
            let position = self.tokens.partition_point(|other| *other <= start);
            self.tokens.insert(position, start);
        }
    }

    /// Records the rate-limit headers of a response. Returns whether other processes must be notified immediately.
    pub(crate) fn report(
        &mut self,
        scope: Option<&'static str>,
        report: &LimitReport,
        burst: u64,
        now: Instant,
    ) -> bool {
        let limit = self.limit(scope);
        if let Some(per_minute) = report.limit {
            limit.reported = Some(Pace::new(per_minute, burst));
        }
        if let Some(remaining) = report.remaining {
            limit.remaining = Some((remaining, now));
        }
        let Some(until) = report.closed_for.and_then(|wait| now.checked_add(wait)) else { return false };
        limit.closed_until = limit.closed_until.max(Some(until));
        if scope.is_none() {
            self.tokens.clear();
        }
        true
    }

    /// Returns the state of one limit for a request, and resets the tokens that it returns to Redis.
    pub(crate) fn wire(
        &mut self,
        scope: Option<&'static str>,
        field: String,
        configured: RateLimit,
        now: Instant,
    ) -> WireLimit {
        let limit = self.limit(scope);
        let pace = limit.reported.unwrap_or_else(|| pace(configured));
        WireLimit {
            field,
            rate: pace.rate,
            burst: pace.burst,
            from_server: limit.reported.is_some(),
            remaining: limit.remaining.take().filter(|(_, at)| now - *at < REMAINING).map(|(remaining, _)| remaining),
            closed: limit.closed_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now)),
            put_back: std::mem::take(&mut limit.put_back),
            closings: limit.closings,
            held: false,
        }
    }

    /// Returns the expected time of Redis' clock, in microseconds; zero if unknown.
    pub(crate) fn expected_time(&self, now: Instant) -> u64 {
        let known = self.clock.filter(|(_, at)| now.saturating_duration_since(*at) < CLOCK);
        known.map_or(0, |(time, at)| time + u64::try_from((now - at).as_micros()).unwrap_or(0))
    }

    /// Updates the view from a response. Returns whether the store was lost since the previous response.
    pub(crate) fn learn(&mut self, scope: Option<&'static str>, reply: &Reply) -> bool {
        let now = Instant::now();
        let is_new = self.generation != reply.generation;
        let was_known = !self.generation.is_empty();
        if is_new {
            self.generation.clone_from(&reply.generation);
            self.generations += 1;
            self.tokens.clear();
            self.user.put_back = 0;
            // What is stored of a scope may be of another generation, until the whole script has seen it.
            self.scopes.values_mut().for_each(|limit| limit.seen = None);
        }
        self.clock = Some((reply.now, now));
        for (scope, (closings, closed)) in [None, scope].into_iter().zip(reply.limits).take(1 + scope.iter().len()) {
            let limit = self.limit(scope);
            let changed = std::mem::replace(&mut limit.closings, closings) != closings;
            limit.seen = Some(now);
            if changed {
                limit.put_back = 0;
            }
            limit.closed_until = limit.closed_until.filter(|until| *until > now);
            if !closed.is_zero() {
                limit.closed_until = limit.closed_until.max(Some(now + closed));
            }
            if changed && scope.is_none() {
                self.tokens.clear();
            }
        }
        for _ in 0..reply.ahead {
            let position = self.tokens.partition_point(|start| *start <= now);
            self.tokens.insert(position, now);
        }
        is_new && was_known
    }

    /// Removes and returns the unused tokens that are valid now.
    pub(crate) fn drop_tokens(&mut self, now: Instant, configured: RateLimit) {
        let unused = std::mem::take(&mut self.tokens);
        let ready =
            unused.into_iter().filter(|start| *start <= now && self.is_in_time(*start, now, configured)).count();
        self.user.put_back += u32::try_from(ready).unwrap_or(0);
    }
}

pub(crate) fn pace(configured: RateLimit) -> Pace {
    Pace::new(configured.calls_per_minute().into(), configured.burst_size().into())
}
