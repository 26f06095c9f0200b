//! `--api-key-command`: reads the key from a program.

use std::process::Stdio;
use std::time::Duration;

use avala_client::types::{Secret, Timestamp};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use crate::key::text;

/// Timeout of the program.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Maximum number of bytes of output that are read.
const LONGEST: u64 = 64 << 10;

/// A key and when it expires.
pub(crate) struct CommandKey {
    pub(crate) key: Secret,
    pub(crate) expires_at: Option<OffsetDateTime>,
}

/// Runs the command, without a shell, and reads `{"version": 1, "api_key": "...", "expires_at": "..."}` from its
/// stdout.
///
/// Errors have no part of the output, and stderr of the command is discarded, because both may contain the key.
pub(crate) async fn run(command: &str) -> Result<CommandKey, String> {
    let wrong = |what: String| format!("the API key command {what}");
    let words = shlex::split(command).filter(|words| !words.is_empty());
    let words = words.ok_or_else(|| wrong("is empty or has an open quote".to_owned()))?;
    let mut child = Command::new(&words[0])
        .args(&words[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| wrong(format!("`{}` cannot be started: {error}", words[0])))?;
    let finished = async {
        let mut output = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            stdout.take(LONGEST + 1).read_to_end(&mut output).await?;
        }
        if output.len() as u64 > LONGEST {
            // Nobody reads the rest: the program would fail because of that, or never end.
            child.start_kill()?;
        }
        Ok::<_, std::io::Error>((child.wait().await?, output))
    };
    let (status, output) = tokio::time::timeout(TIMEOUT, finished)
        .await
        .map_err(|_| wrong(format!("`{}` took longer than {} s", words[0], TIMEOUT.as_secs())))?
        .map_err(|error| wrong(format!("`{}` cannot be read: {error}", words[0])))?;
    if output.len() as u64 > LONGEST {
        return Err(wrong(format!("`{}` printed more than {LONGEST} bytes", words[0])));
    }
    if !status.success() {
        return Err(wrong(format!("`{}` failed with {status}", words[0])));
    }
    parse(&output).map_err(|what| wrong(format!("`{}` {what}", words[0])))
}

fn parse(output: &[u8]) -> Result<CommandKey, String> {
    let expected = r#"expected {"version": 1, "api_key": "...", "expires_at": "2026-01-31T12:00:00Z" or nothing}"#;
    let output = output.strip_prefix(b"\xef\xbb\xbf").unwrap_or(output);
    let object: Value = serde_json::from_slice(output).map_err(|error| {
        format!("printed invalid JSON (line {}, column {}); {expected}", error.line(), error.column())
    })?;
    match object.get("version") {
        Some(version) if version == 1 => {}
        Some(_) => return Err(format!("printed a version other than 1, which this program cannot read; {expected}")),
        None => return Err(format!("printed no version; {expected}")),
    }
    let key = object.get("api_key").and_then(Value::as_str).ok_or_else(|| format!("printed no api_key; {expected}"))?;
    let key = text::clean("the API key command", key.as_bytes()).map_err(|failure| failure.line())?;
    let expires_at = match object.get("expires_at") {
        None | Some(Value::Null) => None,
        Some(time) => {
            let time = time.as_str().and_then(|time| time.parse::<Timestamp>().ok());
            Some(time.ok_or_else(|| format!("printed an expires_at that is not an RFC 3339 time; {expected}"))?.into())
        }
    };
    Ok(CommandKey { key, expires_at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_versioned_and_never_in_errors() {
        let key = parse(br#"{"version":1,"api_key":"avk_1\n","expires_at":"2030-01-01T00:00:00Z"}"#).ok().unwrap();
        assert_eq!(key.key.expose(), "avk_1");
        assert!(key.expires_at.is_some());
        for output in [
            "avk_secret",
            r#"{"version":2,"api_key":"avk_secret"}"#,
            r#"{"api_key":"avk_secret"}"#,
            r#"{"version":1,"key":"avk_secret"}"#,
            r#"{"version":1,"api_key":"avk_secret","expires_at":"tomorrow"}"#,
            r#"{"version":1,"api_key":"avk_\u0000secret"}"#,
        ] {
            let error = parse(output.as_bytes()).err().unwrap();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
