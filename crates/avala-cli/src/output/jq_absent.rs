//! `--jq` in a program that was built without the feature `jq`.

use crate::data::Data;
use crate::failure::{Failure, Outcome};

/// A filter, which this program cannot compile.
pub(crate) enum Filter {}

impl Filter {
    pub(crate) fn new(_: &str) -> Outcome<Self> {
        Err(Failure::usage("this program was built without --jq; build it with the feature `jq`, or use -o json"))
    }

    pub(crate) fn write(&self, _: &Data, _: &mut impl std::io::Write) -> Outcome {
        match *self {}
    }
}
