//! Packages the crates as a registry would get them, and builds a program from the packages alone.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::outcome::Outcome;
use crate::process::{cargo, cargo_output, log, root};

/// A program that uses the packages the way the front pages of the crates do.
const PROGRAM: &str = include_str!("package/program.rs");

/// Dependencies of the program besides the packages.
const DEPENDENCIES: &str = r#"
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
"#;

/// Crates that the program names; the others are only reached through them.
const USED: &[&str] = &["avala-client", "avala-sandbox", "avala-types"];

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
    let program = folder.join("program");
    let mut manifest = format!(
        "[package]\nname = \"program\"\nedition = \"2024\"\npublish = false\n\n[workspace]\n\n[dependencies]{DEPENDENCIES}"
    );
    let mut patches = String::from("\n[patch.crates-io]\n");
    for (name, version) in packages {
        if USED.contains(&name.as_str()) {
            let _ = writeln!(manifest, "{name} = \"{version}\"");
        }
        let path = unpacked.join(format!("{name}-{version}"));
        let _ = writeln!(patches, "{name} = {{ path = {:?} }}", path.to_string_lossy());
    }
    manifest.push_str(&patches);
    write(&program.join("Cargo.toml"), &manifest)?;
    write(&program.join("src/main.rs"), PROGRAM)?;
    // The versions that everything else is tested with.
    let lock = fs::read_to_string(root().join("Cargo.lock")).map_err(|error| format!("Cargo.lock: {error}"))?;
    write(&program.join("Cargo.lock"), &lock)?;
    log("building a program from the packages");
    let manifest = program.join("Cargo.toml").to_string_lossy().into_owned();
    let target = folder.join("target").to_string_lossy().into_owned();
    cargo(&["run", "--quiet", "--manifest-path", &manifest, "--target-dir", &target])
}

/// Names and versions of the crates that are published.
fn published() -> Result<Vec<(String, String)>, String> {
    let metadata = metadata()?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata lists no packages")?;
    let is_published = |package: &&Value| package["publish"].as_array().is_none_or(|registries| !registries.is_empty());
    let read = |package: &Value| Some((package["name"].as_str()?.to_owned(), package["version"].as_str()?.to_owned()));
    packages
        .iter()
        .filter(is_published)
        .map(|package| read(package).ok_or("a package has no name".to_owned()))
        .collect()
}

fn target_directory() -> Result<PathBuf, String> {
    let metadata = metadata()?;
    let directory = metadata["target_directory"].as_str();
    Ok(directory.ok_or("cargo metadata does not say where cargo builds to")?.into())
}

fn metadata() -> Result<Value, String> {
    let metadata = cargo_output(&["metadata", "--format-version", "1", "--no-deps"])?;
    serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))
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
