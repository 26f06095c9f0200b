//! Reservations of queued calls: which call may be sent when.

use std::collections::BTreeMap;
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use super::bucket::Bucket;
use super::pacer::Pacer;
use super::spread::Spread;
use crate::context::options::Priority;

/// Timers have a resolution of 1 ms, so a reservation is kept for at least this long after its start.
const SHORTEST_TERM: Duration = Duration::from_millis(5);
/// How long a free token waits for the first call in the queue before a call behind may take it. A call that is polled
/// takes it within a timer's resolution; one that is not polled must not waste it.
const LONGEST_GRACE: Duration = Duration::from_millis(20);
/// The first position of calls of normal priority. Those of high priority have the positions below.
const FIRST_NORMAL: u64 = 1 << 63;
/// Positions per block: counting the calls ahead takes a sum over blocks and a walk through one of them.
const BLOCK: u64 = 64;

/// Token bucket and the calls that wait for its tokens, in the order of their positions: high priority first.
///
/// A queued call has a reservation and holds nothing else. The start of the reservation follows from the bucket and the
/// number of calls ahead. It is recomputed at each poll and whenever the limit, the gate or the calls ahead change.
/// Each call has its own timer. A token that the first call does not take within [`LONGEST_GRACE`] goes to the next
/// call that is polled. The call that was skipped keeps its position for one interval after its start; polled later, it
/// queues again.
///
/// All instants are passed in by the caller. Wakers are collected in `wake`, because they must be called without the
/// lock.
#[derive(Debug)]
pub(super) struct Schedule {
    pub(super) bucket: Bucket,
    /// Sets the time between calls in a fleet.
    pub(super) pacer: Option<Pacer>,
    spread: Spread,
    /// Reservations by position, with a waker until it is woken.
    waiting: BTreeMap<u64, Option<Waker>>,
    /// Number of reservations per block of positions.
    blocks: BTreeMap<u64, usize>,
    next_high: u64,
    next_normal: u64,
    /// No reservation before this position still has a waker that was skipped; all later ones were woken.
    woken_from: u64,
    /// Past or future time from which the first reservation can be used.
    due: Option<Instant>,
    /// Positions of calls that were skipped, and until when they keep them. Calls that leave are removed.
    skipped: BTreeMap<u64, Instant>,
    pub(super) wake: Vec<Waker>,
}

/// Position of one call in a schedule. The call must leave the schedule before the ticket is dropped.
#[derive(Debug, Default)]
pub(super) struct Ticket {
    /// Kept by a call that leaves to wait for a permit, so that it returns to the same position.
    position: Option<u64>,
    queued: bool,
    priority: Priority,
}

impl Ticket {
    pub(super) fn new(priority: Priority) -> Self {
        Self { position: None, queued: false, priority }
    }

    pub(super) fn is_queued(&self) -> bool {
        self.queued
    }
}

/// Result of requesting a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// The token is taken and the reservation removed.
    Taken,
    /// The call has a reservation.
    Wait {
        /// The time until its start, if every call ahead uses its own.
        start: Duration,
        /// The time until the call should ask again: earlier than its start if calls ahead may be unpolled.
        ask: Duration,
    },
}

impl Schedule {
    pub(super) fn new(bucket: Bucket) -> Self {
        Self {
            bucket,
            pacer: None,
            spread: Spread::default(),
            waiting: BTreeMap::new(),
            blocks: BTreeMap::new(),
            next_high: 0,
            next_normal: FIRST_NORMAL,
            woken_from: 0,
            due: None,
            skipped: BTreeMap::new(),
            wake: Vec::new(),
        }
    }

    /// Takes a token for a call without a reservation, if that delays no reservation of its priority or a higher one,
    /// and leaves `spare` tokens.
    pub(super) fn try_take(&mut self, now: Instant, spare: usize, priority: Priority) -> bool {
        let free = self.bucket.has(now, self.waiting_before(priority) + 1 + spare);
        if free {
            self.take(now);
            // A call of high priority takes the token that the first of the others was about to use.
            self.update_due(now, false);
        }
        free
    }

    fn take(&mut self, now: Instant) {
        self.bucket.take();
        self.spread.count(now);
        if let Some(gap) = self.pacer.as_ref().and_then(|pacer| pacer.next(fastrand::f64())) {
            self.bucket.set_gap(now, gap);
        }
    }

