//! Output styles: which part of a result is printed, and in which format.

use std::cmp::Ordering;

use crate::data::Data;
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

impl Style {
    /// Returns whether options select the printed part of a result.
    pub(crate) fn is_selected(&self) -> bool {
        self.jq.is_some() || self.template.is_some() || self.fields.is_some()
    }

    /// Sorts records by the field of `--sort`.
    pub(crate) fn sort_records(&self, records: &mut [Data]) {
        if let Some((path, is_descending)) = &self.sort {
            records.sort_by(|a, b| {
                let order = compare(a.at(path), b.at(path));
                if *is_descending { order.reverse() } else { order }
            });
        }
    }
}

/// Compares numbers by value and other values by text. Missing values are last.
fn compare(a: Option<&Data>, b: Option<&Data>) -> Ordering {
    let is_missing = |value: Option<&Data>| matches!(value, None | Some(Data::Null));
    match (a, b) {
        _ if is_missing(a) || is_missing(b) => is_missing(a).cmp(&is_missing(b)),
        (Some(a), Some(b)) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => a.display().cmp(&b.display()),
        },
        _ => Ordering::Equal,
    }
}
