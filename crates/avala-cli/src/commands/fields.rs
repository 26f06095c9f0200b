//! Members of a request body as JSON texts: from a file, from options, and from `--field`.

use std::path::{Path, PathBuf};

use avala_client::RawCall;
use clap::ArgMatches;

use crate::commands::files::read_text;
use crate::data::Data;
use crate::failure::{Failure, Outcome};
use crate::output::json;

/// Members, in the order of the options.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    members: Vec<(String, String)>,
    /// A body that is not an object.
    whole: Option<String>,
}

impl Fields {
    /// Returns the members of `--json`, `--field` and `--raw-field`.
    pub(crate) fn read(matches: &ArgMatches) -> Outcome<Self> {
        let mut fields = Self::of_file(matches)?;
        fields.add_pairs(matches)?;
        Ok(fields)
    }

    /// Returns the members of the file that `--json` names.
    pub(crate) fn of_file(matches: &ArgMatches) -> Outcome<Self> {
        let mut fields = Self::default();
        let Some(path) = matches.try_get_one::<PathBuf>("json-body").ok().flatten() else { return Ok(fields) };
        let text = read_text(path)?;
        let data = Data::parse(&text)
            .map_err(|error| Failure::usage(format!("--json {}: invalid JSON: {error}", path.display())))?;
        match data {
            Data::Map(members) => members.iter().for_each(|(name, value)| fields.set(name, json::compact(value))),
            other => fields.whole = Some(json::compact(&other)),
        }
        Ok(fields)
    }

    pub(crate) fn set(&mut self, name: &str, value: String) {
        match self.members.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => self.members.push((name.to_owned(), value)),
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(known, _)| known == name)
    }

    /// Adds the members of `--field` and `--raw-field`.
    pub(crate) fn add_pairs(&mut self, matches: &ArgMatches) -> Outcome {
        let pairs = |id: &str| matches.try_get_many::<String>(id).ok().flatten().into_iter().flatten();
        for pair in pairs("field") {
            let (name, value) = split(pair)?;
            let value = match value.strip_prefix('@') {
                Some(path) => read_text(Path::new(path))?,
                None => value.to_owned(),
            };
            self.set(name, if Data::parse(&value).is_ok() { value } else { encode(&value) });
        }
        for pair in pairs("raw-field") {
            let (name, value) = split(pair)?;
            self.set(name, encode(value));
        }
        Ok(())
    }

    /// Returns the JSON text of the body; `None` if nothing was set.
    pub(crate) fn into_body(self) -> Outcome<Option<String>> {
        match (self.whole, self.members.is_empty()) {
            (Some(_), false) => Err(Failure::usage("--json has no JSON object, so no field can be added to it")),
            (Some(whole), true) => Ok(Some(whole)),
            (None, true) => Ok(None),
            (None, false) => {
                let members: Vec<String> =
                    self.members.iter().map(|(name, value)| format!("{}:{value}", encode(name))).collect();
                Ok(Some(format!("{{{}}}", members.join(","))))
            }
        }
    }

    /// Adds the members to the query of a call.
    pub(crate) fn into_query(self, mut call: RawCall) -> Outcome<RawCall> {
        if self.whole.is_some() {
            return Err(Failure::usage("a GET has no body; pass a JSON object, which becomes the query"));
        }
        for (name, value) in self.members {
            let value = Data::parse(&value).map_or(value, |data| data.display());
            call = call.query(name, value);
        }
        Ok(call)
    }
}

/// Returns a text as JSON.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() + 2);
    json::string(&mut encoded, text);
    encoded
}

fn split(pair: &str) -> Outcome<(&str, &str)> {
    pair.split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| Failure::usage(format!("{pair:?} is not of the form NAME=VALUE")))
}
