//! TAB in real shells, in a real terminal.

use portable_pty::CommandBuilder;

use crate::pty::Session;
use crate::support::{Fake, Home, program};

/// Names that a careless script would run, expand, split or break.
const HOSTILE: [&str; 9] = [
    "$(touch pwned)",
    "`touch pwned`",
    "a;touch pwned",
    "it's two",
    "$HOME \"x\"",
    "it's !! \\ \"",
    "~root *",
    "{a,b} [x] #x",
    "é=b:c",
];

/// A shell with the dynamic script, at its prompt. `show` prints what it received, and is completed as the program is.
struct Shell {
    program: &'static str,
    args: &'static [&'static str],
    prepare: &'static str,
}

const ZSH: Shell = Shell {
    program: "zsh",
    args: &["-f", "-i"],
    prepare: "autoload -U compinit; compinit -D -u; source <(avala shell-completion zsh --dynamic); \
              show() { printf '<%s>' \"$@\"; echo; }; compdef _avala show; PS1='REA''DY> '",
};

const BASH: Shell = Shell {
    program: "bash",
    args: &["--norc", "--noprofile", "-i"],
    prepare: "bind 'set enable-bracketed-paste off'; source <(avala shell-completion bash --dynamic); \
              show() { printf '<%s>' \"$@\"; echo; }; complete -F _avala show; PS1='REA''DY> '",
};

impl Shell {
    /// Starts the shell; `None` if it is not installed.
    fn start(&self, home: &Home) -> Option<Session> {
        if std::process::Command::new(self.program).arg("--version").output().is_err() {
            #[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
            {
                eprintln!("skipped: {0} is not installed (Debian: apt-get install {0})", self.program);
            }
            return None;
        }
        let folder = std::path::Path::new(program()).parent().unwrap().display().to_string();
        let mut command = CommandBuilder::new(self.program);
        command.args(self.args);
        let mut session = Session::start(home, command, 200);
        let prepare = self.prepare;
        session.send(&format!("PATH=\"{folder}:$PATH\"; export AVALA_COMPLETION_TIMEOUT_MS=30000; {prepare}\n"));
        session.expect("READY> ");
        Some(session)
    }
}

/// Types a line and ENTER, and returns what `show` printed.
fn shown(session: &mut Session, line: &str) -> String {
    session.shown.clear();
    session.send(&format!("{line}\n"));
    session.expect_that("the output of `show`", |shown| output(shown).is_some());
    output(&session.shown).unwrap_or_default()
}

/// Returns the output, which begins with the first word of the command behind the echo of the line.
fn output(shown: &str) -> Option<String> {
    let start = shown.find("<datasets>")?;
    let line = shown[start..].split_once('\r')?.0;
    Some(line.to_owned())
}

fn completes_commands(shell: &Shell) {
    let home = Home::new();
    let Some(mut session) = shell.start(&home) else { return };
    assert_eq!(shown(&mut session, "show datasets get-cal\t"), "<datasets><get-calibration>");
    assert_eq!(shown(&mut session, "show datasets list --data-t\t"), "<datasets><list><--data-type>");
}

fn quotes_names(shell: &Shell) {
    for name in HOSTILE {
        let record = serde_json::json!({"uid": "d1", "slug": "s1", "name": name}).to_string();
        let fake = Fake::list(record);
        let Some(mut session) = shell.start(&fake.home) else { return };
        let printed = shown(&mut session, "show datasets list --name \t");
        assert_eq!(printed, format!("<datasets><list><--name><{name}>"), "{:?}", session.shown);
        // The same words on the line already, when TAB is pressed behind them.
        let quoted = shlex::try_quote(name).unwrap();
        let printed = shown(&mut session, &format!("show datasets list --name {quoted} --data-t\t"));
        // bash completes nothing behind a backquote, even behind one in quotes.
        let completed = if shell.program == "bash" && name.contains('`') { "--data-t" } else { "--data-type" };
        assert_eq!(printed, format!("<datasets><list><--name><{name}><{completed}>"));
        assert!(!fake.home.path("pwned").exists(), "{name}");
    }
}

#[test]
fn tab_completes_commands_and_options_in_zsh() {
    completes_commands(&ZSH);
}

#[test]
fn tab_completes_commands_and_options_in_bash() {
    completes_commands(&BASH);
}

#[test]
fn tab_quotes_names_of_the_api_in_zsh() {
    quotes_names(&ZSH);
}

#[test]
fn tab_quotes_names_of_the_api_in_bash() {
    quotes_names(&BASH);
}
