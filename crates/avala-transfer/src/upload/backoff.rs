//! Backoff between attempts.

use std::time::Duration;

/// Maximum wait if the server requests none.
const MAX_BACKOFF: Duration = Duration::from_secs(60);
/// Maximum wait that a server can request.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(300);

/// Returns the wait after `failed` attempts, from 1: what the server requested, plus full jitter that doubles up to 60
/// s.
pub(crate) fn wait(failed: u32, retry_after: Option<Duration>) -> Duration {
    let doublings = failed.saturating_sub(1).min(6);
    let ceiling = Duration::from_secs(1 << doublings).min(MAX_BACKOFF);
    retry_after.unwrap_or_default().min(MAX_RETRY_AFTER) + ceiling.mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_is_added_to_what_the_server_requests() {
        for failed in 1..20 {
            let ceiling = Duration::from_secs(60.min(1 << (failed - 1).min(10)));
            for _ in 0..100 {
                assert!(wait(failed, None) <= ceiling);
                let asked = wait(failed, Some(Duration::from_secs(7)));
                assert!(asked >= Duration::from_secs(7) && asked <= Duration::from_secs(7) + ceiling);
            }
        }
        assert!(wait(1, Some(Duration::MAX)) <= MAX_RETRY_AFTER + Duration::from_secs(1));
    }
}
