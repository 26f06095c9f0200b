//! The program in a real terminal.

use std::io::{Read as _, Write as _};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use avala_sandbox::Fault;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::support::{Home, World, program};

const PATIENCE: Duration = Duration::from_secs(40);

/// A program on a pseudo-terminal, with everything that the terminal showed.
struct Session {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    /// Keeps the terminal open after the program ended, so that its modes can be compared.
    _slave: Box<dyn portable_pty::SlavePty + Send>,
    writer: Box<dyn std::io::Write + Send>,
    output: Receiver<Vec<u8>>,
    shown: String,
    /// The modes of the terminal before the program started.
    before: String,
}

impl Session {
    fn new(home: &Home, args: &[&str]) -> Self {
        Self::sized(home, args, 100)
    }

    fn sized(home: &Home, args: &[&str], columns: u16) -> Self {
        let mut command = CommandBuilder::new(program());
        command.args(args);
        Self::start(home, command, columns)
    }

    fn start(home: &Home, mut command: CommandBuilder, columns: u16) -> Self {
        let size = PtySize { rows: 24, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        command.env_clear();
        for (name, value) in home.environment() {
            command.env(name, value);
        }
        command.env("TERM", "xterm");
        command.cwd(home.path(""));
        // Read before the program starts: it may have switched the echo off before anything else runs here.
        let before = modes(pair.master.as_ref());
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let writer = pair.master.take_writer().unwrap();
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(size) = reader.read(&mut chunk) {
                if size == 0 || sender.send(chunk[..size].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, master: pair.master, _slave: pair.slave, writer, output, shown: String::new(), before }
    }

    /// Waits until the terminal showed a text.
    #[track_caller]
    fn expect(&mut self, text: &str) {
        let started = Instant::now();
        while !self.shown.contains(text) {
            assert!(started.elapsed() < PATIENCE, "{text:?} did not come: {:?}", self.shown);
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(50)) {
                self.shown.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
    }

    fn send(&mut self, text: &str) {
        self.writer.write_all(text.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Waits for the end, and returns the exit code.
    #[track_caller]
    fn end(&mut self) -> u32 {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
                    self.shown.push_str(&String::from_utf8_lossy(&bytes));
                }
                return status.exit_code();
            }
            assert!(started.elapsed() < PATIENCE, "it hangs: {:?}", self.shown);
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn modes(&self) -> String {
        modes(self.master.as_ref())
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// What was shown, without the line breaks of a terminal.
    fn lines(&self) -> String {
        self.shown.replace("\r\n", "\n")
    }
}

/// The modes of a terminal, as `stty -g` prints them.
fn modes(terminal: &dyn MasterPty) -> String {
    let name = terminal.tty_name().unwrap();
    let output = std::process::Command::new("stty").arg("-F").arg(name).arg("-g").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A home, and a session of `login` that asks for the key.
fn login(world: &World) -> (Home, Session) {
    let home = Home::new();
    let url = world.sandbox.api_url();
    let session = Session::new(&home, &["login", "--base-url", &url, "--allow-insecure-base-url"]);
    (home, session)
}

#[test]
fn typed_key_is_hidden_and_stored() {
    let world = World::new();
    let (home, mut session) = login(&world);
    let before = session.before.clone();
    session.expect("API key: ");
    assert_ne!(session.modes(), before, "the echo is off");
    session.send("avk_test\n");
    assert_eq!(session.end(), 0, "{}", session.shown);
    assert!(!session.shown.contains("avk_test"), "{}", session.shown);
    assert_eq!(session.modes(), before);
    home.run("datasets list --limit 1").ok();
}

#[test]
fn interruptions_restore_the_terminal_and_store_nothing() {
    let world = World::new();
    for how in ["\u{3}", "\u{4}", "-TERM", "-HUP", "-INT"] {
        let (home, mut session) = login(&world);
        let before = session.before.clone();
        session.expect("API key: ");
        if how.starts_with('-') {
            session.signal(how);
        } else {
            session.send("avk_part");
            if how == "\u{4}" {
                // In the middle of a line the first one sends the line.
                session.send(how);
            }
            session.send(how);
        }
        assert_eq!(session.end(), 130, "{how:?}: {}", session.shown);
        assert_eq!(session.modes(), before, "{how:?}");
        assert!(!home.config().exists(), "{how:?}");
    }
}

#[test]
fn stopped_question_restores_the_terminal_and_goes_on() {
    let world = World::new();
    let (home, mut session) = login(&world);
    let before = session.before.clone();
    session.expect("API key: ");
    session.send("\u{1a}");
    let started = Instant::now();
    while session.modes() != before {
        assert!(started.elapsed() < PATIENCE, "{}", session.shown);
        thread::sleep(Duration::from_millis(10));
    }
    session.shown.clear();
    session.signal("-CONT");
    session.expect("API key: ");
    session.send("avk_test\n");
    assert_eq!(session.end(), 0, "{}", session.shown);
    assert_eq!(session.modes(), before);
    home.run("datasets list --limit 1").ok();
}

#[test]
fn configure_offers_the_base_url() {
    let world = World::new();
    let home = Home::new();
    let mut session = Session::new(&home, &["configure", "--allow-insecure-base-url"]);
    session.expect("Base URL [https://api.avala.ai/api/v1]: ");
    session.send(&format!("{}\n", world.sandbox.api_url()));
    session.expect("API key: ");
    session.send("avk_test\n");
    assert_eq!(session.end(), 0, "{}", session.shown);
    home.run("whoami").ok();
}

#[test]
fn deletion_asks_and_a_no_changes_nothing() {
    let world = World::new();
    let uid = world.uid("agents");
    for (reply, code) in [("\n", 1), ("n\n", 1), ("nonsense\n", 1), ("\u{3}", 130), ("y\n", 0)] {
        world.sandbox.clear_requests();
        let mut session = Session::new(&world.home, &["agents", "delete", &uid]);
        session.expect("[y/N]: ");
        assert!(session.shown.contains(&uid));
        session.send(reply);
        assert_eq!(session.end(), code, "{reply:?}: {}", session.shown);
        assert_eq!(world.requests().len(), usize::from(code == 0), "{reply:?}");
    }
}

#[test]
fn questions_need_a_terminal_for_both_sides() {
    let world = World::new();
    let program = program();
    for (redirections, asks) in [
        ("", true),
        ("> out", true),
        ("< /dev/null", false),
        ("2> err", false),
        ("< /dev/null > out 2> err", false),
        ("> out 2> err", false),
        ("<&-", false),
        ("2>&-", false),
        (">&-", true),
    ] {
        for name in ["out", "err"] {
            let _ = std::fs::remove_file(world.home.path(name));
        }
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", &format!("{program} agents delete a1 {redirections}; echo code $?")]);
        let mut session = Session::start(&world.home, command, 100);
        if asks {
            session.expect("[y/N]: ");
            session.send("n\n");
            session.expect("code 1");
        } else {
            session.expect("code 2");
        }
        for name in ["out", "err"] {
            let file = std::fs::read_to_string(world.home.path(name)).unwrap_or_default();
            assert!(!file.contains("[y/N]") && !file.contains('\u{1b}'), "{redirections}: {file:?}");
        }
    }
    assert_eq!(world.requests(), Vec::<String>::new());
}

#[test]
fn json_on_one_terminal_is_nothing_but_json() {
    let world = World::new();
    let project = world.uid("projects");
    let export = world.run(&format!("exports create --project {project} -o json")).ok().json()["uid"]
        .as_str()
        .unwrap()
        .to_owned();
    let url = world.sandbox.api_url();
    let warns = ["datasets", "list", "--limit", "1", "--api-key", "avk_test", "--base-url", &url];
    let waits = ["exports", "wait", &export, "--interval", "0.5"];
    let retries = ["projects", "list", "--limit", "1"];
    world
        .sandbox
        .fault(Fault::status(503).header("retry-after", "0").on("GET", "/users/me/projects/").times(1))
        .unwrap();
    for args in [&warns[..], &waits, &retries] {
        for format in ["json", "ndjson"] {
            let mut session = Session::new(&world.home, &[args, &["-o", format]].concat());
            assert_eq!(session.end(), 0, "{}", session.shown);
            let shown = session.lines();
            if format == "json" {
                serde_json::from_str::<serde_json::Value>(&shown).unwrap_or_else(|error| panic!("{error}: {shown:?}"));
            } else {
                for line in shown.lines() {
                    serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
                }
            }
        }
    }
    let mut session = Session::new(&world.home, &["datasets", "get", "nope", "-o", "json"]);
    assert_eq!(session.end(), 4);
    serde_json::from_str::<serde_json::Value>(&session.lines()).unwrap();
}

#[test]
fn tables_fit_the_terminal() {
    let world = World::new();
    for columns in [30, 60, 120] {
        let mut session = Session::sized(&world.home, &["datasets", "list", "--limit", "5"], columns);
        assert_eq!(session.end(), 0);
        let shown = session.lines().replace("\u{1b}[1m", "").replace("\u{1b}[0m", "");
        let lines: Vec<&str> = shown.lines().filter(|line| !line.starts_with("There are more")).collect();
        let table = &lines[..lines.len().min(6)];
        assert!(table.iter().all(|line| line.chars().count() <= usize::from(columns)), "{columns}: {shown}");
    }
}

#[test]
fn long_commands_end_at_ctrl_c() {
    let world = World::new();
    for args in [&["sandbox"][..], &["watch", "alerts"], &["webhooks", "listen", "--no-verify"], &["events", "tail"]] {
        let mut session = Session::new(&world.home, args);
        if args[0] == "sandbox" || args[0] == "webhooks" {
            session.expect("127.0.0.1");
        } else {
            thread::sleep(Duration::from_millis(300));
        }
        session.send("\u{3}");
        assert_eq!(session.end(), 130, "{args:?}: {}", session.shown);
    }
}

#[test]
fn sandbox_runs_a_program_with_its_variables() {
    let home = Home::new();
    let ran = home.args(["sandbox", "--", program(), "datasets", "list", "--limit", "2", "-o", "uids"]).ok();
    assert_eq!(ran.stdout.lines().count(), 2);
    home.args(["sandbox", "--", program(), "datasets", "get", "nope"]).code(4);
    home.args(["sandbox", "--", "/nonexistent"]).code(2);
}
