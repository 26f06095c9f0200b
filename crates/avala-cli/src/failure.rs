//! Failures of commands: an exit code and one line, or one JSON object.

use std::ffi::OsStr;
use std::io;
use std::panic::PanicHookInfo;
use std::path::Path;

use avala_client::Error;
use avala_client::transport::redact;

use crate::data::Data;
use crate::exit_code::ExitCode;
use crate::output::json;

/// Message of the standard library for a name that cannot be resolved.
const LOOKUP: &str = "failed to lookup address";

/// File with the name servers of Linux; a container or an image of a robot may lack it.
const NAME_SERVERS: &str = "/etc/resolv.conf";

/// Failure of a command.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: ExitCode,
    message: String,
    /// The client's error, whose details are in the JSON form.
    error: Option<Box<Error>>,
    /// Cursor to resume a list that failed, and the number of records written before.
    interrupted_list: Option<(String, usize)>,
    /// The reader of stdout is closed: nothing is reported, and the exit code is 0.
    is_closed_pipe: bool,
}

/// The result of a command.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(code: ExitCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), error: None, interrupted_list: None, is_closed_pipe: false }
    }

    /// Creates a failure for wrong usage: exit code 2.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Usage, message)
    }

    /// Creates a failure without an exit code of its own.
    pub(crate) fn other(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Other, message)
    }

    /// Creates a failure for a signal or the end of input.
    pub(crate) fn interrupted() -> Self {
        Self::new(ExitCode::Interrupted, "interrupted")
    }

    /// Creates a failure to write to stdout.
    pub(crate) fn stdout(error: &io::Error) -> Self {
        let is_closed_pipe = error.kind() == io::ErrorKind::BrokenPipe;
        let code = if is_closed_pipe { ExitCode::Success } else { ExitCode::Other };
        Self { is_closed_pipe, ..Self::new(code, format!("cannot write to stdout: {error}")) }
    }

    /// Adds the progress of a list when it failed.
    pub(crate) fn in_list(mut self, cursor: Option<String>, records: usize) -> Self {
        let plural = if records == 1 { "record" } else { "records" };
        self.message = match &cursor {
            Some(cursor) => {
                format!("{}; {records} {plural} came before; continue with --cursor {}", self.message, quoted(cursor))
            }
            None => format!("{}; {records} {plural} came before; start again", self.message),
        };
        self.interrupted_list = Some((cursor.unwrap_or_default(), records));
        self
    }

    pub(crate) fn is_closed_pipe(&self) -> bool {
        self.is_closed_pipe
    }

    /// Returns the message as one printable line.
    pub(crate) fn line(&self) -> String {
        redact::one_line(&self.message)
    }

    /// Returns the failure as one line of JSON.
    pub(crate) fn json(&self) -> String {
        let mut members = vec![
            ("code".to_owned(), Data::from(self.code.name())),
            ("exit_code".to_owned(), Data::from(u64::from(self.code.number()))),
            ("message".to_owned(), Data::from(self.line())),
        ];
        let mut add = |name: &str, value: Data| members.push((name.to_owned(), value));
        if let Some(error) = &self.error {
            if let Some(operation) = error.operation() {
                add("operation", operation.into());
            }
            if let Some(status) = error.status() {
                add("status", u64::from(status.as_u16()).into());
            }
            if let Some(code) = error.code() {
                add("api_code", code.into());
            }
            if let Some(id) = error.request_id() {
                add("request_id", id.into());
            }
            if !error.field_errors().is_empty() {
                let field = |field: &avala_client::FieldError| {
                    let messages = field.messages.iter().map(|message| Data::from(message.as_str())).collect();
                    (field.field.clone(), Data::List(messages))
                };
                add("field_errors", Data::Map(error.field_errors().iter().map(field).collect()));
            }
            if let Some(wait) = error.retry_after() {
                add("retry_after_seconds", Data::from(wait.as_secs_f64().ceil() as u64));
            }
            add("attempts", u64::from(error.attempts()).into());
        }
        if let Some((cursor, records)) = &self.interrupted_list {
            add("records", (*records).into());
            add("next_cursor", if cursor.is_empty() { Data::Null } else { Data::from(cursor.as_str()) });
        }
        json::compact(&Data::map([("error", Data::Map(members))]))
    }
}

