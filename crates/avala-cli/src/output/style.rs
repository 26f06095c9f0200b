//! What of a result is printed, and how.

use crate::output::format::Format;
use crate::output::jq::Filter;
use crate::output::template::Template;

/// What of a result is printed, and how.
pub(crate) struct Style {
    pub(crate) format: Format,
    /// Paths of the members to print; `None` prints the columns of the command, or everything.
    pub(crate) fields: Option<Vec<String>>,
    /// Sort by this path, `true` descending.
    pub(crate) sort: Option<(String, bool)>,
    pub(crate) jq: Option<Filter>,
    pub(crate) template: Option<Template>,
}
