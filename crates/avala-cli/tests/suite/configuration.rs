//! login, logout, profiles, aliases and default options.

use crate::support::{Home, World};

/// Logs in to a sandbox with a key from stdin.
fn login(home: &Home, world: &World, profile: &str) {
    let url = world.sandbox.api_url();
    let args = ["login", "--profile", profile, "--base-url", &url, "--api-key-file", "-", "--allow-insecure-base-url"];
    home.input(args, format!("{}\r\n", world.sandbox.key())).ok();
}

#[test]
fn login_stores_a_key_that_works() {
    let (world, home) = (World::new(), Home::new());
    login(&home, &world, "default");
    let text = std::fs::read_to_string(home.config()).unwrap();
    assert!(text.contains("api_key = \"avk_test\"") && text.contains("default_profile = \"default\""), "{text}");
    home.run("datasets list --limit 1").ok();
    let profiles = home.run("profiles list -o json").ok();
    assert!(!profiles.stdout.contains("avk_test"), "{profiles:#?}");
    assert_eq!(profiles.json()[0]["is_used"], true);
    home.run("logout").ok();
    home.run("datasets list --limit 1").code(3);
    assert!(std::fs::read_to_string(home.config()).unwrap().contains("base_url"));
}

#[test]
fn rejected_key_is_not_stored() {
    let (world, home) = (World::new(), Home::new());
    let url = world.sandbox.api_url();
    let args = ["login", "--base-url", &url, "--allow-insecure-base-url", "--api-key-file", "-"];
    let ran = home.input(args, "avk_wrong").code(3);
    assert!(ran.stderr.contains("not stored") && !home.config().exists(), "{ran:#?}");
    home.input(args.into_iter().chain(["--no-verify"]), "avk_wrong").ok();
    assert!(home.config().exists());
}

#[test]
fn login_without_a_terminal_names_the_option() {
    for line in ["login", "login --no-input", "configure"] {
        let ran = Home::new().run(line).code(2);
        assert!(ran.stderr.contains("--api-key-file") || ran.stderr.contains("--base-url"), "{line}: {ran:#?}");
    }
    let ran = Home::of("http://127.0.0.1:9/api/v1", "k").input(["login", "--api-key-file", "-"], "avk_1").code(2);
    assert!(ran.stderr.contains("AVALA_BASE_URL"), "{ran:#?}");
}

#[test]
fn profiles_are_chosen_changed_and_removed() {
    let (world, home) = (World::new(), Home::new());
    login(&home, &world, "a");
    login(&home, &world, "b");
    assert_eq!(home.run("whoami -o json").ok().json()["profile"], "a");
    home.run("profiles use b").ok();
    assert_eq!(home.run("whoami -o json").ok().json()["profile"], "b");
    home.run("profiles set b --organization northwind-labs").ok();
    assert_eq!(home.run("whoami -o json").ok().json()["organization"], "northwind-labs");
    let listed = home.run("storage-configs list --debug").ok();
    assert!(listed.stderr.contains("organization=northwind-labs"), "{listed:#?}");
    home.run("profiles use nope").code(2);
    home.run("profiles remove b").code(2);
    home.run("profiles remove b --yes").ok();
    home.run("whoami --profile b").code(2);
}

#[test]
fn aliases_and_default_options_belong_to_a_profile() {
    let (world, home) = (World::new(), Home::new());
    login(&home, &world, "default");
    let text = std::fs::read_to_string(home.config()).unwrap();
    let more = "\n[profiles.default.aliases]\nlidar = \"datasets list --data-type lidar\"\nloop = \"loop\"\n\
                one = \"two --limit 1\"\ntwo = \"one\"\n\
                \n[profiles.default.defaults]\n\"*\" = \"-o json\"\n\"datasets list\" = \"--limit 2\"\n";
    home.write(".config/avala/config.toml", text + more);
    assert_eq!(home.run("datasets list").ok().json().as_array().unwrap().len(), 2);
    assert_eq!(home.run("datasets list --limit 3").ok().json().as_array().unwrap().len(), 3);
    assert_eq!(home.run("-o uids datasets list").ok().stdout.lines().count(), 2);
    let lidar = home.run("lidar").ok().json();
    assert!(lidar.as_array().unwrap().iter().all(|dataset| dataset["data_type"] == "lidar"));
    for alias in ["loop", "one", "two"] {
        let ran = home.run(&format!("{alias} -o json")).code(2);
        assert!(ran.error()["message"].as_str().unwrap().contains(&format!("the alias \"{alias}\"")), "{ran:#?}");
    }
    home.run("no-such-alias").code(2);
}
