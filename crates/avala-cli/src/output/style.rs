//! Output styles: which part of a result is printed, and in which format.

use crate::output::format::Format;
use crate::output::jq::Filter;
use crate::output::template::Template;

/// Output style: which part of a result is printed, and in which format.
pub(crate) struct Style {
    pub(crate) format: Format,
    /// Paths of the members to print; `None` prints the columns of the command, or everything.
    pub(crate) fields: Option<Vec<String>>,
    /// Sort by this path, `true` descending.
    pub(crate) sort: Option<(String, bool)>,
    pub(crate) jq: Option<Filter>,
    pub(crate) template: Option<Template>,
}
