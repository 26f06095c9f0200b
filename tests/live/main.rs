//! The client as its users have it, with every layer on, against the sandbox: real sockets and the real
//! clock, on which nothing waits longer than the backoff of a first retry.

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

/// Returns a client of a sandbox, with retries that follow at once.
fn builder(sandbox: &Sandbox) -> AvalaBuilder {
    Avala::builder()
        .api_key(sandbox.key())
        .base_url(sandbox.url())
        .allow_insecure_base_url(true)
        .rate_limiter(RateLimiter::off())
        .retry(RetryPolicy::default().base_delay(Duration::from_millis(1)))
}

/// Decodes strictly, so that leniency does not hide a mistake of the models or of the sandbox.
fn client(sandbox: &Sandbox) -> Avala {
    builder(sandbox).build().unwrap().strict_decoding(true)
}

/// Returns how many requests a sandbox got for a path, whatever it responded.
fn count(sandbox: &Sandbox, method: &str, path: &str) -> usize {
    sandbox.requests().iter().filter(|request| request.method == method && request.api_path() == path).count()
}
