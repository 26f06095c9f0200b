//! Kinds of stdin, stdout and stderr: a terminal, a file or a pipe.

mod echo;
pub(crate) mod prompt;
pub(crate) mod signals;

use std::io::{self, IsTerminal as _, Write as _};

use crate::output::{Format, escape};

/// Kinds of the standard streams, and width and colors of stdout.
#[derive(Clone, Debug)]
pub(crate) struct Terminal {
    pub(crate) stdin: bool,
    pub(crate) stdout: bool,
    pub(crate) stderr: bool,
    width: Option<u16>,
    color: bool,
}

impl Terminal {
    /// Inspects the streams and `COLUMNS`, `NO_COLOR`, `FORCE_COLOR` and `TERM`.
    pub(crate) fn detect() -> Self {
        let stdout = io::stdout().is_terminal();
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let is_forced = set("FORCE_COLOR") && std::env::var_os("FORCE_COLOR").is_some_and(|value| value != "0");
        Self {
            stdin: io::stdin().is_terminal(),
            stdout,
            stderr: io::stderr().is_terminal(),
            width: stdout.then(columns),
            color: !set("NO_COLOR") && (is_forced || stdout && !is_dumb),
        }
    }

    /// Returns the width of the terminal; `None` if stdout is not a terminal, so that nothing is truncated.
    pub(crate) fn width(&self) -> Option<u16> {
        self.width
    }

    pub(crate) fn has_color(&self) -> bool {
        self.color
    }

    /// Returns whether the user can see a question and reply.
    pub(crate) fn can_ask(&self) -> bool {
        self.stdin && self.stderr
    }
}

fn columns() -> u16 {
    let set = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let measured = || terminal_size::terminal_size().map(|(width, _)| width.0);
    set.or_else(measured).filter(|&width| width > 0).unwrap_or(80).max(20)
}

/// Restores the terminal modes that a question changed.
pub(crate) fn restore() {
    echo::restore();
}

/// Writes lines to stderr that are not results: warnings, progress, notes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notes {
    is_silent: bool,
}

impl Notes {
    /// Creates a value that is silent with `json` and `ndjson`, because programs parse all output.
    pub(crate) fn new(format: Format) -> Self {
        Self { is_silent: format.is_json() }
    }

    /// Writes a line, whose text may be of the API or of the command line.
    pub(crate) fn line(self, text: &str) {
        if !self.is_silent {
            stderr_line(&escape::line(text));
        }
    }
}

/// Writes a line to stderr. If stderr is closed, that cannot be reported.
pub(crate) fn stderr_line(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
