//! The default client with all layers against the sandbox: real sockets and the real
//! clock, on which no wait is longer than the backoff of a first retry.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail loudly too")]

mod agents;
mod concurrency_groups;
mod datasets;
mod error_messages;
mod exports;
mod faults;
mod lists;
mod open_api;
mod paused;
mod reqwest;
#[cfg(unix)]
mod shared_claims;
mod soak;
mod tls;

use std::time::Duration;

use avala_client::transport::{RateLimiter, RetryPolicy};
use avala_client::{Avala, AvalaBuilder};
use avala_sandbox::Sandbox;

/// Returns a client of a sandbox, with immediate retries.
fn builder(sandbox: &Sandbox) -> AvalaBuilder {
    Avala::builder()
        .api_key(sandbox.key())
        .base_url(sandbox.url())
        .allow_insecure_base_url(true)
        .rate_limiter(RateLimiter::off())
        .retry(RetryPolicy::default().base_delay(Duration::from_millis(1)))
}

/// Decodes strictly, because lenient decoding would hide mistakes of the models or of the sandbox.
fn client(sandbox: &Sandbox) -> Avala {
    builder(sandbox).build().unwrap().strict_decoding(true)
}

/// Returns the number of requests that a sandbox received for a path.
fn count(sandbox: &Sandbox, method: &str, path: &str) -> usize {
    sandbox.requests().iter().filter(|request| request.method == method && request.api_path() == path).count()
}
