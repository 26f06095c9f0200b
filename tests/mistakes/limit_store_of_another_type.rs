//! A value that is not a limit store.

use avala_client::transport::{RateLimit, RateLimiter};

pub fn limiter() -> RateLimiter {
    RateLimiter::shared("redis://localhost", RateLimit::per_minute(600))
}
