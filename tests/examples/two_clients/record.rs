//! Records that one client writes and the other one reads.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Failure;

/// A record that one client wrote, in the JSON form that both programs exchange.
#[derive(Deserialize, Serialize)]
pub(crate) struct Record {
    /// Type of the resource, such as `quality_target`.
    pub(crate) resource: String,
    /// Identifiers that a reader needs, such as those of its project and its own.
    pub(crate) at: Vec<String>,
    /// Fields that were set, by their paths in a response: `tool.uid` is the `uid` in the `tool`.
    fields: Map<String, Value>,
}

impl Record {
    /// Creates a record of all fields of a payload that are set.
    pub(crate) fn new<const N: usize>(
        resource: &str,
        at: [&str; N],
        payload: &impl Serialize,
    ) -> Result<Self, Failure> {
        let fields = serde_json::from_value(serde_json::to_value(payload)?)?;
        Ok(Self { resource: resource.to_owned(), at: at.map(str::to_owned).to_vec(), fields })
    }

    /// Leaves out fields that the other client cannot read.
    pub(crate) fn without<const N: usize>(mut self, names: [&str; N]) -> Self {
        self.fields.retain(|name, _| !names.contains(&name.as_str()));
        self
    }

    /// Renames a field that a response has under another name.
    pub(crate) fn renamed(mut self, name: &str, in_response: &str) -> Self {
        if let Some(value) = self.fields.remove(name) {
            self.fields.insert(in_response.to_owned(), value);
        }
        self
    }

    /// Returns the differences from what was written, one per line.
    pub(crate) fn differences(&self, read: &Value) -> Vec<String> {
        let mut lines = Vec::new();
        for (path, written) in &self.fields {
            match read.pointer(&format!("/{}", path.replace('.', "/"))) {
                Some(value) if value == written => {}
                Some(value) => lines.push(format!("{path}: written as {written}, read as {value}")),
                None => lines.push(format!("{path}: written as {written}, and not there")),
            }
        }
        lines
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.fields.keys().map(String::as_str).collect();
        write!(f, "{} ({})", self.resource, names.join(", "))
    }
}
