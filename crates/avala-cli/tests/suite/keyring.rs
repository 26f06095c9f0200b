//! The system keyring, with a program in place of `secret-tool` that keeps keys in a folder.

use std::time::Instant;

use crate::support::{Home, Ran, World, set_mode};

/// Stores, looks up and clears as `secret-tool` does, and notes its arguments.
const STORE: &str = r#"#!/bin/sh
echo "$@" >> "$HOME/calls"
verb=$1; shift
for profile; do :; done
case $verb in
    store) cat > "$HOME/ring.$profile" ;;
    lookup) cat "$HOME/ring.$profile" 2> /dev/null ;;
    clear) rm -f "$HOME/ring.$profile" ;;
esac
"#;

/// What it prints without a session.
const NO_BUS: &str = "#!/bin/sh\necho 'secret-tool: Cannot autolaunch D-Bus without X11 $DISPLAY' >&2\nexit 1\n";

/// A bus that never responds, like a password dialog that stays open.
const SILENT: &str = "#!/bin/sh\nexec sleep 600\n";

/// Creates a home whose `secret-tool` is this script.
fn home(script: &str) -> Home {
    let home = Home::new();
    let program = home.write("bin/secret-tool", script);
    set_mode(&program, 0o700);
    let path = format!("{}:{}", home.path("bin").display(), std::env::var("PATH").unwrap());
    home.with([("PATH", &path)])
}

fn login(home: &Home, world: &World) -> Ran {
    let url = world.sandbox.api_url();
    let args = ["login", "--keyring", "--base-url", &url, "--allow-insecure-base-url", "--api-key-file", "-"];
    home.input(args, format!("{}\n", world.sandbox.key()))
}

#[test]
fn key_is_kept_in_the_keyring_and_not_in_the_file() {
    let world = World::new();
    let home = home(STORE);
    login(&home, &world).ok();
    let config = std::fs::read_to_string(home.config()).unwrap();
    assert!(config.contains("keyring = true") && !config.contains(world.sandbox.key()), "{config}");
    assert_eq!(home.run("datasets list --limit 1 -o uids").ok().stdout.lines().count(), 1);
    let whoami = home.run("whoami -o json").ok().json();
    assert!(whoami["key_source"].as_str().unwrap().contains("the system keyring"), "{whoami}");
    let calls = std::fs::read_to_string(home.path("calls")).unwrap();
    assert!(!calls.contains(world.sandbox.key()), "no argument has the key: {calls}");
    home.run("logout").ok();
    assert!(!home.path("ring.default").exists());
    home.run("datasets list").code(3);
}

#[test]
fn key_in_the_file_replaces_that_of_the_keyring() {
    let world = World::new();
    let home = home(STORE);
    login(&home, &world).ok();
    home.input(["login", "--api-key-file", "-"], world.sandbox.key()).ok();
    assert!(!home.path("ring.default").exists());
    home.run("datasets list --limit 1").ok();
    login(&home, &world).ok();
    home.run("profiles remove default --yes").ok();
    assert!(!home.path("ring.default").exists());
}

#[test]
fn keyring_that_cannot_be_used_is_an_error_with_an_alternative() {
    let world = World::new();
    for (script, part) in [(NO_BUS, "D-Bus"), (SILENT, "within 3 s"), ("#!/bin/sh\nexit 1\n", "did not store")] {
        let home = home(script);
        let started = Instant::now();
        let ran = login(&home, &world);
        assert!(ran.code != 0 && ran.stderr.contains(part) && ran.stderr.contains("--api-key-file"), "{ran:#?}");
        assert!(!home.config().exists(), "nothing was stored");
        home.write(".config/avala/config.toml", "[profiles.default]\nkeyring = true\n");
        let ran = home.run("datasets list --max-attempts 1");
        assert!(ran.code != 0 && ran.stderr.contains("--api-key-file"), "{ran:#?}");
        assert!(ran.stderr.lines().count() == 1 && !ran.stderr.contains(world.sandbox.key()), "{ran:#?}");
        // Two timeouts of 3 s, on a machine that may be busy; the script itself would take 600.
        assert!(started.elapsed().as_secs() < 60);
    }
}

#[test]
fn keyring_is_not_touched_if_the_key_comes_from_elsewhere() {
    let world = World::new();
    let home = home(STORE);
    home.write(".config/avala/config.toml", "[profiles.default]\nkeyring = true\n");
    let url = world.sandbox.api_url();
    let key = home.write("key", world.sandbox.key());
    let key = key.display().to_string();
    let args =
        ["datasets", "list", "--limit", "1", "--base-url", &url, "--allow-insecure-base-url", "--api-key-file", &key];
    home.args(args).ok();
    for line in
        ["--version", "datasets --help", "agents create --name x --dry-run", "profiles list", "shell-completion bash"]
    {
        home.run(line).ok();
    }
    home.args(["__complete", "1", "bash", "--", "datasets", "get", ""]).ok();
    assert!(!home.path("calls").exists());
}

#[test]
fn program_that_is_missing_is_named() {
    let world = World::new();
    let home = Home::new().with([("PATH", "/nonexistent")]);
    let ran = login(&home, &world).code(1);
    assert!(ran.stderr.contains("secret-tool") && ran.stderr.contains("--api-key-file"), "{ran:#?}");
}
