//! Starts and stops agent processes.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use avala_client::Avala;
use avala_client::types::CreateAgent;
use avala_sandbox::Sandbox;
use tokio::process::{Child, Command};

use super::Failure;
use super::program::{EVENTS, HandlerKind, Line, NAME, Settings};

/// Guard against a hang.
pub const HANG: Duration = Duration::from_secs(120);

/// The program: its path, and the arguments before the settings.
#[derive(Clone, Debug)]
pub struct Program {
    /// Path of the program.
    pub path: PathBuf,
    /// Arguments before the settings.
    pub arguments: Vec<String>,
}

impl Program {
    /// Returns the program at this path, without further arguments.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), arguments: Vec::new() }
    }

    /// Starts the agent as the leader of a new process group.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start(&self, settings: &Settings) -> Result<Child, Failure> {
        let mut command = Command::new(&self.path);
        command.args(&self.arguments).arg(serde_json::to_string(settings)?);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        Ok(command.spawn()?)
    }
}

/// A sandbox with an agent that subscribed to all events of the program, and a folder for its files.
#[derive(Debug)]
pub struct Site {
    /// The sandbox, without limits.
    pub sandbox: Sandbox,
    /// A client of it.
    pub avala: Avala,
    folder: PathBuf,
}

impl Site {
    /// Creates the agent in a sandbox, and a folder with this name.
    ///
    /// # Errors
    /// Fails if a call of the sandbox fails, or the folder cannot be created.
    pub async fn new(sandbox: Sandbox, name: &str) -> Result<Self, Failure> {
        let avala = Avala::builder()
            .api_key(sandbox.key())
            .base_url(sandbox.url())
            .allow_insecure_base_url(true)
            .rate_limiter(avala_client::transport::RateLimiter::off())
            .build()?;
        avala.agents().create(&CreateAgent::new(NAME).events(EVENTS)).await?;
        let folder = std::env::temp_dir().join(format!("avala-{name}-{}-{:x}", std::process::id(), fastrand::u64(..)));
        std::fs::create_dir(&folder)?;
        Ok(Self { sandbox, avala, folder })
    }

    /// Returns the settings of an agent process: eight handlers at a time, and executions are never given up.
    #[must_use]
    pub fn settings(&self, handler: HandlerKind) -> Settings {
        Settings {
            url: self.sandbox.url().to_owned(),
            key: self.sandbox.key().to_owned(),
            journal: self.journal(),
            log: self.folder.join("log"),
            handler,
            concurrency: 8,
            max_open_starts: u32::MAX,
            grace_ms: 25_000,
            poll_ms: 50,
            redis: None,
            lease_ms: 2_000,
            until_idle: false,
        }
    }

    /// Returns the path of the journal.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.folder.join("journal")
    }

    /// Returns the folder of the files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the lines of the log. A killed process may leave an incomplete line.
    #[must_use]
    pub fn log(&self) -> Vec<Line> {
        let text = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Waits until the log has this many matching lines.
    ///
    /// # Errors
    /// After [`HANG`].
    pub async fn wait_for_log(&self, count: usize, fits: impl Fn(&Line) -> bool) -> Result<(), Failure> {
        let wait = async {
            while self.log().iter().filter(|line| fits(line)).count() < count {
                // Reading a long log takes time.
                tokio::time::sleep(Duration::from_millis(10 + count as u64 / 20)).await;
            }
        };
        Ok(tokio::time::timeout(HANG, wait).await.map_err(|_| "the log has too few lines")?)
    }

    /// Waits until a program with a slow handler begins to drain.
    ///
    /// # Errors
    /// After [`HANG`].
    pub async fn wait_for_drain(&self, settings: &Settings) -> Result<(), Failure> {
        let wait = async {
            while !settings.draining().exists() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        Ok(tokio::time::timeout(HANG, wait).await.map_err(|_| "the process does not drain")?)
    }

    /// Announces an event, number `number`, that becomes an execution.
    ///
    /// # Errors
    /// When the sandbox does not accept it.
    pub fn announce(&self, number: usize, name: &str) -> Result<(), Failure> {
        let id = format!("{number:06}");
        let (event, payload) = match number % 5 {
            3 => ("dataset.created", serde_json::json!({"dataset_uid": id, "project_uid": null, "note": name})),
            4 => ("export.completed", serde_json::json!({"export_uid": id, "project_uid": null, "note": name})),
            _ => (
                "result.submitted",
                serde_json::json!({"task_uid": id, "result_uid": id, "task_name": name, "result_data": []}),
            ),
        };
        Ok(self.sandbox.announce(event, payload)?)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // If this fails, the files remain in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Waits for the end of a process, at most [`HANG`]. Returns its status and what it wrote to stderr.
///
/// # Errors
/// When it does not end.
pub async fn end(child: Child) -> Result<(ExitStatus, String), Failure> {
    let output = tokio::time::timeout(HANG, child.wait_with_output()).await;
    let output = output.map_err(|_| "the process does not end")??;
    Ok((output.status, String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// Returns whether a process drained after SIGTERM, or ended before it handled signals.
#[must_use]
pub fn is_stopped(status: ExitStatus) -> bool {
    #[cfg(unix)]
    let is_sigterm = std::os::unix::process::ExitStatusExt::signal(&status) == Some(15);
    #[cfg(not(unix))]
    let is_sigterm = false;
    status.success() || is_sigterm
}

/// Sends a signal, such as `TERM`, to a process, or to its group, by the program `kill`.
///
/// # Errors
/// When there is no such process.
pub async fn signal(child: &Child, signal: &str, to_group: bool) -> Result<(), Failure> {
    let id = child.id().ok_or("the process has ended")?;
    let target = if to_group { format!("-{id}") } else { id.to_string() };
    let status = Command::new("kill").args(["-s", signal, "--", &target]).status().await?;
    if status.success() { Ok(()) } else { Err(format!("kill -s {signal} {target} failed").into()) }
}
