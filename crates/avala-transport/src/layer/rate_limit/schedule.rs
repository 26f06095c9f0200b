//! Reservations of queued calls: which call may be sent when.

use std::collections::BTreeMap;
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use super::bucket::Bucket;
use super::pacer::Pacer;

/// Timers have a resolution of 1 ms, so a reservation is kept for at least this long after its start.
const SHORTEST_GRACE: Duration = Duration::from_millis(5);
/// Positions per block: counting the calls ahead takes a sum over blocks and a walk through one of them.
const BLOCK: u64 = 64;

/// Token bucket and the calls that wait for its tokens, in the order of their positions.
///
/// A queued call has a reservation and holds nothing else. The start of the reservation follows from the bucket and the
/// number of calls ahead. It is recomputed at each poll and whenever the limit, the gate or the calls ahead change.
/// Each call has its own timer. If a call is not polled within one interval of its start, its reservation lapses and
/// the calls behind go ahead.
///
/// All instants are passed in by the caller. Wakers are collected in `wake`, because they must be called without the
/// lock.
#[derive(Debug)]
pub(super) struct Schedule {
    pub(super) bucket: Bucket,
    /// Sets the time between calls in a fleet.
    pub(super) pacer: Option<Pacer>,
    /// Reservations by position, with a waker until it is woken.
    waiting: BTreeMap<u64, Option<Waker>>,
    /// Number of reservations per block of positions.
    blocks: BTreeMap<u64, usize>,
    next_position: u64,
    /// No reservation before this position still has a waker that was skipped; from here on all were woken.
    woken_from: u64,
    /// The start of the first reservation.
    due: Option<Instant>,
    pub(super) wake: Vec<Waker>,
}

/// Position of one call in a schedule. The call must leave the schedule before the ticket is dropped.
#[derive(Debug, Default)]
pub(super) struct Ticket {
    /// Kept by a call that leaves to wait for something else, so that it returns to the same position.
    position: Option<u64>,
    queued: bool,
}

impl Ticket {
    pub(super) fn is_queued(&self) -> bool {
        self.queued
    }
}

/// Result of requesting a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// The token is taken and the reservation removed.
    Taken,
    /// The call has a reservation that starts after this time.
    Wait(Duration),
}

impl Schedule {
    pub(super) fn new(bucket: Bucket) -> Self {
        Self {
            bucket,
            pacer: None,
            waiting: BTreeMap::new(),
            blocks: BTreeMap::new(),
            next_position: 0,
            woken_from: 0,
            due: None,
            wake: Vec::new(),
        }
    }

    /// Takes a token for a call without a reservation, if that delays no reservation and leaves `spare` tokens.
    pub(super) fn try_take(&mut self, now: Instant, spare: usize) -> bool {
        let free = self.bucket.has(now, self.waiting.len() + 1 + spare);
        if free {
            self.take(now);
        }
        free
    }

    fn take(&mut self, now: Instant) {
        self.bucket.take();
        if let Some(gap) = self.pacer.as_ref().and_then(|pacer| pacer.next(fastrand::f64())) {
            self.bucket.set_gap(now, gap);
        }
    }

    /// Takes a token if it is this call's turn, or creates a reservation.
    pub(super) fn claim(&mut self, now: Instant, ticket: &mut Ticket, waker: &Waker) -> Claim {
        if ticket.queued && ticket.position.is_none_or(|position| !self.waiting.contains_key(&position)) {
            // The reservation lapsed: the call queues again, behind the others.
            *ticket = Ticket::default();
        }
        let mut ahead = self.ahead(ticket);
        if !self.bucket.has(now, ahead + 1) {
            self.drop_lapsed(now, ticket.position);
            ahead = self.ahead(ticket);
        }
        if self.bucket.has(now, ahead + 1) {
            self.take(now);
            self.remove(ticket);
            self.update_due(now, ahead == 0);
            if self.bucket.has(now, 1) {
                self.wake_first();
            }
            return Claim::Taken;
        }
        let position = self.mark(ticket);
        if self.waiting.insert(position, Some(waker.clone())).is_none() {
            *self.blocks.entry(position / BLOCK).or_default() += 1;
            self.update_due(now, ahead == 0);
        }
        self.woken_from = self.woken_from.max(position + 1);
        ticket.queued = true;
        Claim::Wait(self.wait(now, ahead))
    }

