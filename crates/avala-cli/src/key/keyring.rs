//! The system keyring, through a program of the system: `secret-tool` of the Secret Service, or
//! `security` of macOS. Both are small, and neither opens a window without a session.

use std::process::Stdio;
use std::time::Duration;

use avala_client::types::Secret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use crate::key::text;

/// Timeout of the program, which may wait for a window to unlock the keyring, or for a bus that never responds. The
/// program is killed then.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Maximum number of bytes of output that are read.
const LONGEST: u64 = 16 << 10;

/// The name under which keys are stored.
const SERVICE: &str = "avala";

/// Advice for a missing keyring.
const ALTERNATIVE: &str = "use AVALA_API_KEY or --api-key-file, or store the key in the file with `avala login`";

/// Maximum line length of `security -i`, in bytes.
#[cfg(any(target_os = "macos", test))]
const LONGEST_LINE: usize = 4000;

/// A request to the program: its arguments and its stdin.
#[derive(Debug)]
struct Query {
    program: &'static str,
    args: Vec<String>,
    input: String,
}

fn query(verb: &str, profile: &str, key: &str) -> Result<Query, String> {
    // The name may come from a manually written file.
    if profile.is_empty() || profile.starts_with('-') || profile.contains(char::is_control) {
        return Err(format!("the system keyring cannot hold the key of the profile {profile:?}; rename the profile"));
    }
    #[cfg(target_os = "macos")]
    return security(verb, profile, key);
    #[cfg(not(target_os = "macos"))]
    Ok(secret_tool(verb, profile, key))
}

#[cfg(any(not(target_os = "macos"), test))]
fn secret_tool(verb: &str, profile: &str, key: &str) -> Query {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let label = format!("--label=API key of the Avala profile {profile}");
    let args = match verb {
        "store" => owned(&["store", &label, "service", SERVICE, "profile", profile]),
        verb => owned(&[verb, "service", SERVICE, "profile", profile]),
    };
    Query { program: "secret-tool", args, input: key.to_owned() }
}

/// Creates a query. A key is passed in a line of stdin: other users of the machine can see arguments.
#[cfg(any(target_os = "macos", test))]
fn security(verb: &str, profile: &str, key: &str) -> Result<Query, String> {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let (args, input) = match verb {
        "lookup" => (owned(&["find-generic-password", "-s", SERVICE, "-a", profile, "-w"]), String::new()),
        "clear" => (owned(&["delete-generic-password", "-s", SERVICE, "-a", profile]), String::new()),
        _ => {
            let (profile, key) = (word_of_security(profile), word_of_security(key));
            (owned(&["-i"]), format!("add-generic-password -U -s {SERVICE} -a {profile} -w {key}\n"))
        }
    };
    if input.len() > LONGEST_LINE {
        return Err(format!("the key is too long for the system keyring; {ALTERNATIVE}"));
    }
    Ok(Query { program: "security", args, input })
}

/// Quotes a text as one word of a line for `security -i`, in which quotes group, and a backslash escapes the next
/// character, even between quotes.
#[cfg(any(target_os = "macos", test))]
fn word_of_security(text: &str) -> String {
    let mut word = String::with_capacity(text.len() + 2);
    word.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            word.push('\\');
        }
        word.push(character);
    }
    word.push('"');
    word
}

/// Reads the key of a profile.
pub(crate) async fn read(profile: &str) -> Result<Secret, String> {
    let found = run(query("lookup", profile, "")?).await?;
    let missing = || format!("the system keyring has no key of the profile {profile:?}; {ALTERNATIVE}");
    let output = found.filter(|output| !output.is_empty()).ok_or_else(missing)?;
    text::clean("the system keyring", &output).map_err(|failure| failure.line())
}

/// Stores the key of a profile, and replaces an older key.
pub(crate) async fn store(profile: &str, key: &Secret) -> Result<(), String> {
    let refused = || format!("the system keyring did not store the key; {ALTERNATIVE}");
    run(query("store", profile, key.expose())?).await?.map(drop).ok_or_else(refused)
}

/// Removes the key of a profile, if there is one.
pub(crate) async fn remove(profile: &str) -> Result<(), String> {
    run(query("clear", profile, "")?).await.map(drop)
}

/// Runs the program; `None` if it failed without a message, which means that the key does not exist.
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
            // A program that does not read stdin reports its own failure.
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
        // macOS reports a missing key with a message.
        Some(line) if !line.is_empty() && !line.contains("could not be found") => {
            Err(format!("the system keyring cannot be used: {line}; {ALTERNATIVE}"))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Splits a line like `security -i`: white space separates words, quotes group parts of words, and a backslash
    /// escapes the next character everywhere.
    fn words(line: &str) -> Vec<String> {
        let (mut words, mut word, mut quote): (Vec<String>, Option<String>, Option<char>) = (Vec::new(), None, None);
        let mut characters = line.chars();
        while let Some(character) = characters.next() {
            match character {
                '\\' => word.get_or_insert_default().extend(characters.next()),
                '"' | '\'' if quote.is_none() => {
                    quote = Some(character);
                    word.get_or_insert_default();
                }
                _ if quote == Some(character) => quote = None,
                _ if quote.is_none() && character.is_ascii_whitespace() => words.extend(word.take()),
                _ => word.get_or_insert_default().push(character),
            }
        }
        words.extend(word);
        words
    }

    #[test]
    fn keys_are_one_word_for_security() {
        let all: String = ('!'..='~').collect();
        for key in ["avk_1", "a\"b", "a\\", "\\\"", "'", "-w", "$(id)`id`;#", &all] {
            for profile in ["default", "o'brien", "a b", "\"x\\"] {
                let query = security("store", profile, key).unwrap();
                assert_eq!(query.args, ["-i"], "the key is not an argument");
                assert_eq!(query.input.matches('\n').count(), 1);
                let expected = ["add-generic-password", "-U", "-s", SERVICE, "-a", profile, "-w", key];
                assert_eq!(words(&query.input), expected);
            }
        }
        assert!(security("store", "default", &"x".repeat(5000)).unwrap_err().contains("too long"));
        assert_eq!(security("lookup", "a b", "").unwrap().args[4], "a b");
    }

    #[test]
    fn keys_are_no_arguments_of_secret_tool() {
        let query = secret_tool("store", "default", "avk_1");
        assert_eq!((query.input.as_str(), query.program), ("avk_1", "secret-tool"));
        assert!(!query.args.iter().any(|arg| arg.contains("avk_1")));
    }

    #[test]
    fn names_that_would_be_options_are_refused() {
        for profile in ["", "-h", "--label=x", "a\nb"] {
            assert!(query("lookup", profile, "").unwrap_err().contains("rename the profile"), "{profile:?}");
        }
    }
}
