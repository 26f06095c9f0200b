//! Something that is no store of limits.

use avala_client::transport::{RateLimit, RateLimiter};

pub fn limiter() -> RateLimiter {
    RateLimiter::shared("redis://localhost", RateLimit::per_minute(600))
}
