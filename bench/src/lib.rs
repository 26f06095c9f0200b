//! Compares the cost of the SDK with hand-written code and other clients.
//!
//! `server` responds from memory. `client` runs one workload with one client and prints one line of figures.
//! `allocations` and `instructions` count reproducible figures. `cargo xtask bench` runs them all.

pub mod checksum;
pub mod clients;
pub mod data;
pub mod fetch;
pub mod measure;
pub mod models;
pub mod workloads;

/// Any error: a failed measurement is not repeated.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
