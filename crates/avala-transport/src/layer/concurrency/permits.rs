//! Permits: leases on a limited number of calls at a time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use crate::context::options::Priority;

/// Permits of one concurrency group.
///
/// A permit is a lease: it ends when it is dropped, and after its term even if its holder is not polled. A queued call
/// has no claim to a permit. A free permit wakes the call at the head of the queue, and goes to the first call polled
/// that has no call ahead: see [`Permits::try_take`].
#[derive(Debug)]
pub(super) struct Permits {
    limit: usize,
    state: Mutex<State>,
}

/// The queue is `waiting` and `woken` together, in the order of the ticket numbers: high priority first, then the order
/// in which the calls queued.
#[derive(Debug, Default)]
struct State {
    /// Number of leases that count.
    held: usize,
    slots: Vec<Slot>,
    free_slots: Vec<usize>,
    /// No lease expires before this instant; `None` if none expires.
    earliest: Option<Instant>,
    /// Queued calls by ticket number.
    waiting: BTreeMap<u64, Waker>,
    /// Queued calls that were woken for a free permit and not polled since, with the number of the wake.
    woken: BTreeMap<u64, u64>,
    /// Since when no call has taken a permit that is free for a queued call.
    unused_since: Option<Instant>,
    /// Number of tickets so far.
    tickets: u64,
    /// Number of wakes so far.
    wakes: u64,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// `None` for a lease without a term.
    expires: Option<Instant>,
    /// Whether the lease counts; `false` after its term.
    counts: bool,
}

/// Queue position of a call. The call keeps its ticket, and with it its position, when it leaves the queue.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ticket {
    number: Option<u64>,
    /// Number of the last wake when this call yielded.
    yielded: Option<u64>,
    priority: Priority,
}

impl Ticket {
    pub(super) fn new(priority: Priority) -> Self {
        Self { priority, ..Self::default() }
    }
}

/// Result of requesting a permit.
#[derive(Debug)]
pub(super) enum Turn {
    Taken(Lease),
    /// Wait for the waker, and poll again at this time.
    Wait(Option<Instant>),
    /// A permit is free, and all calls ahead were woken for it: yield to them once, and poll again.
    Yield,
}

/// How long a free permit is left to each queued call before one behind it takes the permit. Calls look for that at
/// these intervals after each other, up to the last rank: of many queued calls, each is polled once a second.
const GRACE: Duration = Duration::from_millis(20);
const LAST_RANK: usize = 50;

impl Permits {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit: limit.max(1), state: Mutex::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The counts stay valid if a thread panics between two of them.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a permit if one is free and no call of this priority or a higher one is queued.
    pub(super) fn try_acquire(
        self: &Arc<Self>,
        now: Instant,
        term: Option<Duration>,
        priority: Priority,
    ) -> Option<Lease> {
        let mut state = self.state();
        let is_free = state.held < self.limit && !state.is_queued_before(priority);
        is_free.then(|| Lease::take(self, &mut state, now, term))
    }

    /// Takes a permit if no call is queued and at least half of the permits stay free for calls that are awaited.
    pub(super) fn try_acquire_spare(self: &Arc<Self>, now: Instant, term: Option<Duration>) -> Option<Lease> {
        let mut state = self.state();
        state.expire(now);
        let is_spare = state.is_queue_empty() && state.held < self.limit / 2;
        is_spare.then(|| Lease::take(self, &mut state, now, term))
    }

    /// Takes a permit if it is this call's turn, and queues the call otherwise.
    ///
    /// Calls ahead that are not polled must not keep this one from a permit. If all of them were woken, it yields to
    /// them once; otherwise it waits until the permit was left to each of them for [`GRACE`]. Those that were not
    /// polled then leave the queue until they are.
    pub(super) fn try_take(self: &Arc<Self>, ticket: &mut Ticket, waker: &Waker, term: Option<Duration>) -> Turn {
        let now = Instant::now();
        let mut state = self.state();
        state.expire(now);
        let number = *ticket.number.get_or_insert_with(|| {
            state.tickets += 1;
            state.tickets + first_ticket(ticket.priority)
        });
        state.remove(number);
        let free = self.limit.saturating_sub(state.held);
        let skipped = if free > 0 { state.skip_unpolled(number, ticket.yielded, now) } else { Vec::new() };
        if free > 0 && state.ahead(number) == (0, 0) {
            let lease = Lease::take(self, &mut state, now, term);
            drop(state);
            // Some may be polled late, so they queue again.
            skipped.into_iter().for_each(Waker::wake);
            self.wake_next();
            return Turn::Taken(lease);
        }
        state.waiting.insert(number, waker.clone());
        let (woken, waiting) = state.ahead(number);
        let grace = GRACE * (woken + waiting).min(LAST_RANK) as u32;
        if free == 0 {
            return Turn::Wait(if grace.is_zero() { state.earliest } else { Some(now + grace) });
        }
        let since = *state.unused_since.get_or_insert(now);
        drop(state);
        self.wake_next();
        if waiting > 0 {
            return Turn::Wait(Some(since + grace));
        }
        ticket.yielded = Some(self.state().wakes);
        Turn::Yield
    }

