//! Runs the program, a sandbox, and a server whose responses a test writes.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use avala_sandbox::{Sandbox, SandboxBuilder, Seed};

/// How long a program may run before a test counts as hanging.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a program printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Ran {
    /// Fails unless the exit code is this one.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.code(0)
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// Returns the error as JSON.
    #[track_caller]
    pub(crate) fn error(&self) -> serde_json::Value {
        let value: serde_json::Value =
            serde_json::from_str(&self.stderr).unwrap_or_else(|error| panic!("{error}: {self:#?}"));
        value["error"].clone()
    }
}

/// A folder that is HOME, and the environment of the program.
pub(crate) struct Home {
    folder: Arc<tempfile::TempDir>,
    variables: BTreeMap<String, String>,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { folder: Arc::new(tempfile::tempdir().unwrap()), variables: BTreeMap::new() }
    }

    /// Creates a home with a key and a base URL in the environment.
    pub(crate) fn of(url: &str, key: &str) -> Self {
        let variables = [("AVALA_BASE_URL", url), ("AVALA_API_KEY", key), ("AVALA_ALLOW_INSECURE_BASE_URL", "true")];
        Self::new().with(variables)
    }

    /// Returns the folder of another home, without a key and a base URL in the environment.
    pub(crate) fn sharing(other: &Self) -> Self {
        Self { folder: Arc::clone(&other.folder), variables: BTreeMap::new() }
    }

    pub(crate) fn with<const N: usize>(mut self, variables: [(&str, &str); N]) -> Self {
        self.variables.extend(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path(".config/avala/config.toml")
    }

    /// Writes a file that only the owner can read, with its folders.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        set_mode(&path, 0o600);
        path
    }

    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let home = self.folder.path().display().to_string();
        let path = std::env::var("PATH").unwrap_or_default();
        let base = [("HOME".to_owned(), home), ("PATH".to_owned(), path), ("LANG".to_owned(), "C.UTF-8".to_owned())];
        base.into_iter().chain(self.variables.clone()).collect()
    }

    pub(crate) fn command(&self) -> Command {
        self.prepared(Command::new(program()))
    }

    /// Returns the command for a test that sends signals. The program leaves signals ignored that were ignored when it
    /// started, and tests in the background of a shell, or below `nohup`, have such signals: they are reset.
    #[cfg(unix)]
    pub(crate) fn interruptible(&self) -> Command {
        let mut command = Command::new("env");
        command.args(RESET_SIGNALS).arg(program());
        self.prepared(command)
    }

    fn prepared(&self, mut command: Command) -> Command {
        command.env_clear().envs(self.environment()).current_dir(self.folder.path());
        command
    }

    /// Runs the program with the words of a line, split at spaces.
    pub(crate) fn run(&self, line: &str) -> Ran {
        self.args(line.split(' ').filter(|word| !word.is_empty()))
    }

    pub(crate) fn args<I: IntoIterator<Item: AsRef<OsStr>>>(&self, args: I) -> Ran {
        self.input(args, "")
    }

    pub(crate) fn input<I: IntoIterator<Item: AsRef<OsStr>>>(&self, args: I, input: impl Into<Vec<u8>>) -> Ran {
        let mut command = self.command();
        command.args(args);
        run(command, input.into())
    }
}

/// Options of `env` of GNU that reset ignored signals; other systems have none.
#[cfg(unix)]
pub(crate) const RESET_SIGNALS: &[&str] = if cfg!(target_os = "linux") { &["--default-signal"] } else { &[] };

pub(crate) fn program() -> &'static str {
    env!("CARGO_BIN_EXE_avala")
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    #[cfg(not(unix))]
    let _ = (path, mode);
}

/// Runs a program to its end.
pub(crate) fn run(mut command: Command, input: Vec<u8>) -> Ran {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = thread::spawn(move || {
        // The program may not read it.
        let _ = stdin.write_all(&input);
    });
    let mut stdout = child.stdout.take().unwrap();
    let out = thread::spawn(move || read_all(&mut stdout));
    let mut stderr = child.stderr.take().unwrap();
    let err = thread::spawn(move || read_all(&mut stderr));
    let code = wait(&mut child);
    writer.join().unwrap();
    Ran { stdout: out.join().unwrap(), stderr: err.join().unwrap(), code }
}

fn read_all(reader: &mut impl std::io::Read) -> String {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits for a program; a signal counts as 128 and its number.
pub(crate) fn wait(child: &mut Child) -> i32 {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            #[cfg(unix)]
            if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
                return 128 + signal;
            }
            return status.code().unwrap_or(-1);
        }
        if started.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("the program hangs");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// A sandbox on a runtime of its own, and a home with its key.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) home: Home,
    _runtime: tokio::runtime::Runtime,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::build(Sandbox::builder())
    }

    pub(crate) fn empty() -> Self {
        Self::build(Sandbox::builder().seed(Seed::Empty))
    }

    pub(crate) fn build(builder: SandboxBuilder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let sandbox = runtime.block_on(builder.start()).unwrap();
        let home = Home::of(&sandbox.api_url(), sandbox.key());
        Self { sandbox, home, _runtime: runtime }
    }

    pub(crate) fn run(&self, line: &str) -> Ran {
        self.home.run(line)
    }

    /// Returns the first identifier of a list.
    pub(crate) fn uid(&self, resource: &str) -> String {
        let ran = self.run(&format!("{resource} list --limit 1 -o uids")).ok();
        ran.stdout.trim().to_owned()
    }

    /// Returns the methods and paths of the requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        let requests = self.sandbox.requests();
        requests.iter().map(|request| format!("{} {}", request.method, request.api_path())).collect()
    }
}

/// A response of [`Fake`].
pub(crate) enum Reply {
    /// Status and JSON.
    Json(u16, String),
    /// A body that ends before its length.
    Cut(String),
    /// A closed connection.
    Close,
}

/// A server whose responses a function gives, from the target of each request.
pub(crate) struct Fake {
    pub(crate) home: Home,
}

impl Fake {
    pub(crate) fn new(reply: impl Fn(&str, &str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/api/v1", listener.local_addr().unwrap());
        let reply = Arc::new(reply);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let reply = Arc::clone(&reply);
                thread::spawn(move || serve(stream, &*reply));
            }
        });
        let home = Home::of(&url, "avk_fake");
        Self { home }
    }

    /// Creates a list with these records, and nothing else.
    pub(crate) fn list(records: impl Into<String>) -> Self {
        let body = format!("{{\"next\":null,\"previous\":null,\"results\":[{}]}}", records.into());
        Self::new(move |_, _| Reply::Json(200, body.clone()))
    }

    pub(crate) fn run(&self, line: &str) -> Ran {
        self.home.run(line)
    }
}

fn serve(mut stream: TcpStream, reply: &dyn Fn(&str, &str) -> Reply) {
    let mut head = Vec::new();
    let mut byte = [0; 1];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) if head.len() < 64 << 10 => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let length = head
        .to_ascii_lowercase()
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.split('\r').next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    if stream.read_exact(&mut body).is_err() {
        return;
    }
    let (status, length, body) = match reply(&target, &head) {
        Reply::Json(status, body) => (status, body.len(), body),
        Reply::Cut(body) => (200, body.len() + 100, body),
        Reply::Close => return,
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}
