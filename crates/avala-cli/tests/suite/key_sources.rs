//! Where keys come from, and which server they go to.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::support::{Fake, Home, Reply, World, set_mode};

/// Returns a configuration with a profile for a sandbox.
fn profile(name: &str, world: &World) -> String {
    format!(
        "[profiles.{name}]\napi_key = \"{}\"\nbase_url = \"{}\"\nallow_insecure_base_url = true\n",
        world.sandbox.key(),
        world.sandbox.api_url()
    )
}

fn sandbox(key: &str) -> World {
    World::build(avala_sandbox::Sandbox::builder().api_key(key))
}

#[test]
fn profile_option_wins_over_the_environment() {
    let (a, b) = (sandbox("avk_a"), sandbox("avk_b"));
    a.home.write(".config/avala/config.toml", profile("b", &b));
    let who = a.run("whoami --profile b -o json").ok().json();
    assert_eq!(who["base_url"], b.sandbox.api_url());
    assert_eq!(
        (&who["key_source"], &who["base_url_source"]),
        (&"the profile \"b\"".into(), &"the profile \"b\"".into())
    );
    assert_eq!((a.requests().len(), b.requests().len()), (0, 1));
    let who = a.run("whoami -o json").ok().json();
    assert_eq!(who["base_url"], a.sandbox.api_url());
    assert_eq!(who["key_source"], "the environment variable AVALA_API_KEY");
    assert_eq!((a.requests().len(), b.requests().len()), (1, 1));
}

#[test]
fn key_and_base_url_of_two_sources_are_refused() {
    let (a, b) = (sandbox("avk_a"), sandbox("avk_b"));
    let config = format!("default_profile = \"b\"\n{}", profile("b", &b));
    let url = a.sandbox.api_url();
    let with = |variables: &[(&str, &str)], line: &str| {
        let mut home = Home::new().with([("AVALA_ALLOW_INSECURE_BASE_URL", "true")]);
        for &(name, value) in variables {
            home = home.with([(name, value)]);
        }
        home.write(".config/avala/config.toml", &config);
        home.write("key", "avk_a");
        home.run(line)
    };
    for (variables, line, first, second) in [
        (&[("AVALA_BASE_URL", url.as_str())][..], "datasets list", "the profile \"b\"", "AVALA_BASE_URL"),
        (&[("AVALA_API_KEY", "avk_a")], "datasets list", "AVALA_API_KEY", "the profile \"b\""),
        (&[("AVALA_BASE_URL", &url)], "datasets list --api-key avk_a", "--api-key", "AVALA_BASE_URL"),
        (&[("AVALA_BASE_URL", &url)], "datasets list --api-key-file key", "--api-key-file", "AVALA_BASE_URL"),
        (&[], "datasets list --api-key avk_a", "--api-key", "the profile \"b\""),
        (&[("AVALA_API_KEY", "avk_a")], &format!("datasets list --base-url {url}"), "AVALA_API_KEY", "--base-url"),
        (&[], &format!("datasets list --base-url {url}"), "the profile \"b\"", "--base-url"),
        (&[("AVALA_API_KEY", "avk_a"), ("AVALA_PROFILE", "b")], "datasets list", "AVALA_API_KEY", "AVALA_PROFILE"),
    ] {
        let ran = with(variables, line).code(2);
        assert!(ran.stderr.contains(first) && ran.stderr.contains(second), "{line}: {ran:#?}");
    }
    assert_eq!((a.requests().len(), b.requests().len()), (0, 0));
    with(&[], &format!("datasets list --limit 1 --base-url {url} --api-key avk_a")).ok();
    with(&[], &format!("datasets list --limit 1 --profile b --base-url {url}")).code(3);
    with(&[("AVALA_PROFILE", "b")], "datasets list --limit 1").ok();
    with(&[], "datasets list --limit 1").ok();
}

#[test]
fn white_space_and_marks_around_keys_are_removed() {
    let world = sandbox("avk_a");
    let url = world.sandbox.api_url();
    for key in ["avk_a", "avk_a\n", "avk_a\r\n", "  avk_a \n\n", "\u{feff}avk_a\r\n"] {
        let home = Home::of(&url, key);
        home.run("datasets list --limit 1").ok();
        let home = Home::new().with([("AVALA_ALLOW_INSECURE_BASE_URL", "1")]);
        let file = home.write("key", key).display().to_string();
        home.run(&format!("datasets list --limit 1 --base-url {url} --api-key-file {file}")).ok();
        home.input(["datasets", "list", "--limit", "1", "--base-url", &url, "--api-key-file", "-"], key).ok();
        let json = serde_json::json!({ "version": 1, "api_key": key });
        let script = home.write("key.json", format!("\u{feff}{json}\r\n"));
        let command = format!("cat {}", script.display());
        home.args(["datasets", "list", "--limit", "1", "--base-url", &url, "--api-key-command", &command]).ok();
    }
}

