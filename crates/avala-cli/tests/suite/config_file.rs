//! The configuration file: modes, links, many writers, and files that cannot be read.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::support::{Home, set_mode};

fn store(home: &Home, profile: &str, key: &str) -> crate::support::Ran {
    home.input(["login", "--no-verify", "--profile", profile, "--api-key-file", "-"], key)
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;

    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
#[test]
fn file_is_private_and_wider_modes_are_refused() {
    let home = Home::new();
    store(&home, "a", "avk_1").ok();
    assert_eq!((mode(&home.config()), mode(home.config().parent().unwrap())), (0o600, 0o700));
    for wide in [0o644, 0o640, 0o604, 0o620, 0o666] {
        set_mode(&home.config(), wide);
        for line in ["datasets list", "whoami", "profiles list"] {
            let ran = home.run(line).code(2);
            assert!(ran.stderr.contains("chmod 600"), "{ran:#?}");
        }
        store(&home, "b", "avk_2").code(2);
        assert_eq!(mode(&home.config()), wide);
    }
    home.run("--version").ok();
    home.run("datasets list --help").ok();
}

#[test]
fn broken_file_is_reported_and_never_replaced() {
    let home = Home::new();
    for broken in
        ["a = 1\n[profiles.x\n", "a = 1\n\nb = = 2\n", "a = 1\n\u{0}", "profiles = 3\n", "[profiles.a]\napi_key = 5\n"]
    {
        let path = home.write(".config/avala/config.toml", broken);
        for ran in [home.run("whoami"), store(&home, "b", "avk_2"), home.run("profiles use b"), home.run("logout")] {
            let ran = ran.code(2);
            assert!(ran.stderr.contains("config.toml") || ran.stderr.contains("profile"), "{ran:#?}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), broken);
    }
    let path = home.write(".config/avala/config.toml", "a = 1\n[profiles.x\n");
    assert!(home.run("whoami").stderr.contains("line 2"));
    fs::write(&path, [b'a', b'\n', 0xff]).unwrap();
    assert!(home.run("whoami").code(2).stderr.contains("line 2"));
}

#[cfg(unix)]
#[test]
fn links_to_the_file_are_kept() {
    use std::os::unix::fs::symlink;

    let home = Home::new();
    let folder = home.path(".config/avala");
    fs::create_dir_all(&folder).unwrap();
    fs::create_dir_all(home.path("dotfiles/deep")).unwrap();
    let target = home.write("dotfiles/deep/avala.toml", "# versioned\n");
    // Relative, and over two links in two folders.
    symlink("deep/avala.toml", home.path("dotfiles/link.toml")).unwrap();
    symlink("../../dotfiles/link.toml", folder.join("config.toml")).unwrap();
    store(&home, "a", "avk_1").ok();
    for link in [folder.join("config.toml"), home.path("dotfiles/link.toml")] {
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "{link:?}");
    }
    let text = fs::read_to_string(&target).unwrap();
    assert!(text.contains("# versioned") && text.contains("avk_1"), "{text}");
    assert_eq!(mode(&target), 0o600);
    let names = |path: &str| fs::read_dir(home.path(path)).unwrap().count();
    assert_eq!((names("dotfiles/deep"), names("dotfiles"), names(".config/avala")), (1, 2, 1));
    // A link to a file that does not exist yet.
    symlink("nowhere/new.toml", home.path("dangling.toml")).unwrap();
    let args = ["login", "--no-verify", "--config-file", "dangling.toml", "--api-key-file", "-"];
    home.input(args, "avk_3").ok();
    assert!(
        home.path("nowhere/new.toml").exists()
            && fs::symlink_metadata(home.path("dangling.toml")).unwrap().is_symlink()
    );
    // A circle of links.
    symlink("b.toml", home.path("a.toml")).unwrap();
    symlink("a.toml", home.path("b.toml")).unwrap();
    home.input(["login", "--no-verify", "--config-file", "a.toml", "--api-key-file", "-"], "avk_3").code(2);
}

#[cfg(unix)]
#[test]
fn file_that_cannot_be_written_is_named_without_the_key() {
    let home = Home::new();
    store(&home, "a", "avk_hunter1").ok();
    set_mode(&home.config(), 0o400);
    let ran = store(&home, "b", "avk_hunter2").code(1);
    assert!(
        ran.stderr.contains("config.toml") && ran.stderr.contains("[profiles.b]") && ran.stderr.contains("***"),
        "{ran:#?}"
    );
    assert!(!ran.stderr.contains("hunter"), "{ran:#?}");
    assert!(!fs::read_to_string(home.config()).unwrap().contains("profiles.b"));
    let ran =
        home.input(["login", "--no-verify", "--config-file", "/proc/avala.toml", "--api-key-file", "-"], "avk_hunter2");
    assert!(ran.code != 0 && ran.stderr.contains("/proc/avala.toml") && !ran.stderr.contains("hunter"), "{ran:#?}");
}

/// Eight writers of different profiles, some of them killed, while others read. `AVALA_TEST_ROUNDS` sets how often.
#[test]
fn many_writers_lose_nothing() {
    let rounds = std::env::var("AVALA_TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(8);
    let home = Home::new();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let read = || {
            while !is_over.load(Ordering::Relaxed) {
                home.run("profiles list -o json").ok();
                #[cfg(unix)]
                if home.config().exists() {
                    assert_eq!(mode(&home.config()), 0o600);
                }
            }
        };
        let readers: Vec<_> = (0..8).map(|_| scope.spawn(read)).collect();
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let home = &home;
                scope.spawn(move || {
                    for round in 0..rounds {
                        if writer == 7 {
                            // This one is killed at some moment.
                            let mut command = home.command();
                            command.args([
                                "login",
                                "--no-verify",
                                "--profile",
                                "killed",
                                "--api-key",
                                &format!("avk_{round}"),
                            ]);
                            let command =
                                command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
                            let mut child = command.spawn().unwrap();
                            thread::sleep(std::time::Duration::from_micros(fastrand::u64(0..30_000)));
                            if round % 2 == 0 {
                                let _ = child.kill();
                            } else {
                                // The process may have ended already.
                                let _ = std::process::Command::new("kill").arg(child.id().to_string()).output();
                            }
                            let _ = child.wait();
                        } else {
                            store(home, &format!("p{writer}"), &format!("avk_{writer}_{round}")).ok();
                            // Other commands that write, of the same profile and of all.
                            home.run(&format!("profiles set p{writer} --organization o{writer}-{round}")).ok();
                            if round % 4 == 0 {
                                home.run(&format!("profiles use p{writer}")).ok();
                            }
                        }
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
        for reader in readers {
            reader.join().unwrap();
        }
    });
    let text = fs::read_to_string(home.config()).unwrap();
    for writer in 0..7 {
        for value in [format!("\"avk_{writer}_{}\"", rounds - 1), format!("\"o{writer}-{}\"", rounds - 1)] {
            assert!(text.contains(&value), "{value}: {text}");
        }
    }
    let names: Vec<_> =
        fs::read_dir(home.config().parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["config.toml"]);
}
