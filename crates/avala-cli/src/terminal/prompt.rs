//! Questions on the terminal.

use std::io::{self, Write as _};

use tokio::sync::oneshot;

use crate::failure::{Failure, Outcome};
use crate::output::escape;
use crate::terminal::{Terminal, echo};

/// Maximum length of a reply in bytes.
const LONGEST: usize = 64 << 10;

/// Asks questions, if standard input and error are a terminal.
#[derive(Clone, Debug)]
pub(crate) struct Prompt {
    can_ask: bool,
    is_allowed: bool,
}

impl Prompt {
    pub(crate) fn new(terminal: &Terminal, no_input: bool) -> Self {
        Self { can_ask: terminal.can_ask(), is_allowed: !no_input }
    }

    /// Fails with wrong usage if no question can be asked. The message names the option to pass instead.
    pub(crate) fn check(&self, subject: &str, option: &str) -> Outcome {
        let reason = match (self.is_allowed, self.can_ask) {
            (true, true) => return Ok(()),
            (false, _) => "--no-input forbids questions",
            (true, false) => "stdin and stderr are not both terminals",
        };
        Err(Failure::usage(format!("{subject} needs a reply, and {reason}; pass {option}")))
    }

    /// Asks for a secret without an echo.
    pub(crate) async fn secret(&self, question: &str, option: &str) -> Outcome<String> {
        self.check(question, option)?;
        let question = format!("{question}: ");
        // Before the question appears, so that no input is echoed.
        echo::hide(&question).map_err(|error| Failure::other(format!("cannot hide what is typed: {error}")))?;
        let reply = match ask(&question) {
            Ok(()) => line().await,
            Err(failure) => Err(failure),
        };
        echo::restore();
        reply
    }

    /// Asks for a line; an empty line selects the default.
    pub(crate) async fn text(&self, question: &str, default: &str, option: &str) -> Outcome<String> {
        self.check(question, option)?;
        ask(&format!("{question} [{}]: ", escape::line(default)))?;
        let reply = line().await?;
        let reply = reply.trim();
        Ok(if reply.is_empty() { default.to_owned() } else { reply.to_owned() })
    }

    /// Asks whether to continue; any reply other than `y` and `yes` means no.
    pub(crate) async fn confirm(&self, question: &str) -> Outcome<bool> {
        self.check(question, "--yes")?;
        ask(&format!("{} [y/N]: ", escape::line(question)))?;
        let reply = line().await?;
        Ok(matches!(reply.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    /// Asks for one of these texts, as a confirmation.
    pub(crate) async fn typed(&self, question: &str, expected: &[&str]) -> Outcome<bool> {
        self.check(question, "--yes")?;
        ask(&format!("{}: ", escape::line(question)))?;
        let reply = line().await?;
        Ok(expected.contains(&reply.trim()))
    }
}

fn ask(question: &str) -> Outcome {
    let mut stderr = io::stderr().lock();
    let written = stderr.write_all(question.as_bytes()).and_then(|()| stderr.flush());
    written.map_err(|error| Failure::other(format!("cannot ask: {error}")))
}

/// Reads a line of stdin. The end of input counts as an interruption.
///
/// A separate thread reads, so that signals can end the program meanwhile.
async fn line() -> Outcome<String> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut reply = Vec::new();
        let result = loop {
            let mut chunk = [0; 1024];
            match io::Read::read(&mut io::stdin().lock(), &mut chunk) {
                Ok(0) => break Ok(None),
                Ok(size) => reply.extend_from_slice(&chunk[..size]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => break Err(error),
            }
            if reply.contains(&b'\n') || reply.len() > LONGEST {
                break Ok(Some(reply));
            }
        };
        // If the receiver was dropped, the program is ending.
        let _ = sender.send(result);
    });
    let reply = receiver.await.map_err(|_| Failure::interrupted())?;
    let reply = reply.map_err(|error| Failure::other(format!("cannot read the reply: {error}")))?;
    let reply = reply.ok_or_else(Failure::interrupted)?;
    let text = String::from_utf8(reply).map_err(|_| Failure::usage("the reply is not UTF-8"))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}
