//! What the layers know of one call: the options that go in, the state that they share, the report that comes out.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{Extensions, Response};
use tokio::time::Instant;

use crate::time_spent::{Clock, Phase};
use crate::{Background, Body, Sent, TimeSpent, TransportError};

/// The options of one call; an extension of the request. Every layer also works without them.
///
/// ```
/// use std::time::Duration;
/// use avala_transport::{Body, CallOptions};
///
/// let mut options = CallOptions::default();
/// options.operation = "datasets.get";
/// options.route = "/datasets/{uid}/";
/// options.timeout = Some(Duration::from_secs(5));
///
/// let mut request = http::Request::get("/datasets/1234/").body(Body::empty())?;
/// request.extensions_mut().insert(options);
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallOptions {
    /// The name of the operation, such as `datasets.get`.
    pub operation: &'static str,
    /// The path with its placeholders, such as `/datasets/{uid}/`: it is safe in logs and in metrics.
    pub route: &'static str,
    /// The time for the whole call, in place of the client's. [`Duration::MAX`] is no limit.
    pub timeout: Option<Duration>,
    /// The time for one attempt, in place of the client's. [`Duration::MAX`] is no limit.
    pub attempt_timeout: Option<Duration>,
    /// The time for a connection; the shorter of this and the client's counts.
    ///
    /// It runs until the call is given a connection, a new one or one from the pool, whichever is there first. Should
    /// that one turn out to be closed already, only the client's time counts for the next. It means nothing to a
    /// [service](crate::TransportBuilder::service) of your own.
    pub connect_timeout: Option<Duration>,
    /// Whether doing it twice does no harm. `None` decides by method: `POST` and `PATCH` are not repeatable.
    pub repeatable: Option<bool>,
    /// How many attempts at most, in place of the policy's.
    pub max_attempts: Option<u32>,
    /// Sends no API key, for signing up.
    pub anonymous: bool,
    /// Hands out the body of the answer as it arrives. The timeouts and retries then end with the headers, and
    /// [`idle_timeout`](Self::idle_timeout) begins.
    pub streaming: bool,
    /// How long the body of a stream may say nothing, in place of the client's. [`Duration::MAX`] is no limit.
    pub idle_timeout: Option<Duration>,
    /// Which limit on calls at a time counts this call.
    pub class: CallClass,
    /// The name of the narrower rate limit that the server counts this call against as well, such as `inference`.
    /// Empty for a call that only the user's own limit counts. What such calls are told about their limit holds for
    /// calls of the same scope alone.
    pub rate_scope: &'static str,
    /// Keeps the call in the background while the switch is on, for prefetching. Unset for an ordinary call.
    pub background: Option<Background>,
}

impl CallOptions {
    /// Returns whether the call is in the background now.
    #[expect(dead_code, reason = "for the concurrency limit")]
    pub(crate) fn is_background(&self) -> bool {
        self.background.as_ref().is_some_and(Background::is_on)
    }
}

/// What a call does, as far as the limits on calls at a time care.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallClass {
    /// Anything but the next two.
    #[default]
    Ordinary,
    /// It carries a file, or a part of one.
    Upload,
    /// It makes the server prepare an export.
    Export,
}

/// What a call took; an extension of every response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallReport {
    attempts: u32,
    elapsed: Duration,
    time_spent: TimeSpent,
}

impl CallReport {
    /// How many attempts were made, the last one included.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The time from the start of the call to its response.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Where that time went.
    #[must_use]
    pub fn time_spent(&self) -> TimeSpent {
        self.time_spent
    }
}

/// What the layers of one call share. The first layer that needs it makes it.
#[derive(Debug, Clone)]
pub(crate) struct CallState(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    started: Instant,
    deadline: Option<Instant>,
    attempts: AtomicU32,
    /// The most that any finished attempt may have sent.
    finished: AtomicU8,
    clock: Mutex<Clock>,
    /// What the limiter and the concurrency limit tell each other about the attempt: [`ON_HOLD`] and [`QUEUED`].
    admission: AtomicU8,
    /// What the headers of a 429 asked for in the running attempt, for the case that its body never comes.
    refusal: Mutex<Option<Refusal>>,
}

/// The rate limiter has no token for the attempt in this poll.
const ON_HOLD: u8 = 1;
/// The attempt waits for a permit.
const QUEUED: u8 = 2;

/// A 429, and the wait that it names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) retry_after: Option<Duration>,
}

impl CallState {
    /// Starts a call that has `timeout` in all. A time too long for the clock is no limit.
    pub(crate) fn start(timeout: Option<Duration>) -> Self {
        let started = Instant::now();
        Self(Arc::new(Shared {
            started,
            deadline: timeout.and_then(|timeout| started.checked_add(timeout)),
            attempts: AtomicU32::new(0),
            finished: AtomicU8::new(Sent::No as u8),
            clock: Mutex::new(Clock::start(started)),
            admission: AtomicU8::new(0),
            refusal: Mutex::default(),
        }))
    }

