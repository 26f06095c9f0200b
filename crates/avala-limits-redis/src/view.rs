//! What this process knows about the shared limits between two round trips.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use avala_transport::{LimitReport, RateLimit};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::error::LimitsError;
use crate::pace::Pace;
use crate::protocol::{Reply, WireLimit};
use crate::token::{Marks, Token};

/// Knowledge about Redis' clock is used for this long.
const CLOCK: Duration = Duration::from_secs(300);
/// A reported number of remaining calls is used for this long.
const REMAINING: Duration = Duration::from_secs(1);
/// A call is sent at most this long after its start, or after the lifetime of a token if that is longer. A reservation
/// is returned no later either: many that are returned and taken again at once would be a burst.
const LAPSE: Duration = Duration::from_millis(20);
/// A response that is younger need not be asked for again.
const RECENT: Duration = Duration::from_millis(100);

/// A call that waits for a reservation which is made together with others.
pub(crate) struct Waiter {
    pub(crate) max_wait: Duration,
    pub(crate) reply: oneshot::Sender<Result<Outcome, LimitsError>>,
}

/// What one call got.
#[derive(Debug)]
pub(crate) enum Outcome {
    Reserved(Token),
    Refused(Duration),
    NoPermit,
}

/// One limit as this process knows it.
#[derive(Debug, Default)]
struct Limit {
    reported: Option<Pace>,
    remaining: Option<(u64, Instant)>,
    closed_until: Option<Instant>,
    /// Starts of reservations to return with the next round trip.
    put_back: Vec<Instant>,
    closings: u64,
    seen: Option<Instant>,
}

/// Knowledge of this process, behind one lock.
#[derive(Default)]
pub(crate) struct View {
    pub(crate) generation: String,
    /// Counts generations, to compare them cheaply.
    pub(crate) generations: u64,
    clock: Option<(u64, Instant)>,
    user: Limit,
    scopes: HashMap<&'static str, Limit>,
    /// Until when each token that is kept for later may be used.
    tokens: VecDeque<Instant>,
    demand: Demand,
    pub(crate) waiting: VecDeque<Waiter>,
    pub(crate) worker_runs: bool,
    /// Number of calls that make a reservation of their own now.
    pub(crate) flights: usize,
}

