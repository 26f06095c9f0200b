//! TAB in a real zsh, in a real terminal.

use portable_pty::CommandBuilder;

use crate::pty::Session;
use crate::support::{Fake, Home, program};

/// Names that a careless script would run, split or break.
const HOSTILE: [&str; 5] = ["$(touch pwned)", "`touch pwned`", "a;touch pwned", "it's two", "$HOME \"x\""];

/// Returns a zsh with the dynamic script, at its prompt; `None` if there is no zsh.
fn zsh(home: &Home) -> Option<Session> {
    if std::process::Command::new("zsh").arg("--version").output().is_err() {
        #[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
        {
            eprintln!("skipped: zsh is not installed (Debian: apt-get install zsh)");
        }
        return None;
    }
    let folder = std::path::Path::new(program()).parent().unwrap().display().to_string();
    let mut command = CommandBuilder::new("zsh");
    command.args(["-f", "-i"]);
    let mut session = Session::start(home, command, 200);
    // `show` prints what it received, and is completed as the program is.
    session.send(&format!(
        "PATH=\"{folder}:$PATH\"; export AVALA_COMPLETION_TIMEOUT_MS=30000; autoload -U compinit; compinit -D -u; \
         source <(avala shell-completion zsh --dynamic); show() {{ printf '<%s>' \"$@\"; echo; }}; compdef _avala show; \
         PS1='REA''DY> '\n"
    ));
    session.expect("READY> ");
    Some(session)
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

#[test]
fn tab_completes_commands_and_options_in_zsh() {
    let home = Home::new();
    let Some(mut session) = zsh(&home) else { return };
    assert_eq!(shown(&mut session, "show datasets get-cal\t"), "<datasets><get-calibration>");
    assert_eq!(shown(&mut session, "show datasets list --data-t\t"), "<datasets><list><--data-type>");
}

#[test]
fn tab_quotes_names_of_the_api_in_zsh() {
    for name in HOSTILE {
        let record = serde_json::json!({"uid": "d1", "slug": "s1", "name": name}).to_string();
        let fake = Fake::list(record);
        let Some(mut session) = zsh(&fake.home) else { return };
        let printed = shown(&mut session, "show datasets list --name \t");
        assert_eq!(printed, format!("<datasets><list><--name><{name}>"), "{:?}", session.shown);
        // The same words on the line already, when TAB is pressed behind them.
        let quoted = shlex::try_quote(name).unwrap();
        let printed = shown(&mut session, &format!("show datasets list --name {quoted} --data-t\t"));
        assert_eq!(printed, format!("<datasets><list><--name><{name}><--data-type>"));
        assert!(!fake.home.path("pwned").exists(), "{name}");
    }
}
