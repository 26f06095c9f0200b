//! Plans of downloads.

use std::time::Duration;

use super::names::NameCollision;

/// Plan of a download, made without transferring or changing anything.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DownloadPlan {
    /// Files that would be transferred.
    pub files: Vec<String>,
    /// Bytes of these files, as far as the API says their sizes.
    pub bytes: u64,
    /// Files among them whose size the API does not say.
    pub unknown_sizes: u64,
    /// Files that the target has already.
    pub skipped: Vec<String>,
    /// Names that the target cannot tell apart. These files would fail.
    pub collisions: Vec<NameCollision>,
    /// Files that would fail, with the reason in one line.
    pub rejected: Vec<(String, String)>,
    /// Files of the target that would be deleted.
    pub deleted: Vec<String>,
    /// API calls of the run, if nothing fails and no URL expires.
    pub api_calls: u64,
    /// Shortest time that these calls take within the API's rate limit, if the run begins with a full allowance.
    pub calls_time: Duration,
    /// Warnings, each in one line.
    pub warnings: Vec<String>,
}

/// Returns the time that `calls` take at least: those of the burst at once, the others at the rate.
pub(crate) fn time_of_calls(calls: u64, is_anonymous: bool) -> Duration {
    // The documented limits: 100 calls per minute with bursts of 20, and 30 per minute without a key.
    let (per_minute, burst) = if is_anonymous { (30.0, 20) } else { (100.0, 20) };
    let waiting = calls.saturating_sub(burst);
    Duration::from_secs_f64(waiting as f64 * 60.0 / per_minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_beyond_the_burst_take_time() {
        assert_eq!(time_of_calls(20, false), Duration::ZERO);
        assert_eq!(time_of_calls(120, false), Duration::from_secs(60));
        assert_eq!(time_of_calls(50, true), Duration::from_secs(60));
    }
}
