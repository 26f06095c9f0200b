//! Limits and claims in Redis. Tests that need `redis-server` skip visibly without it.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests may panic, also in their helpers"
)]

#[cfg(feature = "agents")]
mod claims;
#[cfg(feature = "cluster")]
mod cluster;
mod counting_server;
mod evictions;
mod failover;
mod fake;
mod lifetimes;
mod limits;
mod lost_replies;
mod outages;
mod reports;
mod script;
mod sharing;
mod simulation;
mod slow_replies;
mod support;
#[cfg(feature = "tls")]
mod tls;
mod windows;
mod worker;
