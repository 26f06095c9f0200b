//! Runs the official clients against the sandbox, and compares what two clients read of the same state.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::outcome::Outcome;
use crate::process::{cargo, cargo_output, log, root};
use crate::sandbox::Sandbox;

/// The version of the SDK that the scripts are written for.
const VERSION: &str = "0.10.0";

/// The version of the agent runtime that the scripts are written for.
const AGENTS_VERSION: &str = "0.1.1";

/// The version of the S3 server.
const MOTO_VERSION: &str = "5.2.5";

pub(crate) const KEY: &str = "avk_interop";

/// Runs the comparison; fails without Python.
pub(crate) fn run() -> Outcome {
    run_with(find_python().ok_or("this needs Python 3.9 or newer, as `python3` or `python`")?)
}

/// Runs the comparison if Python is installed. Any other missing tool is a failure.
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
    // With all features, like the tests, so that nothing is built twice.
    let bins = ["--bin", "avala-sandbox", "--bin", "avala"];
    let examples = ["--example", "two_clients", "--example", "two_agents", "--example", "two_uploaders"];
    cargo(&[&["build", "--workspace", "--all-features"], &bins[..], &examples[..]].concat())?;
    let target = target_directory()?;
    let folder = target.join("interop");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let python = python_with_sdk(python, &folder.join("venv"))?;
    every_method(&python, &target, &folder.join("sandbox.log"))?;
    through_the_proxy(&python, &target, &folder)?;
    real_storage(&folder, &target)?;
    same_lines(&python, &target, &folder)?;
    typescript();
    execute(Command::new(executable(&target, "examples/two_clients")).arg(&python))?;
    execute(Command::new(executable(&target, "examples/two_agents")).arg(&python))
}

/// The official npm package that depends on the TypeScript SDK, and the only one that the documentation of the API
/// names.
const NPM_PACKAGE: &str = "@avala-ai/mcp-server";

/// Prints why the TypeScript SDK is not run: it has not been published.
fn typescript() {
    let is_there = |program: &str| is_success(Command::new(program).arg("--version"));
    log(&match (
        is_there("node") && is_there("npm"),
        is_success(Command::new("npm").args(["view", NPM_PACKAGE, "name"])),
    ) {
        (false, _) => {
            "skipped: interop with the TypeScript SDK, since `node` and `npm` are not both on this machine".to_owned()
        }
        (true, false) => format!(
            "skipped: interop with the TypeScript SDK, since it is not public: `npm view {NPM_PACKAGE} name`, the package \
             that depends on it, finds nothing (or npm has no network)"
        ),
        (true, true) => format!(
            "not covered: the TypeScript SDK. {NPM_PACKAGE} is public now: add its SDK to tests/interop and to this task"
        ),
    });
}

/// Calls every method of the SDK against a sandbox in another process.
fn every_method(python: &Path, target: &Path, log: &Path) -> Outcome {
    let sandbox = Sandbox::start(Command::new(executable(target, "avala-sandbox")), log, &["--key", KEY])?;
    // -B: no folders with compiled scripts among the sources.
    let mut script = Command::new(python);
    script.arg("-B").arg(root().join("tests/interop/run.py"));
    script.env("AVALA_BASE_URL", format!("{}/api/v1", sandbox.url)).env("AVALA_API_KEY", KEY);
    execute(&mut script).map_err(|error| format!("{error}\nthe requests that the sandbox received: {}", log.display()))
}

/// Runs the official uploaders, command line and agent runtime unmodified, against the hosts that the proxy serves.
fn through_the_proxy(python: &Path, target: &Path, folder: &Path) -> Outcome {
    let (log, ca_file) = (folder.join("proxied.log"), folder.join("ca.pem"));
    let options = ["--key".as_ref(), KEY.as_ref(), "--tls".as_ref(), "--ca-file".as_ref(), ca_file.as_os_str()];
    let sandbox = Sandbox::start(Command::new(executable(target, "avala-sandbox")), &log, &options)?;
    let proxy = sandbox.proxy_url.as_deref().ok_or("the sandbox has no proxy")?;
    let mut script = Command::new(python);
    script.arg("-B").arg(root().join("tests/interop/proxied.py"));
    script.env("HTTPS_PROXY", proxy).env("SSL_CERT_FILE", &ca_file).env("AVALA_API_KEY", KEY);
    script.env("AVALA_SANDBOX_URL", &sandbox.url).env("AVALA_UPLOADER", executable(target, "examples/two_uploaders"));
    execute(&mut script).map_err(|error| format!("{error}\nthe requests that the sandbox received: {}", log.display()))
}

/// Uploads into a real S3 server, and downloads from it, with the presigned URLs of its own SDK.
fn real_storage(folder: &Path, target: &Path) -> Outcome {
    let Some(python) = find_python() else { return Ok(()) };
    let venv = folder.join("s3");
    let inside = venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let has_server = format!(
        "import boto3, flask, flask_cors, importlib.metadata as data, sys; sys.exit(data.version('moto') != '{MOTO_VERSION}')"
    );
    if !is_success(Command::new(&inside).args(["-c", &has_server])) {
        execute(Command::new(python).args(["-m", "venv", "--clear"]).arg(&venv))?;
        let mut install = Command::new(&inside);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        if let Err(error) = execute(install.arg(format!("moto[server]=={MOTO_VERSION}"))) {
            log(&format!("skipped: transfers with a real S3 server, since moto was not installed: {error}"));
            return Ok(());
        }
    }
    let mut program = Command::new(executable(target, "examples/two_uploaders"));
    program.arg("s3").arg(&inside).arg(root().join("tests/interop/s3/api.py"));
    // The server listens on loopback, which does not go through the proxy.
    execute(program.env("NO_PROXY", "127.0.0.1"))
}

/// Runs the official command line and this one with the same lines, each against its own sandbox.
fn same_lines(python: &Path, target: &Path, folder: &Path) -> Outcome {
    let start =
        |log| Sandbox::start(Command::new(executable(target, "avala-sandbox")), &folder.join(log), &["--key", KEY]);
    let (theirs, own) = (start("official-lines.log")?, start("our-lines.log")?);
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

/// Returns the Python of a virtual environment with the SDK, which is created again when the version changes.
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

/// Returns the target folder of cargo, which `CARGO_TARGET_DIR` and configuration files can change.
pub(crate) fn target_directory() -> Result<PathBuf, String> {
    let metadata = cargo_output(&["metadata", "--format-version", "1", "--no-deps"])?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let directory = metadata.get("target_directory").and_then(Value::as_str);
    Ok(directory.ok_or("cargo metadata does not say where cargo builds to")?.into())
}

fn executable(target: &Path, name: &str) -> PathBuf {
    target.join("debug").join(name).with_extension(std::env::consts::EXE_EXTENSION)
}

/// Runs a program and shows its output.
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

/// Returns whether a program exists and succeeds. Its output is not shown.
fn is_success(command: &mut Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
