//! Completion in the shells themselves.

use std::process::Command;

use crate::support::{Fake, Home, World, run};

/// Names that a careless script would run, split or break.
const HOSTILE: [&str; 13] = [
    "$(touch pwned)",
    "`touch pwned`",
    "a;touch pwned",
    "it's",
    "two words",
    "\"quoted\"",
    "$HOME",
    "~root",
    "*.jpg",
    "{a,b}",
    "#comment",
    "it's !!",
    "back\\slash",
];

/// Creates a server whose datasets have these names, and some that no line can hold.
fn fake() -> Fake {
    let unprintable = ["line\nbreak", "esc\u{1b}[31m", "\u{202e}turned"];
    let record = |name: &&str| serde_json::json!({"uid": "d1", "slug": "s1", "name": name}).to_string();
    let records: Vec<String> = HOSTILE.iter().chain(&unprintable).map(record).collect();
    Fake::list(records.join(","))
}

/// Runs a shell with the program in its PATH; `None` if there is no such shell.
fn shell(home: &Home, shell: &str, args: &[&str], script: &str) -> Option<String> {
    let program = std::path::Path::new(crate::support::program());
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap_or_default());
    if Command::new(shell).arg("--version").output().is_err() {
        #[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
        {
            eprintln!("skipped: {shell} is not installed");
        }
        return None;
    }
    let mut command = Command::new(shell);
    command.args(args).arg(script).env_clear().envs(home.environment()).env("PATH", path).current_dir(home.path(""));
    // What is tested is not how fast this machine is.
    command.env("AVALA_COMPLETION_TIMEOUT_MS", "30000");
    let ran = run(command, Vec::new());
    assert_eq!(ran.code, 0, "{ran:#?}");
    Some(ran.stdout)
}

#[test]
fn scripts_need_no_key_and_no_connection() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = home.run(&format!("shell-completion {shell}")).ok().stdout;
        assert!(script.contains("get-calibration") && script.len() > 10_000, "{shell}");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(home.run(&format!("shell-completion {shell} --dynamic")).ok().stdout.contains("__complete 1"));
    }
    let official = home.with([("_AVALA_COMPLETE", "bash_source")]).run("").ok();
    assert!(official.stdout.contains("complete -F"), "{official:#?}");
}

#[test]
fn static_scripts_load_in_their_shells() {
    let home = Home::new();
    let bash = "source <(avala shell-completion bash); COMP_WORDS=(avala datasets get-c); COMP_CWORD=2; \
                _avala avala get-c datasets; printf '%s\\n' \"${COMPREPLY[@]}\"";
    if let Some(stdout) = shell(&home, "bash", &["--norc", "-c"], bash) {
        assert_eq!(stdout, "get-calibration\n");
    }
    let fish = "avala shell-completion fish | source; complete -C 'avala datasets get-c'";
    if let Some(stdout) = shell(&home, "fish", &["-N", "-c"], fish) {
        assert!(stdout.starts_with("get-calibration"), "{stdout}");
    }
    let zsh = "autoload -U compinit; compinit -D -u; source <(avala shell-completion zsh); whence -w _avala";
    if let Some(stdout) = shell(&home, "zsh", &["-f", "-c"], zsh) {
        assert_eq!(stdout, "_avala: function\n");
    }
}

#[test]
fn names_of_the_api_are_data_in_bash() {
    let fake = fake();
    let script = "source <(avala shell-completion bash --dynamic); COMP_WORDS=(avala datasets list --name ''); COMP_CWORD=4; \
                  _avala; for reply in \"${COMPREPLY[@]}\"; do eval \"printf '%s\\n' $reply\"; done";
    let Some(stdout) = shell(&fake.home, "bash", &["--norc", "-c"], script) else { return };
    // What the user would run receives the exact names.
    let mut names: Vec<&str> = stdout.lines().collect();
    names.sort_unstable();
    let mut wanted = HOSTILE.to_vec();
    wanted.sort_unstable();
    assert_eq!(names, wanted);
    assert!(!fake.home.path("pwned").exists());
}

