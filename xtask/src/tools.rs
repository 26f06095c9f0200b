//! Checks that need a tool which is not part of Rust. A check without its tool is skipped with a message.

use std::fs;
use std::process::Command;

use crate::outcome::Outcome;
use crate::process::{self, cargo, cargo_status, cargo_with, root};

/// Checks licenses, banned crates and sources of dependencies, and advisories if their database can be fetched.
pub(crate) fn deny() -> Outcome {
    if !is_installed("deny") {
        return Ok(());
    }
    cargo(&["deny", "check", "bans", "licenses", "sources"])?;
    if !cargo_status(&["deny", "fetch", "db"], &[])?.success() {
        process::log("skipped: advisories, because their database cannot be fetched");
        return Ok(());
    }
    cargo(&["deny", "check", "--disable-fetch", "advisories"])
}

/// Compares the public API with the last release by the rules of semantic versioning.
pub(crate) fn semver() -> Outcome {
    let tag =
        Command::new("git").args(["describe", "--tags", "--abbrev=0", "--match", "v*"]).current_dir(root()).output();
    let tag = tag.map_err(|error| format!("`git` did not start: {error}"))?;
    if !tag.status.success() {
        process::log("skipped: there is no release to compare with, because no tag begins with `v`");
        return Ok(());
    }
    if !is_installed("semver-checks") {
        return Ok(());
    }
    let tag = String::from_utf8_lossy(&tag.stdout).trim().to_owned();
    cargo(&["semver-checks", "--workspace", "--baseline-rev", &tag])
}

/// Checks the workspace on the oldest compiler that it supports.
pub(crate) fn msrv() -> Outcome {
    let read =
        |file: &str| fs::read_to_string(root().join(file)).map_err(|error| format!("{file} cannot be read: {error}"));
    let oldest = quoted(&read("Cargo.toml")?, "rust-version")?;
    let pinned = quoted(&read("rust-toolchain.toml")?, "channel")?;
    if pinned == oldest || pinned.strip_prefix(oldest.as_str()).is_some_and(|rest| rest.starts_with('.')) {
        process::log(&format!("Rust {oldest} is the pinned toolchain, so every check is one of the oldest compiler"));
        return cargo(&["check", "--workspace", "--all-features"]);
    }
    // In a child process with another toolchain, because `rust-toolchain.toml` would override it.
    cargo_with(&["check", "--workspace", "--all-features"], &[("RUSTUP_TOOLCHAIN", &oldest)])
}

/// Builds the workspace with the oldest version of each direct dependency that `Cargo.toml` allows.
pub(crate) fn minimal_versions() -> Outcome {
    let lock = root().join("Cargo.lock");
    let before = fs::read(&lock).map_err(|error| format!("Cargo.lock cannot be read: {error}"))?;
    // The option of the resolver is unstable; the build afterwards is a normal one.
    let resolved = cargo_with(&["update", "-Z", "direct-minimal-versions"], &[("RUSTC_BOOTSTRAP", "1")]);
    let built = resolved
        .and_then(|()| cargo(&["check", "--workspace", "--all-features", "--target-dir", "target/minimal-versions"]));
    let restored = fs::write(&lock, before).map_err(|error| format!("Cargo.lock cannot be restored: {error}"));
    built.and(restored)
}

/// Returns the value of the first line `name = "value"`.
fn quoted(text: &str, name: &str) -> Result<String, String> {
    let value =
        text.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix("= \"")?.strip_suffix('"'));
    value.map(str::to_owned).ok_or_else(|| format!("`{name}` is not set"))
}

fn is_installed(tool: &str) -> bool {
    let output = Command::new("cargo").args([tool, "--version"]).current_dir(root()).output();
    let is_installed = output.is_ok_and(|output| output.status.success());
    if !is_installed {
        process::log(&format!(
            "skipped: cargo-{tool} is not installed; `cargo install --locked cargo-{tool}` builds it"
        ));
    }
    is_installed
}
