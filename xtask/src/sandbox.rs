//! A sandbox as a program of its own.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A running sandbox. Dropping it ends the process.
pub(crate) struct Sandbox {
    process: Child,
    pub(crate) url: String,
    /// The URL of its proxy, if it serves TLS.
    pub(crate) proxy_url: Option<String>,
}

impl Sandbox {
    /// Starts `program` on a free port with these options; its standard error goes to the file `log`.
    pub(crate) fn start<S: AsRef<OsStr>>(mut program: Command, log: &Path, options: &[S]) -> Result<Self, String> {
        let log_file = File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
        let command = program.args(["--port", "0", "--seed", "demo"]).args(options);
        let process = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log_file).spawn();
        let process = process.map_err(|error| format!("{program:?} did not start: {error}"))?;
        let mut sandbox = Self { process, url: String::new(), proxy_url: None };
        let line = sandbox.first_line();
        let text = |name| Some(line.as_ref()?.get(name)?.as_str()?.to_owned());
        sandbox.url = text("url").ok_or_else(|| format!("the sandbox did not print its URL; see {}", log.display()))?;
        sandbox.proxy_url = text("proxy_url");
        Ok(sandbox)
    }

    /// Returns the first line of its output, which has the URL.
    fn first_line(&mut self) -> Option<Value> {
        let mut line = String::new();
        BufReader::new(self.process.stdout.take()?).read_line(&mut line).ok()?;
        serde_json::from_str(&line).ok()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Both fail only if the process has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
