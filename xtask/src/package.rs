//! Packages the crates as a registry would get them, and builds a program from the packages alone.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::outcome::Outcome;
use crate::process::{cargo, cargo_metadata, log, root, target_directory};

/// A program that uses the packages the way the front pages of the crates do.
const PROGRAM: &str = include_str!("package/program.rs");

/// Dependencies of the program besides the packages.
const DEPENDENCIES: &str = r#"
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
"#;

/// The profile of this workspace, so that other crates are not built twice.
const PROFILE: &str = r#"
[profile.dev]
debug = "line-tables-only"

[profile.dev.package.sha2]
opt-level = 3
"#;

/// The package with a program of its own, which is built too.
const PROGRAM_PACKAGE: &str = "avala-cli";

pub(crate) fn check() -> Outcome {
    let packages = published()?;
    let folder = target_directory()?.join("package-check");
    // Packages of an earlier run must not hide a file that is missing now.
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let unpacked = folder.join("unpacked");
    fs::create_dir_all(&unpacked).map_err(|error| format!("{}: {error}", unpacked.display()))?;
    pack(&packages, &folder)?;
    for (name, version) in &packages {
        let file = folder.join("package").join(format!("{name}-{version}.crate"));
        run(Command::new("tar").arg("xzf").arg(&file).arg("-C").arg(&unpacked))?;
        check_contents(&unpacked.join(format!("{name}-{version}")))?;
    }
    build_program(&packages, &folder, &unpacked)
}

fn pack(packages: &[(String, String)], folder: &Path) -> Outcome {
    let target = folder.to_string_lossy();
    // The program below is the verification: it builds from nothing but the packages.
    let mut arguments = vec!["package", "--quiet", "--no-verify", "--allow-dirty", "--target-dir", &target];
    packages.iter().for_each(|(name, _)| arguments.extend(["-p", name]));
    cargo(&arguments)
}

/// Files that every package has to contain.
fn check_contents(package: &Path) -> Outcome {
    for file in ["README.md", "LICENSE-MIT", "LICENSE-APACHE", "Cargo.toml", "src"] {
        if !package.join(file).exists() {
            return Err(format!("the package {} has no {file}", package.display()));
        }
    }
    Ok(())
}

fn build_program(packages: &[(String, String)], folder: &Path, unpacked: &Path) -> Outcome {
    let mut manifest =
        format!("[package]\nname = \"program\"\nedition = \"2024\"\npublish = false\n\n[dependencies]{DEPENDENCIES}");
    let (mut members, mut patches) = (String::from("\"program\""), String::new());
    for (name, version) in packages {
        let path = unpacked.join(format!("{name}-{version}"));
        if name == PROGRAM_PACKAGE {
            let _ = write!(members, ", {:?}", path.to_string_lossy());
        } else {
            let _ = writeln!(manifest, "{name} = \"{version}\"");
        }
        let _ = writeln!(patches, "{name} = {{ path = {:?} }}", path.to_string_lossy());
    }
    let workspace =
        format!("[workspace]\nresolver = \"3\"\nmembers = [{members}]\n{PROFILE}\n[patch.crates-io]\n{patches}");
    write(&folder.join("Cargo.toml"), &workspace)?;
    write(&folder.join("program/Cargo.toml"), &manifest)?;
    write(&folder.join("program/src/main.rs"), PROGRAM)?;
    // The versions that everything else is tested with.
    let lock = fs::read_to_string(root().join("Cargo.lock")).map_err(|error| format!("Cargo.lock: {error}"))?;
    write(&folder.join("Cargo.lock"), &lock)?;
    let manifest = folder.join("Cargo.toml").to_string_lossy().into_owned();
    let target = target_directory()?.to_string_lossy().into_owned();
    let place = ["--quiet", "--manifest-path", &manifest, "--target-dir", &target];
    log("building a program from the packages");
    cargo(&[&["run", "-p", "program"], &place[..]].concat())?;
    cargo(&[&["check", "-p", PROGRAM_PACKAGE], &place[..]].concat())
}

/// Returns the names and versions of the crates that are published.
fn published() -> Result<Vec<(String, String)>, String> {
    let metadata = cargo_metadata()?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata lists no packages")?;
    let is_published = |package: &&Value| package["publish"].as_array().is_none_or(|registries| !registries.is_empty());
    let read = |package: &Value| Some((package["name"].as_str()?.to_owned(), package["version"].as_str()?.to_owned()));
    packages
        .iter()
        .filter(is_published)
        .map(|package| read(package).ok_or("a package has no name".to_owned()))
        .collect()
}

fn write(path: &Path, text: &str) -> Outcome {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn run(command: &mut Command) -> Outcome {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?} failed with {status}")),
        Err(error) => Err(format!("{command:?} did not start: {error}")),
    }
}
