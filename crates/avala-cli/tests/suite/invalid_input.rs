//! Invalid input in every output format: one clear message, the right exit code, and nothing printed.
//!
//! Hostile texts of the API are in `hostile`, full disks in `output`, terminals that are missing in `terminal`, keys with
//! line breaks from each source in `key_sources`.

use std::ffi::OsString;
use std::path::Path;

use crate::support::{Fake, Home, World, set_mode};

const FORMATS: [&str; 7] = ["table", "json", "ndjson", "csv", "tsv", "yaml", "uids"];

/// Runs a line in every format. It fails with the code, and its message has the part.
#[track_caller]
fn fails(home: &Home, args: &[OsString], input: &str, (code, part): (i32, &str)) {
    for format in FORMATS {
        let mut line = vec![OsString::from("-o"), format.into()];
        line.extend(args.iter().cloned());
        let ran = home.input(&line, input).code(code);
        // A transfer that ends has events of its own.
        let is_result = |line: &str| !line.starts_with("{\"event\":");
        assert!(!ran.stdout.lines().any(is_result), "{format} {args:?}: {ran:#?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{format} {args:?}: {ran:#?}");
        let message = match format {
            "json" | "ndjson" => {
                let error = ran.error();
                assert_eq!(error["exit_code"], code, "{format} {args:?}");
                error["message"].as_str().unwrap().to_owned()
            }
            _ => ran.stderr.strip_prefix("Error: ").unwrap_or_else(|| panic!("{format}: {ran:#?}")).to_owned(),
        };
        assert!(message.contains(part), "{format} {args:?}: {message}");
    }
}

fn words(line: &str) -> Vec<OsString> {
    shlex::split(line).unwrap().into_iter().map(OsString::from).collect()
}

#[test]
fn files_that_are_gone_are_named() {
    let world = World::new();
    world.home.write("here.jpg", "x");
    for (line, code) in [
        ("agents create --name x --json gone.json", 2),
        ("api POST /x/ --json gone.json", 2),
        ("api POST /x/ --field a=@gone.json", 2),
        ("upload gone.jpg --name n --slug s", 2),
        ("upload here.jpg gone.jpg --name n --slug s", 2),
        ("import folder --source gone.jpg --name n --slug s", 2),
        ("fleet recordings upload --source gone --recording r", 2),
        ("fleet rules create --name n --condition-file gone.json", 2),
        ("annotations bulk-edit --owner o --slug s --input gone.jsonl", 2),
        ("datasets list --api-key-file gone", 2),
        ("view gone.mcap", 2),
        ("verify acme-robotics/forklift-images gone", 2),
    ] {
        let before = world.requests().len();
        fails(&world.home, &words(line), "", (code, "gone"));
        let changes = world.requests().split_off(before).into_iter().filter(|request| !request.starts_with("GET"));
        assert_eq!(changes.count(), 0, "{line}");
    }
}

