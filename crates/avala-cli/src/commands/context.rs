//! Context of a command.

use std::cell::OnceCell;

use avala_client::Avala;
use clap::{ArgMatches, Command};

use crate::args::global::{self, Globals};
use crate::client;
use crate::config::{self, Config};
use crate::failure::Outcome;
use crate::key::Connection;
use crate::output::{Format, Printer};
use crate::terminal::prompt::Prompt;
use crate::terminal::{Notes, Terminal};

/// Context of a command: its options, the terminal and the output.
pub(crate) struct Context {
    pub(crate) globals: Globals,
    pub(crate) terminal: Terminal,
    pub(crate) printer: Printer,
    pub(crate) notes: Notes,
    pub(crate) prompt: Prompt,
    /// Builds the tree of commands, for help, man pages and completion.
    pub(crate) root: fn() -> Command,
    connection: OnceCell<Connection>,
}

impl Context {
    /// Creates a context. `matches` are those of the command itself, and `format` is its own output format.
    pub(crate) fn new(root: fn() -> Command, matches: &ArgMatches, format: Format) -> Outcome<Self> {
        let globals = Globals::read(matches, format)?;
        let terminal = Terminal::detect();
        let notes = Notes::new(globals.format);
        if globals.key.api_key.is_some() {
            notes.line(
                "Warning: --api-key can be seen by other users of this machine; prefer --api-key-file or a profile",
            );
        }
        Ok(Self {
            printer: Printer::new(global::style(matches, format)?, terminal.clone()),
            prompt: Prompt::new(&terminal, globals.no_input),
            notes,
            terminal,
            globals,
            root,
            connection: OnceCell::new(),
        })
    }

    /// Returns the path of the configuration file.
    pub(crate) fn config_path(&self) -> Outcome<std::path::PathBuf> {
        config::path_of(self.globals.config_file.as_deref())
    }

    /// Returns the configuration, which is empty if no folder for the file is known.
    pub(crate) fn config(&self) -> Outcome<Config> {
        let is_chosen = self.globals.config_file.is_some() || self.globals.key.profile.is_some();
        match self.config_path() {
            Ok(path) => Config::load(&path),
            Err(failure) if is_chosen => Err(failure),
            Err(_) => Config::load(std::path::Path::new("")),
        }
    }

    /// Returns the key and the base URL with their sources.
    pub(crate) fn connection(&self) -> Outcome<&Connection> {
        if self.connection.get().is_none() {
            let connection = Connection::resolve(&self.globals.key, &self.config()?)?;
            return Ok(self.connection.get_or_init(|| connection));
        }
        // Set above, or by an earlier call.
        self.connection.get().ok_or_else(crate::failure::Failure::interrupted)
    }

    /// Returns a client with the key.
    pub(crate) fn avala(&self) -> Outcome<Avala> {
        client::with_key(self.connection()?, self.globals.client)
    }

    /// Returns a client for a request that is not sent or does not need a key.
    pub(crate) fn avala_without_key(&self) -> Outcome<Avala> {
        client::without_key(self.connection()?, self.globals.client)
    }
}
