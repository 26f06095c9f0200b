//! Output of results in each format.

mod delimited;
pub(crate) mod escape;
mod format;
pub(crate) mod jq;
pub(crate) mod json;
mod printer;
mod style;
mod table;
pub(crate) mod template;
mod yaml;

pub(crate) use format::{FORMATS, Format};
pub(crate) use printer::Printer;
pub(crate) use style::Style;
