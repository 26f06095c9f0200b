//! Builds the static programs for release, and tests them: `cargo xtask dist`.

mod checks;
mod empty_root;
pub(crate) mod name_server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::interop::target_directory;
use crate::outcome::Outcome;
use crate::performance;
use crate::process::{cargo_output, cargo_with, log, root};

/// Maximum size of the program, in bytes.
const LARGEST: u64 = 12_000_000;

/// A target, with its compiler and emulator.
struct Target {
    triple: &'static str,
    /// The C compiler for cryptography in C, also used as the linker.
    compiler: &'static str,
    /// The Debian package with the compiler.
    package: &'static str,
    /// The emulator of the target's processor; empty for the processor of this machine.
    emulator: &'static str,
}

const TARGETS: &[Target] = &[
    Target { triple: "x86_64-unknown-linux-musl", compiler: "musl-gcc", package: "musl-tools", emulator: "" },
    Target {
        triple: "aarch64-unknown-linux-musl",
        compiler: "aarch64-linux-gnu-gcc",
        package: "gcc-aarch64-linux-gnu",
        emulator: "qemu-aarch64-static",
    },
];

/// Builds and checks the programs. With `is_quick`, the sizes of features are not measured, and nothing is written.
pub(crate) fn run(is_quick: bool) -> Outcome {
    let folder = target_directory()?.join("distribution");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let features = features()?;
    let mut built = Vec::new();
    for target in TARGETS {
        if let Some(reason) = missing(target) {
            log(&format!("skipped: {}, because {reason}", target.triple));
            continue;
        }
        let program = folder.join(format!("avala-{}", target.triple));
        copy(&build(target, &[])?, &program)?;
        built.push((target, program));
    }
    let host = built.iter().find(|(target, _)| target.emulator.is_empty()).map(|(_, program)| program.clone());
    let mut report = Report::default();
    for (target, program) in &built {
        let size = size(program)?;
        report.program(target.triple, size);
        let tested = match (target.emulator, &host) {
            ("", _) => empty_root::check(program)? && name_server::check(program)?,
            (emulator, Some(host)) => checks::emulated(emulator, program, host)?,
            (emulator, None) => {
                log(&format!("skipped: {emulator}, because there is no program for this machine"));
                false
            }
        };
        log(&format!("{}: {:.2} MB{}", program.display(), size as f64 / 1e6, if tested { ", tested" } else { "" }));
        if target.emulator.is_empty() && !is_quick {
            report.starts(&checks::start_times(program)?);
            report.features(&feature_sizes(target, &features, size)?);
        }
    }
    checksums(&folder)?;
    if !is_quick {
        performance::update(None, &[("Distribution", &report.text())])?;
    }
    let too_large: Vec<_> = report.programs.iter().filter(|(_, size)| *size > LARGEST).collect();
    match too_large.as_slice() {
        [] => Ok(()),
        [(triple, size), ..] => Err(format!("{triple}: {size} bytes, more than {LARGEST}")),
    }
}

/// Builds the program that is distributed for this machine.
pub(crate) fn program() -> Result<PathBuf, String> {
    let target = TARGETS.iter().find(|target| target.triple.starts_with(std::env::consts::ARCH));
    let target = target.ok_or("there is no static program for this processor")?;
    match missing(target) {
        Some(reason) => Err(format!("{}: {reason}", target.triple)),
        None => build(target, &[]),
    }
}

/// Returns why a target cannot be built on this machine.
fn missing(target: &Target) -> Option<String> {
    let installed = Command::new("rustc").args(["--print", "target-libdir", "--target", target.triple]).output();
    let folder = installed.ok().map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    if !folder.is_some_and(|folder| Path::new(&folder).is_dir()) {
        return Some(format!("the target is not installed: rustup target add {}", target.triple));
    }
    let has_compiler = Command::new(target.compiler).arg("--version").output().is_ok();
    (!has_compiler).then(|| format!("{} is not installed: apt-get install {}", target.compiler, target.package))
}

fn build(target: &Target, features: &[&str]) -> Result<PathBuf, String> {
    let (lower, upper) = (target.triple.replace('-', "_"), target.triple.replace('-', "_").to_uppercase());
    let (compiler, linker) = (format!("CC_{lower}"), format!("CARGO_TARGET_{upper}_LINKER"));
    let mut variables = vec![(compiler.as_str(), target.compiler)];
    if !target.emulator.is_empty() {
        variables.push((linker.as_str(), target.compiler));
    }
    let build =
        ["rustc", "--locked", "--profile", "dist", "-p", "avala-cli", "--bin", "avala", "--target", target.triple];
    // Panics abort, because the tables for unwinding would be an eighth of the program.
    let script = format!("link-arg={}", root().join("xtask/src/dist/no_unwind_tables.ld").display());
    let linker = ["--", "-C", "link-arg=-Wl,--no-eh-frame-hdr", "-C", "link-arg=-T", "-C", &script];
    cargo_with(&[&build[..], features, &linker].concat(), &variables)?;
    Ok(target_directory()?.join(target.triple).join("dist").join("avala"))
}

