//! Datasets and folders: downloaded, compared, and made equal; managed recordings; new events.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::World;

/// Returns a dataset of three files, and its source.
fn world() -> World {
    let world = World::new();
    world.home.write("source/a.jpg", "aaa");
    world.home.write("source/deep/b.jpg", "bbbb");
    world.home.write("source/deep/c d.jpg", "ccccc");
    world.run("upload source --name Drive --slug drive --data-type image --wait").ok();
    world
}

fn read(world: &World, name: &str) -> Option<String> {
    std::fs::read_to_string(world.home.path(name)).ok()
}

#[test]
fn dataset_is_downloaded_and_compared() {
    let world = world();
    let plan = world.run("download acme-robotics/drive copy --dry-run -o json").ok().json();
    assert_eq!(plan["files"], 3);
    assert!(!world.home.path("copy").exists(), "a plan writes nothing");
    let done = world.run("download acme-robotics/drive copy -o json").ok().json();
    assert_eq!((&done["transferred"], &done["skipped"]), (&3.into(), &0.into()));
    assert_eq!(read(&world, "copy/deep/c d.jpg").as_deref(), Some("ccccc"));
    let again = world.run("download acme-robotics/drive copy -o json").ok().json();
    assert_eq!((&again["transferred"], &again["skipped"]), (&0.into(), &3.into()));
    for folder in ["copy", "source"] {
        let same = world.run(&format!("verify acme-robotics/drive {folder} --hash -o json")).ok().json();
        assert_eq!(same["is_equal"], true, "{folder}: {same}");
    }
}

#[test]
fn verify_fails_for_each_kind_of_difference() {
    let world = world();
    world.run("download acme-robotics/drive copy").ok();
    world.home.write("copy/deep/b.jpg", "BBBB");
    std::fs::remove_file(world.home.path("copy/a.jpg")).unwrap();
    world.home.write("copy/extra.jpg", "x");
    let ran = world.run("verify acme-robotics/drive copy --hash -o json").code(9);
    let found = ran.json();
    assert_eq!(found["is_equal"], false);
    assert_eq!(
        (&found["missing"], &found["extra"]),
        (&serde_json::json!(["a.jpg"]), &serde_json::json!(["extra.jpg"]))
    );
    assert_eq!(found["different"][0]["path"], "deep/b.jpg", "{found}");
    assert_eq!(ran.error()["code"], "job_failed");
    world.home.write("copy/deep/b.jpg", "longer than before");
    let ran = world.run("verify acme-robotics/drive copy -o json").code(9);
    assert!(ran.json()["different"][0]["difference"].as_str().unwrap().contains("18 bytes here"), "{ran:#?}");
}

#[test]
fn sync_makes_a_folder_equal_and_deletes_only_if_asked() {
    let world = world();
    world.home.write("copy/deep/b.jpg", "longer than before");
    world.home.write("copy/extra.jpg", "x");
    let done = world.run("sync acme-robotics/drive copy -o json").ok().json();
    assert_eq!(done["transferred"], 3, "{done}");
    assert_eq!(
        (read(&world, "copy/deep/b.jpg").as_deref(), read(&world, "copy/extra.jpg").as_deref()),
        (Some("bbbb"), Some("x"))
    );
    // More files would be deleted than are allowed: none is.
    let ran = world.run("sync acme-robotics/drive copy --delete 0 -o json");
    assert!(ran.code != 0 && world.home.path("copy/extra.jpg").exists(), "{ran:#?}");
    world.run("sync acme-robotics/drive copy --delete 1").ok();
    assert!(!world.home.path("copy/extra.jpg").exists());
    world.run("verify acme-robotics/drive copy --hash").ok();
}

#[test]
fn patterns_choose_the_files_of_a_download() {
    let world = world();
    world.run("download acme-robotics/drive some --include deep/** --exclude **/b.jpg").ok();
    assert_eq!((read(&world, "some/deep/c d.jpg").as_deref(), read(&world, "some/a.jpg")), (Some("ccccc"), None));
    assert_eq!(read(&world, "some/deep/b.jpg"), None);
}

#[test]
fn downloads_that_cannot_start_leave_nothing() {
    let world = world();
    world.run("download acme-robotics/nope copy").code(4);
    assert!(!world.home.path("copy").exists());
    world.home.write("file", "x");
    let ran = world.run("download acme-robotics/drive file");
    assert!(ran.code != 0 && ran.stderr.lines().count() == 1, "{ran:#?}");
    assert_eq!(read(&world, "file").as_deref(), Some("x"));
}

#[test]
fn limit_ends_a_download_that_the_same_command_continues() {
    let world = world();
    for limit in ["--max-bytes 4", "--max-time 0.000001"] {
        let ran = world.run(&format!("download acme-robotics/drive copy {limit} --workers 1 -o json")).code(10);
        assert!(ran.stderr.contains("continue with: avala download"), "{ran:#?}");
    }
    world.run("download acme-robotics/drive copy").ok();
    world.run("verify acme-robotics/drive copy --hash").ok();
}