#[test]
fn control_characters_in_keys_are_errors_with_a_position() {
    let home = Home::new();
    for key in ["avk_hun\nter2", "avk_hun\u{1}ter2", "avk_hun ter2"] {
        let file = home.write("key", key).display().to_string();
        let json = serde_json::json!({ "version": 1, "api_key": key }).to_string();
        let script = home.write("key.json", json);
        let command = format!("cat {}", script.display());
        for (ran, source) in [
            (Home::of("http://127.0.0.1:9/api/v1", key).run("datasets list"), "AVALA_API_KEY"),
            (home.args(["datasets", "list", "--api-key", key]), "--api-key"),
            (home.args(["datasets", "list", "--api-key-file", &file]), "key"),
            (home.input(["datasets", "list", "--api-key-file", "-"], key), "stdin"),
            (home.args(["datasets", "list", "--api-key-command", &command]), "command"),
        ] {
            let ran = ran.code(2);
            assert!(ran.stderr.contains("position 8") && ran.stderr.contains(source), "{ran:#?}");
            assert!(!ran.stderr.contains("ter2"), "{ran:#?}");
        }
    }
}

#[test]
fn key_on_the_command_line_gives_a_warning() {
    let world = sandbox("avk_a");
    let url = world.sandbox.api_url();
    let line = format!("datasets list --limit 1 --base-url {url} --api-key avk_a");
    let home = Home::new().with([("AVALA_ALLOW_INSECURE_BASE_URL", "true")]);
    assert!(home.run(&line).ok().stderr.contains("Warning: --api-key"));
    assert_eq!(home.run(&format!("{line} -o json")).ok().stderr, "");
}

#[cfg(unix)]
#[test]
fn key_command_runs_again_once_after_a_401() {
    let world = sandbox("avk_new");
    let url = world.sandbox.api_url();
    let home = Home::new().with([("AVALA_ALLOW_INSECURE_BASE_URL", "true")]);
    let script = home.write(
        "key.sh",
        "#!/bin/sh\ncd \"$(dirname \"$0\")\"\necho run >> runs\n[ $(wc -l < runs) -gt 1 ] && key=avk_new || key=avk_old\n\
         echo \"noise avk_secret\" >&2\necho \"{\\\"version\\\": 1, \\\"api_key\\\": \\\"$key\\\"}\"\n",
    );
    set_mode(&script, 0o700);
    let script = script.display().to_string();
    let runs = || std::fs::read_to_string(home.path("runs")).unwrap_or_default().lines().count();
    let ran = home.args(["datasets", "list", "--limit", "1", "--base-url", &url, "--api-key-command", &script]).ok();
    assert!(!ran.stderr.contains("avk_secret"), "{ran:#?}");
    assert_eq!((runs(), world.requests().len()), (2, 2));
    let other = sandbox("avk_other");
    home.args(["datasets", "list", "--base-url", &other.sandbox.api_url(), "--api-key-command", &script]).code(3);
    assert_eq!((runs(), other.requests().len()), (4, 2), "once, and not for ever");
}

#[cfg(unix)]
#[test]
fn output_of_a_key_command_is_never_shown() {
    let home = Home::new();
    for (number, body) in
        ["echo avk_secret", "echo avk_secret >&2; exit 3", "printf '{\"version\":2,\"api_key\":\"avk_secret\"}'"]
            .iter()
            .enumerate()
    {
        let script = home.write(&format!("key{number}.sh"), format!("#!/bin/sh\n{body}\n"));
        set_mode(&script, 0o700);
        for format in ["table", "json"] {
            let ran = home
                .args(["datasets", "list", "-o", format, "--debug", "--api-key-command", &script.display().to_string()])
                .code(2);
            assert!(ran.stderr.contains("API key command") && !ran.stderr.contains("avk_secret"), "{ran:#?}");
        }
    }
    home.args(["datasets", "list", "--api-key-command", "/nonexistent/helper"]).code(2);
}

