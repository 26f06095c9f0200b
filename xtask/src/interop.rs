//! The official clients against the sandbox, which speaks the real protocol, and two clients that see the same state.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::outcome::Outcome;
use crate::process::{cargo, cargo_output, log, root};

/// The version of the SDK that the scripts are written for.
const VERSION: &str = "0.10.0";

/// The version of the agent runtime that the scripts are written for.
const AGENTS_VERSION: &str = "0.1.1";

pub(crate) const KEY: &str = "avk_interop";

/// Runs it, or fails where there is no Python.
pub(crate) fn run() -> Outcome {
    run_with(find_python().ok_or("this needs Python 3.9 or newer, as `python3` or `python`")?)
}

/// Runs it where there is a Python. Whatever else is missing is a failure here too.
pub(crate) fn run_if_there_is_python() -> Outcome {
    match find_python() {
        Some(python) => run_with(python),
        None => {
            log("skipped: interop, since there is no Python 3.9 or newer on this machine");
            Ok(())
        }
    }
}

fn run_with(python: &str) -> Outcome {
    // With all features, as the tests build it, so that nothing is built twice.
    let examples = ["--example", "two_clients", "--example", "two_agents"];
    cargo(
        &[&["build", "--workspace", "--all-features", "--bin", "avala-sandbox", "--bin", "avala"], &examples[..]]
            .concat(),
    )?;
    let target = target_directory()?;
    let folder = target.join("interop");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let python = python_with_sdk(python, &folder.join("venv"))?;
    every_method(&python, &target, &folder.join("sandbox.log"))?;
    through_the_proxy(&python, &target, &folder)?;
    same_lines(&python, &target, &folder)?;
    log("skipped: interop with the TypeScript SDK, since npm has no public package of it");
    execute(Command::new(executable(&target, "examples/two_clients")).arg(&python))?;
    execute(Command::new(executable(&target, "examples/two_agents")).arg(&python))
}

/// Calls every method of the SDK against a sandbox that is a program of its own.
fn every_method(python: &Path, target: &Path, log: &Path) -> Outcome {
    let sandbox = Sandbox::start(&executable(target, "avala-sandbox"), log, &[])?;
    // -B: no folders with compiled scripts among the sources.
    let mut script = Command::new(python);
    script.arg("-B").arg(root().join("tests/interop/run.py"));
    script.env("AVALA_BASE_URL", format!("{}/api/v1", sandbox.url)).env("AVALA_API_KEY", KEY);
    execute(&mut script).map_err(|error| format!("{error}\nthe requests that the sandbox got: {}", log.display()))
}

/// Runs the official uploaders, command line and agent runtime unmodified, against the hosts that the proxy serves.
fn through_the_proxy(python: &Path, target: &Path, folder: &Path) -> Outcome {
    let (log, ca_file) = (folder.join("proxied.log"), folder.join("ca.pem"));
    let options = ["--tls".as_ref(), "--ca-file".as_ref(), ca_file.as_os_str()];
    let sandbox = Sandbox::start(&executable(target, "avala-sandbox"), &log, &options)?;
    let proxy = sandbox.proxy_url.as_deref().ok_or("the sandbox has no proxy")?;
    let mut script = Command::new(python);
    script.arg("-B").arg(root().join("tests/interop/proxied.py"));
    script.env("HTTPS_PROXY", proxy).env("SSL_CERT_FILE", &ca_file).env("AVALA_API_KEY", KEY);
    execute(&mut script).map_err(|error| format!("{error}\nthe requests that the sandbox got: {}", log.display()))
}

