//! Adds the examples of CONTRIBUTING.md to a copy of the workspace, and runs the commands of a contributor there.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::outcome::Outcome;
use crate::process::{cargo_with, log, root, target_directory};

use super::scaffold;
use super::spec::Spec;

/// Scaffolds the examples in a copy, and runs the affected suites.
pub(crate) fn run() -> Outcome {
    let target = target_directory()?;
    let copy = target.join("new-call-check");
    copy_workspace(&copy)?;
    let contributing = copy.join("CONTRIBUTING.md");
    let text = fs::read_to_string(&contributing).map_err(|error| format!("{}: {error}", contributing.display()))?;
    let examples = examples(&text);
    if examples.is_empty() {
        return Err("CONTRIBUTING.md has no example of `cargo xtask new-call`".to_owned());
    }
    for example in &examples {
        log(&format!("in a copy: new-call {}", example.join(" ")));
        scaffold(&copy, &Spec::parse(example)?)?;
    }
    let (manifest, target) = (copy.join("Cargo.toml"), target.to_string_lossy().into_owned());
    let manifest = manifest.to_string_lossy();
    let place = ["--quiet", "--manifest-path", &manifest, "--target-dir", &target];
    // The snapshots of the new model are accepted without a review.
    let accept = [("INSTA_UPDATE", "always"), ("INSTA_FORCE_PASS", "0")];
    cargo_with(&[&["test", "-p", "avala-tests", "--test", "suite"], &place[..]].concat(), &accept)?;
    cargo_with(&[&["test", "-p", "avala-sandbox", "--lib"], &place[..]].concat(), &accept)?;
    let mut filters: Vec<String> = examples
        .iter()
        .filter_map(|example| Some(format!("resources::{}::", example.first()?.split_once('.')?.0)))
        .collect();
    filters.dedup();
    let filters: Vec<&str> = filters.iter().map(String::as_str).collect();
    cargo_with(&[&["test", "-p", "avala-client", "--doc"], &place[..], &["--"], &filters[..]].concat(), &accept)
}

/// Copies every tracked file.
fn copy_workspace(copy: &Path) -> Outcome {
    let failed = |error: std::io::Error| format!("{}: {error}", copy.display());
    if copy.exists() {
        fs::remove_dir_all(copy).map_err(failed)?;
    }
    let mut list = Command::new("git");
    list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root());
    let listed = list.output().map_err(|error| format!("git ls-files: {error}"))?;
    if !listed.status.success() {
        return Err(format!("git ls-files failed: {}", String::from_utf8_lossy(&listed.stderr).trim()));
    }
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (root().join(name), copy.join(name));
        // Skips files that were removed without a commit; links to files become files.
        if !from.is_file() {
            continue;
        }
        fs::create_dir_all(to.parent().unwrap_or(copy)).map_err(failed)?;
        fs::copy(&from, &to).map_err(failed)?;
    }
    Ok(())
}

/// Returns the arguments of each `cargo xtask new-call` in a text.
fn examples(text: &str) -> Vec<Vec<&str>> {
    let commands = text.lines().filter_map(|line| line.strip_prefix("cargo xtask new-call "));
    commands.map(|command| command.split_whitespace().map(|word| word.trim_matches('\'')).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_read_without_quotes() {
        let text =
            "```sh\ncargo xtask new-call a.list GET /a/ 'page<A>' name:string\n```\n| `cargo xtask new-call ...` |\n";
        assert_eq!(examples(text), [["a.list", "GET", "/a/", "page<A>", "name:string"]]);
    }
}
