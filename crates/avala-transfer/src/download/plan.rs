//! Plans of downloads.

use std::time::Duration;

use super::names::NameCollision;

/// Plan of a download, made without transferring or changing anything.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DownloadPlan {
    /// Files that would be transferred.
    pub files: Vec<String>,
    /// Bytes to receive, as far as the API says the sizes of files. What a content store has is not received.
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
    /// Shortest time of the run: that of the calls, or of the bytes within the bandwidth limit.
    pub time: Duration,
    /// Warnings, each in one line.
    pub warnings: Vec<String>,
}
