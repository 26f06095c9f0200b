//! The layers, alone and together, over scripted services and over real sockets.
//!
//! Tests about time run on tokio's paused clock and take none. Tests about connections use loopback sockets.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly, in its helpers too"
)]

mod auth;
mod collect;
mod delays;
mod layers;
mod rate_limit;
mod redirect;
mod retry;
mod runtimes;
mod servers;
mod shape;
mod sockets;
mod spans;
mod support;
mod timeouts;
mod tls;
