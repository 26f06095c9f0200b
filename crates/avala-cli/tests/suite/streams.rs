//! Standard streams that are closed, full, or read by nobody, and files that are none.

use std::process::{Command, Output, Stdio};

use crate::support::{Fake, Home, Reply, World};

const FORMATS: [&str; 7] = ["table", "json", "ndjson", "csv", "tsv", "yaml", "uids"];

const UPLOAD: &str = "upload drive --name Drive --slug drive --data-type image --workers 1";

/// Runs a program whose stdout was closed by its reader before it began.
fn without_reader(mut command: Command) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).output().unwrap()
}

fn unread(home: &Home, line: &str) -> (i32, String) {
    let mut command = home.command();
    command.args(shlex::split(line).unwrap());
    let output = without_reader(command);
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn missing_reader_is_no_error_in_any_format() {
    let world = World::new();
    let dataset = world.uid("datasets");
    let lists = ["datasets list --limit 3", "datasets list --all --page-size 50", "api GET /datasets/ --all"];
    let get = format!("datasets get {dataset}");
    let values = [get.as_str(), "users me", "status", "agents create --name x --dry-run"];
    for line in lists.iter().chain(&values) {
        for format in FORMATS {
            assert_eq!(unread(&world.home, &format!("{line} -o {format}")), (0, String::new()), "{line} {format}");
        }
    }
    for line in [
        "--help",
        "--version",
        "help commands",
        "help exit-codes",
        "man",
        "shell-completion zsh",
        "datasets list --template '{{ uid }}'",
        "datasets list --jq .[].uid",
        "datasets list --jq 'repeat(.)'",
        "datasets list -o ndjson --jq 'repeat(.uid)'",
        "watch datasets --initial --timeout 600",
        "status --watch 600",
    ] {
        assert_eq!(unread(&world.home, line), (0, String::new()), "{line}");
    }
}

#[test]
fn transfer_is_finished_without_a_reader() {
    let world = World::new();
    for number in 0..5_u8 {
        world.home.write(&format!("drive/{number}.jpg"), vec![number; 1000]);
    }
    assert_eq!(unread(&world.home, &format!("{UPLOAD} -o ndjson")), (0, String::new()));
    assert_eq!(world.sandbox.storage().counters().puts, 5);
    assert!(world.requests().contains(&"POST /datasets/manual-upload/".to_owned()));
    assert_eq!(unread(&world.home, "download acme-robotics/drive copy -o ndjson").0, 0);
    assert_eq!(std::fs::read_dir(world.home.path("copy")).unwrap().count(), 5);
    let project = world.uid("projects");
    let line = format!("exports create --project {project} --wait --download export.json -o ndjson");
    assert_eq!(unread(&world.home, &line), (0, String::new()));
    assert!(world.home.path("export.json").exists());
}

#[test]
fn bad_results_count_without_a_reader() {
    let world = World::new();
    for number in 0..3_u8 {
        world.home.write(&format!("drive/{number}.jpg"), vec![number; 1000]);
    }
    world.run(UPLOAD).ok();
    world.home.write("copy/extra.jpg", "x");
    assert_eq!(unread(&world.home, "verify acme-robotics/drive copy").0, 9);
    let line = "download acme-robotics/drive part --max-bytes 1k";
    let (code, stderr) = unread(&world.home, line);
    assert!(code == 10 && stderr.contains("continue with: avala download"), "{code} {stderr}");
    let project = world.uid("projects");
    let failed = format!("exports create --project {project} --name fail --wait");
    assert_eq!(unread(&world.home, &failed).0, 9);
    let wrong_key = Home::of(&world.sandbox.api_url(), "avk_wrong");
    assert_eq!((unread(&wrong_key, "whoami").0, unread(&wrong_key, "status").0), (3, 3));
    let fake = Fake::new(|_, _| Reply::Json(200, r#"{"success":false}"#.to_owned()));
    assert_eq!(unread(&fake.home, "webhooks test w").0, 9);
}

#[cfg(target_os = "linux")]
#[test]
fn full_disk_ends_a_transfer_that_can_go_on() {
    let world = World::new();
    for number in 0..20_u8 {
        world.home.write(&format!("drive/{number}.jpg"), vec![number; 8 << 10]);
    }
    let mut command = world.home.command();
    command.args(UPLOAD.split(' ')).args(["--bwlimit", "4k", "-o", "ndjson"]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command.stdout(full).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("cannot write to stdout") && stderr.contains("continue with: avala upload"), "{stderr}");
    assert_eq!(world.requests().iter().filter(|request| *request == "POST /datasets/manual-upload/").count(), 0);
    world.run(UPLOAD).ok();
}

#[cfg(unix)]
#[test]
fn closed_streams_are_no_defect() {
    let world = World::new();
    let program = crate::support::program();
    for streams in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        for (line, code) in [
            ("datasets list --limit 1", 0),
            ("datasets list --limit 1 -o json", 0),
            ("datasets get nope", 4),
            ("nonsense", 2),
            ("login", 2),
            ("agents delete x", 2),
            ("agents create --name x --json -", 2),
        ] {
            let mut command = Command::new("sh");
            command.env_clear().envs(world.home.environment()).current_dir(world.home.path(""));
            let ran = crate::support::run(
                {
                    command.args(["-c", &format!("{program} {line} {streams}")]);
                    command
                },
                Vec::new(),
            );
            assert_eq!(ran.code, code, "{line} {streams}: {ran:#?}");
            assert!(!ran.stderr.contains("defect"), "{line} {streams}: {ran:#?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn plot_keeps_links_modes_and_pipes() {
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};

    let world = World::new();
    let project = world.uid("projects");
    let report = |path: &str| world.run(&format!("quality report --project {project} --svg {path}"));
    let target = world.home.write("deep/plot.svg", "old");
    std::os::unix::fs::symlink("deep/plot.svg", world.home.path("link.svg")).unwrap();
    report("link.svg").ok();
    assert!(std::fs::symlink_metadata(world.home.path("link.svg")).unwrap().is_symlink());
    assert!(std::fs::read_to_string(&target).unwrap().contains("</svg>"));
    assert_eq!(std::fs::metadata(&target).unwrap().mode() & 0o777, 0o600);
    let pipe = world.home.path("pipe.svg");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Opened for both, so that neither side waits for the other.
    let mut reader = std::fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    let writer = std::thread::spawn({
        let home = Home::of(&world.sandbox.api_url(), world.sandbox.key());
        let line = format!("quality report --project {project} --svg {}", pipe.display());
        move || home.run(&line)
    });
    let mut svg = Vec::new();
    let mut chunk = [0; 4096];
    while !svg.ends_with(b"</svg>\n") {
        let size = std::io::Read::read(&mut reader, &mut chunk).unwrap();
        svg.extend_from_slice(&chunk[..size]);
    }
    writer.join().unwrap().ok();
    assert!(std::fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
    let names = std::fs::read_dir(world.home.path("deep")).unwrap().count();
    assert_eq!(names, 1, "no partial file stays");
}