/// Returns the outcome of a command after its result was printed: its own failure counts also if nobody reads the result.
pub(crate) fn after_printing(printed: Outcome, own: Outcome) -> Outcome {
    match (printed, own) {
        (Err(failure), own @ Err(_)) if failure.is_closed_pipe() => own,
        (Ok(()), own) => own,
        (printed, _) => printed,
    }
}

/// Returns a text as a word of a shell. It is from the server, and may be pasted into a shell.
pub(crate) fn quoted(text: &str) -> String {
    let text = redact::one_line(text);
    shlex::try_quote(&text).map(std::borrow::Cow::into_owned).unwrap_or_default()
}

/// Returns an argument as a word of a shell, so that the pasted word is the same argument: also one with line breaks, with
/// characters that a terminal would obey, or that is no text.
pub(crate) fn shell_word(argument: &OsStr) -> String {
    let is_plain = |character: char| redact::one_line(character.encode_utf8(&mut [0; 4])) == character.to_string();
    if let Some(text) = argument.to_str().filter(|text| text.chars().all(is_plain)) {
        return quoted(text);
    }
    // What bash, zsh and ksh read as bytes.
    let mut word = String::from("$'");
    let bytes =
        |bytes: &[u8], word: &mut String| bytes.iter().for_each(|byte| word.push_str(&format!("\\x{byte:02x}")));
    for chunk in argument.as_encoded_bytes().utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\'' | '\\' => word.extend(['\\', character]),
                character if is_plain(character) => word.push(character),
                character => bytes(character.encode_utf8(&mut [0; 4]).as_bytes(), &mut word),
            }
        }
        bytes(chunk.invalid(), &mut word);
    }
    word.push('\'');
    word
}

/// Returns the line that reports a panic.
pub(crate) fn defect(panic: &PanicHookInfo<'_>) -> String {
    redact::one_line(&format!("Error: this is a bug in avala, please report it: {panic}"))
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let mut message = error.to_string();
        if error.is_authentication() {
            message.push_str("; `avala whoami` shows which key is used, `avala login` sets one");
        }
        if cfg!(target_os = "linux") && message.contains(LOOKUP) && !Path::new(NAME_SERVERS).exists() {
            message.push_str(&format!(
                "; there is no {NAME_SERVERS}, so that no name can be resolved: add it, or set HTTPS_PROXY to the IP address \
                 of a proxy"
            ));
        }
        Self::new(ExitCode::of(error.kind()), message)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let failure = Self::from(&error);
        Self { error: Some(Box::new(error)), ..failure }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_words_are_the_same_arguments() {
        for (argument, word) in [
            ("drive", "drive"),
            ("it's two", "\"it's two\""),
            ("$(x)", "'$(x)'"),
            ("a\nb", "$'a\\x0ab'"),
            ("a\u{1b}'\\", "$'a\\x1b\\'\\\\'"),
            ("\u{202e}é", "$'\\xe2\\x80\\xaeé'"),
            ("❤\u{fe0f}", "$'❤\\xef\\xb8\\x8f'"),
        ] {
            assert_eq!(shell_word(OsStr::new(argument)), word, "{argument:?}");
            assert_eq!(redact::one_line(word), word, "an error shows it unchanged");
        }
        #[cfg(unix)]
        {
            let no_text: &OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"a\xff.jpg");
            assert_eq!(shell_word(no_text), "$'a\\xff.jpg'");
        }
    }

    #[test]
    fn own_failure_counts_if_nobody_reads_the_result() {
        let closed = || Err(Failure::stdout(&io::ErrorKind::BrokenPipe.into()));
        let full = || Err(Failure::stdout(&io::ErrorKind::StorageFull.into()));
        let own = || Err(Failure::new(ExitCode::JobFailed, "bad"));
        let code = |outcome: Outcome| outcome.map_or_else(|failure| failure.code.number(), |()| 0);
        assert_eq!(code(after_printing(closed(), own())), 9);
        assert_eq!(code(after_printing(Ok(()), own())), 9);
        assert_eq!(code(after_printing(full(), own())), 1);
        assert!(after_printing(closed(), Ok(())).is_err_and(|failure| failure.is_closed_pipe()));
    }
}
