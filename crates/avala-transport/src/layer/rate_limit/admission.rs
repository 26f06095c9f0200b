//! Admission of one attempt by the rate limiter: queueing and taking tokens.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Response, StatusCode};
use tokio::time::{Instant, Sleep, sleep_until};

use super::RateLimiter;
use super::asking::Asking;
use super::hold::hold;
use super::schedule::{Claim, Ticket};
use super::scope::Scope;
use super::store::StoreCall;
use crate::body::Body;
use crate::context::CallState;
use crate::context::background::Background;
use crate::context::concurrency_group::ConcurrencyGroup;
use crate::context::options::{CallOptions, Priority};
use crate::context::time_spent::{Phase, Seconds};
use crate::error::{Sent, TimeoutPhase, TransportError, TransportErrorKind};

/// Maximum duration of a timer; after it the start is recomputed.
const LONGEST_TIMER: Duration = Duration::from_secs(24 * 3_600);

/// State of one attempt at the limiter.
///
/// Tokens are taken and put back within one poll: between polls, an attempt that was not sent holds only reservations,
/// which dropping it removes.
pub(super) struct Admission {
    limiter: RateLimiter,
    name: Option<&'static str>,
    group: ConcurrencyGroup,
    concurrency_limit: Option<usize>,
    priority: Priority,
    background: Option<Background>,
    state: CallState,
    /// The narrower limit, once the server has reported one.
    scope: Option<Arc<Scope>>,
    /// What the store of the limits decides; [`Asking::Local`] if the limits are in this process.
    asking: Asking,
    permit_term: Duration,
    /// Boxed, and only allocated if the attempt has to wait.
    waiting: Option<Box<Waiting>>,
    /// Whether the attempt had to wait for any reason.
    waited: bool,
    /// When the tokens were taken.
    taken: Option<Instant>,
    /// When the attempt was sent; unset when it has ended.
    sent: Option<Instant>,
}

struct Waiting {
    user: Ticket,
    scope: Ticket,
    sleep: Pin<Box<Sleep>>,
}

impl Admission {
    pub(super) fn new(
        limiter: RateLimiter,
        options: Option<&CallOptions>,
        state: CallState,
        permit_term: Duration,
    ) -> Self {
        let asking = if limiter.store().is_some() { Asking::Idle { again: None } } else { Asking::Local };
        Self {
            asking,
            permit_term: options.and_then(|options| options.attempt_timeout).unwrap_or(permit_term),
            limiter,
            name: options.and_then(|options| options.rate_scope),
            group: options.map(|options| options.concurrency_group).unwrap_or_default(),
            concurrency_limit: options.and_then(|options| options.concurrency_limit),
            priority: options.map(|options| options.priority).unwrap_or_default(),
            background: options.and_then(|options| options.background.clone()),
            state,
            scope: None,
            waiting: None,
            waited: false,
            taken: None,
            sent: None,
        }
    }

    pub(super) fn state(&self) -> &CallState {
        &self.state
    }

    pub(super) fn is_sent(&self) -> bool {
        self.sent.is_some()
    }

