//! Converts the arguments of a command to a call.

use std::path::{Path, PathBuf};
use std::pin::Pin;

use avala_client::types::{Cursor, Json};
use avala_client::{Call, Error, List, Pages};
use bytes::Bytes;
use clap::ArgMatches;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::args::option::{Arg, Form};
use crate::commands::fields::{Fields, encode};
use crate::commands::files::read_text;
use crate::data::Data;
use crate::failure::{Failure, Outcome};

/// Maximum number of records that the server returns per page.
const LARGEST_PAGE: u32 = 1000;

type Sending<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// A call that is ready to be sent.
pub(crate) struct Prepared {
    /// The request, for `--dry-run`.
    pub(crate) request: Result<http::Request<Bytes>, Error>,
    pub(crate) send: Reply,
}

/// How to send a call, by the kind of its result.
pub(crate) enum Reply {
    One(Sending<Json>),
    Nothing(Sending<()>),
    Many(Pages<Json>),
}

/// The arguments of a command.
pub(crate) struct Input<'a> {
    /// The name of the call, for messages.
    call: &'static str,
    args: &'static [Arg],
    matches: &'a ArgMatches,
    /// The organization of the profile.
    organization: Option<&'a str>,
}

impl<'a> Input<'a> {
    pub(crate) fn new(
        call: &'static str,
        args: &'static [Arg],
        matches: &'a ArgMatches,
        organization: Option<&'a str>,
    ) -> Self {
        Self { call, args, matches, organization }
    }

    /// Returns the organization of the option, or else of the profile.
    pub(crate) fn organization(&self) -> Option<String> {
        self.opt("organization").or_else(|| self.organization.map(str::to_owned))
    }

    /// Returns a text that the command line requires.
    pub(crate) fn text(&self, name: &str) -> String {
        self.opt(name).unwrap_or_default()
    }

