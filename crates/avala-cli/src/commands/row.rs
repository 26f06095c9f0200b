//! Commands that make one API call.

use avala_client::Avala;
use clap::{Arg as ClapArg, ArgAction, Command, value_parser};

use crate::args::option::Arg;
use crate::commands::input::{Input, Prepared};
use crate::commands::transfer::download::export_args;
use crate::data::Data;
use crate::failure::Outcome;

/// Kind of a command, which selects its options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Reads one value.
    Read,
    /// Reads a list.
    List,
    /// Makes a change.
    Change,
    /// Makes a change that cannot be undone, after a prompt.
    Destroy,
}

/// A call after which the command can wait and download.
pub(crate) const EXPORT: &str = "exports.create";

/// A command that is one call of the API.
pub(crate) struct Row {
    /// The name of the call in the API reference.
    pub(crate) call: &'static str,
    /// The words of the command.
    pub(crate) path: &'static [&'static str],
    pub(crate) about: &'static str,
    pub(crate) kind: Kind,
    pub(crate) args: &'static [Arg],
    /// The columns of a table.
    pub(crate) columns: &'static [&'static str],
    /// Whether the call needs no key.
    pub(crate) is_anonymous: bool,
    /// Checks the result; an error has the reason.
    pub(crate) check: Option<Check>,
    /// An example for `--help`, without the name of the program.
    pub(crate) example: &'static str,
    /// Makes the call.
    pub(crate) prepare: fn(&Avala, &Input<'_>) -> Outcome<Prepared>,
}

/// Checks a result.
type Check = fn(&Data) -> Result<(), String>;

type Prepare = fn(&Avala, &Input<'_>) -> Outcome<Prepared>;

impl Row {
    const fn new(
        kind: Kind,
        call: &'static str,
        path: &'static [&'static str],
        about: &'static str,
        args: &'static [Arg],
        prepare: Prepare,
    ) -> Self {
        Self { call, path, about, kind, args, columns: &[], is_anonymous: false, check: None, example: "", prepare }
    }

    pub(crate) const fn read(
        call: &'static str,
        path: &'static [&'static str],
        about: &'static str,
        args: &'static [Arg],
        prepare: Prepare,
    ) -> Self {
        Self::new(Kind::Read, call, path, about, args, prepare)
    }

    pub(crate) const fn list(
        call: &'static str,
        path: &'static [&'static str],
        about: &'static str,
        args: &'static [Arg],
        prepare: Prepare,
    ) -> Self {
        Self::new(Kind::List, call, path, about, args, prepare)
    }

    pub(crate) const fn change(
        call: &'static str,
        path: &'static [&'static str],
        about: &'static str,
        args: &'static [Arg],
        prepare: Prepare,
    ) -> Self {
        Self::new(Kind::Change, call, path, about, args, prepare)
    }

    pub(crate) const fn destroy(
        call: &'static str,
        path: &'static [&'static str],
        about: &'static str,
        args: &'static [Arg],
        prepare: Prepare,
    ) -> Self {
        Self::new(Kind::Destroy, call, path, about, args, prepare)
    }

    pub(crate) const fn columns(self, columns: &'static [&'static str]) -> Self {
        Self { columns, ..self }
    }

    pub(crate) const fn anonymous(self) -> Self {
        Self { is_anonymous: true, ..self }
    }

    pub(crate) const fn check(self, check: Check) -> Self {
        Self { check: Some(check), ..self }
    }

    pub(crate) const fn example(self, example: &'static str) -> Self {
        Self { example, ..self }
    }

    /// Returns whether the call has a body that options set.
    pub(crate) fn has_body(&self) -> bool {
        self.args.iter().any(|arg| !arg.field.is_empty())
    }

    fn has_arg(&self, name: &str) -> bool {
        self.args.iter().any(|arg| arg.name == name)
    }

    /// Adds the arguments to a command.
    pub(crate) fn build_command(&self, command: Command) -> Command {
        let has_body = self.has_body();
        let mut command = command.args(self.args.iter().flat_map(|arg| arg.to_clap(has_body)));
        if self.kind == Kind::List {
            command = command.args(list_args());
        }
        if has_body {
            command = command.args(body_args());
        }
        if matches!(self.kind, Kind::Change | Kind::Destroy) && !self.has_arg("dry-run") {
            command = command.arg(flag("dry-run", "Print the request instead of sending it"));
        }
        if self.has_arg("dry-run") {
            command = command.arg(flag("print-request", "Print the request instead of sending it"));
        }
        if self.kind == Kind::Destroy {
            command = command.arg(flag("yes", "Do not prompt").short('y'));
        }
        if self.call == EXPORT {
            command = export_args(command);
        }
        command.after_help(self.after_help())
    }

    /// Returns an example, without the name of the program.
    pub(crate) fn example_line(&self) -> String {
        let mut example = self.path.join(" ");
        if self.example.is_empty() {
            for arg in self.args.iter().filter(|arg| arg.is_positional) {
                example.push(' ');
                example.push_str(&arg.name.to_uppercase().replace('-', "_"));
            }
            for arg in self.args.iter().filter(|arg| arg.is_required && !arg.is_positional && arg.default.is_empty()) {
                example.push_str(" --");
                example.push_str(arg.name);
                example.push_str(" ...");
            }
        } else {
            example = self.example.to_owned();
        }
        example
    }

    fn after_help(&self) -> String {
        let example = self.example_line();
        let check = if self.check.is_some() { "\nExit code 9 if the result is bad." } else { "" };
        format!("Example:\n  avala {example}\n\nAPI call: {}{check}", self.call)
    }
}

fn flag(name: &'static str, help: &'static str) -> ClapArg {
    ClapArg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

/// Returns the options of every list.
pub(crate) fn list_args() -> Vec<ClapArg> {
    const LIST: &str = "List";
    let count = |name: &'static str, help: &'static str| {
        ClapArg::new(name).long(name).value_name("N").value_parser(value_parser!(u32).range(1..)).help(help)
    };
    [
        flag("all", "Fetch all pages and print each when it arrives").conflicts_with("limit"),
        count("limit", "At most this many records [default: one page]"),
        ClapArg::new("cursor").long("cursor").value_name("CURSOR").help("Resume at the cursor of an earlier list"),
        count("page-size", "Records per call [default: the server's]"),
        ClapArg::new("sort")
            .long("sort")
            .value_name("FIELD")
            .allow_hyphen_values(true)
            .help("Sort by this field after all records are read; -FIELD is descending"),
        flag("page-info", "Print {\"results\": [...], \"next_cursor\": ...}, with -o json or yaml"),
    ]
    .into_iter()
    .map(|arg| arg.help_heading(LIST))
    .collect()
}

/// Returns the options of every call with a body.
pub(crate) fn body_args() -> Vec<ClapArg> {
    const BODY: &str = "Any field of the request";
    let pair = |id: &'static str, short: char, help: &'static str| {
        ClapArg::new(id).long(id).short(short).value_name("NAME=VALUE").action(ArgAction::Append).help(help)
    };
    [
        pair("field", 'F', "Set a field to a JSON value, or else to the text; @FILE reads a file"),
        pair("raw-field", 'f', "Set a field to a text, even if it looks like JSON"),
        ClapArg::new("json-body")
            .long("json")
            .value_name("FILE")
            .value_parser(value_parser!(std::path::PathBuf))
            .help("Take the fields from a JSON object in a file; `-` is stdin"),
    ]
    .into_iter()
    .map(|arg| arg.help_heading(BODY))
    .collect()
}