    /// Takes the tokens of the attempt. Call [`sent`](Self::sent) or [`put_aside`](Self::put_aside) afterwards in the
    /// same poll.
    pub(super) fn poll_take(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        let mut now = self.state.now();
        if self.state.is_expired(now) {
            return Poll::Ready(Err(self.state.timed_out().with_sent(Sent::No)));
        }
        if self.scope.is_none() {
            self.scope = self.limiter.scope(self.name);
        }
        if let Some(decided) = self.poll_store(cx, now) {
            return decided;
        }
        if self.is_in_background() {
            return if self.try_take(now, 1) { self.take(now) } else { self.wait() };
        }
        if !self.waited && self.try_take(now, 0) {
            return self.take(now);
        }
        let need = self.time_needed(now);
        if self.is_too_late(now, need) {
            return Poll::Ready(Err(too_long(Duration::ZERO, need)));
        }
        // If the clock jumps, a timer may have elapsed as soon as it is set.
        for _ in 0..8 {
            let Claim::Wait { start, ask } = self.claim(now, cx) else { return self.take(now) };
            if let Err(error) = self.check(now, start, need) {
                if self.hurry(now, start, need) {
                    continue;
                }
                return Poll::Ready(Err(error));
            }
            let _ = self.wait();
            let Some(waiting) = &mut self.waiting else { break };
            waiting.sleep.as_mut().reset(now + ask.min(LONGEST_TIMER));
            if waiting.sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            now = Instant::now();
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn is_in_background(&self) -> bool {
        self.background.as_ref().is_some_and(Background::is_on)
    }

    /// Asks the store; `None` if the limits in this process decide.
    fn poll_store(&mut self, cx: &mut Context<'_>, now: Instant) -> Option<Poll<Result<(), TransportError>>> {
        self.asking.is_needed().then_some(())?;
        let need = self.time_needed(now);
        if self.asking.is_due(now, self.is_in_background()) {
            if let Err(error) = self.check(now, Duration::ZERO, Duration::ZERO) {
                return Some(Poll::Ready(Err(error)));
            }
            let left = self.state.deadline().map(|deadline| deadline.saturating_duration_since(now));
            let call = StoreCall::new(self.group)
                .with_concurrency_limit(self.concurrency_limit)
                .with_scope(self.name)
                .with_background(self.is_in_background())
                .with_permit_term(self.permit_term)
                // The first attempt of a call that does not have to wait may use all the time that is left.
                .with_max_wait(left.map_or(Duration::MAX, |left| left.saturating_sub(need)));
            self.asking = Asking::Pending { decision: self.limiter.store()?.acquire(call), call };
        }
        match self.asking.poll(cx, now) {
            Poll::Ready(Ok(true)) if self.is_too_late(now, need) => {
                self.asking.put_aside();
                Some(Poll::Ready(Err(too_long(Duration::ZERO, need))))
            }
            Poll::Ready(Ok(true)) => Some(self.take(now)),
            Poll::Ready(Ok(false)) => None,
            Poll::Ready(Err(wait)) => Some(Poll::Ready(Err(too_long(wait, need)))),
            Poll::Pending => Some(self.wait()),
        }
    }

    fn take(&mut self, now: Instant) -> Poll<Result<(), TransportError>> {
        self.taken = Some(now);
        if self.waited {
            self.state.enter(Phase::Attempt);
        }
        Poll::Ready(Ok(()))
    }

    fn wait(&mut self) -> Poll<Result<(), TransportError>> {
        if !std::mem::replace(&mut self.waited, true) {
            self.state.enter(Phase::Waiting);
        }
        Poll::Pending
    }

    /// Takes the tokens of both limits if that delays no other call and leaves `spare` of each, or takes none.
    fn try_take(&self, now: Instant, spare: usize) -> bool {
        let Some(user) = self.limiter.user() else { return true };
        let Some(scope) = &self.scope else { return user.try_take(now, spare, self.priority) };
        if !scope.try_take(now, spare, self.priority) {
            return false;
        }
        let taken = user.try_take(now, spare, self.priority);
        if !taken {
            scope.put_back(now);
        }
        taken
    }

    /// Takes the tokens of both limits, or returns for how long the attempt waits for one of them. It queues for one
    /// limit at a time, and keeps its position in the other.
    fn claim(&mut self, now: Instant, cx: &Context<'_>) -> Claim {
        let Some(user) = self.limiter.user() else { return Claim::Taken };
        let Waiting { user: ticket, scope: narrow_ticket, .. } = &mut **waiting(&mut self.waiting, now, self.priority);
        let mut order = [Some((user, ticket)), None];
        if let Some(scope) = &self.scope {
            // The narrower limit first: an attempt that waits for it should not delay those that do not need it.
            order = [Some((&**scope, narrow_ticket)), order[0].take()];
            if matches!(&order, [_, Some((_, user))] if user.is_queued()) {
                order.swap(0, 1);
            }
        }
        let [first, second] = order;
        let Some((first, first_ticket)) = first else { return Claim::Taken };
        let claim = first.claim(now, first_ticket, cx.waker());
        let (Claim::Taken, Some((second, ticket))) = (&claim, second) else { return claim };
        let claim = second.claim(now, ticket, cx.waker());
        if claim != Claim::Taken {
            first.put_aside(now, first_ticket);
        }
        claim
    }

    /// Opens gates earlier that stay closed only to spread clients, if the attempt has no time for that. Returns
    /// whether the attempt should ask again.
    fn hurry(&self, now: Instant, wait: Duration, need: Duration) -> bool {
        let (Some(user), Some(deadline)) = (self.limiter.user(), self.state.deadline()) else { return false };
        let excess = wait.saturating_add(need).saturating_sub(deadline.saturating_duration_since(now));
        let scope = self.scope.as_ref().is_some_and(|scope| scope.hurry(now, excess));
        user.hurry(now, excess) || scope
    }

    /// Fails if the attempt has no time for this wait.
    fn check(&self, now: Instant, wait: Duration, need: Duration) -> Result<(), TransportError> {
        let closed = self.limiter.user().map_or(Duration::ZERO, |user| user.closed_for(now));
        let closed = closed.max(self.scope.as_ref().map_or(Duration::ZERO, |scope| scope.closed_for(now)));
        if closed > self.state.max_wait() {
            let message = format!(
                "client-side rate limit: the server asked for a wait of {closed:.1?} more, longer than the retry policy's \
                 `max_wait` of {:.1?}",
                self.state.max_wait()
            );
            let wait = wait.saturating_sub(self.spread(now));
            return Err(TransportError::new(TransportErrorKind::RateLimited, message).with_retry_after(wait));
        }
        let Some(deadline) = self.state.deadline() else { return Ok(()) };
        match now.checked_add(wait).and_then(|start| start.checked_add(need)) {
            Some(end) if end <= deadline => Ok(()),
            _ => Err(too_long(wait.saturating_sub(self.spread(now)), need)),
        }
    }

    /// Returns how long gates stay closed only to spread clients. A call that comes back later need not wait for
    /// it.
    fn spread(&self, now: Instant) -> Duration {
        let user = self.limiter.user().map_or(Duration::ZERO, |user| user.spread(now));
        user.max(self.scope.as_ref().map_or(Duration::ZERO, |scope| scope.spread(now)))
    }

    /// Returns whether an attempt that waited has too little time left to be sent.
    fn is_too_late(&self, now: Instant, need: Duration) -> bool {
        self.waited && self.state.deadline().is_some_and(|deadline| deadline.saturating_duration_since(now) < need)
    }

    /// Returns how much time an attempt that waited must have left: as much as recent attempts took, but no more than
    /// half of the call timeout.
    fn time_needed(&self, now: Instant) -> Duration {
        let Some(timeout) = self.state.timeout() else { return Duration::ZERO };
        self.limiter.times(self.scope.as_deref(), self.group).estimate(now).min(timeout / 2)
    }

    /// Puts the tokens back: the attempt was not sent, because it waits for a permit.
    pub(super) fn put_aside(&mut self) {
        let now = Instant::now();
        self.waited = true;
        self.state.enter(Phase::Waiting);
        if self.asking.put_aside() {
            return;
        }
        let Some(user) = self.limiter.user() else { return };
        let waiting = waiting(&mut self.waiting, now, self.priority);
        user.put_aside(now, &mut waiting.user);
        if let Some(scope) = &self.scope {
            scope.put_aside(now, &mut waiting.scope);
        }
    }

    /// Records that the attempt was sent: its tokens are used.
    pub(super) fn sent(&mut self) {
        self.sent = self.taken;
        self.waiting = None;
        self.asking.sent();
    }

    /// Updates the limiter from the result of the attempt. A permit of the store is held until the response is read.
    pub(super) fn finish(
        &mut self,
        result: Result<Response<Body>, TransportError>,
    ) -> Result<Response<Body>, TransportError> {
        self.learn(&result);
        let grant = self.asking.finish();
        result.map(|response| hold(response, grant))
    }

    fn learn(&mut self, result: &Result<Response<Body>, TransportError>) {
        let (failed, timed) = match result {
            Ok(response) => {
                self.limiter.observe(self.name, response.status(), response.headers());
                (response.status().as_u16() >= 400, response.status() != StatusCode::TOO_MANY_REQUESTS)
            }
            // The body was lost, but the status and headers arrived.
            Err(error) if error.status() == Some(StatusCode::TOO_MANY_REQUESTS) => {
                self.limiter.refused(self.name, error.retry_after());
                (true, false)
            }
            Err(error) => {
                // Unless the deadline cut it off, a failed attempt does not tell how long others take.
                if error.timeout_phase() == Some(TimeoutPhase::Total) {
                    self.add_cut(Instant::now());
                }
                (true, false)
            }
        };
        let now = self.state.now();
        if let Some(sent) = self.sent.take().filter(|_| timed) {
            self.add_time(now.saturating_duration_since(sent), now);
        }
        if failed {
            self.state.set_time_needed(self.time_needed(now));
        }
    }

    fn add_time(&self, time: Duration, now: Instant) {
        // The response to a prefetch may have arrived long before it was polled.
        if self.background.is_none() {
            self.limiter.times(self.scope.as_deref(), self.group).add(time, now);
        }
    }

    /// Adds the time of an attempt that was sent after a wait and had too little time left. It counts four times, because
    /// the attempt would have taken longer: so the estimate reaches the true time after one or two of them. Nothing is
    /// known of attempts that were cancelled earlier.
    fn add_cut(&mut self, now: Instant) {
        if let Some(sent) = self.sent.take().filter(|_| self.waited) {
            let time = now.saturating_duration_since(sent);
            if time >= self.time_needed(now) {
                self.add_time(time.saturating_mul(4), now);
            }
        }
    }
}

fn waiting(waiting: &mut Option<Box<Waiting>>, now: Instant, priority: Priority) -> &mut Box<Waiting> {
    waiting.get_or_insert_with(|| {
        let ticket = || Ticket::new(priority);
        Box::new(Waiting { user: ticket(), scope: ticket(), sleep: Box::pin(sleep_until(now)) })
    })
}

impl Drop for Admission {
    fn drop(&mut self) {
        if self.waiting.is_none() && self.sent.is_none() {
            return;
        }
        let now = Instant::now();
        if let (Some(user), Some(waiting)) = (self.limiter.user(), &mut self.waiting) {
            user.leave(now, &mut waiting.user);
            if let Some(scope) = &self.scope {
                scope.leave(now, &mut waiting.scope);
            }
        }
        self.add_cut(now);
    }
}

fn too_long(wait: Duration, need: Duration) -> TransportError {
    let message = format!(
        "client-side rate limit: a wait of {} and {} for the attempt exceed the time left for the call",
        Seconds(wait),
        Seconds(need)
    );
    TransportError::new(TransportErrorKind::RateLimited, message).with_retry_after(wait)
}
