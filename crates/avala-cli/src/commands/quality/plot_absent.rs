//! The plot of a program that was built without it.

use crate::data::Data;
use crate::failure::{Failure, Outcome};

pub(super) fn svg(_: &str, _: &[Data]) -> Outcome<String> {
    Err(Failure::usage("this program was built without --svg; build it with the feature `plot`"))
}
