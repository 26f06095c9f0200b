//! Reuses the buffers of a stream: allocating a new buffer costs the kernel as much as reading into it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// The buffers of one stream. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl Buffers {
    /// Returns a buffer of this length with arbitrary content.
    pub(crate) fn take(&self, length: usize) -> Buffer {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        bytes.resize(length, 0);
        Buffer { bytes, owner: self.clone() }
    }
}

impl fmt::Debug for Buffers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffers").finish_non_exhaustive()
    }
}

/// A buffer that is returned on drop, or when the last part of its [`Bytes`] is dropped.
#[derive(Debug)]
pub(crate) struct Buffer {
    pub(crate) bytes: Vec<u8>,
    owner: Buffers,
}

impl Buffer {
    pub(crate) fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.owner.0.lock().unwrap_or_else(PoisonError::into_inner).push(std::mem::take(&mut self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffer_is_used_again_after_its_last_part() {
        let buffers = Buffers::default();
        let mut first = buffers.take(100);
        first.bytes[99] = 7;
        let address = first.bytes.as_ptr();
        let part = first.freeze().slice(99..);
        let other = buffers.take(100);
        assert_ne!(other.bytes.as_ptr(), address, "the first buffer is in use");
        assert_eq!(&part[..], [7]);
        drop(part);
        let again = buffers.take(50);
        assert_eq!((again.bytes.as_ptr(), again.bytes.len()), (address, 50));
    }
}
