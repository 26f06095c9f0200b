//! Reservations: which of the waiting calls may be sent when.

use std::collections::BTreeMap;
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use super::bucket::Bucket;

/// Timers have a resolution of a millisecond, so a reservation does not lapse sooner than this after its start.
const SHORTEST_GRACE: Duration = Duration::from_millis(5);
/// Positions per block: counting the calls ahead of one takes a sum over blocks and a walk through one of them.
const BLOCK: u64 = 64;

/// A token bucket, and the calls that wait for its tokens in the order of their positions.
///
/// A waiting call has a reservation: its start follows from the bucket and the number of calls ahead, and is computed
/// anew at each poll and whenever the limit, the gate or the calls ahead change. It holds nothing else. Each call has
/// its own timer for its own start. The reservation of a call that is not polled within one interval of its start
/// lapses, and the calls behind go ahead.
///
/// All of this is arithmetic on instants that the caller passes in. Wakers to wake are collected in `wake`, because they
/// must run without the lock.
#[derive(Debug)]
pub(super) struct Schedule {
    pub(super) bucket: Bucket,
    /// The reservations by position. A waker is there until it is woken.
    waiting: BTreeMap<u64, Option<Waker>>,
    /// How many of them each block of positions has.
    blocks: BTreeMap<u64, usize>,
    next_position: u64,
    /// No reservation from here on has a waker: they were woken already.
    woken_from: u64,
    /// The start of the first reservation.
    due: Option<Instant>,
    pub(super) wake: Vec<Waker>,
}

/// The place of one call in a schedule. It must leave the schedule before it is dropped.
#[derive(Debug, Default)]
pub(super) struct Ticket {
    /// Kept by a call that leaves to wait for something else, so that it comes back to where it was.
    position: Option<u64>,
    queued: bool,
}

impl Ticket {
    pub(super) fn is_queued(&self) -> bool {
        self.queued
    }
}

/// What came of asking for a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// The token is taken, and the reservation is gone.
    Taken,
    /// The call has a reservation that starts in so long.
    Wait(Duration),
}

impl Schedule {
    pub(super) fn new(bucket: Bucket) -> Self {
        Self {
            bucket,
            waiting: BTreeMap::new(),
            blocks: BTreeMap::new(),
            next_position: 0,
            woken_from: 0,
            due: None,
            wake: Vec::new(),
        }
    }

    /// Takes a token for a call without a reservation, if that delays none of those that have one and leaves `spare`
    /// tokens.
    pub(super) fn try_take(&mut self, now: Instant, spare: usize) -> bool {
        let free = self.bucket.has(now, self.waiting.len() + 1 + spare);
        if free {
            self.bucket.take();
        }
        free
    }

    /// Takes a token if it is this call's turn, or gives the call a reservation.
    pub(super) fn claim(&mut self, now: Instant, ticket: &mut Ticket, waker: &Waker) -> Claim {
        if ticket.queued && ticket.position.is_none_or(|position| !self.waiting.contains_key(&position)) {
            // Its reservation lapsed: it queues again, behind the others.
            *ticket = Ticket::default();
        }
        let mut ahead = self.ahead(ticket);
        if !self.bucket.has(now, ahead + 1) {
            self.drop_lapsed(now, ticket.position);
            ahead = self.ahead(ticket);
        }
        if self.bucket.has(now, ahead + 1) {
            self.bucket.take();
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

    /// Gives up the reservation; the calls behind move up.
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

    /// Gives a call without a reservation a position, for the case that it has to queue later.
    pub(super) fn mark(&mut self, ticket: &mut Ticket) -> u64 {
        *ticket.position.get_or_insert_with(|| {
            self.next_position += 1;
            self.next_position
        })
    }

    /// Computes the starts anew after the bucket was told something. `changed` says that its rate or its gate is
    /// another: then each call has to set its timer again. With fewer tokens a timer only fires early.
    pub(super) fn reschedule(&mut self, now: Instant, changed: bool) {
        self.update_due(now, changed);
        if changed {
            self.wake_from(0);
        }
    }

    /// The time until a reservation can be used that has `ahead` others before it.
    fn wait(&mut self, now: Instant, ahead: usize) -> Duration {
        let wait = self.bucket.wait(now, ahead);
        // While a token is there for a call that does not take it, the others wait for that reservation to lapse.
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

    /// Drops the reservations at the front that were not used in time, up to that of the call that asks.
    fn drop_lapsed(&mut self, now: Instant, asking: Option<u64>) {
        let grace = self.grace();
        while let (Some((&first, _)), Some(due)) = (self.waiting.first_key_value(), self.due) {
            if Some(first) == asking || now.saturating_duration_since(due) < grace {
                return;
            }
            self.remove_position(first);
            // The next one starts an interval later, wherever the clock is.
            self.due = if self.waiting.is_empty() { None } else { due.checked_add(self.bucket.interval()) };
        }
    }

    /// Sets the start of the first reservation: when a token is there, or since when it has been.
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

    /// How many reservations are before that of this call, or before its old position.
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

    /// Wakes every call from this position on, whose starts are earlier or later now.
    fn wake_from(&mut self, position: u64) {
        if position < self.woken_from {
            self.wake.extend(self.waiting.range_mut(position..self.woken_from).filter_map(|(_, waker)| waker.take()));
            self.woken_from = position;
        }
    }
}
