//! Records the outcomes of the innermost service's calls. Only this record decides whether a retry is safe.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Method;

use crate::base_url::BaseUrl;
use crate::context::safety::is_repeatable;
use crate::error::Sent;

/// Identity of one assembled stack. A call state with another identity belongs to another stack: a layer copied the
/// extensions of one request to another.
#[derive(Debug, Default)]
pub(crate) struct Stack {
    /// Number of calls of the innermost service that belong to no running attempt, because a layer dropped or replaced
    /// the request's extensions. Each attempt that runs meanwhile may have sent one of them.
    strays: AtomicU64,
    base_url: Option<Arc<BaseUrl>>,
}

impl Stack {
    pub(crate) fn new(base_url: &BaseUrl) -> Self {
        Self { base_url: Some(Arc::new(base_url.clone())), ..Self::default() }
    }

    pub(crate) fn base_url(&self) -> Option<&Arc<BaseUrl>> {
        self.base_url.as_ref()
    }

    pub(crate) fn strays(&self) -> u64 {
        self.strays.load(Ordering::Acquire)
    }

    pub(crate) fn add_stray(&self) {
        self.strays.fetch_add(1, Ordering::AcqRel);
    }
}

/// A 429 and the wait that it requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) retry_after: Option<Duration>,
}

const CALLED: u32 = 1;
pub(crate) const REFUSED: u32 = 1 << 1;
pub(crate) const UNKNOWN: u32 = 1 << 2;
pub(crate) const RESPONDED: u32 = 1 << 3;
const NOT_REPEATABLE: u32 = 1 << 4;
const NOT_DELETE: u32 = 1 << 5;
const CLOSED: u32 = 1 << 6;
const IN_FLIGHT: u32 = 1 << 8;

/// Outcomes of the innermost service's calls within one attempt or within one call.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// The flags above, and from `IN_FLIGHT` on the number of running calls.
    state: AtomicU32,
    /// State that the rate limiter and the concurrency limit exchange about the attempt.
    pub(crate) admission: AtomicU8,
    /// Number of requests that the attempt sent, because a layer may send more than one.
    exchanges: AtomicU32,
    /// The last 429 and the number of its request, in case its body never arrives.
    refusal: Mutex<Option<(u32, Refusal)>>,
}

/// Snapshot of a [`Record`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evidence(u32);

impl Record {
    pub(crate) fn evidence(&self) -> Evidence {
        Evidence(self.state.load(Ordering::Acquire))
    }

    pub(crate) fn close(&self) {
        self.state.fetch_or(CLOSED, Ordering::AcqRel);
    }

    pub(crate) fn next_exchange(&self) -> u32 {
        self.exchanges.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn note_refusal(&self, exchange: u32, refusal: Refusal) {
        *self.refusal_slot() = Some((exchange, refusal));
    }

    /// Returns the 429 that request number `exchange` received.
    pub(crate) fn refusal(&self, exchange: u32) -> Option<Refusal> {
        self.refusal_slot().filter(|(number, _)| *number == exchange).map(|(_, refusal)| refusal)
    }

    fn refusal_slot(&self) -> MutexGuard<'_, Option<(u32, Refusal)>> {
        // Written in one step, so the value is valid after a panic.
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a call of the service. Returns `false` if the attempt has already ended.
    pub(crate) fn begin(&self, method: &Method) -> bool {
        let mut bits = CALLED;
        if !is_repeatable(method) {
            bits |= NOT_REPEATABLE;
        }
        if method != Method::DELETE {
            bits |= NOT_DELETE;
        }
        self.state.fetch_or(bits, Ordering::AcqRel);
        self.state.fetch_add(IN_FLIGHT, Ordering::AcqRel) & CLOSED == 0
    }

    pub(crate) fn end(&self, how: u32) {
        self.state.fetch_or(how, Ordering::AcqRel);
        self.state.fetch_sub(IN_FLIGHT, Ordering::AcqRel);
    }
}

impl Evidence {
    /// Adds that a call of an unknown attempt may have belonged to this one.
    pub(crate) fn or_stray(self, stray: bool) -> Self {
        if stray { Self(self.0 | CALLED | UNKNOWN | RESPONDED | NOT_REPEATABLE | NOT_DELETE) } else { self }
    }

    pub(crate) fn was_called(self) -> bool {
        self.0 & CALLED != 0
    }

    /// Returns the maximum [`Sent`] of the recorded calls.
    pub(crate) fn sent(self) -> Sent {
        if self.0 & (RESPONDED | REFUSED) != 0 {
            Sent::Yes
        } else if self.0 & UNKNOWN != 0 || self.0 >= IN_FLIGHT {
            Sent::Maybe
        } else {
            Sent::No
        }
    }

    /// Returns whether the server may have executed a request: not if each was refused or never sent.
    pub(crate) fn may_have_acted(self) -> bool {
        self.0 & (RESPONDED | UNKNOWN) != 0 || self.0 >= IN_FLIGHT
    }

    pub(crate) fn got_response(self) -> bool {
        self.0 & RESPONDED != 0
    }

    /// Returns whether a layer changed the method to one that must not be repeated.
    pub(crate) fn has_unrepeatable_method(self) -> bool {
        self.0 & NOT_REPEATABLE != 0
    }

    pub(crate) fn has_only_deletes(self) -> bool {
        self.0 & NOT_DELETE == 0
    }

    /// Limits the `Sent` of an error to what the recorded calls allow: never `No` after a request that may have
    /// arrived, and never more than was recorded.
    pub(crate) fn limit(self, claim: Sent) -> Sent {
        let known = self.sent();
        claim.max(known.min(Sent::Maybe)).min(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(ends: &[u32]) -> Evidence {
        let record = Record::default();
        for how in ends {
            record.begin(&Method::POST);
            record.end(*how);
        }
        record.evidence()
    }

    #[test]
    fn maximum_of_several_calls_counts() {
        assert_eq!(record(&[]).sent(), Sent::No);
        assert_eq!(record(&[0, 0]).sent(), Sent::No);
        assert_eq!(record(&[0, UNKNOWN, 0]).sent(), Sent::Maybe);
        assert_eq!(record(&[RESPONDED, 0]).sent(), Sent::Yes);
        assert!(!record(&[REFUSED, 0]).may_have_acted());
        assert!(record(&[RESPONDED, REFUSED]).may_have_acted());
        assert!(record(&[UNKNOWN, REFUSED]).may_have_acted());
    }

    #[test]
    fn claim_is_limited_to_what_the_calls_allow() {
        assert_eq!(record(&[]).limit(Sent::Yes), Sent::No);
        assert_eq!(record(&[UNKNOWN]).limit(Sent::No), Sent::Maybe);
        assert_eq!(record(&[UNKNOWN]).limit(Sent::Yes), Sent::Maybe);
        assert_eq!(record(&[RESPONDED]).limit(Sent::No), Sent::Maybe);
        assert_eq!(record(&[RESPONDED]).limit(Sent::Yes), Sent::Yes);
    }

    #[test]
    fn call_that_has_not_ended_may_have_been_sent() {
        let record = Record::default();
        assert!(record.begin(&Method::GET));
        assert!(record.evidence().may_have_acted());
        record.end(0);
        assert!(!record.evidence().may_have_acted());
        record.close();
        assert!(!record.begin(&Method::GET), "the attempt has ended");
    }
}
