//! Output of results in each format.

mod delimited;
pub(crate) mod escape;
mod format;
#[cfg(feature = "jq")]
pub(crate) mod jq;
#[cfg(not(feature = "jq"))]
#[path = "jq_absent.rs"]
pub(crate) mod jq;
pub(crate) mod json;
mod names;
mod printer;
mod style;
mod table;
#[cfg(feature = "template")]
pub(crate) mod template;
#[cfg(not(feature = "template"))]
#[path = "template_absent.rs"]
pub(crate) mod template;
mod yaml;

pub(crate) use format::{FORMATS, Format};
pub(crate) use printer::Printer;
pub(crate) use style::Style;
