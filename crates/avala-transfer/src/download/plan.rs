//! Plans of downloads.

use std::time::Duration;

use super::names::NameCollision;

/// Plan of a download, made without transferring or changing anything.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DownloadPlan {
    /// Files that would be transferred.
    pub files: Vec<String>,
    /// Bytes to receive, without files of unknown size and content that a content store has.
    pub bytes: u64,
    /// Number of these files whose size the API does not report.
    pub unknown_sizes: u64,
    /// Files that the target already has.
    pub skipped: Vec<String>,
    /// Names that the target cannot distinguish. These files would fail.
    pub collisions: Vec<NameCollision>,
    /// Files that would fail, with the reason in one line.
    pub rejected: Vec<(String, String)>,
    /// Files of the target that would be deleted.
    pub deleted: Vec<String>,
    /// API calls of the run, if nothing fails and no URL expires.
    pub api_calls: u64,
    /// Minimum duration of these calls within the API's rate limit, if the run starts with a full burst.
    pub calls_time: Duration,
    /// Minimum duration of the run: of the calls, or of the bytes within the bandwidth limit if that is longer.
    pub time: Duration,
    /// Warnings, each in one line.
    pub warnings: Vec<String>,
}
