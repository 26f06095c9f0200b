//! Every command against a sandbox: what it prints and how it ends, as a table and as JSON.
//!
//! The lines are in `every_command/GROUP.txt`. `name = line` runs a line with `-o uids`, or with the `--jq` that it
//! has, and keeps the first line of its output for `$name` in the lines below.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::{Home, Ran, World};

/// Commands that run until they are interrupted, or that other modules run, with the module.
const ELSEWHERE: &[(&str, &str)] = &[
    ("configure", "terminal"),
    ("events tail", "checks"),
    ("fleet events tail", "checks"),
    ("man", "completion"),
    ("sandbox", "terminal"),
    ("shell-completion", "completion"),
    ("view", "view"),
    ("watch", "checks"),
    ("webhooks listen", "webhooks"),
    ("webhooks replay", "webhooks"),
];

fn lines(group: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/suite/every_command/{group}.txt"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Every line that needs `--yes`, without it: a question that cannot be asked is wrong usage, and nothing is sent.
#[test]
fn commands_that_ask_refuse_without_a_terminal() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/every_command");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let groups: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let world = World::new();
    let mut asked = 0;
    for line in groups.iter().flat_map(|group| lines(group)) {
        let words = shlex::split(&line).unwrap();
        if !words.iter().any(|word| word == "--yes" || word == "-y") {
            continue;
        }
        let words = words.iter().filter(|word| *word != "--yes" && *word != "-y");
        let words: Vec<String> = words.map(|word| word.replace('$', "no-")).collect();
        world.sandbox.clear_requests();
        let ran = world.home.input(&words, "y\n").code(2);
        // What is not there is not asked for.
        let is_named = ran.stderr.contains("--yes") || ran.stderr.contains("there is no profile");
        assert!(is_named && ran.stderr.lines().count() == 1, "{line}: {ran:#?}");
        let changes: Vec<_> = world.requests().into_iter().filter(|request| !request.starts_with("GET")).collect();
        assert!(ran.stdout.is_empty() && changes.is_empty(), "{line}: {changes:?} {ran:#?}");
        asked += 1;
    }
    assert!(asked >= 20, "{asked} lines");
}

/// The lines of a group in one sandbox, one after the other.
struct Session {
    world: World,
    values: BTreeMap<String, String>,
}

impl Session {
    fn new() -> Self {
        // Tables have the address, so that its length counts.
        let world = std::iter::repeat_with(World::new).take(100).find(|world| port(world).len() == 5).unwrap();
        let item = world.run("datasets list-items acme-robotics warehouse-lidar --limit 1 -o uids").ok().stdout;
        let edit = |item: &str| {
            serde_json::json!({
                "action": "delete", "object_uuid": "o1", "object_type": "cuboid", "object_name": "car",
                "dataset_item_uid": item,
            })
        };
        world.home.write("edits.jsonl", edit(item.trim()).to_string());
        world.home.write("wrong.jsonl", edit("nope").to_string());
        world.home.write("condition.json", r#"{"type":"threshold","field":"speed","operator":"gt","value":3}"#);
        world.home.write("key", world.sandbox.key());
        world.home.write("files/a.jpg", "abc");
        world.home.write("files/b.jpg", "abcd");
        let values = [("base_url".to_owned(), world.sandbox.api_url())];
        world.sandbox.clear_requests();
        Self { world, values: values.into() }
    }

    fn run(&self, line: &str, more: &[&str]) -> Ran {
        let mut words = shlex::split(line).unwrap();
        for word in &mut words {
            for (name, value) in self.values.iter().rev() {
                *word = word.replace(&format!("${name}"), value);
            }
        }
        let home = if line.contains("--profile") { &Home::sharing(&self.world.home) } else { &self.world.home };
        home.args(words.iter().map(String::as_str).chain(more.iter().copied()))
    }

    fn transcript(mut self, group: &str, format: &str) -> String {
        let mut text = String::new();
        for line in lines(group) {
            if let Some((name, line)) = line.split_once(" = ").filter(|(name, _)| !name.contains(' ')) {
                let more: &[&str] = if line.contains(" --jq ") { &[] } else { &["-o", "uids"] };
                let value = self.run(line, more).ok().stdout.lines().next().unwrap_or_default().to_owned();
                assert!(!value.is_empty() && value != "null", "{name} = {line}");
                self.values.insert(name.to_owned(), value);
                continue;
            }
            let ran = self.run(&line, &["-o", format]);
            text.push_str(&format!(
                "$ avala {line} -o {format}\n{}{}[exit code {}]\n\n",
                ran.stdout, ran.stderr, ran.code
            ));
        }
        self.stable(&text)
    }

    /// Replaces what differs from run to run.
    fn stable(&self, text: &str) -> String {
        let home = self.world.home.path("").display().to_string();
        let text = text.replace(&format!("127.0.0.1:{}", port(&self.world)), "127.0.0.1:00000");
        let text = without_durations(&text);
        let text = text.replace(home.trim_end_matches('/'), "HOME");
        tokens(&text, |token| {
            if is_time_of_now(token) {
                return Some("2000-00-00T00:00:00.000000Z".to_owned());
            }
            let is_secret = ["X-Amz-Signature=", "X-Amz-Date=", "X-Amz-Credential=", "cursor=", "req_"]
                .iter()
                .find(|name| token.starts_with(**name));
            is_secret.map(|name| format!("{name}_"))
        })
    }
}

fn port(world: &World) -> String {
    world.sandbox.url().rsplit(':').next().unwrap().to_owned()
}

/// Replaces the times that calls and transfers took, as in `1 attempt in 0.004 s` and `"seconds": 0.1`.
fn without_durations(text: &str) -> String {
    let mut changed = text.to_owned();
    for (start, end) in
        [(" in ", " s"), (" after ", " s"), ("\"seconds\":", "\n"), ("seconds ", "\n"), ("\"seconds\":", ",")]
    {
        let mut parts = changed.split(start);
        let mut done = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            done.push_str(start);
            match part.split_once(end) {
                Some((number, rest)) if number.trim().trim_end_matches(',').parse::<f64>().is_ok() => {
                    done.push_str(&format!("_{end}{rest}"));
                }
                _ => done.push_str(part),
            }
        }
        changed = done;
    }
    changed
}

