//! The program in a real terminal.

use std::thread;
use std::time::{Duration, Instant};

use avala_sandbox::Fault;
use portable_pty::CommandBuilder;

use crate::pty::{PATIENCE, Session};
use crate::support::{Home, World, program};

/// Returns a home, and a session of `login` that asks for the key.
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
    for how in ["\u{3}", "\u{4}", "\u{1c}", "-TERM", "-HUP", "-INT", "-QUIT", "-ALRM", "-USR1", "-USR2"] {
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
    session.expect_stopped();
    assert_eq!(session.modes(), before, "the echo is on for the shell");
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

fn deletions(world: &World) -> usize {
    world.requests().iter().filter(|request| request.starts_with("DELETE")).count()
}

#[test]
fn deletion_asks_for_the_name_and_else_changes_nothing() {
    let world = World::new();
    let create =
        world.run("agents create --name Night --events task.completed --callback-url http://127.0.0.1:9/ -o uids");
    let uid = create.ok().stdout.trim().to_owned();
    for (reply, code) in [
        ("\n", 1),
        ("n\n", 1),
        ("y\n", 1),
        ("yes\n", 1),
        ("night\n", 1),
        ("\u{3}", 130),
        ("\u{4}", 130),
        ("Night\n", 0),
    ] {
        world.sandbox.clear_requests();
        let mut session = Session::new(&world.home, &["agents", "delete", &uid]);
        session.expect("Type \"Night\" to confirm: ");
        assert!(session.shown.contains(&uid));
        session.send(reply);
        assert_eq!(session.end(), code, "{reply:?}: {}", session.shown);
        assert_eq!(deletions(&world), usize::from(code == 0), "{reply:?}");
    }
    // What does not exist is not asked for.
    let mut session = Session::new(&world.home, &["agents", "delete", &uid]);
    assert_eq!(session.end(), 4, "{}", session.shown);
    assert!(!session.shown.contains("confirm"), "{}", session.shown);
}

#[test]
fn deletion_takes_the_uid_where_a_name_cannot_be_typed() {
    let world = World::new();
    for name in ["a\u{202e}b", &"n".repeat(200), "Night"] {
        let args = ["agents", "create", "--name", name, "--events", "task.completed", "-o", "uids"];
        let args = args.iter().chain(&["--callback-url", "http://127.0.0.1:9/"]);
        let uid = world.home.args(args).ok().stdout.trim().to_owned();
        let mut session = Session::new(&world.home, &["agents", "delete", &uid]);
        session.expect("to confirm: ");
        assert!(name == "Night" || session.shown.contains(&format!("Type \"{uid}\"")), "{}", session.shown);
        session.send(&format!("{uid}\n"));
        assert_eq!(session.end(), 0, "{}", session.shown);
    }
}

#[test]
fn other_changes_that_cannot_be_undone_ask_yes_or_no() {
    let world = World::new();
    for (reply, code) in [("n\n", 1), ("y\n", 4)] {
        let mut session = Session::new(&world.home, &["auto-label", "cancel", "nope"]);
        session.expect("[y/N]: ");
        session.send(reply);
        assert_eq!(session.end(), code, "{reply:?}: {}", session.shown);
    }
}

/// What a stream is connected to, in the syntax of bash.
const STREAMS: [(&str, [&str; 3]); 4] = [
    ("terminal", ["", "", ""]),
    ("pipe", ["< <(printf '')", "> >(cat >> out)", "2> >(cat >> err)"]),
    ("file", ["< empty", "> out", "2> err"]),
    ("closed", ["<&-", ">&-", "2>&-"]),
];

#[test]
fn questions_need_a_terminal_for_both_sides() {
    let world = World::new();
    let program = program();
    let agent = world.uid("agents");
    world.home.write("empty", "");
    if std::process::Command::new("bash").arg("--version").output().is_err() {
        return;
    }
    for (stdin, [input, ..]) in STREAMS {
        for (stdout, [_, output, _]) in STREAMS {
            for (stderr, [.., error]) in STREAMS {
                for name in ["out", "err"] {
                    world.home.write(name, "");
                }
                let combination = format!("stdin {stdin}, stdout {stdout}, stderr {stderr}");
                let mut command = CommandBuilder::new("bash");
                let line = format!("{program} agents delete {agent} {input} {output} {error}; echo code $? > /dev/tty");
                command.args(["-c", &line]);
                let mut session = Session::start(&world.home, command, 100);
                if (stdin, stderr) == ("terminal", "terminal") {
                    session.expect("to confirm: ");
                    session.send("n\n");
                    session.expect("code 1");
                } else {
                    session.expect("code 2");
                    assert!(!session.shown.contains("confirm"), "{combination}: {}", session.shown);
                }
                for name in ["out", "err"] {
                    let file = std::fs::read_to_string(world.home.path(name)).unwrap_or_default();
                    assert!(!file.contains("confirm") && !file.contains('\u{1b}'), "{combination}: {file:?}");
                }
            }
        }
    }
    assert_eq!(deletions(&world), 0);
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
    // Its format is JSON by itself.
    let api = ["api", "GET", "/datasets/", "--limit", "1", "--api-key", "avk_test", "--base-url", &url];
    let mut session = Session::new(&world.home, &api);
    assert_eq!(session.end(), 0, "{}", session.shown);
    serde_json::from_str::<serde_json::Value>(&session.lines())
        .unwrap_or_else(|error| panic!("{error}: {}", session.shown));
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
fn transfers_on_one_terminal_print_nothing_but_json() {
    let world = World::new();
    for number in 0..3_u8 {
        world.home.write(&format!("drive/{number}.jpg"), vec![number; 4 << 10]);
    }
    // Each of them warns: of an upload of the official client, and of a file that the source does not have.
    world.home.write(".avala/uploads/datasets/Drive-70e67cb65483.batch", "uid");
    world.home.write("list", "0.jpg\nnope.jpg\n");
    let upload = ["upload", "drive", "--name", "Drive", "--slug", "drive", "--data-type", "image"];
    let plan = ["upload", "drive", "--name", "Drive", "--slug", "other", "--data-type", "image", "--dry-run"];
    let download = ["download", "acme-robotics/forklift-images", "images", "--include", "nope.jpg"];
    let missing = ["upload", "nowhere", "--name", "Drive", "--slug", "drive", "--data-type", "image"];
    for (args, code) in [(&upload[..], 0), (&upload, 0), (&plan, 0), (&download, 0), (&missing, 2)] {
        for format in ["json", "ndjson"] {
            let mut session = Session::new(&world.home, &[args, &["-o", format]].concat());
            assert_eq!(session.end(), code, "{args:?}: {}", session.shown);
            let shown = session.lines();
            let is_json = |text: &str| serde_json::from_str::<serde_json::Value>(text).is_ok();
            let is_right = if format == "json" { is_json(&shown) } else { shown.lines().all(is_json) };
            assert!(is_right && !shown.is_empty(), "{args:?} {format}: {shown:?}");
        }
    }
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
        world.sandbox.clear_requests();
        let mut session = Session::new(&world.home, args);
        if args[0] == "sandbox" || args[0] == "webhooks" {
            session.expect("127.0.0.1");
        } else {
            let started = Instant::now();
            while world.requests().is_empty() {
                assert!(started.elapsed() < PATIENCE, "{args:?}: {}", session.shown);
                thread::sleep(Duration::from_millis(10));
            }
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

#[test]
fn terminal_without_color_gets_no_codes() {
    let world = World::new();
    let api = world.sandbox.api_url();
    for (name, value, has_color) in
        [("NO_COLOR", "1", false), ("TERM", "dumb", false), ("TERM", "xterm", true), ("FORCE_COLOR", "0", true)]
    {
        let home = Home::of(&api, world.sandbox.key());
        let mut command = CommandBuilder::new("env");
        command.args([&format!("{name}={value}"), program(), "datasets", "list", "--limit", "3"]);
        let mut session = Session::start(&home, command, 100);
        assert_eq!(session.end(), 0, "{}", session.shown);
        assert_eq!(session.shown.contains('\u{1b}'), has_color, "{name}={value}: {:?}", session.shown);
    }
}
