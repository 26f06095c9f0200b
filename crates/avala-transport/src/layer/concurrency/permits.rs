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

#[derive(Debug, Default)]
struct State {
    /// Number of leases that count.
    held: usize,
    slots: Vec<Slot>,
    free_slots: Vec<usize>,
    /// No lease expires before this instant; `None` if none expires.
    earliest: Option<Instant>,
    /// Waiters by ticket number, high priority first, then in the order in which they queued.
    queue: BTreeMap<u64, Waiter>,
    /// Number of tickets so far.
    tickets: u64,
    /// Number of waiters woken so far.
    wakes: u64,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// `None` for a lease without a term.
    expires: Option<Instant>,
    /// Whether the lease counts; `false` after its term.
    counts: bool,
}

#[derive(Debug)]
struct Waiter {
    waker: Waker,
    /// Number of the wake, if the waiter was woken and not polled since.
    woken: Option<u64>,
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
    /// A permit is free, and calls ahead were woken for it: yield to them once, and poll again.
    Yield,
}

/// How often the second call in the queue checks whether the first one was woken without being polled, and how much
/// longer each call behind waits.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
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
    pub(super) fn try_acquire(self: &Arc<Self>, term: Option<Duration>, priority: Priority) -> Option<Lease> {
        let mut state = self.state();
        let is_free = state.held < self.limit && !state.is_queued_before(priority);
        is_free.then(|| Lease::take(self, &mut state, term))
    }

    /// Takes a permit if no call is queued and at least half of the permits stay free for calls that are awaited.
    pub(super) fn try_acquire_spare(self: &Arc<Self>, term: Option<Duration>) -> Option<Lease> {
        let mut state = self.state();
        state.expire(Instant::now());
        let is_spare = state.queue.is_empty() && state.held < self.limit / 2;
        is_spare.then(|| Lease::take(self, &mut state, term))
    }

    /// Takes a permit if it is this call's turn, and queues the call otherwise.
    ///
    /// A call that was woken but is not polled must not keep those behind it from a permit. They poll from time to
    /// time: if a permit is free and the calls ahead were woken, a call yields to them once. If they still were not
    /// polled then, they lose their queue position until they are polled.
    pub(super) fn try_take(self: &Arc<Self>, ticket: &mut Ticket, waker: &Waker, term: Option<Duration>) -> Turn {
        let now = Instant::now();
        let mut state = self.state();
        state.expire(now);
        let number = *ticket.number.get_or_insert_with(|| {
            state.tickets += 1;
            state.tickets + first_ticket(ticket.priority)
        });
        let free = self.limit.saturating_sub(state.held);
        if free > 0 && state.is_first(number, ticket.yielded) {
            state.queue.remove(&number);
            let lease = Lease::take(self, &mut state, term);
            drop(state);
            self.wake_next();
            return Turn::Taken(lease);
        }
        match state.queue.get_mut(&number) {
            Some(waiter) => {
                waiter.woken = None;
                waiter.waker.clone_from(waker);
            }
            None => drop(state.queue.insert(number, Waiter { waker: waker.clone(), woken: None })),
        }
        if free == 0 {
            let rank = state.queue.range(..number).take(LAST_RANK).count();
            return Turn::Wait(if rank == 0 { state.earliest } else { Some(now + LOOK_AGAIN * rank as u32) });
        }
        drop(state);
        self.wake_next();
        ticket.yielded = Some(self.state().wakes);
        Turn::Yield
    }

    /// Leaves the queue; the ticket keeps its position.
    pub(super) fn leave(&self, ticket: &Ticket) {
        if let Some(number) = ticket.number {
            let removed = self.state().queue.remove(&number);
            if removed.is_some() {
                self.wake_next();
            }
        }
    }

    /// Wakes as many waiters as permits are free, from the head of the queue.
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
    /// Returns whether a call is queued that a new one of this priority must not overtake.
    fn is_queued_before(&self, priority: Priority) -> bool {
        match priority {
            Priority::Normal => !self.queue.is_empty(),
            Priority::High => self.queue.range(..first_ticket(Priority::Normal)).next().is_some(),
        }
    }

    /// Returns whether no call is ahead. Calls that were woken before this call yielded, and not polled since, do not
    /// count: they lose their position.
    fn is_first(&mut self, number: u64, yielded: Option<u64>) -> bool {
        if let Some(yielded) = yielded {
            let has_lapsed = |waiter: &Waiter| waiter.woken.is_some_and(|wake| wake <= yielded);
            self.queue.retain(|other, waiter| *other >= number || !has_lapsed(waiter));
        }
        self.queue.range(..number).next().is_none()
    }

    fn next_to_wake(&mut self, limit: usize) -> Option<Waker> {
        if self.queue.is_empty() {
            return None;
        }
        let free = limit.saturating_sub(self.held);
        let waiter = self.queue.values_mut().take(free).find(|waiter| waiter.woken.is_none())?;
        self.wakes += 1;
        waiter.woken = Some(self.wakes);
        Some(waiter.waker.clone())
    }

    /// Ends leases that are past their term.
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

    fn count(&mut self, slot: usize, term: Option<Duration>) {
        let expires = term.and_then(|term| Instant::now().checked_add(term));
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

/// Permit, released on drop.
#[derive(Debug)]
pub(super) struct Lease {
    permits: Arc<Permits>,
    /// Reserved until the lease is dropped, also after its term.
    slot: usize,
    term: Option<Duration>,
}

impl Lease {
    fn take(permits: &Arc<Permits>, state: &mut State, term: Option<Duration>) -> Self {
        let slot = state.free_slots.pop().unwrap_or_else(|| {
            state.slots.push(Slot { expires: None, counts: false });
            state.slots.len() - 1
        });
        state.count(slot, term);
        Self { permits: Arc::clone(permits), slot, term }
    }

    /// Restarts the term, for a stream that is read. An expired lease counts again if a permit is free. The stream
    /// continues in any case, since not counting it would not change what the server does.
    pub(super) fn renew(&self) {
        let mut state = self.permits.state();
        let is_free = state.queue.is_empty() && state.held < self.permits.limit;
        if state.slots[self.slot].counts || is_free {
            state.count(self.slot, self.term);
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
        let is_awaited = !state.queue.is_empty();
        drop(state);
        if is_awaited {
            self.permits.wake_next();
        }
    }
}
