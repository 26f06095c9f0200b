//! Runs a static program in a root folder that contains only the program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::checks::{expect, run};
use crate::process::log;

/// Timeout of a command in seconds, even without a network.
const PATIENCE: &str = "60";

/// A run of the program: its arguments and environment, the expected exit code, and a part of the expected output.
struct Case {
    args: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
    code: i32,
    text: &'static str,
}

const fn works(args: &'static [&'static str], text: &'static str) -> Case {
    Case { args, variables: &[], code: 0, text }
}

const fn fails(args: &'static [&'static str], code: i32, text: &'static str) -> Case {
    Case { args, variables: &[("AVALA_API_KEY", "avk_x")], code, text }
}

const UPLOAD: &[&str] = &["upload", "/avala", "--name", "x", "--slug", "x", "--data-type", "image"];

const CASES: &[Case] = &[
    works(&["--version"], "avala "),
    works(&["--help"], "Exit codes"),
    works(&["help", "environment"], "AVALA_API_KEY"),
    works(&["shell-completion", "bash"], "complete -F"),
    works(&["man"], ".TH"),
    works(&["agents", "create", "--name", "x", "--dry-run"], "POST https://api.avala.ai/api/v1/agents/"),
    // The sandbox, a connection to it, and the certificates that are part of the program.
    works(&["sandbox", "--", "/avala", "datasets", "list", "--limit", "2", "-o", "json"], "\"slug\""),
    works(&["sandbox", "--", "/avala", "status"], "Datasets"),
    works(&["profiles", "list"], "NAME"),
    Case { args: &["datasets", "list"], variables: &[], code: 3, text: "--api-key-file" },
    fails(&["login", "--api-key", "avk_x", "--no-verify"], 2, "--config-file"),
    // Names cannot be resolved: the error names the missing file and the remedy.
    fails(&["datasets", "list"], 8, "/etc/resolv.conf"),
    fails(&["datasets", "list"], 8, "HTTPS_PROXY"),
    fails(&["datasets", "list", "--base-url", "https://127.0.0.1:9/api/v1", "--api-key", "avk_x"], 8, "127.0.0.1"),
    fails(UPLOAD, 2, "--state-folder"),
];

/// Checks which commands work in an empty root, and how the others fail; returns `false` if the root cannot be changed.
pub(super) fn check(program: &Path) -> Result<bool, String> {
    let root = Root::create(program)?;
    let Some(changer) = root.changer() else {
        log("skipped: the program in an empty root, because neither unshare nor chroot is allowed here");
        return Ok(false);
    };
    for case in CASES {
        let started = Instant::now();
        let output = run(&mut root.command(&changer, case))?;
        expect(&output, case.code, case.text).map_err(|error| format!("in an empty root, {:?}: {error}", case.args))?;
        log(&format!(
            "empty root: {:.1} s, exit code {}: avala {}",
            started.elapsed().as_secs_f64(),
            case.code,
            case.args.join(" ")
        ));
    }
    Ok(true)
}

/// A folder that contains only the program. It is removed on drop.
pub(super) struct Root(PathBuf);

impl Root {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn create(program: &Path) -> Result<Self, String> {
        let folder = std::env::temp_dir().join(format!("avala-empty-root-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let root = Self(folder);
        fs::copy(program, root.0.join("avala")).map_err(|error| format!("{}: {error}", root.0.display()))?;
        Ok(root)
    }

    /// Returns the command that runs a program in this root, with or without privileges.
    fn changer(&self) -> Option<Vec<String>> {
        let folder = self.0.display().to_string();
        let unshare = ["unshare".to_owned(), "--map-root-user".to_owned(), format!("--root={folder}")];
        let candidates = [unshare.to_vec(), vec!["chroot".to_owned(), folder]];
        candidates.into_iter().find(|words| {
            let output = run(Command::new(&words[0]).args(&words[1..]).args(["/avala", "--version"]));
            output.is_ok_and(|output| output.status.success())
        })
    }

    fn command(&self, changer: &[String], case: &Case) -> Command {
        let mut command = Command::new("timeout");
        command.arg(PATIENCE).args(changer).arg("/avala").args(case.args).stdin(Stdio::null());
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(case.variables.iter().copied());
        command
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        // If this fails, a copy of the program remains in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
