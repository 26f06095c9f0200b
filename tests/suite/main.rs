//! Suites that cross the crates.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail loudly too")]

mod contract;
mod fixtures;
mod payloads;
mod properties;
