//! Uploads and downloads, interrupted and resumed.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use avala_sandbox::Fault;

use crate::support::{Home, World};

/// Writes ten files of 64 kB.
fn write_files(world: &World) {
    for number in 0..10_u8 {
        world.home.write(&format!("drive/{number}.jpg"), vec![number; 64 << 10]);
    }
}

const UPLOAD: [&str; 8] = ["upload", "drive", "--name", "Drive", "--slug", "drive", "--data-type", "image"];

fn posts(world: &World, path: &str) -> usize {
    world.requests().iter().filter(|request| *request == &format!("POST {path}")).count()
}

#[test]
fn folder_becomes_a_dataset_once() {
    let world = World::new();
    write_files(&world);
    let plan = world.home.args(UPLOAD.iter().chain(&["--dry-run", "-o", "json"])).ok().json();
    assert_eq!((&plan["files"], &plan["bytes_to_send"]), (&10.into(), &(10 * (64 << 10)).into()));
    assert!(world.requests().iter().all(|request| request.starts_with("GET")));
    let done = world.home.args(UPLOAD.iter().chain(&["--wait", "-o", "json"])).ok();
    let uid = done.json()["dataset"]["uid"].as_str().unwrap().to_owned();
    assert_eq!((&done.json()["upload"]["transferred"], done.stderr.as_str()), (&10.into(), ""));
    assert_eq!(world.run(&format!("datasets get {uid} -o json")).ok().json()["slug"], "drive");
    let again = world.home.args(UPLOAD.iter().chain(&["-o", "json"])).ok().json();
    assert_eq!(again["was_created_before"], true);
    assert_eq!(posts(&world, "/datasets/manual-upload/"), 1);
}

