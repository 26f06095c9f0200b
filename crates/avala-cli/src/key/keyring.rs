//! The system keyring, through the program that the system has for it: `secret-tool` of the Secret Service, or
//! `security` of macOS. They are small, and neither asks for a window when there is no session.

use std::process::Stdio;
use std::time::Duration;

use avala_client::types::Secret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use crate::key::text;

/// How long the program may take: one that waits for a window to unlock the keyring, or for a bus that never responds,
/// is ended.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Most output that is read.
const LONGEST: u64 = 16 << 10;

/// The name under which keys are stored.
const SERVICE: &str = "avala";

/// What to do if there is no keyring.
const ALTERNATIVE: &str = "use AVALA_API_KEY or --api-key-file, or store the key in the file with `avala login`";

/// A request to the program: its arguments, and what it reads from stdin.
struct Query {
    program: &'static str,
    args: Vec<String>,
    input: String,
}

#[cfg(not(target_os = "macos"))]
fn query(verb: &str, profile: &str, key: &str) -> Query {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let label = format!("--label=API key of the Avala profile {profile}");
    let args = match verb {
        "store" => owned(&["store", &label, "service", SERVICE, "profile", profile]),
        verb => owned(&[verb, "service", SERVICE, "profile", profile]),
    };
    Query { program: "secret-tool", args, input: key.to_owned() }
}

/// Creates a query. A key is passed in a line of stdin: other users of the machine can see arguments.
#[cfg(target_os = "macos")]
fn query(verb: &str, profile: &str, key: &str) -> Query {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let (args, input) = match verb {
        "lookup" => (owned(&["find-generic-password", "-s", SERVICE, "-a", profile, "-w"]), String::new()),
        "clear" => (owned(&["delete-generic-password", "-s", SERVICE, "-a", profile]), String::new()),
        _ => (owned(&["-i"]), format!("add-generic-password -U -s {SERVICE} -a {profile} -w {key}\n")),
    };
    Query { program: "security", args, input }
}

/// Reads the key of a profile.
pub(crate) async fn read(profile: &str) -> Result<Secret, String> {
    let found = run(query("lookup", profile, "")).await?;
    let missing = || format!("the system keyring has no key of the profile {profile:?}; {ALTERNATIVE}");
    let output = found.filter(|output| !output.is_empty()).ok_or_else(missing)?;
    text::clean("the system keyring", &output).map_err(|failure| failure.line())
}

/// Stores the key of a profile, in place of an older one.
pub(crate) async fn store(profile: &str, key: &Secret) -> Result<(), String> {
    let refused = || format!("the system keyring did not store the key; {ALTERNATIVE}");
    run(query("store", profile, key.expose())).await?.map(drop).ok_or_else(refused)
}

/// Removes the key of a profile, if there is one.
pub(crate) async fn remove(profile: &str) -> Result<(), String> {
    run(query("clear", profile, "")).await.map(drop)
}

/// Runs the program; `None` if it failed without saying why, which is how it reports a key that does not exist.
async fn run(query: Query) -> Result<Option<Vec<u8>>, String> {
    let program = query.program;
    let mut child = Command::new(program)
        .args(query.args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            format!("the system keyring needs the program `{program}`, which cannot be started: {error}; {ALTERNATIVE}")
        })?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let finished = async {
        if let Some(mut stdin) = stdin {
            // A program that does not read it fails by itself.
            let _ = stdin.write_all(query.input.as_bytes()).await;
        }
        let (mut output, mut problem) = (Vec::new(), Vec::new());
        if let Some(stdout) = stdout {
            stdout.take(LONGEST).read_to_end(&mut output).await?;
        }
        if let Some(stderr) = stderr {
            stderr.take(LONGEST).read_to_end(&mut problem).await?;
        }
        Ok::<_, std::io::Error>((child.wait().await?, output, problem))
    };
    let (status, output, problem) = tokio::time::timeout(TIMEOUT, finished)
        .await
        .map_err(|_| {
            let seconds = TIMEOUT.as_secs();
            format!("the system keyring did not respond within {seconds} s: it may be locked, or have no session; {ALTERNATIVE}")
        })?
        .map_err(|error| format!("`{program}` cannot be read: {error}; {ALTERNATIVE}"))?;
    if status.success() {
        return Ok(Some(output));
    }
    let problem = String::from_utf8_lossy(&problem);
    match problem.trim().lines().next() {
        // macOS says so in words.
        Some(line) if !line.is_empty() && !line.contains("could not be found") => {
            Err(format!("the system keyring cannot be used: {line}; {ALTERNATIVE}"))
        }
        _ => Ok(None),
    }
}
