//! Checksums that prove that every client read the same data.

/// A checksum that does not depend on order, so that concurrent calls give the same value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checksum(u64);

impl Checksum {
    /// Adds a text.
    pub fn text(&mut self, text: &str) {
        // FNV-1a.
        let hash = text
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        self.number(hash);
    }

    /// Adds a number.
    pub fn number(&mut self, number: u64) {
        self.0 = self.0.wrapping_add(number);
    }

    /// Adds the checksum of another worker.
    pub fn merge(&mut self, other: Self) {
        self.number(other.0);
    }

    /// Returns the sum.
    #[must_use]
    pub fn value(self) -> u64 {
        self.0
    }
}
