//! Arguments of commands as data: the form of each, and the member of the request body that it sets.

use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser};
use clap::{ArgAction, value_parser};

/// Form of the value of an argument.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    Text,
    Integer,
    Number,
    /// `true` or `false`.
    Bool,
    /// A flag, and the name of the flag that negates it (empty if there is none).
    Switch(&'static str),
    Choice(&'static [&'static str]),
    /// Texts separated by commas; the option can be repeated.
    Comma,
    /// Integers separated by commas.
    Integers,
    /// JSON text.
    Json,
    /// JSON text, or the path of a file that contains it; sent as a string.
    JsonOrFile,
    /// The path of a file, or `-` for stdin.
    File,
}

/// An argument of a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arg {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    pub(crate) help: &'static str,
    /// Name of the member of the body that the argument sets; empty if it sets none.
    pub(crate) field: &'static str,
    pub(crate) is_required: bool,
    pub(crate) is_positional: bool,
    pub(crate) default: &'static str,
}

const fn arg(name: &'static str, form: Form, help: &'static str) -> Arg {
    Arg { name, form, help, field: "", is_required: false, is_positional: false, default: "" }
}

/// Returns a required positional argument.
pub(crate) const fn pos(name: &'static str, help: &'static str) -> Arg {
    Arg { is_positional: true, is_required: true, ..arg(name, Form::Text, help) }
}

/// Returns an option whose value is a text.
pub(crate) const fn text(name: &'static str, help: &'static str) -> Arg {
    arg(name, Form::Text, help)
}

pub(crate) const fn integer(name: &'static str, help: &'static str) -> Arg {
    arg(name, Form::Integer, help)
}

pub(crate) const fn number(name: &'static str, help: &'static str) -> Arg {
    arg(name, Form::Number, help)
}

pub(crate) const fn boolean(name: &'static str, help: &'static str) -> Arg {
    arg(name, Form::Bool, help)
}

pub(crate) const fn switch(name: &'static str, opposite: &'static str, help: &'static str) -> Arg {
    arg(name, Form::Switch(opposite), help)
}

pub(crate) const fn choice(name: &'static str, values: &'static [&'static str], help: &'static str) -> Arg {
    arg(name, Form::Choice(values), help)
}

pub(crate) const fn comma(name: &'static str, help: &'static str) -> Arg {
    arg(name, Form::Comma, help)
}

pub(crate) const fn integers(name: &'static str, help: &'static str) -> Arg {
    arg(name, Form::Integers, help)
}

pub(crate) const fn json(name: &'static str, help: &'static str) -> Arg {
    arg(name, Form::Json, help)
}

pub(crate) const fn json_or_file(name: &'static str, help: &'static str) -> Arg {
    arg(name, Form::JsonOrFile, help)
}

pub(crate) const fn file(name: &'static str, help: &'static str) -> Arg {
    arg(name, Form::File, help)
}

impl Arg {
    /// Sets the member of the body that the option sets.
    pub(crate) const fn field(self, field: &'static str) -> Self {
        Self { field, ..self }
    }

    /// Makes the option required. `--json` or `--field` can set the member of the body instead.
    pub(crate) const fn required(self) -> Self {
        Self { is_required: true, ..self }
    }

    pub(crate) const fn default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    /// Returns the arguments for clap: two for a flag with a negation.
    pub(crate) fn to_clap(self, has_body: bool) -> Vec<clap::Arg> {
        let mut arg = clap::Arg::new(self.name).help(self.help);
        if self.is_positional {
            let name = self.name.to_uppercase().replace('-', "_");
            return vec![arg.value_name(name).required(true).value_parser(NonEmptyStringValueParser::new())];
        }
        arg = arg.long(self.name);
        if self.is_required && self.default.is_empty() {
            let can_be_in_body = has_body && !self.field.is_empty();
            arg = if can_be_in_body {
                arg = arg.help(format!("{} (required)", self.help));
                arg.required_unless_present_any(["json-body", "field", "raw-field"])
            } else {
                arg.required(true)
            };
        }
        if !self.default.is_empty() {
            arg = arg.help(format!("{} [default: {}]", self.help, self.default));
        }
        let arg = match self.form {
            Form::Text => arg.value_name("TEXT"),
            Form::Integer => arg.value_name("N").value_parser(value_parser!(i64)).allow_negative_numbers(true),
            Form::Number => arg.value_name("NUMBER").value_parser(value_parser!(f64)).allow_negative_numbers(true),
            Form::Bool => arg.value_name("true|false").value_parser(value_parser!(bool)),
            Form::Choice(values) => arg.value_name("VALUE").value_parser(PossibleValuesParser::new(values)),
            Form::Comma => arg.value_name("A,B").value_delimiter(',').action(ArgAction::Append),
            Form::Integers => {
                arg.value_name("N,N").value_delimiter(',').action(ArgAction::Append).value_parser(value_parser!(i64))
            }
            Form::Json => arg.value_name("JSON"),
            Form::JsonOrFile => arg.value_name("JSON|FILE"),
            Form::File => arg.value_name("FILE").value_parser(value_parser!(std::path::PathBuf)),
            Form::Switch(opposite) => {
                let arg = arg.action(ArgAction::SetTrue);
                if opposite.is_empty() {
                    return vec![arg];
                }
                let no = clap::Arg::new(opposite)
                    .long(opposite)
                    .action(ArgAction::SetTrue)
                    .overrides_with(self.name)
                    .help(format!("The opposite of --{}", self.name));
                return vec![arg.overrides_with(opposite), no];
            }
        };
        vec![arg]
    }
}
