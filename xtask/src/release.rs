//! Prepares a release: checks what a registry requires, and prints the commands in the order of the dependencies.

use std::fs;

use serde_json::Value;

use crate::outcome::Outcome;
use crate::package;
use crate::process::{cargo_metadata, log, root};

/// Checks everything, builds a program from the packages, and prints the commands. Publishes nothing.
pub(crate) fn dry_run() -> Outcome {
    let metadata = cargo_metadata()?;
    let packages = published(&metadata);
    let mut wrong: Vec<String> = packages.iter().flat_map(|package| problems(package)).collect();
    let version = packages.first().and_then(|package| package["version"].as_str()).unwrap_or_default();
    wrong.extend(
        packages
            .iter()
            .filter(|package| package["version"] != *version)
            .map(|package| format!("{}: another version than {version}", name(package))),
    );
    let changelog =
        fs::read_to_string(root().join("CHANGELOG.md")).map_err(|error| format!("CHANGELOG.md: {error}"))?;
    if !changelog.contains("## Unreleased") && !changelog.contains(&format!("## {version}")) {
        wrong.push(format!("CHANGELOG.md has a section neither for {version} nor for what is unreleased"));
    }
    if !wrong.is_empty() {
        return Err(wrong.join("\n"));
    }
    package::check()?;
    log(&format!(
        "\nrelease {version}: in CHANGELOG.md, name the section \"Unreleased\" `{version}` with the date; then"
    ));
    for package in in_order(&packages)? {
        log(&format!("  cargo publish -p {package}"));
    }
    log(&format!("  git tag v{version}"));
    Ok(())
}

fn published(metadata: &Value) -> Vec<&Value> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages.filter(|package| package["publish"].as_array().is_none_or(|registries| !registries.is_empty())).collect()
}

fn name(package: &Value) -> &str {
    package["name"].as_str().unwrap_or_default()
}

/// Returns what is missing for a registry.
fn problems(package: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    for field in ["description", "license", "repository", "homepage", "documentation", "rust_version", "readme"] {
        if package[field].as_str().is_none_or(str::is_empty) {
            problems.push(format!("{}: no {field}", name(package)));
        }
    }
    for (field, most) in [("keywords", 5), ("categories", 5)] {
        let count = package[field].as_array().map_or(0, Vec::len);
        if count == 0 || count > most {
            problems.push(format!("{}: {count} {field}, and 1 to {most} are allowed", name(package)));
        }
    }
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    for dependency in dependencies.filter(|dependency| dependency["path"].is_string() && dependency["kind"] != "dev") {
        if dependency["req"] == "*" {
            problems.push(format!("{}: no version for {}", name(package), name(dependency)));
        }
    }
    problems
}

/// Returns the names in an order in which each package comes after those that it needs.
fn in_order(packages: &[&Value]) -> Result<Vec<String>, String> {
    let mut order: Vec<String> = Vec::new();
    while order.len() < packages.len() {
        let is_new = |package: &&&Value| !order.iter().any(|done| done == name(package));
        let is_ready = |package: &&&Value| {
            let dependencies = package["dependencies"].as_array().into_iter().flatten();
            // A registry wants to know those of tests too, unless they have no version and are left out.
            let mut own = dependencies.filter(|dependency| {
                dependency["path"].is_string() && (dependency["kind"] != "dev" || dependency["req"] != "*")
            });
            own.all(|dependency| order.iter().any(|done| done == name(dependency)))
        };
        let next = packages.iter().filter(is_new).find(is_ready).map(|package| name(package).to_owned());
        order.push(next.ok_or("the packages depend on each other in a circle")?);
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn packages_come_after_what_they_need() {
        let client = json!({"name": "client", "dependencies": [{"name": "types", "path": "p", "kind": null}]});
        let dev = json!({"name": "client", "path": "p", "kind": "dev", "req": "*"});
        let types = json!({"name": "types", "dependencies": [dev]});
        assert_eq!(in_order(&[&client, &types]).unwrap(), ["types", "client"]);
        let circle = json!({"name": "types", "dependencies": [{"name": "client", "path": "p", "kind": null}]});
        assert!(in_order(&[&client, &circle]).is_err());
    }

    #[test]
    fn packages_come_after_what_their_tests_need() {
        let dev = json!({"name": "sandbox", "path": "p", "kind": "dev", "req": "^0.1.0"});
        let client = json!({"name": "client", "dependencies": [dev]});
        let sandbox = json!({"name": "sandbox", "dependencies": []});
        assert_eq!(in_order(&[&client, &sandbox]).unwrap(), ["sandbox", "client"]);
    }

    #[test]
    fn missing_metadata_is_named() {
        let package = json!({"name": "a", "description": "d", "keywords": [1, 2, 3, 4, 5, 6], "categories": ["c"]});
        let problems = problems(&package).join("\n");
        assert!(problems.contains("a: no repository") && problems.contains("6 keywords"), "{problems}");
    }
}
