//! The real program against a sandbox, a server that misbehaves, terminals and pipes.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests may panic, also in their helpers")]

mod api_call;
mod checks;
mod completion;
mod config_file;
mod configuration;
mod every_command;
mod exit_codes;
mod folders;
mod hostile;
mod invalid_input;
mod key_sources;
#[cfg(all(feature = "keyring", target_os = "linux"))]
mod keyring;
mod lists;
mod output;
#[cfg(unix)]
mod pty;
#[cfg(unix)]
mod signals;
mod snapshots;
mod streams;
mod support;
#[cfg(unix)]
mod terminal;
#[cfg(unix)]
mod terminal_prompts;
#[cfg(unix)]
mod terminal_shells;
#[cfg(unix)]
mod terminal_transfers;
mod transfers;
mod usage;
mod view;
mod watch;
mod webhooks;
