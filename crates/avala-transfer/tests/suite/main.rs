//! Tests of avala-transfer.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test may fail loudly")]

mod download_exports;
mod download_folders;
mod download_processes;
mod download_support;
mod public_revisions;
mod sync_folders;
