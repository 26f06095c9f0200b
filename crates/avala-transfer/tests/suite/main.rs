//! Tests of avala-transfer.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly, in its helpers too"
)]

mod dataset_cases;
mod dataset_sandbox;
mod fake;
mod recording_plain;
mod support;
