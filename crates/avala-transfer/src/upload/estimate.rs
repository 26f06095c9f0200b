//! Estimates of the time that an upload needs.

use std::time::Duration;

use crate::transfers::Transfers;

/// Calls per minute that the API allows, if no response said otherwise.
const CALLS_PER_MINUTE: u64 = 100;
/// Calls that may be made at once.
const BURST: u64 = 20;

/// Returns the longer of two times: for the calls within the rate limit, and for the bytes within the bandwidth limit.
pub(crate) fn time(transfers: &Transfers, calls: u64, bytes: u64) -> Duration {
    let reported = transfers.avala().rate_limit().and_then(|limit| limit.limit);
    let per_minute = reported.unwrap_or(CALLS_PER_MINUTE).max(1);
    let waiting = calls.saturating_sub(BURST.min(per_minute));
    let for_calls = Duration::from_secs_f64(waiting as f64 * 60.0 / per_minute as f64);
    let for_bytes = transfers.bandwidth().bytes_per_second().map(|rate| bytes as f64 / rate.max(1) as f64);
    for_calls.max(for_bytes.map(Duration::from_secs_f64).unwrap_or_default())
}
