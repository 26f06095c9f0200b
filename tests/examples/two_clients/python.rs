//! The other client: scripts that use the Python SDK.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use avala_sandbox::Sandbox;

use crate::Failure;

/// A Python that has the SDK, with the settings of a sandbox.
pub(crate) struct Python {
    program: OsString,
    settings: [(&'static str, String); 5],
}

/// Exit status and output of a script.
pub(crate) struct Run {
    script: &'static str,
    pub(crate) is_success: bool,
    pub(crate) output: String,
}

impl Python {
    pub(crate) fn new(program: OsString, sandbox: &Sandbox) -> Self {
        let settings = [
            ("AVALA_BASE_URL", sandbox.api_url()),
            ("AVALA_API_KEY", sandbox.key().to_owned()),
            ("AVALA_ALLOW_INSECURE_BASE_URL", "true".to_owned()),
            // The sandbox is not behind the proxy that pip may need.
            ("NO_PROXY", "127.0.0.1".to_owned()),
            // No folders with compiled scripts among the sources.
            ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
        ];
        Self { program, settings }
    }

    /// Runs one of the scripts of `tests/interop/two_clients`, which reads all of its input before it prints. Its
    /// standard error is shown.
    pub(crate) async fn run(&self, script: &'static str, input: String) -> Result<Run, Failure> {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("interop/two_clients").join(script);
        let mut command = Command::new(&self.program);
        command.arg(path).envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // The sandbox is in this process and has to respond meanwhile.
        let output = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn()?;
            if let Some(mut stdin) = child.stdin.take() {
                stdin.write_all(input.as_bytes())?;
            }
            child.wait_with_output()
        });
        let output = output.await??;
        Ok(Run { script, is_success: output.status.success(), output: String::from_utf8(output.stdout)? })
    }
}

impl Run {
    /// Returns the output of a script, which has to succeed.
    pub(crate) fn printed(self) -> Result<String, Failure> {
        if self.is_success { Ok(self.output) } else { Err(format!("{} failed", self.script).into()) }
    }
}
