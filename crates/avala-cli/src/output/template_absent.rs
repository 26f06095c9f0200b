//! `--template` in a program that was built without the feature `template`.

use crate::data::Data;
use crate::failure::{Failure, Outcome};

/// A template, which this program cannot parse.
pub(crate) enum Template {}

impl Template {
    pub(crate) fn new(_: &str) -> Outcome<Self> {
        Err(Failure::usage(
            "this program was built without --template; build it with the feature `template`, or use --fields",
        ))
    }

    pub(crate) fn render(&self, _: &Data) -> Outcome<String> {
        match *self {}
    }
}