/// Starts an upload that is slow, and kills it when a file is done. It was not waited for.
fn killed_upload(world: &World) -> Child {
    write_files(world);
    let mut command = world.home.command();
    command.args(UPLOAD).args(["--bwlimit", "150k", "--workers", "1", "-o", "ndjson"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let is_done =
        |line: &Result<String, std::io::Error>| line.as_ref().is_ok_and(|line| line.contains("\"file_done\""));
    assert!(
        lines
            .map(|line| line.inspect(|line| assert!(serde_json::from_str::<serde_json::Value>(line).is_ok())))
            .any(|line| is_done(&line))
    );
    child.kill().unwrap();
    child
}

#[test]
fn killed_upload_goes_on() {
    let world = World::new();
    let mut child = killed_upload(&world);
    // At once, and before anybody has waited for the killed process, as in a container without a reaper.
    let done = world.home.args(UPLOAD.iter().chain(&["--resume", "-o", "json"])).ok().json();
    child.wait().unwrap();
    let (skipped, sent) =
        (done["upload"]["skipped"].as_u64().unwrap(), done["upload"]["transferred"].as_u64().unwrap());
    assert!(skipped >= 1 && skipped + sent == 10, "{done}");
    assert_eq!(posts(&world, "/datasets/manual-upload/"), 1);
}

#[cfg(unix)]
#[test]
fn first_interrupt_prints_how_to_go_on() {
    let world = World::new();
    write_files(&world);
    let mut command = world.home.interruptible();
    // So slow that it cannot end before the signal, however busy the machine is.
    command.args(UPLOAD).args(["--bwlimit", "2k", "--workers", "1", "-o", "ndjson", "--no-input"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let stdout = child.stdout.take().unwrap();
    let mut lines = BufReader::new(stdout).lines();
    assert!(
        lines.any(|line| line.is_ok_and(|line| line.contains("\"progress\"") || line.contains("\"file_started\"")))
    );
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    // The pipe has to be read to its end.
    lines.for_each(drop);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("continue with: avala upload drive"), "{stderr}");
    world.home.args(UPLOAD).ok();
}

#[test]
fn export_is_created_downloaded_verified_and_synced() {
    let world = World::new();
    let project = world.uid("projects");
    let ran = world.run(&format!("exports create --project {project} --download out.json -o json")).ok();
    let uid = ran.json()["uid"].as_str().unwrap().to_owned();
    let content = std::fs::read(world.home.path("out.json")).unwrap();
    assert!(!content.is_empty());
    world.run(&format!("download export:{uid} again.json")).ok();
    assert_eq!(std::fs::read(world.home.path("again.json")).unwrap(), content);
    let same = world.run(&format!("verify export:{uid} again.json --hash -o json")).ok().json();
    assert_eq!(same["is_equal"], true, "{same}");
    world.home.write("again.json", "other");
    world.run(&format!("verify export:{uid} again.json --hash")).code(9);
    world.run(&format!("verify export:{uid} missing.json")).code(2);
    // A path that ends in a slash is a folder, which need not exist.
    world.run(&format!("exports create --project {project} --download exports/")).ok();
    assert_eq!(std::fs::read_dir(world.home.path("exports")).unwrap().count(), 1);
    world.run(&format!("sync export:{uid} folder")).ok();
    assert_eq!(std::fs::read_dir(world.home.path("folder")).unwrap().count(), 1);
    let plan = world.run(&format!("download export:{uid} folder --dry-run -o json")).ok().json();
    assert!(plan["calls"].is_u64(), "{plan}");
    let failed = world.run(&format!("exports create --project {project} --name fail --wait -o json")).code(9);
    assert_eq!(failed.json()["status"], "failed");
}

#[test]
fn wrong_transfers_are_wrong_usage() {
    let world = World::new();
    world.home.write("a.jpg", "x");
    for line in [
        "upload --name n --slug s",
        "upload nowhere --name n --slug s",
        "upload a.jpg --name n --slug s --storage-config c",
        "upload a.jpg --name n --slug s --visibility public",
        "upload a.jpg --name n --slug s --bwlimit fast",
        "download nonsense x",
        "download a/b/c/d x",
        "verify export: x",
        "sync o/s",
    ] {
        let ran = world.run(line).code(2);
        assert!(ran.stderr.lines().count() == 1, "{line}: {ran:#?}");
    }
    world.run("download export:nope x.json").code(4);
    assert!(!world.home.path("x.json").exists());
}

#[test]
fn recording_is_uploaded() {
    let world = World::new();
    world.home.write("run/a.mcap", vec![1; 4096]);
    let uid = world.run("fleet recordings list --limit 1 -o uids").ok().stdout.trim().to_owned();
    let plan =
        world.run(&format!("fleet recordings upload --source run --recording {uid} --dry-run -o json")).ok().json();
    assert_eq!((&plan["files"], &plan["bytes"], &plan["calls"]), (&1.into(), &4096.into(), &8.into()));
    let offline = Home::sharing(&world.home);
    offline.run(&format!("fleet recordings upload --source run --recording {uid} --dry-run")).ok();
    offline.run("fleet recordings upload --source nowhere --recording r --dry-run").code(2);
    let device = world.run("fleet recordings upload --source run --device d1").code(2);
    assert!(device.stderr.contains("--recording"), "{device:#?}");
    let done = world.run(&format!("fleet recordings upload --source run --recording {uid} -o json")).ok().json();
    assert_eq!((&done["recording_uid"], &done["upload"]["transferred"]), (&uid.into(), &1.into()));
}

#[test]
fn cloud_import_sends_one_call_and_shows_no_secret() {
    let world = World::new();
    let home = Home::of(&world.sandbox.api_url(), world.sandbox.key()).with([
        ("AWS_ACCESS_KEY_ID", "AKIA1"),
        ("AWS_SECRET_ACCESS_KEY", "hunter2"),
        ("AWS_REGION", "eu-central-1"),
    ]);
    let line = "import cloud s3://acme/2026/ --name Drives --slug cloud-drives --data-type image";
    let dry = home.run(&format!("{line} --dry-run -o json")).ok();
    assert!(!dry.stdout.contains("hunter2") && dry.stdout.contains("cloud-drives"), "{dry:#?}");
    assert_eq!(home.run(&format!("{line} -o json")).ok().json()["slug"], "cloud-drives");
    assert_eq!(world.requests(), ["POST /datasets/"]);
    for wrong in ["acme", "ftp://a/b", "s3:///x", "gs://bucket/x", ""] {
        home.run(&line.replace("s3://acme/2026/", wrong)).code(2);
    }
    // The external ID that a role trusts is that of an organization.
    home.run(&format!("{line} --role-arn arn:aws:iam::1:role/x")).code(2);
}

#[test]
fn cloud_import_takes_the_bucket_of_a_storage_config() {
    let world = World::new();
    let organization = world.uid("organizations");
    let create = "storage-configs create --name Owned --provider aws_s3 --organization northwind-labs --s3-bucket-name owned \
                  --s3-bucket-region us-east-1 --s3-auth-method access_key --s3-access-key-id A --s3-secret-access-key hunter2";
    let config = world.run(&format!("{create} -o uids")).ok().stdout.trim().to_owned();
    let line = format!(
        "import cloud --storage-config {config} --name Drives --slug saved-drives --data-type image --access-key-id AKIA1 \
         --secret-access-key hunter2"
    );
    let ran = world.run(&line).code(2);
    assert!(ran.stderr.contains("--organization-uid"), "{ran:#?}");
    let line = format!("{line} --organization-uid {organization}");
    let ran = world.run(&line).code(2);
    assert!(ran.stderr.contains("storage-configs test"), "not verified: {ran:#?}");
    world.run(&format!("storage-configs test {config}")).ok();
    let saved = world.run(&format!("storage-configs get {config} -o json")).ok().json();
    let dry = world.run(&format!("{line} --dry-run -o json")).ok();
    let provider = &dry.json()["body"]["provider_config"];
    assert_eq!(
        (&provider["s3_bucket_name"], &provider["s3_bucket_region"]),
        (&saved["s3_bucket_name"], &saved["s3_bucket_region"])
    );
    assert!(!dry.stdout.contains("hunter2"), "{dry:#?}");
    assert_eq!(world.run(&format!("{line} --wait -o json")).ok().json()["slug"], "saved-drives");
    // A bucket that is not the config's, and an organization that is not one's own.
    world.run(&line.replace("import cloud", "import cloud s3://other/x")).code(2);
    world.run(&line.replace(&organization, "nope")).code(2);
}

#[test]
fn unfinished_upload_of_the_official_client_causes_a_warning() {
    let world = World::new();
    world.home.write("files/a.jpg", "abc");
    world.home.write(".avala/uploads/datasets/Mine-70e67cb65483.batch", "uid");
    let upload = |format: &str, slug: &str| {
        let files = world.home.path("files").display().to_string();
        let line = format!("datasets upload --source {files} --name Mine --slug {slug} --data-type image -o {format}");
        world.run(&line).ok()
    };
    let ran = upload("table", "mine");
    let lines: Vec<_> = ran.stderr.lines().filter(|line| line.contains("official client")).collect();
    assert!(matches!(lines.as_slice(), [line] if line.contains("Mine-70e67cb65483.batch")), "{ran:#?}");
}

/// Copies a folder, as to another machine: with other times and identities of the files.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

#[test]
fn upload_goes_on_on_another_machine() {
    let world = World::new();
    killed_upload(&world).wait().unwrap();
    let puts = world.sandbox.storage().counters().puts;
    let other = Home::of(&world.sandbox.api_url(), world.sandbox.key());
    for folder in [".local/state/avala", "drive"] {
        copy(&world.home.path(folder), &other.path(folder));
    }
    let done = other.args(UPLOAD.iter().chain(&["-o", "json"])).ok().json();
    let (skipped, sent) =
        (done["upload"]["skipped"].as_u64().unwrap(), done["upload"]["transferred"].as_u64().unwrap());
    assert!(skipped >= 1 && skipped + sent == 10, "{done}");
    assert_eq!(posts(&world, "/datasets/manual-upload/"), 1);
    assert!(world.sandbox.storage().counters().puts - puts < 10);
}

#[cfg(unix)]
#[test]
fn printed_command_is_the_same_command() {
    use std::os::unix::ffi::OsStringExt as _;

    let world = World::new();
    write_files(&world);
    let state = OsString::from_vec(b"state \xff\n".to_vec());
    let line = UPLOAD.iter().map(OsString::from).chain(["--state-folder".into(), state.clone()]);
    let ran = world.home.args(line.chain(["--max-time".into(), "0.000001".into()])).code(10);
    let command = ran.stderr.split("continue with: ").nth(1).unwrap().trim_end().to_owned();
    assert!(command.contains(r"$'state \xff\x0a'"), "{command}");
    let folder = Path::new(crate::support::program()).parent().unwrap().display().to_string();
    let mut shell = std::process::Command::new("bash");
    shell.env_clear().envs(world.home.environment()).current_dir(world.home.path(""));
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap_or_default());
    // The same words, but for the limit.
    shell.env("PATH", path).args(["-c", &command.replace("0.000001", "600")]);
    crate::support::run(shell, Vec::new()).ok();
    assert_eq!(posts(&world, "/datasets/manual-upload/"), 1);
    let states = std::fs::read_dir(world.home.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(states.filter(|name| name.to_string_lossy().starts_with("state")).collect::<Vec<_>>(), [state]);
}

#[cfg(unix)]
#[test]
fn first_interrupt_does_not_wait_for_a_hanging_server() {
    let world = World::new();
    write_files(&world);
    let hour = std::time::Duration::from_secs(3600);
    world.sandbox.fault(Fault::delay(hour).on_storage("PUT", "/*").times(100)).unwrap();
    let mut command = world.home.interruptible();
    let child = command.args(UPLOAD).args(["-o", "ndjson"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = child.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.is_ok_and(|line| line.contains("\"file_started\""))));
    let started = std::time::Instant::now();
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let rest = std::thread::spawn(move || lines.for_each(drop));
    assert_eq!(crate::support::wait(&mut child), 130);
    rest.join().unwrap();
    assert!(started.elapsed().as_secs() < 60, "it does not wait for the hour of the server");
}
