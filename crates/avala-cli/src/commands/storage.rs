//! Credentials of storage configs, from options or the environment.

use avala_client::types::CreateStorageConfig;

use crate::commands::input::Input;
use crate::failure::{Failure, Outcome};
use crate::key;
use crate::output::json;

/// Members of the body, and the environment variables with their defaults.
const VARIABLES: &[(&str, &str)] = &[
    ("s3_access_key_id", "AVALA_S3_ACCESS_KEY_ID"),
    ("s3_secret_access_key", "AVALA_S3_SECRET_ACCESS_KEY"),
    ("gc_storage_auth_json_content", "AVALA_GC_AUTH_JSON"),
];

/// Returns the payload, without credentials that the provider or the method does not use.
pub(super) fn payload(input: &Input<'_>) -> Outcome<CreateStorageConfig> {
    let body = input.body()?;
    let invalid = |error| Failure::usage(format!("the fields do not fit storage_configs.create: {error}"));
    let mut members: std::collections::BTreeMap<String, Box<serde_json::value::RawValue>> =
        serde_json::from_str(&body).map_err(invalid)?;
    let text = |members: &std::collections::BTreeMap<String, Box<serde_json::value::RawValue>>, name: &str| {
        members.get(name).and_then(|value| serde_json::from_str::<String>(value.get()).ok())
    };
    for (name, variable) in VARIABLES {
        if members.contains_key(*name) {
            continue;
        }
        if let Some(value) = key::environment(variable)? {
            let mut encoded = String::new();
            json::string(&mut encoded, value.trim());
            if let Ok(value) = serde_json::value::RawValue::from_string(encoded) {
                members.insert((*name).to_owned(), value);
            }
        }
    }
    let is_s3 = text(&members, "provider").as_deref() == Some("aws_s3");
    let is_role = text(&members, "s3_auth_method").as_deref() == Some("iam_role");
    members.retain(|name, _| match name.as_str() {
        "gc_storage_auth_json_content" => !is_s3,
        "s3_access_key_id" | "s3_secret_access_key" => is_s3 && !is_role,
        _ => true,
    });
    let text = serde_json::to_string(&members).map_err(invalid)?;
    serde_json::from_str(&text).map_err(invalid)
}