    /// Leaves the queue; the ticket keeps its position.
    pub(super) fn leave(&self, ticket: &Ticket) {
        if let Some(number) = ticket.number
            && self.state().remove(number)
        {
            self.wake_next();
        }
    }

    /// Wakes one waiter for each free permit, from the head of the queue.
    fn wake_next(&self) {
        loop {
            // Wakers run foreign code, so they are called without the lock.
            let waker = self.state().next_to_wake(self.limit);
            match waker {
                Some(waker) => waker.wake(),
                None => return,
            }
        }
    }
}

/// Tickets of high priority have lower numbers than all of normal priority.
fn first_ticket(priority: Priority) -> u64 {
    match priority {
        Priority::Normal => 1 << 63,
        Priority::High => 0,
    }
}

impl State {
    fn is_queue_empty(&self) -> bool {
        self.waiting.is_empty() && self.woken.is_empty()
    }

    /// Returns whether a queued call is ahead of a new one of this priority.
    fn is_queued_before(&self, priority: Priority) -> bool {
        match priority {
            Priority::Normal => !self.is_queue_empty(),
            Priority::High => self.ahead(first_ticket(Priority::Normal)) != (0, 0),
        }
    }

    /// Returns the numbers of calls before this position that were woken and that were not, each counted up to the
    /// last rank.
    fn ahead(&self, number: u64) -> (usize, usize) {
        (ahead_in(&self.woken, number), ahead_in(&self.waiting, number))
    }

    /// Removes a call from the queue. Returns whether it was queued.
    fn remove(&mut self, number: u64) -> bool {
        let removed = self.waiting.remove(&number).is_some() || self.woken.remove(&number).is_some();
        if self.is_queue_empty() {
            self.unused_since = None;
        }
        removed
    }

    /// Removes the calls ahead that left a permit unused, and returns the wakers of those that were not woken for it.
    fn skip_unpolled(&mut self, number: u64, yielded: Option<u64>, now: Instant) -> Vec<Waker> {
        let (woken, waiting) = self.ahead(number);
        let grace = GRACE * (woken + waiting).min(LAST_RANK) as u32;
        if self.unused_since.is_some_and(|since| now.saturating_duration_since(since) >= grace) {
            self.woken.retain(|other, _| *other > number);
            let behind = self.waiting.split_off(&number);
            return std::mem::replace(&mut self.waiting, behind).into_values().collect();
        }
        if let Some(yielded) = yielded.filter(|_| waiting == 0) {
            self.woken.retain(|other, wake| *other > number || *wake > yielded);
        }
        Vec::new()
    }

    fn next_to_wake(&mut self, limit: usize) -> Option<Waker> {
        if self.woken.len() >= limit.saturating_sub(self.held) {
            return None;
        }
        let (number, waker) = self.waiting.pop_first()?;
        self.wakes += 1;
        self.woken.insert(number, self.wakes);
        Some(waker)
    }

    /// Ends leases whose term has elapsed.
    fn expire(&mut self, now: Instant) {
        if self.earliest.is_none_or(|earliest| now < earliest) {
            return;
        }
        self.earliest = None;
        for slot in self.slots.iter_mut().filter(|slot| slot.counts) {
            match slot.expires {
                Some(expires) if expires <= now => {
                    slot.counts = false;
                    self.held -= 1;
                }
                Some(expires) => self.earliest = Some(self.earliest.map_or(expires, |earliest| earliest.min(expires))),
                None => {}
            }
        }
    }

    fn count(&mut self, slot: usize, now: Instant, term: Option<Duration>) {
        let expires = term.and_then(|term| now.checked_add(term));
        if let Some(expires) = expires {
            self.earliest = Some(self.earliest.map_or(expires, |earliest| earliest.min(expires)));
        }
        let slot = &mut self.slots[slot];
        slot.expires = expires;
        if !slot.counts {
            slot.counts = true;
            self.held += 1;
        }
    }
}

/// Returns how many tickets of a queue are before this number, up to the last rank.
fn ahead_in<T>(queue: &BTreeMap<u64, T>, number: u64) -> usize {
    // A call that queues is behind all others, so that most ranks are the length of the queue.
    match queue.last_key_value() {
        Some((last, _)) if *last < number => queue.len().min(LAST_RANK),
        Some((last, _)) if *last == number => (queue.len() - 1).min(LAST_RANK),
        _ => queue.range(..number).take(LAST_RANK).count(),
    }
}

