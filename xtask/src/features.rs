//! Builds each feature of each crate alone, or in pairs, and all of them together; tests the types with features of
//! `serde_json` that another crate of a build may enable.

use serde_json::Value;

use crate::outcome::Outcome;
use crate::process::{cargo, cargo_output};

pub(crate) fn check() -> Outcome {
    for (package, features) in published()? {
        let check = ["check", "--quiet", "-p", &package, "--no-default-features"];
        cargo(&check)?;
        for feature in &features {
            cargo(&[&check[..], &["--features", feature]].concat())?;
        }
        if !features.is_empty() {
            cargo(&["check", "--quiet", "-p", &package, "--all-features"])?;
        }
    }
    cargo(&["test", "--quiet", "-p", "avala-types", "--all-features", "--tests", "--features", OF_OTHERS])
}

/// Features that change the behavior of `serde_json`: cargo enables them for the whole build if any crate enables them.
const OF_OTHERS: &str = "serde_json/arbitrary_precision,serde_json/preserve_order,serde_json/unbounded_depth";

/// Builds every two features of each crate without the others.
pub(crate) fn check_pairs() -> Outcome {
    for (package, features) in published()? {
        for (index, first) in features.iter().enumerate() {
            for second in features.iter().skip(index + 1) {
                let pair = format!("{first},{second}");
                cargo(&["check", "--quiet", "-p", &package, "--no-default-features", "--features", &pair])?;
            }
        }
    }
    Ok(())
}

/// Returns the crates of the workspace that are published, and their features without `default`.
fn published() -> Result<Vec<(String, Vec<String>)>, String> {
    let metadata = cargo_output(&["metadata", "--format-version", "1", "--no-deps"])?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata lists no packages")?;
    let is_published = |package: &&Value| package["publish"].as_array().is_none_or(|registries| !registries.is_empty());
    let read = |package: &Value| {
        let features = package["features"].as_object()?.keys().filter(|feature| *feature != "default").cloned();
        Some((package["name"].as_str()?.to_owned(), features.collect()))
    };
    packages
        .iter()
        .filter(is_published)
        .map(|package| read(package).ok_or("a package has no name".to_owned()))
        .collect()
}
