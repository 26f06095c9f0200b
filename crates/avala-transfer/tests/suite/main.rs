//! Tests of avala-transfer.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests may panic, also in their helpers"
)]

mod byte_limits;
mod changing_sources;
mod dataset_accounts;
mod dataset_cases;
mod dataset_hosts;
mod dataset_resume;
mod dataset_sandbox;
mod download_exports;
mod download_folders;
mod download_processes;
mod download_resume;
mod download_support;
mod exact_plans;
mod fake;
mod full_disks;
mod hard_names;
mod invalid_input;
mod jumping_clock;
mod killing;
mod large_uploads;
mod odd_programs;
mod odd_responses;
mod own_files;
mod paused_runs;
mod public_revisions;
mod recording_managed;
mod recording_plain;
mod run_limits;
mod source_passes;
mod support;
mod sync_folders;
mod upload_kills;
mod upload_soak;
mod wrong_slices;
