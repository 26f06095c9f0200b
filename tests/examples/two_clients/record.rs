//! What one client wrote, for the other one to read.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Failure;

/// What one client wrote. Both sides speak of it in this form, as JSON.
#[derive(Deserialize, Serialize)]
pub(crate) struct Record {
    /// What it is, as `quality_target`.
    pub(crate) resource: String,
    /// What a reader needs to find it, as the uid of its project and its own.
    pub(crate) at: Vec<String>,
    /// What was set, named as a response names it: `tool.uid` is the uid in the tool.
    fields: Map<String, Value>,
}

impl Record {
    /// A record of all fields of a payload that are set.
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

    /// What is not as it was written, a line each.
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