#[test]
fn names_of_the_api_are_data_in_fish() {
    let fake = fake();
    let script = "avala shell-completion fish --dynamic | source; complete -C 'avala datasets list --name '";
    let Some(stdout) = shell(&fake.home, "fish", &["-N", "-c"], script) else { return };
    for name in HOSTILE {
        assert!(stdout.lines().any(|line| line == name || line.contains(&name[..3])), "{name}: {stdout}");
    }
    assert!(!stdout.contains("break") && !stdout.contains("turned") && !fake.home.path("pwned").exists(), "{stdout}");
}

#[test]
fn words_on_the_line_are_never_run() {
    let fake = fake();
    for word in ["$(touch pwned)", "`touch pwned`", ";touch pwned"] {
        let bash = format!(
            "source <(avala shell-completion bash --dynamic); COMP_WORDS=(avala datasets list --name '{word}' --da); COMP_CWORD=5; \
             _avala; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        if let Some(stdout) = shell(&fake.home, "bash", &["--norc", "-c"], &bash) {
            assert_eq!(stdout, "--data-type\n");
        }
        let fish = format!(
            "avala shell-completion fish --dynamic | source; complete -C \"avala datasets list --name '{word}' --da\""
        );
        if let Some(stdout) = shell(&fake.home, "fish", &["-N", "-c"], &fish.replace('$', "\\$")) {
            assert_eq!(stdout, "--data-type\n");
        }
        assert!(!fake.home.path("pwned").exists(), "{word}");
    }
}

#[test]
fn identifiers_come_at_once_or_not_at_all() {
    let world = World::new();
    let patient =
        Home::of(&world.sandbox.api_url(), world.sandbox.key()).with([("AVALA_COMPLETION_TIMEOUT_MS", "30000")]);
    let candidates = patient.args(["__complete", "1", "fish", "--", "datasets", "get", ""]).ok().stdout;
    assert_eq!(candidates.lines().count(), 120);
    let slow = World::build(avala_sandbox::Sandbox::builder().latency(std::time::Duration::from_secs(600)));
    let started = std::time::Instant::now();
    let ran = slow.home.args(["__complete", "1", "fish", "--", "datasets", "get", ""]).ok();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    assert!(started.elapsed().as_secs() < 50, "it gives up long before the server responds");
    // No key, a wrong key, a key from a command: no candidates, no message.
    for home in [Home::new(), Home::of(&world.sandbox.api_url(), "avk_wrong")] {
        let ran = home.args(["__complete", "1", "zsh", "--", "datasets", "get", ""]).ok();
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    }
    let marker = world.home.path("ran");
    let command = format!("touch {}", marker.display());
    world.home.args(["__complete", "1", "zsh", "--", "--api-key-command", &command, "datasets", "get", ""]).ok();
    assert!(!marker.exists());
}

#[test]
fn man_pages_cover_every_command_and_topic() {
    let home = Home::new();
    let ran = home.run("man --dir pages").ok();
    let mut pages = 0;
    for entry in std::fs::read_dir(home.path("pages")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(text.contains(&format!(".TH {name} 1")), "{name}: {text}");
        for section in [".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS"] {
            assert!(text.contains(section), "{name} has no {section}");
        }
        pages += 1;
    }
    assert!(ran.stderr.contains(&format!("Wrote {pages} pages")) && pages > 180, "{ran:#?}");
    let words: Vec<String> = home
        .run("help commands -o json")
        .ok()
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|command| command["command"].as_str().unwrap().replace(' ', "-"))
        .collect();
    for command in &words {
        assert!(home.path(&format!("pages/avala-{command}.1")).exists(), "{command} has no page");
    }
    let page = home.run("man").ok().stdout;
    assert_eq!(page, std::fs::read_to_string(home.path("pages/avala.1")).unwrap());
    let topics = ["EXIT CODES", "ENVIRONMENT VARIABLES", "OUTPUT FORMATS", "PROFILES, KEYS AND THE CONFIGURATION FILE"];
    for part in
        topics.map(|topic| format!(".SH \"{topic}\"")).iter().map(String::as_str).chain(["AVALA_API_KEY", "130"])
    {
        assert!(page.contains(part), "{part}");
    }
    // A formatter reports no mistake, if there is one.
    let groff = Command::new("groff").args(["-man", "-Tutf8", "-ww", "-z"]).arg(home.path("pages/avala.1")).output();
    if let Ok(output) = groff {
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }
}

