//! Sizes, counts and rounds of the measurements.

/// Sizes, counts and rounds.
pub(super) struct Plan {
    /// Size of the large file, in bytes.
    pub(super) large: u64,
    /// Size of the largest file, for which only memory is measured.
    pub(super) largest: u64,
    /// Number of small files: for this SDK, and for the official client.
    pub(super) files: (u64, u64),
    /// Number of files with latency.
    pub(super) slow_files: u64,
    /// Rounds: of uploads, of uploads through the relay, of downloads, and of many files.
    pub(super) rounds: [usize; 4],
}
