//! The sandbox over real HTTP. Every test starts its own.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may fail loudly, and so may its helpers")]

mod auth;
mod binary;
mod client;
mod datasets;
mod demo_data;
mod errors;
mod exports;
mod faults;
mod filters;
mod lifetime;
mod pages;
mod projects;
mod rate_limit;
mod request_log;
mod validation;
