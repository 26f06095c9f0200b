//! The questions of every command that asks, in a real terminal.

use crate::pty::Session;
use crate::support::{Home, World};

/// Lines that ask, the end of the question, and the reply that confirms. Resources that do not exist are as good as others:
/// what counts is whether a request is sent.
const LINES: [(&str, &str, &str); 11] = [
    ("auto-label cancel nope", "[y/N]: ", "y"),
    ("datasets transfer acme-robotics warehouse-lidar --owner-username ada", "[y/N]: ", "yes"),
    ("organizations leave northwind-labs", "[y/N]: ", "Y"),
    ("organizations transfer-ownership northwind-labs --new-owner nope", "[y/N]: ", "YES"),
    ("organizations remove-member northwind-labs nope", "[y/N]: ", "y"),
    ("organizations cancel-invitation northwind-labs nope", "[y/N]: ", "y"),
    ("organizations remove-team-member northwind-labs nope nobody", "[y/N]: ", "y"),
    ("organizations delete-team northwind-labs nope", "Type \"nope\" to confirm: ", "nope"),
    ("annotation-issues delete s1 nope", "Type \"nope\" to confirm: ", "nope"),
    ("api DELETE /agents/nope/", "[y/N]: ", "y"),
    ("fleet triage --acknowledge", "[y/N]: ", "y"),
];

fn changes(world: &World) -> usize {
    world.requests().iter().filter(|request| !request.starts_with("GET")).count()
}

fn asked(home: &Home, line: &str, question: &str, reply: &str) -> u32 {
    let mut session = Session::new(home, &line.split(' ').collect::<Vec<_>>());
    session.expect(question);
    session.send(reply);
    let code = session.end();
    assert_eq!(session.modes(), session.before, "{line} {reply:?}");
    code
}

#[test]
fn anything_but_the_reply_changes_nothing() {
    let world = World::new();
    for (line, question, _) in LINES {
        for (reply, code) in [("n\n", 1), ("\n", 1), ("yess\n", 1), ("\u{3}", 130), ("\u{4}", 130), ("\u{1c}", 130)] {
            assert_eq!(asked(&world.home, line, question, reply), code, "{line} {reply:?}");
        }
    }
    assert_eq!(changes(&world), 0, "{:?}", world.requests());
}

#[test]
fn reply_sends_the_request_once() {
    let world = World::new();
    for (line, question, reply) in LINES {
        world.sandbox.clear_requests();
        let code = asked(&world.home, line, question, &format!("{reply}\n"));
        let expected = world.requests().iter().filter(|request| request.contains("acknowledge")).count().max(1);
        assert_eq!(changes(&world), expected, "{line}: exit code {code}, {:?}", world.requests());
        assert!(code == 0 || code == 4 || code == 5, "{line}: {code}");
    }
}

#[test]
fn questions_about_profiles_leave_the_file_alone() {
    let home = Home::new();
    let text = "[profiles.lab]\napi_key = \"avk_1\"\n";
    home.write(".config/avala/config.toml", text);
    for (reply, code) in [("n\n", 1), ("\u{3}", 130), ("\u{4}", 130)] {
        assert_eq!(asked(&home, "profiles remove lab", "[y/N]: ", reply), code, "{reply:?}");
        assert_eq!(std::fs::read_to_string(home.config()).unwrap(), text);
    }
    for reply in ["\u{3}", "\u{4}"] {
        assert_eq!(asked(&home, "configure --profile lab", "Base URL [", reply), 130, "{reply:?}");
        let mut session = Session::new(&home, &["configure", "--profile", "lab"]);
        session.expect("Base URL [");
        session.send("http://127.0.0.1:9/api/v1\n");
        session.expect("API key: ");
        session.send(reply);
        assert_eq!(session.end(), 130, "{}", session.shown);
        assert_eq!(session.modes(), session.before);
        assert_eq!(std::fs::read_to_string(home.config()).unwrap(), text);
    }
    assert_eq!(asked(&home, "profiles remove lab", "[y/N]: ", "y\n"), 0);
    assert!(!std::fs::read_to_string(home.config()).unwrap().contains("lab"));
}

#[test]
fn widths_of_any_kind_print_a_table() {
    let world = World::new();
    for columns in ["0", "1", "19", "10000", "65535", "65536", "-1", "x", ""] {
        let home = Home::of(&world.sandbox.api_url(), world.sandbox.key()).with([("COLUMNS", columns)]);
        for line in [&["datasets", "list", "--limit", "3"][..], &["users", "me"], &["status"]] {
            let mut session = Session::new(&home, line);
            assert_eq!(session.end(), 0, "COLUMNS={columns} {line:?}: {}", session.shown);
            assert!(session.shown.lines().count() >= 3, "COLUMNS={columns} {line:?}: {}", session.shown);
        }
    }
}
