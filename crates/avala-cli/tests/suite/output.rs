//! Formats, selections, pipes and full disks.

use std::process::{Command, Stdio};

use crate::support::{Fake, World, program, run};

#[test]
fn json_has_real_types_and_the_order_of_the_api() {
    let world = World::new();
    let ran = world.run("datasets list --limit 1 -o json").ok();
    let dataset = &ran.json()[0];
    assert!(
        dataset["item_count"].is_u64() && dataset["is_sequence"].is_boolean() && dataset["predefined_labels"].is_null()
    );
    assert!(ran.stdout.find("\"uid\"").unwrap() < ran.stdout.find("\"name\"").unwrap());
}

#[test]
fn global_options_stand_before_or_after_the_command() {
    let world = World::new();
    let before = world.run("-o json datasets list --limit 1").ok().stdout;
    assert_eq!(world.run("datasets -o json list --limit 1").ok().stdout, before);
    assert_eq!(world.run("datasets list --limit 1 -o json").ok().stdout, before);
    assert_eq!(world.run("-o csv datasets list --limit 1 -o json").ok().stdout, before, "the last one counts");
}

#[test]
fn digits_of_numbers_are_kept() {
    let fake = Fake::list(r#"{"uid":"a","name":"n","slug":"s","size":123456789012345678901234567890,"f":1.10}"#);
    let ran = fake.run("datasets list -o ndjson").ok();
    assert!(ran.stdout.contains("123456789012345678901234567890") && ran.stdout.contains("1.10"), "{ran:#?}");
}

#[test]
fn fields_filters_and_templates_select() {
    let world = World::new();
    let line = |args: &[&str]| world.home.args(args).ok().stdout;
    assert_eq!(
        line(&["datasets", "list", "--limit", "1", "--fields", "slug,item_count", "-o", "csv"]),
        "slug,item_count\nforklift-images,260\n"
    );
    assert_eq!(
        line(&["datasets", "list", "--limit", "2", "--jq", "map(.slug) | join(\",\")"]),
        "forklift-images,warehouse-lidar\n"
    );
    assert_eq!(line(&["datasets", "list", "--limit", "2", "-o", "ndjson", "--jq", ".item_count"]), "260\n57\n");
    assert_eq!(
        line(&["datasets", "list", "--limit", "1", "--template", "{{ slug }}={{ item_count + 1 }}"]),
        "forklift-images=261\n"
    );
}

#[test]
fn piped_tables_are_never_cut() {
    let name = "x".repeat(300);
    let fake = Fake::list(format!(r#"{{"uid":"a","name":"{name}","slug":"s"}}"#));
    let home = fake.home.with([("COLUMNS", "40")]);
    assert!(home.run("datasets list").ok().stdout.contains(&name));
}

#[test]
fn colors_follow_the_environment() {
    for (variables, has_color) in [
        ([("FORCE_COLOR", "1"), ("TERM", "xterm")], true),
        ([("FORCE_COLOR", "1"), ("NO_COLOR", "1")], false),
        ([("FORCE_COLOR", "0"), ("TERM", "xterm")], false),
        ([("NO_COLOR", ""), ("TERM", "xterm")], false),
    ] {
        let home = Fake::list(r#"{"uid":"a","name":"n","slug":"s"}"#).home.with(variables);
        let stdout = home.run("datasets list").ok().stdout;
        assert_eq!(stdout.contains('\u{1b}'), has_color, "{variables:?}");
    }
}

#[test]
fn reader_that_goes_away_is_no_error() {
    let world = World::new();
    let mut command = world.home.command();
    command.args(["datasets", "list", "--all", "-o", "ndjson"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[cfg(target_os = "linux")]
#[test]
fn full_disk_is_an_error() {
    let world = World::new();
    let lines = [
        "--version",
        "--help",
        "help exit-codes",
        "help commands",
        "shell-completion bash",
        "man",
        "datasets list --all -o json",
        "datasets list --all -o ndjson",
        "datasets list -o table",
        "datasets list -o csv",
        "datasets list -o yaml",
        "datasets list -o uids",
        "datasets list --jq .[].uid",
        "datasets list --template {{uid}}",
        "users me",
        "users me -o json",
        "agents create --name x --dry-run",
        "status",
        "api GET /datasets/ --all",
    ];
    for line in lines {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = world.home.command();
        let output = command.args(line.split(' ')).stdout(full).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}: {stderr}");
        assert!(stderr.contains("cannot write to stdout") && stderr.lines().count() == 1, "{line}: {stderr}");
    }
}

#[test]
fn errors_are_one_line_or_one_object() {
    let world = World::new();
    let ran = world.run("datasets get nope").code(4);
    assert!(ran.stdout.is_empty() && ran.stderr.lines().count() == 1 && ran.stderr.starts_with("Error: "), "{ran:#?}");
    let ran = world.run("datasets get nope -o json").code(4);
    assert!(ran.stdout.is_empty() && ran.stderr.lines().count() == 1, "{ran:#?}");
    let error = ran.error();
    assert_eq!((&error["code"], &error["exit_code"], &error["status"]), (&"not_found".into(), &4.into(), &404.into()));
    let ran = world
        .run("datasets create --name x --slug x --data-type image --visibility private --field visibility=5 -o json");
    assert_ne!(ran.code, 0);
    assert_eq!(world.run("nonsense -o json").code(2).error()["code"], "usage");
}

#[test]
fn debug_shows_requests_without_secrets() {
    let world = World::new();
    let ran = world
        .run(
            "webhooks create --target-url http://127.0.0.1:9/ --events export.completed --secret whsec_hunter2 --debug",
        )
        .ok();
    assert!(ran.stderr.contains("POST") && ran.stderr.contains("/webhooks/") && ran.stderr.contains("201"), "{ran:#?}");
    assert!(!ran.stderr.contains("hunter2") && !ran.stderr.contains(world.sandbox.key()), "{ran:#?}");
    let ran = world.run("datasets list --limit 1 --debug -o json").ok();
    assert!(ran.stderr.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{ran:#?}");
}

#[test]
fn version_and_help_need_nothing() {
    let mut command = Command::new(program());
    command.env_clear().arg("--version");
    let ran = run(command, Vec::new()).ok();
    assert!(ran.stdout.starts_with("avala "), "{ran:#?}");
    let mut command = Command::new(program());
    command.env_clear().args(["help", "exit-codes"]);
    let ran = run(command, Vec::new()).ok();
    assert!(ran.stdout.contains("130") && ran.stdout.contains("partial"), "{ran:#?}");
    let mut command = Command::new(program());
    command.env_clear().args(["datasets", "create", "--help"]);
    assert!(run(command, Vec::new()).ok().stdout.contains("Example:"));
}
