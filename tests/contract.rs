//! The contract: the calls and models of the API. See `contract/`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// A call of the API.
#[derive(Clone, Debug, Deserialize)]
pub struct Endpoint {
    /// Name, such as `datasets.get`.
    pub call: String,
    /// Method.
    pub method: String,
    /// Path with placeholders.
    pub path: String,
    /// Query parameters.
    pub query: Vec<String>,
    /// Body: a map of fields, `"array"` or null.
    pub body: serde_json::Value,
}

/// A model of the API.
#[derive(Clone, Debug, Deserialize)]
pub struct Type {
    /// Fields by their names on the wire.
    pub fields: BTreeMap<String, Field>,
}

/// A field of a model.
#[derive(Clone, Debug, Deserialize)]
pub struct Field {
    /// Type as the contract writes it, such as `array<string>`.
    #[serde(rename = "type")]
    pub ty: String,
    /// Whether the official SDKs require the field.
    pub required: bool,
    /// Whether it may be null.
    pub nullable: bool,
}

/// Returns a folder of this package.
#[must_use]
pub fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Returns all calls.
///
/// # Errors
/// When the file is missing or does not have the shape of a contract.
pub fn endpoints() -> Result<Vec<Endpoint>, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(folder("contract").join("endpoints.json"))?;
    Ok(serde_json::from_str(&text)?)
}

/// Returns all models by their names.
///
/// # Errors
/// When the file is missing or does not have the shape of a contract.
pub fn types() -> Result<BTreeMap<String, Type>, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(folder("contract").join("types.json"))?;
    Ok(serde_json::from_str(&text)?)
}

/// Returns all models by their names, with the responses that the contract only describes in a call's note or in prose.
///
/// # Errors
/// When a file is missing or does not have the shape of a contract.
pub fn models() -> Result<BTreeMap<String, Type>, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(folder("contract").join("responses.json"))?;
    let mut models = types()?;
    models.extend(serde_json::from_str::<BTreeMap<String, Type>>(&text)?);
    Ok(models)
}
