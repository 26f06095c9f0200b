//! The layers, alone and together, over scripted services and over real sockets.
//!
//! Tests of time run on tokio's paused clock and take no time. Tests about connections use loopback sockets.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests may panic, also in their helpers")]

mod auth;
mod body_sources;
mod budget;
mod cancel;
mod collect;
mod concurrency;
mod connect_timeout;
mod delays;
mod faults;
mod fleet;
mod foreign_errors;
mod gate;
mod gzip;
mod herd;
mod http2;
mod http2_headers;
mod idle;
mod idle_connections;
mod layers;
mod leases;
mod limit_store;
mod network;
mod odd_servers;
mod overload;
mod paused_responses;
mod pool;
mod priority;
mod proxy;
mod rate_limit;
mod ready;
mod redirect;
mod reservations;
mod retry;
mod runtimes;
mod servers;
mod shape;
mod sockets;
mod spans;
mod stale;
mod support;
mod timeouts;
mod tls;
mod tower_layers;
mod user_layers;