    /// Removes the reservation; the calls behind move up.
    pub(super) fn leave(&mut self, now: Instant, ticket: &mut Ticket) {
        if let Some(position) = self.remove(ticket) {
            self.update_due(now, self.waiting.keys().next().is_none_or(|first| *first > position));
            self.wake_from(position);
        }
    }

    /// Puts back a token that was taken and not used.
    pub(super) fn put_back(&mut self, now: Instant) {
        self.bucket.put_back();
        self.update_due(now, false);
        self.wake_first();
    }

    /// Assigns a position to a call without a reservation, in case it has to queue later.
    pub(super) fn mark(&mut self, ticket: &mut Ticket) -> u64 {
        *ticket.position.get_or_insert_with(|| {
            self.next_position += 1;
            self.next_position
        })
    }

    /// Recomputes the starts after the bucket changed. `changed` means that its rate or gate changed, so that each call
    /// must reset its timer. If only the number of tokens fell, timers merely fire early.
    pub(super) fn reschedule(&mut self, now: Instant, changed: bool) {
        self.update_due(now, changed);
        if changed {
            self.wake_from(0);
        }
    }

    /// Returns the time until a reservation with `ahead` others before it can be used.
    fn wait(&mut self, now: Instant, ahead: usize) -> Duration {
        let wait = self.bucket.wait(now, ahead);
        // If a token is free but the first call does not take it, the others wait for its reservation to lapse.
        let Some(due) = self.due.filter(|_| ahead > 0 && self.bucket.has(now, 1)) else { return wait };
        let later =
            u32::try_from(ahead - 1).map_or(Duration::MAX, |ahead| self.bucket.interval().saturating_mul(ahead));
        let lapse =
            due.saturating_duration_since(now) + self.grace().saturating_sub(now.saturating_duration_since(due));
        wait.min(lapse.saturating_add(later))
    }

    fn grace(&self) -> Duration {
        self.bucket.interval().max(SHORTEST_GRACE)
    }

    /// Removes reservations at the front that were not used in time, up to that of the requesting call.
    fn drop_lapsed(&mut self, now: Instant, asking: Option<u64>) {
        let grace = self.grace();
        while let (Some((&first, _)), Some(due)) = (self.waiting.first_key_value(), self.due) {
            if Some(first) == asking || now.saturating_duration_since(due) < grace {
                return;
            }
            self.remove_position(first);
            // The next reservation starts one interval later, whatever the time is now.
            self.due = if self.waiting.is_empty() { None } else { due.checked_add(self.bucket.interval()) };
        }
    }

    /// Updates the start of the first reservation: when a token becomes available, or since when it has been.
    fn update_due(&mut self, now: Instant, first_changed: bool) {
        if self.waiting.is_empty() {
            self.due = None;
            return;
        }
        let ready = now.checked_add(self.bucket.wait(now, 0));
        self.due = match self.due {
            Some(due) if !first_changed && ready == Some(now) => Some(due.min(now)),
            _ => ready,
        };
    }

    /// Returns the number of reservations before that of this call, or before its old position.
    fn ahead(&self, ticket: &Ticket) -> usize {
        let Some(position) = ticket.position else { return self.waiting.len() };
        let block = position / BLOCK;
        let before: usize = self.blocks.range(..block).map(|(_, count)| count).sum();
        before + self.waiting.range(block * BLOCK..position).count()
    }

    fn remove(&mut self, ticket: &mut Ticket) -> Option<u64> {
        let position = ticket.position.filter(|_| ticket.queued)?;
        ticket.queued = false;
        self.remove_position(position).then_some(position)
    }

    fn remove_position(&mut self, position: u64) -> bool {
        let removed = self.waiting.remove(&position).is_some();
        if removed && let Some(count) = self.blocks.get_mut(&(position / BLOCK)) {
            *count -= 1;
            if *count == 0 {
                self.blocks.remove(&(position / BLOCK));
            }
        }
        removed
    }

    /// Wakes the first call that was not woken yet.
    fn wake_first(&mut self) {
        let waker = self.waiting.range_mut(..self.woken_from).find_map(|(_, waker)| waker.take());
        self.wake.extend(waker);
    }

    /// Wakes all calls from this position on, because their starts changed.
    fn wake_from(&mut self, position: u64) {
        if position < self.woken_from {
            self.wake.extend(self.waiting.range_mut(position..self.woken_from).filter_map(|(_, waker)| waker.take()));
            self.woken_from = position;
        }
    }
}
