//! Runs the example programs and compares their output with `examples/output`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::outcome::Outcome;
use crate::process::{cargo, log, root, target_directory};

/// A program: its package, whether it is an example or a binary, and its name.
type Program = (&'static str, &'static str, &'static str);

/// Every example that needs neither an account nor a network.
const PROGRAMS: &[Program] = &[
    ("avala-types", "example", "payloads"),
    ("avala-types", "example", "queue_worker"),
    ("avala-transport", "example", "audit"),
    ("avala-transport", "example", "limits_alone"),
    ("avala-transport", "example", "metrics"),
    ("avala-transport", "example", "retry_alone"),
    ("avala-client", "example", "quickstart"),
    ("avala-client", "example", "middleware"),
    ("avala-client", "example", "own_http"),
    ("avala-agents", "example", "cuboid_checks"),
    ("avala-agents", "example", "export_mirror"),
    ("avala-transfer", "example", "mirror"),
    ("avala-webhook", "example", "receive"),
    ("avala-examples", "bin", "backend"),
    ("avala-examples", "bin", "blocking_script"),
    ("avala-examples", "bin", "circuit_breaker"),
    ("avala-examples", "bin", "fleet_triage"),
    ("avala-examples", "bin", "nightly_sync"),
    ("avala-examples", "bin", "opentelemetry"),
    ("avala-examples", "bin", "quality_report"),
    ("avala-examples", "bin", "reqwest_client"),
    ("avala-examples", "bin", "tenants"),
    ("avala-examples", "bin", "unix_socket"),
];

/// Programs that print measurements: their output is not compared.
const MEASURING: &[&str] = &["limits_alone", "metrics"];

/// Concurrent programs: the order of their lines is not compared.
const UNORDERED: &[&str] = &["cuboid_checks", "export_mirror"];

/// Programs in `crates/*/examples` that are tools: long runs against a Redis.
const NOT_RUN: &[&str] = &["cost", "soak"];

/// Runs every example, and fails if an example fails or its output differs from its snapshot.
pub(crate) fn check() -> Outcome {
    run(false)
}

/// Runs every example, and writes its output as its snapshot.
pub(crate) fn accept() -> Outcome {
    run(true)
}

fn run(accept: bool) -> Outcome {
    is_complete()?;
    build()?;
    let mut wrong = Vec::new();
    for program in PROGRAMS {
        let (_, _, name) = program;
        let output = normalized(&output(program)?, UNORDERED.contains(name));
        if MEASURING.contains(name) {
            continue;
        }
        let path = root().join("examples/output").join(format!("{name}.txt"));
        if accept {
            fs::write(&path, output).map_err(|error| format!("{}: {error}", path.display()))?;
        } else if let Some(difference) = difference(&fs::read_to_string(&path).unwrap_or_default(), &output) {
            wrong.push(format!("{name}: {difference}"));
        }
    }
    other_languages()?;
    log(&format!("examples: {} programs", PROGRAMS.len()));
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{}\nif the new output is correct, run `cargo xtask examples --accept`", wrong.join("\n")))
}

/// Fails if a program in a folder of examples is not in the list.
fn is_complete() -> Outcome {
    let mut folders = vec![root().join("examples/src/bin")];
    for entry in entries(&root().join("crates"))? {
        folders.push(entry.join("examples"));
    }
    for folder in folders.iter().filter(|folder| folder.exists()) {
        for path in entries(folder)? {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let is_listed = PROGRAMS.iter().any(|(_, _, listed)| *listed == name);
            if !is_listed && !NOT_RUN.contains(&name.as_str()) {
                return Err(format!("{}: it is not in the list of examples that are run", path.display()));
            }
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    Ok(paths)
}

fn build() -> Outcome {
    // With the features of the tests, so that nothing is compiled twice.
    cargo(&["build", "--quiet", "--workspace", "--all-features", "--bins", "--examples"])
}

/// Runs a program and returns its output.
fn output((package, kind, name): &Program) -> Result<String, String> {
    let folder = target_directory()?.join("debug");
    let path = if *kind == "example" { folder.join("examples") } else { folder };
    // Without a key in the environment, an example starts its own sandbox.
    let mut command = Command::new(path.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)));
    command.current_dir(root()).stderr(Stdio::inherit());
    command.env_remove("AVALA_API_KEY").env_remove("AVALA_BASE_URL").env_remove("LISTEN");
    let output = command.output().map_err(|error| format!("{package}: {name} did not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("{package}: the example {name} failed with {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("{package}: {name} prints no text: {error}"))
}

/// Replaces parts that differ between runs: ports, signatures of URLs, sizes, and the order of lines where it may
/// differ.
fn normalized(output: &str, is_unordered: bool) -> String {
    let mut lines: Vec<String> = output.lines().map(normalized_line).collect();
    if is_unordered {
        lines.sort();
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn normalized_line(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let next = |index: usize| words.get(index + 1).map_or("", |word| word.trim_end_matches(','));
    let mut normalized = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let is_size = next(index) == "bytes" && word.bytes().all(|byte| byte.is_ascii_digit());
        let word = word.split_once("?X-Amz-").map_or(*word, |(before, _)| before);
        normalized.push(if is_size { "N".to_owned() } else { without_port(word) });
    }
    normalized.join(" ").trim_end().to_owned()
}

fn without_port(word: &str) -> String {
    let Some((before, after)) = word.split_once("127.0.0.1:") else { return word.to_owned() };
    format!("{before}127.0.0.1:PORT{}", after.trim_start_matches(|character: char| character.is_ascii_digit()))
}

/// Returns the first line that differs.
fn difference(expected: &str, actual: &str) -> Option<String> {
    if expected == actual {
        return None;
    }
    let (mut expected, mut actual) = (expected.lines(), actual.lines());
    for number in 1.. {
        match (expected.next(), actual.next()) {
            (None, None) => break,
            (expected, actual) if expected != actual => {
                let show = |line: Option<&str>| line.map_or("the end".to_owned(), |line| format!("{line:?}"));
                return Some(format!("line {number} is {}, and was {}", show(actual), show(expected)));
            }
            _ => {}
        }
    }
    Some("the line ends differ".to_owned())
}

/// Runs the tests in other languages that start the sandbox as a program.
fn other_languages() -> Outcome {
    let sandbox = target_directory()?.join("debug/avala-sandbox");
    let folder = root().join("examples/other_languages");
    for (program, file, needs) in [("python3", "test_tasks.py", "python3"), ("sh", "test_tasks.sh", "curl")] {
        if Command::new(needs).arg("--version").output().is_err() {
            log(&format!("skipped: examples/other_languages/{file}, because {needs} is not installed"));
            continue;
        }
        let status = Command::new(program).arg(folder.join(file)).env("AVALA_SANDBOX", &sandbox).status();
        match status {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(format!("examples/other_languages/{file} failed with {status}")),
            Err(error) => return Err(format!("{program} did not start: {error}")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_signatures_are_replaced() {
        let text = "at http://127.0.0.1:4010/x?X-Amz-Date=1, and 127.0.0.1:9.\nend";
        assert_eq!(normalized(text, false), "at http://127.0.0.1:PORT/x and 127.0.0.1:PORT.\nend\n");
        assert_eq!(normalized("b: 12 bytes\na", true), "a\nb: N bytes\n");
    }

    #[test]
    fn first_different_line_is_shown() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(difference("a\nb\n", "a\nc\n").unwrap(), "line 2 is \"c\", and was \"b\"");
        assert_eq!(difference("a\n", "a\nb\n").unwrap(), "line 2 is \"b\", and was the end");
    }
}