/// Runs the official command line and ours with the same lines, each against a sandbox of its own.
fn same_lines(python: &Path, target: &Path, folder: &Path) -> Outcome {
    let program = executable(target, "avala-sandbox");
    let theirs = Sandbox::start(&program, &folder.join("official-lines.log"), &[])?;
    let own = Sandbox::start(&program, &folder.join("our-lines.log"), &[])?;
    let mut script = Command::new(python);
    script.arg("-B").arg(root().join("tests/interop/same_lines.py"));
    script.env("AVALA_BASE_URL", format!("{}/api/v1", theirs.url)).env("AVALA_API_KEY", KEY);
    script.env("OTHER_BASE_URL", format!("{}/api/v1", own.url)).env("AVALA_PROGRAM", executable(target, "avala"));
    execute(&mut script)
}

pub(crate) fn find_python() -> Option<&'static str> {
    let is_new_enough = "import sys; sys.exit(sys.version_info < (3, 9))";
    ["python3", "python"].into_iter().find(|python| is_success(Command::new(python).args(["-c", is_new_enough])))
}

/// The Python of a virtual environment that has the SDK. It is made once, and again when the version changes.
pub(crate) fn python_with_sdk(python: &str, folder: &Path) -> Result<PathBuf, String> {
    let inside = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let has_sdk = format!(
        "import avala, avala_agents, click, importlib.metadata as data, sys; sys.exit(data.version('avala') != '{VERSION}')"
    );
    if !is_success(Command::new(&inside).args(["-c", &has_sdk])) {
        execute(Command::new(python).args(["-m", "venv", "--clear"]).arg(folder))?;
        let mut install = Command::new(&inside);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        execute(install.args([format!("avala[cli]=={VERSION}"), format!("avala-agents=={AGENTS_VERSION}")]))
            .map_err(|error| format!("{error}\nthe Python SDK was not installed: the first run needs a network"))?;
    }
    Ok(inside)
}

/// A sandbox as a program of its own. It ends with this value, whatever happens.
struct Sandbox {
    process: Child,
    url: String,
    proxy_url: Option<String>,
}

impl Sandbox {
    fn start(program: &Path, log: &Path, options: &[&OsStr]) -> Result<Self, String> {
        let log_file = File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
        let mut command = Command::new(program);
        command
            .args(["--port", "0", "--key", KEY, "--seed", "demo"])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(log_file);
        let process = command.spawn().map_err(|error| format!("{} did not start: {error}", program.display()))?;
        let mut sandbox = Self { process, url: String::new(), proxy_url: None };
        let line = sandbox.first_line();
        let text = |name| Some(line.as_ref()?.get(name)?.as_str()?.to_owned());
        sandbox.url =
            text("url").ok_or_else(|| format!("the sandbox did not say where it is; see {}", log.display()))?;
        sandbox.proxy_url = text("proxy_url");
        Ok(sandbox)
    }

    /// Its first line, which says where it is.
    fn first_line(&mut self) -> Option<Value> {
        let mut line = String::new();
        BufReader::new(self.process.stdout.take()?).read_line(&mut line).ok()?;
        serde_json::from_str(&line).ok()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Either fails only when the process has ended, which is what they are for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where cargo builds to, which `CARGO_TARGET_DIR` and configuration files can change.
pub(crate) fn target_directory() -> Result<PathBuf, String> {
    let metadata = cargo_output(&["metadata", "--format-version", "1", "--no-deps"])?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let directory = metadata.get("target_directory").and_then(Value::as_str);
    Ok(directory.ok_or("cargo metadata does not say where cargo builds to")?.into())
}

fn executable(target: &Path, name: &str) -> PathBuf {
    target.join("debug").join(name).with_extension(std::env::consts::EXE_EXTENSION)
}

/// Runs a program and shows what it prints.
fn execute(command: &mut Command) -> Outcome {
    let shown = std::iter::once(command.get_program()).chain(command.get_args());
    let shown = shown.map(|part| part.to_string_lossy()).collect::<Vec<_>>().join(" ");
    log(&format!("$ {shown}"));
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{shown}` failed with {status}")),
        Err(error) => Err(format!("`{shown}` did not start: {error}")),
    }
}

/// Whether a program is there and succeeds. It is a question, so that what it prints is not shown.
fn is_success(command: &mut Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