#[test]
fn old_scripts_get_no_error() {
    let home = Home::new();
    for args in [&["__complete"][..], &["__complete", "0", "bash", "--", "x"], &["__complete", "1", "tcsh", "--", "x"]]
    {
        let ran = home.args(args).ok();
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    }
}

#[test]
fn names_that_look_like_options_are_left_out() {
    let names = ["--yes", "-x", "drive -x"];
    let records: Vec<String> =
        names.iter().map(|name| serde_json::json!({"uid": name, "slug": name, "name": name}).to_string()).collect();
    let home = Fake::list(records.join(",")).home.with([("AVALA_COMPLETION_TIMEOUT_MS", "30000")]);
    for shell in ["bash", "zsh", "fish"] {
        let ran = home.args(["__complete", "1", shell, "--", "datasets", "list", "--name", ""]).ok();
        assert!(ran.stdout.contains("drive -x") && ran.stdout.lines().count() == 1, "{shell}: {ran:#?}");
        assert_eq!(home.args(["__complete", "1", shell, "--", "datasets", "get", ""]).ok().stdout.lines().count(), 1);
    }
}

#[test]
fn quoted_start_of_a_name_is_completed() {
    let record = serde_json::json!({"uid": "d1", "slug": "s1", "name": "two words"}).to_string();
    let home = Fake::list(record).home.with([("AVALA_COMPLETION_TIMEOUT_MS", "30000")]);
    for (shell, word, line) in [
        ("bash", "'two w", "'two words'"),
        ("bash", "two\\ w", "'two words'"),
        ("bash", "\"two", "'two words'"),
        ("zsh", "'two w", "two words"),
        ("fish", "two w", "two words"),
    ] {
        let ran = home.args(["__complete", "1", shell, "--", "datasets", "list", "--name", word]).ok();
        assert_eq!(ran.stdout, format!("{line}\n"), "{shell} {word}");
    }
}

/// The scripts that people have in their start files are those of the program that printed them.
#[test]
fn scripts_of_the_first_version_work_with_this_program() {
    let home = Home::new();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/completion");
    let script = |shell: &str| folder.join(format!("version-1.{shell}")).display().to_string();
    let bash = format!(
        "source {}; COMP_WORDS=(avala datasets list --data-t); COMP_CWORD=3; _avala; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script("bash")
    );
    if let Some(stdout) = shell(&home, "bash", &["--norc", "-c"], &bash) {
        assert_eq!(stdout, "--data-type\n");
    }
    let fish = format!("source {}; complete -C 'avala datasets list --data-t'", script("fish"));
    if let Some(stdout) = shell(&home, "fish", &["-N", "-c"], &fish) {
        assert_eq!(stdout, "--data-type\n");
    }
    let zsh = format!(
        "compdef() {{ :; }}; compadd() {{ shift; print -l -- \"$@\"; }}; source {}; words=(avala datasets list --data-t); \
         CURRENT=4; _avala",
        script("zsh")
    );
    if let Some(stdout) = shell(&home, "zsh", &["-f", "-c"], &zsh) {
        assert_eq!(stdout, "--data-type\n");
    }
}
