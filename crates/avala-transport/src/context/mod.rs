//! Context of one call: its options, the state that its layers share, and its report.

pub(crate) mod background;
pub(crate) mod concurrency_group;
pub(crate) mod exchange;
pub(crate) mod options;
mod poll_clock;
pub(crate) mod record;
pub(crate) mod report;
pub(crate) mod safety;
pub(crate) mod time_spent;
mod timer;

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use http::{Extensions, Method, Response};
use tokio::time::Instant;

use crate::body::Body;
use crate::context::background::Background;
use crate::context::poll_clock::PollClock;
use crate::context::record::{Evidence, Record, Refusal, Stack};
use crate::context::report::CallReport;
use crate::context::safety::is_repeatable;
use crate::context::time_spent::TimeSpent;
use crate::context::time_spent::{Clock, Phase, Seconds};
use crate::error::{Sent, TimeoutPhase, TransportError};

/// State shared by the layers of one call. Created by the first layer that needs it.
///
/// Below the retry layer it also identifies the attempt, and below the attempt timeout the request: a user layer may
/// send several requests in one attempt.
#[derive(Debug, Clone)]
pub(crate) struct CallState {
    shared: Arc<Shared>,
    attempt: Attempt,
    exchange: u32,
}

#[derive(Debug, Clone)]
enum Attempt {
    None,
    /// The record of the first attempt is part of the shared state, so that a call without a retry allocates nothing
    /// for it.
    First,
    Later(Arc<Record>),
}

#[derive(Debug)]
struct Shared {
    started: Instant,
    deadline: Option<Instant>,
    attempts: AtomicU32,
    /// The maximum [`Sent`] of all finished attempts.
    finished: AtomicU8,
    clock: Mutex<Clock>,
    poll_clock: PollClock,
    /// The stack that the call is made through; `None` for layers that are used alone.
    stack: Option<Arc<Stack>>,
    strays_before: u64,
    /// Whether the original method is repeatable: a layer that changes the method must not make the call appear safer.
    repeatable: bool,
    /// All calls of the innermost service.
    total: Record,
    first: Record,
    first_is_taken: AtomicBool,
    /// Maximum wait that a server may request, in nanoseconds.
    max_wait: AtomicU64,
    /// The time that another attempt needs, in nanoseconds.
    time_needed: AtomicU64,
    /// Set by the outermost layer, for a call that may be paused.
    background: OnceLock<Background>,
    has_earlier_timer: AtomicBool,
}

/// The rate limiter has no token for the attempt in this poll.
const ON_HOLD: u8 = 1;
/// The attempt is queued for a permit.
const QUEUED: u8 = 2;

impl CallState {
    /// Starts a call with this timeout. A timeout beyond the range of the clock means no limit.
    pub(crate) fn start(timeout: Option<Duration>) -> Self {
        Self::start_in(timeout, None, true)
    }