/// Changes words of a text, which are separated by anything but what times, cursors and signatures consist of.
fn tokens(text: &str, change: impl Fn(&str) -> Option<String>) -> String {
    let is_part = |character: char| character.is_ascii_alphanumeric() || "-:.+=_%".contains(character);
    let mut changed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        changed.push_str(&rest[..start]);
        rest = &rest[start..];
        let token = &rest[..rest.find(|character| !is_part(character)).unwrap_or(rest.len())];
        changed.push_str(&change(token).unwrap_or_else(|| token.to_owned()));
        rest = &rest[token.len()..];
    }
    changed + rest
}

/// Returns whether it is a time that the sandbox made: those of its seed are older, and one is in the lines.
fn is_time_of_now(token: &str) -> bool {
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    let is_time = token.len() > 19 && token.as_bytes()[10] == b'T' && digits > 13;
    is_time && &token[..4] >= "2026" && token != "2026-01-02T03:04:05Z"
}

fn check(group: &'static str) {
    // Two sandboxes that take the same steps, so that what one line changes is the same for both formats.
    let table = std::thread::spawn(move || Session::new().transcript(group, "table"));
    let json = Session::new().transcript(group, "json");
    let table = table.join().unwrap();
    insta::with_settings!({ snapshot_path => "every_command", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(format!("{group}_table"), table);
        insta::assert_snapshot!(format!("{group}_json"), json);
    });
}

/// A test for each file of lines.
macro_rules! groups {
    ($($group:ident),*) => {
        const GROUPS: &[&str] = &[$(stringify!($group)),*];

        $(#[test]
        fn $group() {
            check(stringify!($group));
        })*
    };
}

groups!(
    agents,
    annotations,
    automation,
    datasets,
    fleet,
    fleet_uploads,
    organizations,
    program,
    projects,
    services,
    slices,
    uploads
);

#[test]
fn no_command_is_without_a_snapshot() {
    let listed = Home::new().run("help commands -o json").ok().json();
    let commands: Vec<&str> =
        listed.as_array().unwrap().iter().map(|entry| entry["command"].as_str().unwrap()).collect();
    assert!(commands.len() > 190, "{}", commands.len());
    let lines: Vec<String> = GROUPS.iter().flat_map(|group| lines(group)).collect();
    let has_line = |command: &&str| {
        let start = format!("{command} ");
        lines.iter().any(|line| format!("{line} ").starts_with(&start))
    };
    let is_elsewhere = |command: &str| ELSEWHERE.iter().any(|(name, _)| *name == command);
    let missing: Vec<&&str> = commands.iter().filter(|command| !has_line(command) && !is_elsewhere(command)).collect();
    assert!(missing.is_empty(), "commands without a line in every_command/*.txt: {missing:?}");
    for (name, module) in ELSEWHERE {
        assert!(commands.contains(name), "{name} of {module} is not a command");
    }
}