    /// The state of this call, or a new one without a deadline.
    pub(crate) fn of(extensions: &mut Extensions) -> Self {
        extensions.get_or_insert_with(|| Self::start(None)).clone()
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.0.deadline
    }

    pub(crate) fn begin_attempt(&self) {
        self.0.attempts.fetch_add(1, Ordering::Relaxed);
        *self.refusal_slot() = None;
        self.enter(Phase::Attempt);
    }

    /// The running attempt is over, and this is what it may have sent.
    pub(crate) fn end_attempt(&self, sent: Sent) {
        self.0.finished.fetch_max(sent as u8, Ordering::Relaxed);
        self.enter(Phase::Ended);
    }

    /// Says what the call does from now on.
    pub(crate) fn enter(&self, phase: Phase) {
        self.clock().enter(phase, Instant::now());
    }

    /// Says whether the attempt may start in this poll. The rate limiter decides that anew before each poll of the
    /// layers below, because it holds no token between two polls.
    #[expect(dead_code, reason = "for the rate limiter")]
    pub(crate) fn set_may_start(&self, may_start: bool) {
        if may_start {
            self.0.admission.fetch_and(!ON_HOLD, Ordering::Relaxed);
        } else {
            self.0.admission.fetch_or(ON_HOLD, Ordering::Relaxed);
        }
    }

    /// Returns whether the attempt may start in this poll. The concurrency limit asks before it takes a permit. On
    /// `false` it gives up its permit and its queue position, and is pending: the rate limiter polls it again.
    pub(crate) fn may_start(&self) -> bool {
        self.0.admission.load(Ordering::Relaxed) & ON_HOLD == 0
    }

    /// The concurrency limit says whether the attempt waits for a permit. An attempt that does was not sent.
    pub(crate) fn set_queued(&self, queued: bool) {
        if queued {
            self.0.admission.fetch_or(QUEUED, Ordering::Relaxed);
        } else {
            self.0.admission.fetch_and(!QUEUED, Ordering::Relaxed);
        }
    }

    /// Returns whether the attempt waits for a permit.
    #[expect(dead_code, reason = "for the rate limiter")]
    pub(crate) fn is_queued(&self) -> bool {
        self.0.admission.load(Ordering::Relaxed) & QUEUED != 0
    }

    /// The headers of a 429 came.
    pub(crate) fn note_refusal(&self, retry_after: Option<Duration>) {
        *self.refusal_slot() = Some(Refusal { retry_after });
    }

    pub(crate) fn refusal(&self) -> Option<Refusal> {
        *self.refusal_slot()
    }

    fn refusal_slot(&self) -> MutexGuard<'_, Option<Refusal>> {
        // Written in one step, so what a panicking thread left is sound.
        self.0.refusal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        // A clock that was left in the middle is off by one phase at the most.
        self.0.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.0.attempts.load(Ordering::Relaxed)
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.started.elapsed()
    }

    pub(crate) fn time_spent(&self) -> TimeSpent {
        self.clock().spent(Instant::now())
    }

    /// The most that any attempt may have sent, the running one included.
    pub(crate) fn sent(&self) -> Sent {
        let running = if self.clock().phase() == Phase::Attempt { Sent::Maybe } else { Sent::No };
        self.finished().max(running)
    }

    /// Adds what the whole call took to its error.
    pub(crate) fn complete(&self, error: TransportError) -> TransportError {
        // An earlier attempt may have reached the server even when the last one certainly did not.
        let sent = error.sent().max(self.finished());
        error.with_sent(sent).with_call(self.attempts(), self.elapsed(), self.time_spent())
    }

    fn finished(&self) -> Sent {
        match self.0.finished.load(Ordering::Relaxed) {
            0 => Sent::No,
            1 => Sent::Maybe,
            _ => Sent::Yes,
        }
    }

    /// Adds what the whole call took to its response.
    pub(crate) fn report(&self, response: &mut Response<Body>) {
        let report = CallReport { attempts: self.attempts(), elapsed: self.elapsed(), time_spent: self.time_spent() };
        response.extensions_mut().insert(report);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TransportErrorKind;

    #[test]
    fn sent_is_the_most_that_any_attempt_did() {
        let state = CallState::start(None);
        assert_eq!(state.sent(), Sent::Maybe, "nobody said that it waits");
        state.begin_attempt();
        state.enter(Phase::Waiting);
        assert_eq!(state.sent(), Sent::No);
        state.end_attempt(Sent::Maybe);
        state.begin_attempt();
        state.enter(Phase::Waiting);
        assert_eq!(state.sent(), Sent::Maybe, "the first attempt may have arrived");
        let error = state.complete(TransportError::new(TransportErrorKind::Connect, "refused"));
        assert_eq!((error.sent(), error.attempts()), (Sent::Maybe, 2));
    }

    #[test]
    fn a_timeout_too_long_for_the_clock_is_no_limit() {
        assert!(CallState::start(Some(Duration::MAX)).deadline().is_none());
    }
}