#[test]
fn whoami_shows_sources_and_no_key() {
    let world = sandbox("avk_hunter2");
    let ran = world.run("whoami").ok();
    assert!(ran.stdout.contains("AVALA_API_KEY") && ran.stdout.contains("AVALA_BASE_URL"), "{ran:#?}");
    assert!(!format!("{ran:?}").contains("hunter2"));
    let ran = Home::of(&world.sandbox.api_url(), "avk_wrong").run("whoami -o json").code(3);
    assert_eq!(ran.json()["user"], serde_json::Value::Null);
    assert_eq!(ran.error()["code"], "authentication");
}

#[test]
fn plain_http_is_refused_unless_allowed() {
    let home = Home::new().with([("AVALA_BASE_URL", "http://127.0.0.1:9/api/v1"), ("AVALA_API_KEY", "k")]);
    let ran = home.run("datasets list").code(2);
    assert!(ran.stderr.contains("--allow-insecure-base-url"), "{ran:#?}");
    home.run("datasets list --allow-insecure-base-url --max-attempts 1").code(8);
    let home = home.with([("AVALA_BASE_URL", "http://example.com/api/v1")]);
    home.run("datasets list --allow-insecure-base-url").code(2);
}

#[cfg(unix)]
#[test]
fn key_of_a_pipe_is_read_once() {
    let world = sandbox("avk_a");
    let url = world.sandbox.api_url();
    let home = Home::new().with([("AVALA_ALLOW_INSECURE_BASE_URL", "1")]);
    // As `<(vault read ...)` of a shell.
    let args = ["--base-url", &url, "--api-key-file", "/dev/stdin"];
    home.input(["datasets", "list", "--limit", "1"].iter().chain(&args), "avk_a\n").ok();
    home.input(["login", "--no-verify"].iter().chain(&args), "avk_a\n").ok();
    home.run("datasets list --limit 1").ok();
    home.input(["datasets", "list"].iter().chain(&args), "avk_wrong\n").code(3);
}

#[test]
fn key_file_is_read_again_after_a_401() {
    let file = Arc::new(OnceLock::<PathBuf>::new());
    let fake = Fake::new({
        let file = Arc::clone(&file);
        move |_, head| {
            if head.contains("avk_new") {
                return Reply::Json(200, r#"{"next":null,"previous":null,"results":[]}"#.to_owned());
            }
            std::fs::write(file.get().unwrap(), "avk_new\r\n").unwrap();
            Reply::Json(401, r#"{"detail":"Invalid API key."}"#.to_owned())
        }
    });
    file.set(fake.home.write("key", "avk_old\n")).unwrap();
    let url = fake.home.environment().into_iter().find(|(name, _)| name == "AVALA_BASE_URL").unwrap().1;
    fake.run(&format!("datasets list --base-url {url} --api-key-file key")).ok();
}

#[test]
fn unusable_key_files_are_named() {
    let home = Home::new();
    home.write("empty", "");
    home.write("blank", "\u{feff} \r\n\n");
    home.write("huge", vec![b'k'; 1 << 20]);
    home.write("utf-16", [0xff, 0xfe, b'a', 0]);
    home.write("binary", [b'a', 0x80, b'b']);
    std::fs::create_dir(home.path("folder")).unwrap();
    for (file, part) in [
        ("empty", "is empty"),
        ("blank", "is empty"),
        ("huge", "too long"),
        ("utf-16", "UTF-16"),
        ("binary", "byte 2"),
        ("folder", "folder"),
        ("missing", "missing"),
    ] {
        let ran = home.run(&format!("datasets list --api-key-file {file}")).code(2);
        assert!(ran.stderr.contains(part) && ran.stderr.contains(file), "{file}: {ran:#?}");
        home.write(".config/avala/config.toml", format!("[profiles.default]\napi_key_file = \"{file}\"\n"));
        let ran = home.run("datasets list").code(2);
        assert!(ran.stderr.contains(part) && ran.stderr.contains(file), "{file}: {ran:#?}");
        std::fs::remove_file(home.config()).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn key_command_without_an_end_is_stopped() {
    let home = Home::new();
    for (command, part) in [
        ("cat /dev/zero", "more than"),
        ("yes avk_secret", "more than"),
        ("sh -c 'trap \"\" PIPE; while :; do echo avk_secret || :; done'", "more than"),
        ("false", "failed with"),
        ("printf garbage", "invalid JSON"),
        ("true", "invalid JSON"),
        ("'open", "open quote"),
        ("''", "cannot be started"),
    ] {
        let ran = home.args(["datasets", "list", "--api-key-command", command]).code(2);
        assert!(ran.stderr.contains(part) && !ran.stderr.contains("avk_secret"), "{command}: {ran:#?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{command}: {ran:#?}");
    }
}
