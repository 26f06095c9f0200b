//! Estimates the duration of transfers.

use std::time::Duration;

use crate::transfers::Transfers;

/// Calls per minute that the API allows, if no response had another limit.
const CALLS_PER_MINUTE: u64 = 100;
/// Calls per minute without a key.
const ANONYMOUS_CALLS_PER_MINUTE: u64 = 30;
/// Size of a burst of calls.
const BURST: u64 = 20;

/// Returns the longer of two times: for the calls within the rate limit, and for the bytes within the bandwidth limit.
pub(crate) fn time(transfers: &Transfers, calls: u64, bytes: u64) -> Duration {
    for_calls(transfers, calls, false).max(for_bytes(transfers, bytes))
}

/// Returns the time that the rate limit of the API needs: calls of the burst begin at once, the others at the rate.
pub(crate) fn for_calls(transfers: &Transfers, calls: u64, is_anonymous: bool) -> Duration {
    let documented = if is_anonymous { ANONYMOUS_CALLS_PER_MINUTE } else { CALLS_PER_MINUTE };
    let reported = transfers.avala().rate_limit().and_then(|limit| limit.limit).filter(|_| !is_anonymous);
    let per_minute = reported.unwrap_or(documented).max(1);
    let waiting = calls.saturating_sub(BURST.min(per_minute));
    Duration::from_secs_f64(waiting as f64 * 60.0 / per_minute as f64)
}

/// Returns the time that the bandwidth limit needs.
pub(crate) fn for_bytes(transfers: &Transfers, bytes: u64) -> Duration {
    let seconds = transfers.bandwidth().bytes_per_second().map(|rate| bytes as f64 / rate.max(1) as f64);
    seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)).unwrap_or_default()
}