fn copy(from: &Path, to: &Path) -> Outcome {
    fs::copy(from, to).map(drop).map_err(|error| format!("{}: {error}", to.display()))
}

fn size(program: &Path) -> Result<u64, String> {
    fs::metadata(program).map(|file| file.len()).map_err(|error| format!("{}: {error}", program.display()))
}

/// Writes the file of checksums, in the form that `sha256sum --check` reads, and checks it.
fn checksums(folder: &Path) -> Outcome {
    let files = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("avala-")).collect();
    names.sort_unstable();
    let run = |command: &mut Command| {
        let output =
            command.current_dir(folder).output().map_err(|error| format!("sha256sum did not start: {error}"))?;
        if output.status.success() { Ok(output.stdout) } else { Err("sha256sum failed".to_owned()) }
    };
    let sums = run(Command::new("sha256sum").args(&names))?;
    let file = folder.join("SHA256SUMS");
    fs::write(&file, &sums).map_err(|error| format!("{}: {error}", file.display()))?;
    run(Command::new("sha256sum").args(["--check", "--strict", "SHA256SUMS"])).map(drop)
}

/// The features of the program.
struct Features {
    default: Vec<String>,
    optional: Vec<String>,
}

fn features() -> Result<Features, String> {
    let metadata = cargo_output(&["metadata", "--format-version", "1", "--no-deps"])?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata lists no packages")?;
    let cli = packages.iter().find(|package| package["name"] == "avala-cli").ok_or("there is no crate avala-cli")?;
    let all = cli["features"].as_object().ok_or("avala-cli lists no features")?;
    let list = all["default"].as_array().into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned));
    let default: Vec<String> = list.collect();
    let is_optional = |name: &&String| *name != "default" && !default.contains(name);
    let optional = all.keys().filter(is_optional).cloned().collect();
    Ok(Features { default, optional })
}

/// Returns the size that each feature adds: for default features, by how much the program is smaller without it.
fn feature_sizes(target: &Target, features: &Features, whole: u64) -> Result<Vec<(String, i64)>, String> {
    let mut sizes = Vec::new();
    let measured = |features: &str| -> Result<i64, String> {
        let size = size(&build(target, &["--no-default-features", "--features", features])?)?;
        Ok(i64::try_from(size).unwrap_or(i64::MAX))
    };
    let whole = i64::try_from(whole).unwrap_or(i64::MAX);
    for feature in &features.default {
        let others: Vec<&str> = features.default.iter().filter(|other| *other != feature).map(String::as_str).collect();
        sizes.push((feature.clone(), whole - measured(&others.join(","))?));
    }
    for feature in &features.optional {
        let with: Vec<&str> = features.default.iter().chain([feature]).map(String::as_str).collect();
        sizes.push((format!("{feature} (not in the program)"), measured(&with.join(","))? - whole));
    }
    sizes.push(("no feature at all: the rest".to_owned(), measured("")?));
    Ok(sizes)
}

/// The section of docs/performance.md.
#[derive(Default)]
struct Report {
    programs: Vec<(String, u64)>,
    sizes: String,
    starts: String,
    features: String,
}

impl Report {
    fn program(&mut self, triple: &str, size: u64) {
        let met = if size <= LARGEST { "met" } else { "**missed**" };
        self.sizes += &format!("| {triple}, stripped, in MB | 12 | {:.2} | {met} |\n", size as f64 / 1e6);
        self.programs.push((triple.to_owned(), size));
    }

    fn starts(&mut self, times: &[(&str, f64)]) {
        for (line, milliseconds) in times {
            self.starts += &format!("| `{line}` | {milliseconds:.1} |\n");
        }
    }

    fn features(&mut self, sizes: &[(String, i64)]) {
        for (feature, bytes) in sizes {
            self.features += &format!("| {feature} | {:.2} |\n", *bytes as f64 / 1e6);
        }
    }

    fn text(&self) -> String {
        format!(
            "Written by `cargo xtask dist`: the static programs of `avala`, with `lto = \"fat\"` and `codegen-units = 1`.\n\n\
             | goal | at most | measured | |\n|---|---|---|---|\n{}\n\
             | feature (x86_64) | MB that it adds |\n|---|---|\n{}\n\
             | start to end, of the static program | ms, median of 31 |\n|---|---|\n{}",
            self.sizes, self.features, self.starts
        )
    }
}