/// Permit, released on drop.
#[derive(Debug)]
pub(super) struct Lease {
    permits: Arc<Permits>,
    /// Reserved until the lease is dropped, also after its term.
    slot: usize,
    term: Option<Duration>,
}

impl Lease {
    fn take(permits: &Arc<Permits>, state: &mut State, now: Instant, term: Option<Duration>) -> Self {
        let slot = state.free_slots.pop().unwrap_or_else(|| {
            state.slots.push(Slot { expires: None, counts: false });
            state.slots.len() - 1
        });
        state.count(slot, now, term);
        state.unused_since = None;
        Self { permits: Arc::clone(permits), slot, term }
    }

    /// Restarts the term, for a stream that is read. An expired lease counts again if a permit is free. The stream
    /// continues in any case, because an uncounted stream is the same for the server.
    pub(super) fn renew(&self) {
        let mut state = self.permits.state();
        let is_free = state.is_queue_empty() && state.held < self.permits.limit;
        if state.slots[self.slot].counts || is_free {
            state.count(self.slot, Instant::now(), self.term);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut state = self.permits.state();
        // After its term it was already released.
        if std::mem::take(&mut state.slots[self.slot].counts) {
            state.held -= 1;
        }
        state.free_slots.push(self.slot);
        let is_awaited = !state.is_queue_empty();
        if is_awaited && state.held < self.permits.limit {
            state.unused_since.get_or_insert_with(Instant::now);
        }
        drop(state);
        if is_awaited {
            self.permits.wake_next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(permits: &Arc<Permits>, ticket: &mut Ticket) -> Turn {
        permits.try_take(ticket, Waker::noop(), None)
    }

    // Otherwise each of many queued calls would be polled again at once, as long as a permit is free.
    #[tokio::test(start_paused = true)]
    async fn only_the_first_call_that_waits_yields() {
        let permits = Permits::new(1);
        let lease = permits.try_acquire(Instant::now(), None, Priority::Normal);
        let [mut woken, mut first, mut second] = [Ticket::default(); 3];
        for ticket in [&mut woken, &mut first, &mut second] {
            assert!(matches!(poll(&permits, ticket), Turn::Wait(_)));
        }
        drop(lease);
        assert!(matches!(poll(&permits, &mut second), Turn::Wait(Some(_))));
        assert!(matches!(poll(&permits, &mut first), Turn::Yield));
        assert!(matches!(poll(&permits, &mut second), Turn::Wait(Some(_))));
        assert!(matches!(poll(&permits, &mut first), Turn::Taken(_)));
    }

    #[test]
    fn rank_is_the_number_of_tickets_ahead() {
        let queue: BTreeMap<u64, ()> = [2, 4, 7].into_iter().map(|number| (number, ())).collect();
        for number in 0..9 {
            let ahead = queue.keys().filter(|ticket| **ticket < number).count();
            assert_eq!(ahead_in(&queue, number), ahead, "{number}");
        }
        let long: BTreeMap<u64, ()> = (0..200).map(|number| (number, ())).collect();
        assert_eq!([30, 120, 199, 300].map(|number| ahead_in(&long, number)), [30, LAST_RANK, LAST_RANK, LAST_RANK]);
        assert_eq!(ahead_in(&BTreeMap::<u64, ()>::new(), 5), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn call_goes_ahead_of_those_that_leave_a_permit_unused() {
        let permits = Permits::new(1);
        let lease = permits.try_acquire(Instant::now(), None, Priority::Normal);
        let mut tickets = [Ticket::default(); 4];
        for ticket in &mut tickets {
            assert!(matches!(poll(&permits, ticket), Turn::Wait(_)));
        }
        drop(lease);
        let freed = Instant::now();
        let Turn::Wait(Some(at)) = poll(&permits, &mut tickets[3]) else { panic!("three calls are ahead") };
        assert_eq!(at - freed, GRACE * 3);
        tokio::time::advance(GRACE * 3).await;
        let Turn::Taken(lease) = poll(&permits, &mut tickets[3]) else { panic!("no call took it") };
        // Those ahead have left the queue, and are first again when they are polled.
        assert!(matches!(poll(&permits, &mut tickets[1]), Turn::Wait(None)));
        assert!(matches!(poll(&permits, &mut tickets[2]), Turn::Wait(Some(_))));
        drop(lease);
        assert!(matches!(poll(&permits, &mut tickets[1]), Turn::Taken(_)));
    }
}