#[test]
fn limit_ends_an_upload_that_the_same_command_continues() {
    let world = World::new();
    for name in ["a", "b", "c"] {
        world.home.write(&format!("source/{name}.jpg"), vec![7; 1000]);
    }
    let line = "upload source --name N --slug n --workers 1";
    for (limit, sent) in
        [("--max-time 0.000001", 0), ("--max-bytes 999", 0), ("--max-bytes 1.5k", 0), ("--max-bytes 2k", 2)]
    {
        let ran = world.run(&format!("{line} {limit}"));
        let code = if limit.contains("1.5k") { 2 } else { 10 };
        assert_eq!(ran.code, code, "{limit}: {ran:#?}");
        assert_eq!(world.sandbox.storage().counters().puts, sent, "{limit}: a file that does not fit is not begun");
    }
    world.run(line).ok();
    assert_eq!(world.sandbox.storage().counters().puts, 3);
}

#[test]
fn upload_options_of_the_official_program_reach_the_dataset() {
    let world = World::new();
    world.home.write("source/a.jpg", "aaa");
    let line = "datasets upload --source source --name N --slug n --data-type image --owner acme-robotics --industry 3 \
                --license 2 --resume --workers 4";
    let done = world.run(&format!("{line} -o json")).ok().json();
    assert_eq!(done["dataset"]["owner_name"], "acme-robotics", "{done}");
    let create = world.sandbox.requests().into_iter().find(|request| request.api_path() == "/datasets/manual-upload/");
    let body: serde_json::Value = serde_json::from_slice(&create.unwrap().body).unwrap();
    assert_eq!(
        (&body["owner_name"], &body["industry"], &body["license"]),
        (&"acme-robotics".into(), &3.into(), &2.into())
    );
}

#[test]
fn patterns_choose_the_files_of_an_upload() {
    let world = World::new();
    for name in ["front/a.jpg", "front/b.jpg", "front/notes.txt", "rear/c.jpg"] {
        world.home.write(&format!("source/{name}"), "abc");
    }
    // A link, which would be refused, does not matter when it is left out.
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere", world.home.path("source/front/link.tmp")).unwrap();
    let line = "upload source --name N --slug n --include front/** --exclude *.txt --exclude *.tmp -o json";
    let plan = world.run(&format!("{line} --dry-run")).ok().json();
    assert_eq!((&plan["files"], &plan["bytes"]), (&2.into(), &6.into()));
    assert_eq!(world.run(line).ok().json()["upload"]["transferred"], 2);
    world.run("upload source --name M --slug m --include nothing/**").code(2);
}

#[test]
fn managed_recording_is_published() {
    let world = World::new();
    let magic = b"\x89MCAP0\r\n";
    world.home.write("run/a.mcap", [&magic[..], &[7; 3000], magic].concat());
    let uid = world.run("fleet recordings list --limit 1 -o uids").ok().stdout.trim().to_owned();
    let line = format!("fleet recordings upload --source run --recording {uid} --managed");
    let plan = world.run(&format!("{line} --dry-run -o json")).ok().json();
    assert_eq!((&plan["files"], &plan["bytes"]), (&1.into(), &3016.into()));
    let done = world.run(&format!("{line} --wait -o json")).ok().json();
    let dataset = done["dataset_uid"].as_str().unwrap_or_else(|| panic!("{done}"));
    assert_eq!(world.run(&format!("datasets get {dataset} -o json")).ok().json()["data_type"], "mcap");
    world.run(&format!("{line} --storage-config c1")).code(2);
}

/// Waits until the sandbox has responded to so many lists of events.
fn polls(world: &World, count: usize) {
    let started = Instant::now();
    let seen = || world.requests().iter().filter(|request| *request == "GET /fleet/events/").count();
    while seen() < count {
        assert!(started.elapsed() < Duration::from_secs(60), "no poll");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn tail_prints_only_new_events_and_each_once() {
    for format in ["ndjson", "table"] {
        let world = World::new();
        let recording = world.run("fleet recordings list --limit 1 -o json").ok().json()[0].clone();
        let (uid, device) = (recording["uid"].as_str().unwrap(), recording["device"].as_str().unwrap());
        let create = |label: &str| {
            let line = format!(
                "fleet events create --recording {uid} --device {device} --type warning --severity high --label {label} \
                 --timestamp 2026-01-02T03:04:05Z"
            );
            world.run(&line).ok();
        };
        create("before");
        world.sandbox.clear_requests();
        let mut command = world.home.command();
        command.args(["events", "tail", "--interval", "0.5", "-o", format, "--device", device]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        // With two polls, what was there at the start is known.
        polls(&world, 2);
        create("first");
        let first = lines.next().unwrap();
        create("second");
        let second = lines.next().unwrap();
        assert!(first.contains("first") && second.contains("second"), "{format}: {first} {second}");
        if format == "ndjson" {
            let event: serde_json::Value = serde_json::from_str(&second).unwrap();
            assert_eq!((&event["label"], &event["device"]), (&"second".into(), &device.into()));
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}
