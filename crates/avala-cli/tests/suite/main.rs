//! The real program against a sandbox, a server that misbehaves, terminals and pipes.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly, and so may its helpers"
)]

mod api_call;
mod checks;
mod completion;
mod config_file;
mod configuration;
mod hostile;
mod key_sources;
mod lists;
mod output;
mod snapshots;
mod support;
#[cfg(unix)]
mod terminal;
mod transfers;
mod usage;
mod view;
mod webhooks;