#[test]
fn json_that_is_none_is_wrong_usage_wherever_it_comes_from() {
    let world = World::new();
    world.home.write("bad.json", "{\"name\": ");
    world.home.write("list.json", "[1]");
    world.home.write("binary.json", [0xff, 0xfe, 0]);
    world.home.write("bad.jsonl", "{\"action\":\"delete\"}\n{");
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    world.home.write("deep.json", &deep);
    for (line, input) in [
        ("agents create --name x --json bad.json", ""),
        ("agents create --name x --json list.json", ""),
        ("agents create --name x --json binary.json", ""),
        ("agents create --name x --json deep.json", ""),
        ("agents create --name x --json -", "{"),
        ("agents create --name x --json -", ""),
        ("agents create --name x --json -", "null"),
        ("api POST /agents/ --json bad.json", ""),
        ("inference-providers create --name x --provider-type http --config '{'", ""),
        ("datasets create --name x --slug x --data-type image --provider-config '{\"a\":}'", ""),
        ("fleet rules create --name n --condition-file bad.json", ""),
        ("annotations bulk-edit --owner o --slug s --input bad.jsonl", ""),
        ("annotations bulk-edit --owner o --slug s --input binary.json", ""),
    ] {
        fails(&world.home, &words(line), input, (2, ""));
    }
    assert_eq!(world.requests(), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn words_that_are_no_text_are_wrong_usage() {
    use std::os::unix::ffi::OsStringExt as _;

    let world = World::new();
    let bad = || OsString::from_vec(vec![b'a', 0xff]);
    for before in [
        "datasets get",
        "datasets list --name",
        "datasets list --limit",
        "datasets list --fields",
        "datasets list --sort",
        "datasets list --cursor",
        "datasets list --jq",
        "datasets list --template",
        "datasets list --profile",
        "datasets list --api-key",
        "datasets list --api-key-command",
        "datasets list --base-url",
        "datasets list --call-timeout",
        "datasets create --name x --slug x --data-type",
        "agents create --name",
        "agents create --events",
        "agents create --name x --field",
        "inference-providers create --name x --provider-type http --config",
        "api",
        "api GET",
        "api GET /x/ --query",
        "api GET /x/ --header",
        "upload x --name n --slug s --include",
        "upload x --name n --slug s --bwlimit",
        "download",
        "webhooks listen --secret",
        "webhooks listen --no-verify --forward",
        "view x --viewer-url",
        "watch",
        "profiles use",
        "help",
        "shell-completion",
    ] {
        let mut args = words(before);
        args.push(bad());
        fails(&world.home, &args, "", (2, ""));
    }
    // Files that do not exist.
    for before in [
        "datasets list --config-file x --api-key-file",
        "agents create --name x --json",
        "fleet rules create --name n --condition-file",
        "annotations bulk-edit --owner o --slug s --input",
        "webhooks listen --secret-file",
        "webhooks replay --to http://127.0.0.1:9/",
        "view",
    ] {
        let mut args = words(before);
        args.push(bad());
        fails(&world.home, &args, "", (2, "cannot read"));
    }
    // Paths may be anything; this one does not exist.
    let mut args = words("upload --name n --slug s");
    args.push(bad());
    fails(&world.home, &args, "", (2, ""));
    assert_eq!(world.requests(), Vec::<String>::new());
}

#[test]
fn profiles_that_do_not_exist_are_named() {
    let home = Home::new();
    fails(&home, &words("datasets list --profile nope"), "", (2, "\"nope\""));
    let home = home.with([("AVALA_PROFILE", "nope")]);
    fails(&home, &words("datasets list"), "", (2, "\"nope\""));
    fails(&home, &words("whoami"), "", (2, "\"nope\""));
    fails(&home, &words("profiles use missing"), "", (2, "missing"));
}

#[test]
fn configuration_that_cannot_be_used_is_named() {
    let home = Home::new();
    let path = home.write(".config/avala/config.toml", "[profiles.default]\napi_key = \"avk_1\"\n");
    #[cfg(unix)]
    for mode in [0o644, 0o620, 0o604, 0o777] {
        set_mode(&path, mode);
        fails(&home, &words("datasets list"), "", (2, "chmod 600"));
        fails(&home, &words("login --api-key-file -"), "avk_2", (2, "chmod 600"));
    }
    set_mode(&path, 0o600);
    for (text, part) in [
        ("[profiles.default\n", "line 1"),
        ("[profiles.default]\napi_key = \"a\nb\"", "line "),
        ("[profiles.default]\napi_key = 5", "api_key"),
        ("profiles = 5", "profiles"),
        ("[profiles.default]\napi_key = \"a b\"", "a space"),
        ("[profiles.default]\napi_key = \"a\\nb\"", "a line break"),
        ("[profiles.default]\napi_key = \"a\"\napi_key_file = \"b\"", "one of"),
        ("default_profile = 5\n[profiles.default]\napi_key = \"a\"", "`default_profile`"),
        ("default_profile = \"other\"\n[profiles.default]\napi_key = \"a\"", "\"other\""),
        ("aliases = 5", "aliases"),
        ("[aliases]\nx = 5", "aliases"),
        ("[profiles.default.aliases]\nx = \"datasets 'list\"", "aliases of the profile"),
        ("[profiles.default]\ndefaults = \"-o json\"", "defaults of the profile"),
    ] {
        home.write(".config/avala/config.toml", text);
        fails(&home, &words("datasets list"), "", (2, part));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "it is never replaced");
    }
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    fails(&home, &words("datasets list"), "", (2, "config.toml"));
    #[cfg(unix)]
    {
        std::fs::remove_dir(&path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        fails(&home, &words("datasets list"), "", (2, "config.toml is not a file"));
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("config.toml", &path).unwrap();
        fails(&home, &words("datasets list"), "", (2, "config.toml"));
        fails(&home, &words("profiles use x"), "", (2, "config.toml"));
    }
}

#[test]
fn questions_without_a_terminal_name_the_option() {
    let world = World::new();
    let agent = world.uid("agents");
    let home = Home::sharing(&world.home);
    fails(&home, &words("login"), "avk_1\n", (2, "--api-key-file"));
    fails(&home, &words("configure"), "", (2, "--base-url"));
    fails(&world.home, &words(&format!("agents delete {agent}")), &format!("{agent}\n"), (2, "--yes"));
    fails(&world.home, &words(&format!("agents delete {agent} --no-input")), "", (2, "--no-input"));
    world.run(&format!("agents get {agent}")).ok();
    assert!(!home.config().exists());
}

#[test]
fn results_that_cannot_be_written_leave_no_partial_file() {
    let world = World::new();
    let project = world.uid("projects");
    world.home.write("file", "x");
    for (line, code) in [
        (format!("quality report --project {project} --svg nowhere/plot.svg"), 1),
        (format!("quality report --project {project} --svg file/plot.svg"), 1),
        ("download acme-robotics/forklift-images file/below".to_owned(), 2),
    ] {
        let ran = world.run(&line);
        assert!(ran.code == code || ran.code == 2, "{line}: {ran:#?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{line}: {ran:#?}");
    }
    let left: Vec<_> =
        std::fs::read_dir(world.home.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !Path::new(name).to_string_lossy().contains("plot")), "{left:?}");
    assert_eq!(std::fs::read(world.home.path("file")).unwrap(), b"x");
}

#[test]
fn unknown_fields_are_usage_errors_that_list_fields() {
    let world = World::new();
    let dataset = world.uid("datasets");
    for format in FORMATS {
        for line in [
            format!("datasets list --limit 2 --fields nope,uid -o {format}"),
            format!("datasets list --all --page-size 50 --fields uid,nope.a -o {format}"),
            format!("datasets list --limit 2 --sort nope -o {format}"),
            format!("datasets get {dataset} --fields nope -o {format}"),
            format!("api GET /datasets/{dataset}/ --fields nope -o {format}"),
            format!("api GET /datasets/ --all --fields nope -o {format}"),
            format!("whoami --fields nope -o {format}"),
        ] {
            let ran = world.run(&line).code(2);
            assert!(ran.stdout.is_empty() && ran.stderr.lines().count() == 1, "{line}: {ran:#?}");
            assert!(ran.stderr.contains("nope"), "{line}: {ran:#?}");
            let known = if line.starts_with("whoami") { "key_source" } else { "uid, name" };
            assert!(ran.stderr.contains(known), "{line}: {ran:#?}");
        }
    }
    let ran = world.run("datasets list --limit 1 --page-info --sort -name --fields nope -o json").code(2);
    assert_eq!(ran.stdout, "");
    let ran = world.run("datasets list --limit 1 --page-info --fields uid -o json").ok().json();
    assert_eq!(ran["results"][0].as_object().unwrap().keys().collect::<Vec<_>>(), ["uid"]);
}

#[test]
fn field_of_the_api_or_of_any_record_is_known() {
    let fake = Fake::list(r#"{"uid":"a","status":null},{"uid":"b","newer":{"x":1}}"#);
    for (format, expected) in [("csv", "uid,newer.x\na,\nb,1\n"), ("tsv", "uid\tnewer.x\na\t\nb\t1\n")] {
        assert_eq!(fake.run(&format!("datasets list --fields uid,newer.x -o {format}")).ok().stdout, expected);
    }
    // An older server leaves out what the API has.
    assert_eq!(fake.run("datasets list --fields uid,visibility -o csv").ok().stdout, "uid,visibility\na,\nb,\n");
    let ran = fake.run("datasets list --fields newr").code(2);
    assert!(ran.stderr.contains("uid, name,") && ran.stderr.contains(", newer"), "{ran:#?}");
    // Without a record a name may be one of a newer server.
    let empty = Fake::list("");
    empty.run("datasets list --fields newer").ok();
    empty.run("datasets list --fields uid").ok();
}

#[test]
fn changes_check_fields_before_they_are_made() {
    let world = World::new();
    let webhook = world.uid("webhooks");
    world.sandbox.clear_requests();
    for format in ["table", "json", "csv"] {
        let create = format!("webhooks create --target-url https://e.com/{format} --events task.completed");
        for line in [format!("{create} --fields uid,secrett"), format!("webhooks delete {webhook} --yes --fields nope")]
        {
            let ran = world.run(&format!("{line} -o {format}")).code(2);
            assert!(ran.stdout.is_empty() && ran.stderr.contains("nothing was sent"), "{ran:#?}");
        }
        let ran = world.run(&format!("{create} --fields uid,secret -o {format}")).ok();
        assert!(!ran.stdout.is_empty(), "{ran:#?}");
    }
    assert!(world.requests().iter().all(|request| request == "POST /webhooks/"), "{:?}", world.requests());
}

#[test]
fn result_of_a_change_without_known_fields_is_printed_whole() {
    let world = World::new();
    let line = "api POST /webhooks/ -F target_url=https://e.com/x -F events=[\"task.completed\"] --fields uid,secrett";
    for format in ["table", "json", "csv"] {
        let ran = world.run(&format!("{line} -o {format}")).code(10);
        assert!(ran.stdout.contains("secret") && ran.stderr.contains("`secrett`"), "{ran:#?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:#?}");
    }
}

#[test]
fn failed_filters_are_errors() {
    let world = World::new();
    let ran = world.home.args(["datasets", "list", "--limit", "1", "--jq", ".[0].uid | error(\"no\")"]);
    assert!(ran.code != 0 && ran.stdout.is_empty() && ran.stderr.lines().count() == 1, "{ran:#?}");
    let ran = world.home.args(["datasets", "list", "--limit", "1", "--jq", ".uid.a.b", "-o", "ndjson"]);
    assert!(ran.code != 0 && ran.stdout.is_empty() && ran.stderr.lines().count() == 1, "{ran:#?}");
    let ran = world.home.args(["datasets", "list", "--limit", "1", "--template", "{{ uid.x.y }}"]);
    assert!(ran.stderr.lines().count() <= 1, "{ran:#?}");
}

#[cfg(unix)]
#[test]
fn variables_that_are_no_text_are_named() {
    use std::os::unix::ffi::OsStringExt as _;

    let world = World::new();
    for (variable, line) in [
        ("AVALA_API_KEY", "datasets list"),
        ("AVALA_BASE_URL", "datasets list"),
        ("AVALA_PROFILE", "datasets list"),
        ("AVALA_PROFILE", "login --api-key-file -"),
        ("AVALA_WEBHOOK_SECRET", "webhooks listen"),
        ("AVALA_S3_ACCESS_KEY_ID", "storage-configs create --name x --provider aws_s3"),
    ] {
        let mut command = world.home.command();
        command.args(line.split(' ')).env(variable, OsString::from_vec(vec![b'a', 0xff]));
        let ran = crate::support::run(command, b"avk_test".to_vec()).code(2);
        assert!(ran.stderr.contains(variable) && ran.stderr.lines().count() == 1, "{ran:#?}");
    }
    assert_eq!(world.requests(), Vec::<String>::new());
}
