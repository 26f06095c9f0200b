//! Wrong usage: a clear message, exit code 2, and nothing sent.

use std::ffi::OsString;

use crate::support::{Home, World};

#[test]
fn wrong_lines_are_exit_code_2_and_send_nothing() {
    let world = World::new();
    for line in [
        "",
        "nonsense",
        "datasets nonsense",
        "datasets list --nonsense",
        "datasets list --limit 0",
        "datasets list --limit x",
        "datasets list --all --limit 3",
        "datasets list -o xml",
        "datasets list --jq .[",
        "datasets list --template {{",
        "datasets create --name x",
        "datasets create --name x --slug x --data-type hologram",
        "datasets create --name x --slug x --data-type image --provider-config {",
        "datasets transfer o s",
        "datasets transfer o s --owner-username a --organization-uid b --yes",
        "datasets get-frame o s q minus",
        "datasets get ..",
        "agents get  --profile nonsense",
        "exports wait e --timeout 0",
        "exports wait e --interval -1",
        "inference-providers create --name x --provider-type http --config nojson",
        "api FROB /datasets/",
        "api GET",
        "api GET //evil.example/",
        "api GET https://evil.example/",
        "agents update a --json /nonexistent",
        "agents update a --field noequals",
        "import rosbag bag --name x --slug x",
        "import lerobot --repo-id x",
        "lerobot export o/s --repo-id x --output dir --fps 30",
        "quality report",
        "watch nonsense",
        "watch executions",
        "view /nonexistent.mcap",
        "webhooks listen",
        "webhooks listen --no-verify --forward ftp://x/",
        "help nonsense",
        "shell-completion powershell --dynamic",
    ] {
        let ran = world.run(line).code(2);
        assert!(ran.stdout.is_empty() && ran.stderr.lines().count() == 1, "{line}: {ran:#?}");
        assert!(ran.stderr.starts_with("Error: "), "{line}: {ran:#?}");
    }
    assert_eq!(world.requests(), Vec::<String>::new());
}

#[test]
fn missing_command_points_to_the_help_of_its_group() {
    let home = Home::new();
    for (line, help) in
        [("", "avala --help"), ("datasets", "avala datasets --help"), ("fleet rules", "avala fleet rules --help")]
    {
        let ran = home.run(line).code(2);
        assert!(ran.stderr.contains(help) && ran.stderr.len() < 80, "{line}: {ran:#?}");
    }
}

#[cfg(unix)]
#[test]
fn arguments_that_are_not_utf_8_are_wrong_usage() {
    use std::os::unix::ffi::OsStringExt as _;

    let home = Home::of("http://127.0.0.1:9/api/v1", "k");
    let bad = || OsString::from_vec(vec![b'a', 0xff]);
    for args in [
        vec![bad()],
        vec!["datasets".into(), bad()],
        vec!["datasets".into(), "get".into(), bad()],
        vec!["datasets".into(), "list".into(), "--name".into(), bad()],
        vec!["--profile".into(), bad(), "datasets".into(), "list".into()],
    ] {
        let ran = home.args(&args).code(2);
        assert!(ran.stdout.is_empty() && ran.stderr.lines().count() == 1, "{args:?}: {ran:#?}");
    }
}

#[test]
fn unsupported_commands_explain_what_to_use() {
    let home = Home::new();
    for (line, part) in [
        ("import rosbag x.bag", "MCAP"),
        ("lerobot export a/b --output x", "exports create"),
        ("-o json import lerobot", "official program"),
    ] {
        let ran = home.run(line).code(2);
        assert!(ran.stderr.contains(part), "{ran:#?}");
    }
}

#[test]
fn dry_run_prints_the_request_and_sends_nothing() {
    let world = World::new();
    for (line, start) in [
        ("agents delete a1 --dry-run", "DELETE"),
        ("agents create --name x --dry-run", "POST"),
        ("datasets transfer o s --owner-username ada --dry-run", "POST"),
        ("fleet alerts acknowledge a1 --dry-run", "POST"),
        ("webhooks update w --is-active false --dry-run", "PATCH"),
        ("consensus config --project p --iou-threshold 0.5 --dry-run", "PUT"),
        ("auto-label create --project p --print-request", "POST"),
        ("api DELETE /datasets/x/ --dry-run", "DELETE"),
    ] {
        let ran = world.run(line).ok();
        assert!(ran.stdout.contains(start), "{line}: {ran:#?}");
        let json = world.run(&format!("{line} -o json")).ok().json();
        assert_eq!((&json["dry_run"], &json["method"]), (&true.into(), &start.into()), "{line}");
    }
    let ran = world.run("webhooks create --target-url http://h/ --events test --secret whsec_hunter2 --dry-run").ok();
    assert!(!ran.stdout.contains("hunter2"), "{ran:#?}");
    assert_eq!(world.requests(), Vec::<String>::new());
    let without_key = Home::new().run("agents create --name x --dry-run").ok();
    assert!(without_key.stdout.contains("https://api.avala.ai/api/v1/agents/"));
}

#[test]
fn destructive_commands_refuse_without_a_terminal() {
    let world = World::new();
    let uid = world.uid("agents");
    world.sandbox.clear_requests();
    for line in [
        format!("agents delete {uid}"),
        format!("agents delete {uid} --no-input"),
        "organizations leave acme".to_owned(),
        "datasets transfer o s --owner-username ada".to_owned(),
        "api DELETE /agents/x/".to_owned(),
    ] {
        let ran = world.run(&line).code(2);
        assert!(ran.stderr.contains("--yes"), "{line}: {ran:#?}");
        let ran = world.run(&format!("{line} -o json")).code(2);
        assert_eq!(ran.error()["code"], "usage", "{line}");
    }
    assert_eq!(world.requests(), Vec::<String>::new());
    let ran = world.run(&format!("agents delete {uid} --yes -o json")).ok();
    assert_eq!(ran.json()["uid"], uid);
    world.run(&format!("agents get {uid}")).code(4);
}
