//! Tests of avala-transfer.

mod download_exports;
mod download_folders;
mod download_processes;
mod download_support;
mod public_revisions;
mod sync_folders;