    pub(crate) fn opt(&self, name: &str) -> Option<String> {
        self.matches.try_get_one::<String>(name).ok().flatten().cloned()
    }

    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        self.matches.try_get_one::<i64>(name).ok().flatten().copied()
    }

    pub(crate) fn integers(&self, name: &str) -> Option<Vec<i64>> {
        Some(self.matches.try_get_many::<i64>(name).ok().flatten()?.copied().collect())
    }

    /// Returns the number of the page to start at.
    pub(crate) fn page(&self) -> Option<u64> {
        self.integer("page").and_then(|page| u64::try_from(page).ok())
    }

    pub(crate) fn boolean(&self, name: &str) -> Option<bool> {
        self.matches.try_get_one::<bool>(name).ok().flatten().copied()
    }

    /// Returns the texts of an option with several values.
    pub(crate) fn texts(&self, name: &str) -> Option<Vec<String>> {
        let texts = self.matches.try_get_many::<String>(name).ok().flatten()?;
        Some(texts.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect())
    }

    /// Returns whether a member of the body is given by an option, `--field` or `--json`.
    pub(crate) fn has_fields(&self) -> bool {
        let is_given = |name: &str| self.matches.contains_id(name) && self.matches.value_source(name).is_some();
        ["field", "raw-field", "json-body"].into_iter().any(is_given)
            || self.args.iter().any(|arg| !arg.field.is_empty() && self.opt_json(arg).is_ok_and(|json| json.is_some()))
    }

    /// Applies a setter if the option is given.
    pub(crate) fn with<T>(&self, target: T, name: &str, set: impl FnOnce(T, String) -> T) -> T {
        match self.opt(name) {
            Some(value) => set(target, value),
            None => target,
        }
    }

    /// Prepares a call that returns a value, which is printed as the API sent it.
    pub(crate) fn one<T, F>(&self, call: Call<T, F>) -> Outcome<Prepared> {
        let request = call.to_http();
        Ok(Prepared { request, send: Reply::One(Box::pin(call.decode_as::<Json>().into_future())) })
    }

    /// Returns a call whose value the client derives or checks; the client's value is printed.
    pub(crate) fn typed<T: Serialize + Send + 'static, F: 'static>(&self, call: Call<T, F>) -> Outcome<Prepared> {
        let request = call.to_http();
        let send = async move {
            let value = call.await?;
            // A model of the client can always be encoded.
            Ok(Json::encode(&value).unwrap_or_else(|_| Json::from(serde_json::Value::Null)))
        };
        Ok(Prepared { request, send: Reply::One(Box::pin(send)) })
    }

    /// Prepares a call that returns nothing.
    pub(crate) fn nothing(&self, call: Call<()>) -> Outcome<Prepared> {
        let request = call.to_http();
        Ok(Prepared { request, send: Reply::Nothing(Box::pin(call.into_future())) })
    }

    /// Returns a list with the page size and the cursor of the options.
    pub(crate) fn list<T, F>(&self, list: List<T, F>) -> Outcome<Prepared> {
        let mut list = list.decode_as::<Json>();
        let count = |name: &str| self.matches.get_one::<u32>(name).copied();
        if let Some(size) = count("page-size").or_else(|| count("limit").map(|limit| limit.min(LARGEST_PAGE))) {
            list = list.limit(size);
        }
        if let Some(cursor) = self.opt("cursor") {
            list = list.cursor(parse_cursor(&cursor)?);
        }
        Ok(Prepared { request: list.to_http(), send: Reply::Many(list.pages()) })
    }

    /// Returns the body: the members of `--json`, then of the options, then of `--field`.
    pub(crate) fn payload<P: DeserializeOwned>(&self) -> Outcome<P> {
        let text = self.body()?;
        serde_json::from_str(&text)
            .map_err(|error| Failure::usage(format!("the fields do not fit {}: {error}", self.call)))
    }

    /// Returns the path of an option.
    pub(crate) fn path(&self, name: &str) -> Option<&PathBuf> {
        self.matches.try_get_one::<PathBuf>(name).ok().flatten()
    }

    /// Returns the text of the body.
    pub(crate) fn body(&self) -> Outcome<String> {
        let mut fields = Fields::of_file(self.matches)?;
        for arg in self.args.iter().filter(|arg| !arg.field.is_empty()) {
            if let Some(value) = self.opt_json(arg)? {
                fields.set(arg.field, value);
            } else if !arg.default.is_empty() && !fields.has(arg.field) {
                fields.set(arg.field, default_json(arg));
            }
        }
        fields.add_pairs(self.matches)?;
        Ok(fields.into_body()?.unwrap_or_else(|| "{}".to_owned()))
    }

    /// Returns the value of an option as JSON.
    fn opt_json(&self, arg: &Arg) -> Outcome<Option<String>> {
        let joined = |values: Vec<String>| format!("[{}]", values.join(","));
        Ok(match arg.form {
            Form::Text | Form::Choice(_) => self.opt(arg.name).map(|text| encode(&text)),
            Form::Integer => self.integer(arg.name).map(|number| number.to_string()),
            Form::Number => {
                let number = self.matches.try_get_one::<f64>(arg.name).ok().flatten();
                number.map(|number| check_number(arg.name, *number)).transpose()?
            }
            Form::Bool => self.boolean(arg.name).map(|value| value.to_string()),
            Form::Switch(opposite) => {
                let is_set = |name: &str| !name.is_empty() && self.boolean(name) == Some(true);
                if is_set(arg.name) { Some("true".to_owned()) } else { is_set(opposite).then(|| "false".to_owned()) }
            }
            Form::Comma => self.texts(arg.name).map(|texts| joined(texts.iter().map(|text| encode(text)).collect())),
            Form::Integers => {
                let numbers = self.matches.try_get_many::<i64>(arg.name).ok().flatten();
                numbers.map(|numbers| joined(numbers.map(ToString::to_string).collect()))
            }
            Form::Json => match self.opt(arg.name) {
                None => None,
                Some(text) => {
                    Data::parse(&text)
                        .map_err(|error| Failure::usage(format!("--{}: invalid JSON: {error}", arg.name)))?;
                    Some(text)
                }
            },
            Form::JsonOrFile => match self.opt(arg.name) {
                None => None,
                Some(text) if text.trim_start().starts_with('{') => Some(encode(&text)),
                Some(path) => Some(encode(&read_text(Path::new(&path))?)),
            },
            Form::File => None,
        })
    }
}

fn default_json(arg: &Arg) -> String {
    match arg.form {
        Form::Text | Form::Choice(_) => encode(arg.default),
        _ => arg.default.to_owned(),
    }
}

/// Checks that JSON can express a number, and returns its text.
fn check_number(name: &str, number: f64) -> Outcome<String> {
    let text = if number.fract() == 0.0 && number.abs() < 1e15 { format!("{number:.0}") } else { number.to_string() };
    if number.is_finite() { Ok(text) } else { Err(Failure::usage(format!("--{name} has to be a finite number"))) }
}

/// Parses a cursor that this program or another client printed.
pub(crate) fn parse_cursor(text: &str) -> Outcome<Cursor> {
    text.parse().map_err(|error| Failure::usage(format!("--cursor: {error}")))
}
