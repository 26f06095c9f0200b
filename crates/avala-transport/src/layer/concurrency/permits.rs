//! Permits: leases on a limited number of calls at a time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

/// The permits of one class of calls.
///
/// A permit is a lease: it ends when it is dropped, and at its term even if nobody polls its holder. A queued call has
/// no claim to a permit. A free permit wakes the call whose turn it is, and goes to whoever polls first of those that
/// nobody is ahead of: see [`Permits::try_take`].
#[derive(Debug)]
pub(super) struct Permits {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// How many leases count.
    held: usize,
    slots: Vec<Slot>,
    free_slots: Vec<usize>,
    /// No lease expires before this; `None` if none expires at all.
    earliest: Option<Instant>,
    /// By ticket, in the order in which they came.
    queue: BTreeMap<u64, Waiter>,
    next_ticket: u64,
    /// How many waiters were woken so far.
    wakes: u64,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// `None` for a lease without a term.
    expires: Option<Instant>,
    /// Whether the lease counts: not any more after its term.
    counts: bool,
}

#[derive(Debug)]
struct Waiter {
    waker: Waker,
    /// Its turn came, and it was not polled since: the number of the wake.
    woken: Option<u64>,
}

/// The place of a call in the queue. The call keeps its ticket when it leaves the queue, and with it its turn.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ticket {
    number: Option<u64>,
    /// The last wake at the time when this call let others go first.
    yielded: Option<u64>,
}

/// What a call that wants a permit has to do.
#[derive(Debug)]
pub(super) enum Turn {
    Taken(Lease),
    /// Wait for its waker, and look again at this time.
    Wait(Option<Instant>),
    /// A permit is free, and calls ahead were woken for it: let them run first, and look again.
    Yield,
}

/// How often the second in the queue looks whether the first one was woken and does not come, and how much longer those
/// behind it wait.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
const LAST_RANK: usize = 50;

impl Permits {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit: limit.max(1), state: Mutex::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The counts stay sound when a thread panics between two of them.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a permit if one is free and nobody is queued.
    pub(super) fn try_acquire(self: &Arc<Self>, term: Option<Duration>) -> Option<Lease> {
        let mut state = self.state();
        let is_free = state.queue.is_empty() && state.held < self.limit;
        is_free.then(|| Lease::take(self, &mut state, term))
    }

    /// Takes a permit if nobody is queued, and at least half of the permits stay free for calls that are awaited.
    pub(super) fn try_acquire_spare(self: &Arc<Self>, term: Option<Duration>) -> Option<Lease> {
        let mut state = self.state();
        state.expire(Instant::now());
        let is_spare = state.queue.is_empty() && state.held < self.limit / 2;
        is_spare.then(|| Lease::take(self, &mut state, term))
    }

    /// Takes a permit if it is this call's turn, and queues the call otherwise.
    ///
    /// A call that was woken and is not polled must not keep those behind it from a permit. Each of them looks from time
    /// to time, and whenever it is polled for another reason: if a permit is free and those ahead were woken, it lets
    /// them run once; if they still were not polled then, they lose their place in the queue until somebody polls them.
    pub(super) fn try_take(self: &Arc<Self>, ticket: &mut Ticket, waker: &Waker, term: Option<Duration>) -> Turn {
        let now = Instant::now();
        let mut state = self.state();
        state.expire(now);
        let number = *ticket.number.get_or_insert_with(|| {
            state.next_ticket += 1;
            state.next_ticket
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

    /// Leaves the queue; the ticket keeps its turn.
    pub(super) fn leave(&self, ticket: &Ticket) {
        if let Some(number) = ticket.number {
            let removed = self.state().queue.remove(&number);
            if removed.is_some() {
                self.wake_next();
            }
        }
    }

    /// Wakes as many waiters as there are free permits, from the head of the queue.
    fn wake_next(&self) {
        loop {
            // Wakers run code of others, so not under the lock.
            let waker = self.state().next_to_wake(self.limit);
            match waker {
                Some(waker) => waker.wake(),
                None => return,
            }
        }
    }
}

impl State {
    /// Returns whether nobody is ahead, but for those that were woken before this call yielded and were not polled
    /// since: they lose their place.
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

    /// Ends the leases whose term is over.
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

/// A permit, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Lease {
    permits: Arc<Permits>,
    /// Its own until it is dropped, also after its term.
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

    /// Begins the term anew, for a stream that somebody reads. A lease that has ended counts again if a permit is free;
    /// the stream goes on in any case, since the server does what it does whether we count it or not.
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
        // After its term it was given back already.
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
