//! Limits the bytes of response bodies that all calls of a client buffer at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use crate::error::TransportError;

/// Memory budget and its use. Clones share both.
#[derive(Debug, Clone)]
pub(crate) struct MemoryBudget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: usize,
    used: AtomicUsize,
}

impl MemoryBudget {
    pub(crate) fn new(limit: usize) -> Self {
        Self(Arc::new(Shared { limit, used: AtomicUsize::new(0) }))
    }

    /// Creates an empty lease for one body.
    pub(crate) fn lease(&self) -> Lease {
        Lease { budget: self.clone(), held: 0 }
    }
}

/// Bytes of the budget that one body holds; returned on drop.
#[derive(Debug)]
pub(crate) struct Lease {
    budget: MemoryBudget,
    held: usize,
}

impl Lease {
    /// Takes `bytes` more, or fails. It never waits: calls that hold memory and wait for more could deadlock.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), TransportError> {
        let Shared { limit, used } = &*self.budget.0;
        // Relaxed: the counter guards no other memory.
        let taken = used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(bytes).filter(|total| total <= limit)
        });
        if taken.is_err() {
            return Err(TransportError::memory_budget(*limit));
        }
        self.held += bytes;
        Ok(())
    }

    /// Fails if a body of `announced` bytes exceeds the whole budget.
    pub(crate) fn check_announced(&self, announced: u64) -> Result<(), TransportError> {
        let limit = self.budget.0.limit;
        if announced > limit as u64 { Err(TransportError::memory_budget(limit)) } else { Ok(()) }
    }

    /// Attaches the lease to `bytes`, whose last clone returns it.
    pub(crate) fn attach(self, bytes: Bytes) -> Bytes {
        if bytes.is_empty() { bytes } else { Bytes::from_owner(Owned { bytes, _lease: self }) }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.budget.0.used.fetch_sub(self.held, Ordering::Relaxed);
    }
}

struct Owned {
    bytes: Bytes,
    _lease: Lease,
}

impl AsRef<[u8]> for Owned {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(budget: &MemoryBudget) -> usize {
        budget.0.used.load(Ordering::Relaxed)
    }

    #[test]
    fn bytes_are_returned_with_their_last_clone() {
        let budget = MemoryBudget::new(10);
        let mut lease = budget.lease();
        lease.grow(4).unwrap();
        lease.grow(6).unwrap();
        assert!(budget.lease().grow(1).is_err());
        let bytes = lease.attach(Bytes::from_static(b"0123456789"));
        let part = bytes.slice(2..3);
        drop(bytes);
        assert_eq!(used(&budget), 10);
        drop(part);
        assert_eq!(used(&budget), 0);
    }

    #[test]
    fn failed_lease_returns_what_it_held() {
        let budget = MemoryBudget::new(10);
        let mut lease = budget.lease();
        lease.grow(7).unwrap();
        assert!(lease.grow(usize::MAX).is_err());
        assert_eq!(used(&budget), 7);
        drop(lease);
        assert_eq!(used(&budget), 0);
    }

    #[test]
    fn largest_limits_do_not_overflow() {
        let budget = MemoryBudget::new(usize::MAX);
        let mut lease = budget.lease();
        lease.grow(usize::MAX).unwrap();
        assert!(lease.grow(1).is_err());
        assert!(lease.check_announced(u64::MAX).is_ok());
    }
}
