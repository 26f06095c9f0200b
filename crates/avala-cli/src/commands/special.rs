//! Commands of several calls, or of none.

use std::pin::Pin;

use clap::{ArgMatches, Command};

use crate::commands::context::Context;
use crate::failure::Outcome;

/// The future of a command.
pub(crate) type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + 'a>>;

/// A command that is implemented by a function.
pub(crate) struct Special {
    pub(crate) path: &'static [&'static str],
    pub(crate) about: &'static str,
    /// Adds the arguments of the command.
    pub(crate) build: fn(Command) -> Command,
    pub(crate) run: for<'a> fn(&'a mut Context, &'a ArgMatches) -> Running<'a>,
}
