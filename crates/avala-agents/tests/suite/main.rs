//! Tests of the agent runtime on a paused clock, against a service in memory that counts decisions.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic, also in their helpers")]

mod changing_lists;
mod claims;
mod crash;
mod delivery;
mod endings;
mod failing_journal;
mod failing_pages;
mod handlers;
mod journal;
mod listing;
mod misbehaving;
mod monitor;
mod polling;
mod push;
mod registration;
mod sending;
mod server;
mod shutdown;
mod spans;
mod starvation;
mod stuck;
mod suspects;
mod testing;