    /// Takes a token if it is this call's turn, or creates a reservation.
    pub(super) fn claim(&mut self, now: Instant, ticket: &mut Ticket, waker: &Waker) -> Claim {
        if ticket.queued && ticket.position.is_none_or(|position| !self.waiting.contains_key(&position)) {
            self.return_skipped(now, ticket);
        }
        let mut ahead = self.ahead(ticket);
        if !self.bucket.has(now, ahead + 1) {
            self.skip_idle(now, ticket.position);
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
        Claim::Wait { start: self.bucket.wait(now, ahead), ask: self.wait(now, ahead) }
    }

    /// Removes the reservation; the calls behind move up.
    pub(super) fn leave(&mut self, now: Instant, ticket: &mut Ticket) {
        if let Some(position) = ticket.position {
            self.skipped.remove(&position);
        }
        let first = self.waiting.keys().next().copied();
        if let Some(position) = self.remove(ticket) {
            self.update_due(now, first == Some(position));
            self.wake_from(position);
        }
    }

    /// Returns a token that was taken and not used.
    pub(super) fn put_back(&mut self, now: Instant) {
        self.bucket.put_back();
        self.spread.put_back();
        self.update_due(now, false);
        self.wake_first();
    }

    /// Closes the gate for `wait` and an additional random time, so that clients with the same time in their responses
    /// call one after another. `limit` is that of the server, in calls per minute. Returns whether the gate opens
    /// later.
    pub(super) fn close_for(&mut self, now: Instant, wait: Duration, limit: Option<u64>) -> bool {
        if self.bucket.closed_for(now).is_zero() {
            self.spread.draw(fastrand::f64());
        }
        self.spread.name(now, wait);
        let per_minute = limit.map_or_else(|| self.bucket.per_minute(), |limit| limit as f64);
        let spread = self.spread.after(now, wait, per_minute);
        self.bucket.close_for(now, wait.saturating_add(spread))
    }

    /// Closes the gate for `wait` and the `spread` of a fleet's pace.
    pub(super) fn close_in_fleet(&mut self, now: Instant, wait: Duration, spread: Duration) {
        self.spread.name(now, wait);
        self.bucket.close_for(now, wait.saturating_add(spread));
    }

    /// Returns how long the gate stays closed because the server asked for it, without the spread.
    pub(super) fn closed_for(&mut self, now: Instant) -> Duration {
        self.bucket.closed_for(now).min(self.spread.named_for(now))
    }

    /// Returns how long the gate stays closed only to spread clients; zero in a fleet, whose pace needs it.
    pub(super) fn spread_left(&mut self, now: Instant) -> Duration {
        if self.pacer.is_some() {
            return Duration::ZERO;
        }
        self.bucket.closed_for(now).saturating_sub(self.spread.named_for(now))
    }

    /// Opens a gate earlier that stays closed only to spread clients, because a call has `excess` less time than it
    /// would wait. Returns whether that is possible; the gate never opens before the time that the server named.
    pub(super) fn hurry(&mut self, now: Instant, excess: Duration) -> bool {
        let left = self.spread_left(now);
        let Some(spread) = self.spread.shortened(left, excess) else { return false };
        let named = self.spread.named_for(now);
        self.bucket.open_after(now, named.saturating_add(spread));
        self.reschedule(now, true);
        true
    }

    /// Assigns a position to a call without a reservation, in case it has to queue later.
    pub(super) fn mark(&mut self, ticket: &mut Ticket) -> u64 {
        *ticket.position.get_or_insert_with(|| {
            let next = match ticket.priority {
                Priority::Normal => &mut self.next_normal,
                Priority::High => &mut self.next_high,
            };
            *next += 1;
            *next
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

    /// Returns the time until a reservation with `ahead` others before it may be usable: if there are tokens for all
    /// of them, or when the others have left a token unused.
    fn wait(&mut self, now: Instant, ahead: usize) -> Duration {
        let wait = self.bucket.wait(now, ahead);
        let Some(due) = self.due.filter(|_| ahead > 0) else { return wait };
        let graces = u32::try_from(ahead).map_or(Duration::MAX, |ahead| self.grace().saturating_mul(ahead));
        let skips = due.checked_add(graces).map_or(Duration::MAX, |unused| unused.saturating_duration_since(now));
        wait.min(skips)
    }

    /// Returns how long a free token waits for the first call.
    fn grace(&self) -> Duration {
        self.term().min(LONGEST_GRACE)
    }

    /// Returns how long a call keeps its position after its start.
    fn term(&self) -> Duration {
        self.bucket.interval().max(SHORTEST_TERM)
    }

    /// Skips calls at the front that left a token unused, up to the requesting call.
    fn skip_idle(&mut self, now: Instant, asking: Option<u64>) {
        let (grace, term) = (self.grace(), self.term());
        while let (Some((&first, _)), Some(due)) = (self.waiting.first_key_value(), self.due) {
            if Some(first) == asking || !self.bucket.has(now, 1) || now.saturating_duration_since(due) < grace {
                return;
            }
            self.remove_position(first);
            if let Some(until) = due.checked_add(term) {
                self.skipped.insert(first, until);
            }
            self.due = due.checked_add(grace);
        }
    }

    /// Returns a skipped call to its position. If its time has elapsed, it queues again behind the others.
    fn return_skipped(&mut self, now: Instant, ticket: &mut Ticket) {
        let until = ticket.position.and_then(|position| self.skipped.remove(&position));
        if until.is_none_or(|until| until <= now) {
            *ticket = Ticket::new(ticket.priority);
        }
        ticket.queued = false;
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
        let Some(position) = ticket.position else { return self.waiting_before(ticket.priority) };
        let block = position / BLOCK;
        let before: usize = self.blocks.range(..block).map(|(_, count)| count).sum();
        before + self.waiting.range(block * BLOCK..position).count()
    }

    /// Returns the number of reservations before a new one of this priority.
    fn waiting_before(&self, priority: Priority) -> usize {
        match priority {
            Priority::Normal => self.waiting.len(),
            Priority::High => self.blocks.range(..FIRST_NORMAL / BLOCK).map(|(_, count)| count).sum(),
        }
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
        let woken_from = self.woken_from.max(position);
        self.wake.extend(self.waiting.range_mut(position..woken_from).filter_map(|(_, waker)| waker.take()));
        self.woken_from = self.woken_from.min(position);
    }
}

#[cfg(test)]
mod tests;
