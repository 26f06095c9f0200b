//! Final reports of runs. They hold errors, and an error holds the report of its run, so both are defined in one module.

pub(crate) use crate::error::{FileOutcome, FileReport, Report};