    /// Starts a call through `stack`.
    pub(crate) fn start_in(timeout: Option<Duration>, stack: Option<Arc<Stack>>, repeatable: bool) -> Self {
        let started = Instant::now();
        let shared = Shared {
            started,
            deadline: timeout.and_then(|timeout| started.checked_add(timeout)),
            attempts: AtomicU32::new(0),
            finished: AtomicU8::new(Sent::No as u8),
            clock: Mutex::new(Clock::start(started)),
            poll_clock: PollClock::default(),
            strays_before: stack.as_deref().map_or(0, Stack::strays),
            stack,
            repeatable,
            total: Record::default(),
            first: Record::default(),
            first_is_taken: AtomicBool::new(false),
            max_wait: AtomicU64::new(u64::MAX),
            time_needed: AtomicU64::new(0),
            background: OnceLock::new(),
            has_earlier_timer: AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared), attempt: Attempt::None, exchange: 0 }
    }

    /// Starts a call of this method, with the timeout and the stack of the outermost layer.
    pub(crate) fn begin(timeout: Duration, stack: Option<&Arc<Stack>>, method: &Method) -> Self {
        Self::start_in(Some(timeout), stack.cloned(), is_repeatable(method))
    }

    /// Returns the state of this call, or a new one without a deadline.
    pub(crate) fn of(extensions: &mut Extensions) -> Self {
        extensions.get_or_insert_with(|| Self::start(None)).clone()
    }

    /// Returns the state of this call for a retry layer. A state of another stack, or one that already belongs to an
    /// attempt, was copied from another request and is replaced.
    pub(crate) fn for_retry(extensions: &mut Extensions, stack: Option<&Arc<Stack>>) -> Self {
        if let Some(state) = extensions.get::<Self>()
            && state.is_of(stack)
            && matches!(state.attempt, Attempt::None)
        {
            return state.clone();
        }
        // The state of the outermost layer, if there is one, does not record what is sent from here.
        if let Some(stack) = stack {
            stack.add_stray();
        }
        let state = Self::start_in(None, stack.cloned(), true);
        extensions.insert(state.clone());
        state
    }

    /// Numbers the request with these extensions and returns its state.
    pub(crate) fn begin_exchange(extensions: &mut Extensions) -> Self {
        let state = extensions.get_or_insert_with(|| Self::start(None));
        state.exchange = state.record().next_exchange();
        state.clone()
    }

    pub(crate) fn is_of(&self, stack: Option<&Arc<Stack>>) -> bool {
        match (&self.shared.stack, stack) {
            (None, None) => true,
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            _ => false,
        }
    }

    /// Sets the switch whose pauses do not count against the deadline.
    pub(crate) fn set_background(&self, background: Background) {
        // Only the outermost layer sets it, once.
        let _ = self.shared.background.set(background);
    }

    pub(crate) fn background(&self) -> Option<&Background> {
        self.shared.background.get()
    }

    /// Returns the time: that of the running poll, if this task runs all of it.
    pub(crate) fn now(&self) -> Instant {
        self.shared.poll_clock.now(self.shared.started)
    }

    /// Starts a poll in which [`now`](Self::now) reads the clock once. All layers of the call must run in it.
    pub(crate) fn begin_poll(&self) {
        self.shared.poll_clock.begin();
    }

    /// Ends the poll that [`begin_poll`](Self::begin_poll) started.
    pub(crate) fn end_poll(&self) {
        self.shared.poll_clock.end();
    }

    /// Returns the deadline; `None` if there is no limit. It moves while the call is paused.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let deadline = self.shared.deadline?;
        self.background().map_or(Some(deadline), |background| deadline.checked_add(background.paused()))
    }

    /// Returns the call timeout, without pauses; `None` if there is no limit.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.shared.deadline.map(|deadline| deadline.saturating_duration_since(self.shared.started))
    }

    /// Returns whether the deadline has passed.
    pub(crate) fn is_expired(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
    }

    /// Creates the error of a call whose deadline has passed.
    pub(crate) fn timed_out(&self) -> TransportError {
        let (elapsed, attempts, spent) = (Seconds(self.elapsed()), self.attempts(), self.time_spent());
        let plural = if attempts == 1 { "" } else { "s" };
        let message = format!("call timed out after {elapsed} ({attempts} attempt{plural}, {spent})");
        TransportError::timeout(TimeoutPhase::Total, message).with_sent(self.sent())
    }

    /// Sets the maximum wait that a server may request. [`Duration::MAX`] means no limit.
    pub(crate) fn set_max_wait(&self, wait: Duration) {
        self.shared.max_wait.store(to_nanos(wait), Ordering::Relaxed);
    }

    /// Returns the maximum wait that a server may request.
    pub(crate) fn max_wait(&self) -> Duration {
        from_nanos(self.shared.max_wait.load(Ordering::Relaxed))
    }

    /// Sets how much time another attempt needs, as the rate limiter estimates.
    pub(crate) fn set_time_needed(&self, time: Duration) {
        self.shared.time_needed.store(to_nanos(time), Ordering::Relaxed);
    }

    /// Returns how much time another attempt needs; zero if unknown.
    pub(crate) fn time_needed(&self) -> Duration {
        from_nanos(self.shared.time_needed.load(Ordering::Relaxed))
    }

    pub(crate) fn is_repeatable(&self) -> bool {
        self.shared.repeatable
    }

    /// Starts an attempt. The returned state is for its request.
    pub(crate) fn begin_attempt(&self) -> Self {
        self.shared.attempts.fetch_add(1, Ordering::Relaxed);
        self.enter(Phase::Attempt);
        let attempt = if self.shared.first_is_taken.swap(true, Ordering::AcqRel) {
            Attempt::Later(Arc::default())
        } else {
            Attempt::First
        };
        Self { shared: Arc::clone(&self.shared), attempt, exchange: 0 }
    }

    /// Ends the running attempt, and records what it may have sent.
    pub(crate) fn end_attempt(&self, sent: Sent, now: Instant) {
        self.shared.finished.fetch_max(sent as u8, Ordering::Relaxed);
        self.clock().enter(Phase::Ended, now);
    }

    /// Returns the record of the innermost service's calls in this attempt.
    pub(crate) fn attempt(&self) -> Option<&Record> {
        match &self.attempt {
            Attempt::None => None,
            Attempt::First => Some(&self.shared.first),
            Attempt::Later(record) => Some(record),
        }
    }

    /// Returns the record of the innermost service's calls in the whole call.
    pub(crate) fn total(&self) -> &Record {
        &self.shared.total
    }

    fn record(&self) -> &Record {
        self.attempt().unwrap_or(&self.shared.total)
    }

    /// Returns what the innermost service did in the running attempt. `None` if nothing records it: layers that are
    /// used alone, over a service that is not adapted.
    pub(crate) fn evidence(&self, strays_before: u64) -> Option<Evidence> {
        self.known(self.record(), strays_before)
    }

    fn known(&self, record: &Record, strays_before: u64) -> Option<Evidence> {
        let evidence = record.evidence();
        match &self.shared.stack {
            Some(stack) => Some(evidence.or_stray(stack.strays() != strays_before)),
            None => evidence.was_called().then_some(evidence),
        }
    }

    pub(crate) fn strays(&self) -> u64 {
        self.shared.stack.as_deref().map_or(0, Stack::strays)
    }

    /// Starts a phase of the call.
    pub(crate) fn enter(&self, phase: Phase) {
        self.clock().enter(phase, self.now());
    }

    /// Sets whether the attempt may start in this poll. The rate limiter sets it before each poll of the layers below,
    /// because it holds no token between polls.
    pub(crate) fn set_may_start(&self, may_start: bool) {
        if may_start {
            self.record().admission.fetch_and(!ON_HOLD, Ordering::Relaxed);
        } else {
            self.record().admission.fetch_or(ON_HOLD, Ordering::Relaxed);
        }
    }

    /// Returns whether the attempt may start in this poll. The concurrency limit checks this before it takes a permit.
    /// If `false`, it returns its permit, leaves the queue and is pending until the rate limiter polls it again.
    pub(crate) fn may_start(&self) -> bool {
        self.record().admission.load(Ordering::Relaxed) & ON_HOLD == 0
    }

    /// Sets whether the attempt is queued for a permit. A queued attempt was not sent.
    pub(crate) fn set_queued(&self, queued: bool) {
        if queued {
            self.record().admission.fetch_or(QUEUED, Ordering::Relaxed);
        } else {
            self.record().admission.fetch_and(!QUEUED, Ordering::Relaxed);
        }
    }

    /// Returns whether the attempt is queued for a permit.
    pub(crate) fn is_queued(&self) -> bool {
        self.record().admission.load(Ordering::Relaxed) & QUEUED != 0
    }

    /// Records that the headers of a 429 arrived.
    pub(crate) fn note_refusal(&self, retry_after: Option<Duration>) {
        self.record().note_refusal(self.exchange, Refusal { retry_after });
    }

    /// Returns the 429 that this request received.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.record().refusal(self.exchange)
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        // After a panic, the clock may be off by one phase at most.
        self.shared.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.shared.attempts.load(Ordering::Relaxed)
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.shared.started.elapsed()
    }

    pub(crate) fn time_spent(&self) -> TimeSpent {
        self.clock().spent(Instant::now())
    }

    /// Returns the maximum [`Sent`] of all attempts, including the running one.
    pub(crate) fn sent(&self) -> Sent {
        let running = match self.known(self.total(), self.shared.strays_before) {
            Some(evidence) => evidence.limit(Sent::No),
            None if self.clock().phase() == Phase::Attempt => Sent::Maybe,
            None => Sent::No,
        };
        self.finished().max(running)
    }

    /// Adds attempts and times of the whole call to its error.
    pub(crate) fn complete(&self, error: TransportError) -> TransportError {
        let own = match self.known(self.total(), self.shared.strays_before) {
            Some(evidence) => evidence.limit(error.sent()),
            None => error.sent(),
        };
        // An earlier attempt may have reached the server even if the last one certainly did not.
        let sent = own.max(self.finished());
        error.with_sent(sent).with_report(self.current_report())
    }

    fn finished(&self) -> Sent {
        match self.shared.finished.load(Ordering::Relaxed) {
            0 => Sent::No,
            1 => Sent::Maybe,
            _ => Sent::Yes,
        }
    }

    /// Adds a [`CallReport`] to the response.
    pub(crate) fn report(&self, response: &mut Response<Body>) {
        response.extensions_mut().insert(self.current_report());
    }

    fn current_report(&self) -> CallReport {
        let now = self.now();
        CallReport {
            attempts: self.attempts(),
            elapsed: now.saturating_duration_since(self.shared.started),
            time_spent: self.clock().spent(now),
            base_url: self.shared.stack.as_ref().and_then(|stack| stack.base_url().cloned()),
        }
    }
}

/// Converts to nanoseconds. Durations over 584 years saturate.
fn to_nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn from_nanos(nanos: u64) -> Duration {
    if nanos == u64::MAX { Duration::MAX } else { Duration::from_nanos(nanos) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::TransportErrorKind;

    #[test]
    fn sent_is_the_most_that_any_attempt_did() {
        let state = CallState::start(None);
        assert_eq!(state.sent(), Sent::Maybe, "no layer has reported that it waits");
        state.begin_attempt();
        state.enter(Phase::Waiting);
        assert_eq!(state.sent(), Sent::No);
        state.end_attempt(Sent::Maybe, Instant::now());
        state.begin_attempt();
        state.enter(Phase::Waiting);
        assert_eq!(state.sent(), Sent::Maybe, "the first attempt may have arrived");
        let error = state.complete(TransportError::new(TransportErrorKind::Connect, "refused"));
        assert_eq!((error.sent(), error.attempts()), (Sent::Maybe, 2));
    }

    #[test]
    fn timeout_too_long_for_the_clock_is_no_limit() {
        assert!(CallState::start(Some(Duration::MAX)).deadline().is_none());
    }
}