/// How many tokens were used in the last lifetime of a token.
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

    /// Takes a token that was kept for later.
    pub(crate) fn take(&mut self, now: Instant, lifetime: Duration) -> bool {
        self.demand.count(now, lifetime);
        self.drop_expired(now);
        self.tokens.pop_front().is_some()
    }

    fn drop_expired(&mut self, now: Instant) {
        while self.tokens.front().is_some_and(|until| *until <= now) {
            self.tokens.pop_front();
        }
    }

    /// Returns whether a reservation can still be used or returned.
    pub(crate) fn is_in_time(&self, start: Instant, now: Instant, configured: RateLimit) -> bool {
        now.saturating_duration_since(start) <= self.pace(configured).lifetime.max(LAPSE)
    }

    /// Returns how many tokens to take in advance: as many as are used within their lifetime.
    pub(crate) fn advance(&self, most: u32, lifetime: Duration) -> u32 {
        let demand = self.demand.before.max(self.demand.now);
        if lifetime.is_zero() || demand < 8 {
            return 0;
        }
        demand.min(most).saturating_sub(u32::try_from(self.tokens.len()).unwrap_or(u32::MAX))
    }

    pub(crate) fn marks(&mut self, scope: Option<&'static str>) -> Marks {
        Marks {
            generation: self.generations,
            user: self.user.closings,
            scope: scope.map_or(0, |_| self.limit(scope).closings),
        }
    }

    /// Returns whether a reservation still counts, as far as a recent response tells. `None` if none is recent.
    pub(crate) fn is_current(&mut self, token: &Token, now: Instant) -> Option<bool> {
        let marks = self.marks(token.scope);
        let mut limits = vec![&self.user];
        limits.extend(token.scope.and_then(|name| self.scopes.get(name)));
        let is_open = limits.iter().all(|limit| limit.closed_until.is_none_or(|until| until <= now));
        let is_recent = limits.iter().all(|limit| limit.seen.is_some_and(|seen| now - seen < RECENT));
        if marks != token.marks || !is_open { Some(false) } else { is_recent.then_some(true) }
    }

    /// Takes back the tokens of a call that was not sent.
    pub(crate) fn give_back(&mut self, token: &Token, now: Instant, lifetime: Duration) {
        if token.marks != self.marks(token.scope) {
            return;
        }
        if token.scope.is_some() {
            self.limit(token.scope).put_back.push(token.start);
        }
        if !token.has_user {
            return;
        }
        if token.scope.is_none() && token.start <= now && now < token.start + lifetime {
            self.tokens.push_front(token.start + lifetime);
        } else {
            self.user.put_back.push(token.start);
        }
    }

    /// Records what a response said about the limit. Returns whether others must know at once.
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

    /// Returns the state of one limit for a request. What is returned to Redis with it is not returned again.
    pub(crate) fn wire(
        &mut self,
        scope: Option<&'static str>,
        key: String,
        configured: RateLimit,
        now: Instant,
    ) -> WireLimit {
        if scope.is_none() {
            self.drop_expired(now);
        }
        let starts = std::mem::take(&mut self.limit(scope).put_back);
        let put_back = starts.into_iter().filter(|start| self.is_in_time(*start, now, configured)).count();
        let limit = self.limit(scope);
        let pace = limit.reported.unwrap_or_else(|| pace(configured));
        WireLimit {
            key,
            rate: pace.rate,
            burst: pace.burst,
            from_server: limit.reported.is_some(),
            remaining: limit.remaining.take().filter(|(_, at)| now - *at < REMAINING).map(|(remaining, _)| remaining),
            closed: limit.closed_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now)),
            put_back: u32::try_from(put_back).unwrap_or(0),
            closings: limit.closings,
        }
    }

    /// Returns the time that Redis should have now, in microseconds; zero if unknown.
    pub(crate) fn expected_time(&self, now: Instant) -> u64 {
        let known = self.clock.filter(|(_, at)| now.saturating_duration_since(*at) < CLOCK);
        known.map_or(0, |(time, at)| time + u64::try_from((now - at).as_micros()).unwrap_or(0))
    }

    /// Learns from a response. Returns whether the store was lost since the last one.
    pub(crate) fn learn(&mut self, scope: Option<&'static str>, reply: &Reply, lifetime: Duration) -> bool {
        let now = Instant::now();
        let is_new = self.generation != reply.generation;
        let was_known = !self.generation.is_empty();
        if is_new {
            self.generation.clone_from(&reply.generation);
            self.generations += 1;
            self.tokens.clear();
            self.user.put_back.clear();
            self.scopes.values_mut().for_each(|limit| limit.put_back.clear());
        }
        self.clock = Some((reply.now, now));
        for (scope, (closings, closed)) in [None, scope].into_iter().zip(reply.limits).take(1 + scope.iter().len()) {
            let limit = self.limit(scope);
            let changed = std::mem::replace(&mut limit.closings, closings) != closings;
            limit.seen = Some(now);
            if changed {
                limit.put_back.clear();
            }
            limit.closed_until = limit.closed_until.filter(|until| *until > now);
            if !closed.is_zero() {
                limit.closed_until = limit.closed_until.max(Some(now + closed));
            }
            if changed && scope.is_none() {
                self.tokens.clear();
            }
        }
        self.tokens.extend(std::iter::repeat_n(now + lifetime, reply.ahead as usize));
        is_new && was_known
    }

    /// Returns all tokens that are kept for later.
    pub(crate) fn drop_tokens(&mut self, now: Instant) {
        self.drop_expired(now);
        self.user.put_back.extend(self.tokens.drain(..).map(|_| now));
    }
}

pub(crate) fn pace(configured: RateLimit) -> Pace {
    Pace::new(configured.calls_per_minute().into(), configured.burst_size().into())
}
