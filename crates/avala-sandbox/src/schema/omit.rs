//! Fields that lists leave out.

use std::collections::BTreeMap;

use avala_types::Json;

use crate::schema::wire::{Wire, Written};

/// Returns the fields of a record without these, as lists show it.
pub(crate) fn omit(record: &impl Wire, fields: &[&str]) -> BTreeMap<String, Json> {
    // Records are objects with only values that JSON can express, so this cannot fail.
    let all = Json::encode(&Written(record)).ok().and_then(|json| json.parse().ok());
    let mut all: BTreeMap<String, Json> = all.unwrap_or_default();
    all.retain(|name, _| !fields.contains(&name.as_str()));
    all
}
