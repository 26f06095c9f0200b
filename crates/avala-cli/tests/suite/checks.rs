//! Exit codes of calls, checks and waits.

use avala_sandbox::{Fault, RateLimit, Sandbox};

use crate::support::{Fake, Home, Reply, World};

#[test]
fn statuses_have_documented_exit_codes() {
    for (status, body, code) in [
        (401, r#"{"detail":"Invalid API key."}"#, 3),
        (403, r#"{"detail":"No."}"#, 3),
        (404, r#"{"detail":"Not found."}"#, 4),
        (400, r#"{"name":["Too long."]}"#, 5),
        (422, r#"{"name":["Too long."]}"#, 5),
        (429, r#"{"detail":"Throttled."}"#, 6),
        (409, r#"{"detail":"Taken."}"#, 1),
        (500, "{}", 1),
        (503, "{}", 1),
    ] {
        let fake = Fake::new(move |_, _| Reply::Json(status, body.to_owned()));
        let ran = fake.run("datasets get d1 --max-attempts 1 --call-timeout 5").code(code);
        assert_eq!(ran.stdout, "", "{status}");
    }
}

#[test]
fn network_and_time_have_their_codes() {
    let closed = Home::of("http://127.0.0.1:9/api/v1", "k");
    closed.run("datasets list --max-attempts 1").code(8);
    let slow = World::build(Sandbox::builder().latency(std::time::Duration::from_secs(20)));
    slow.run("datasets list --call-timeout 0.2").code(7);
    let world = World::build(Sandbox::builder().rate_limit(RateLimit::per_minute(1)));
    world.run("datasets list --limit 1").ok();
    world.run("datasets list --limit 1 --max-attempts 1 --call-timeout 3").code(6);
}

#[test]
fn waits_are_shown_where_people_read() {
    let world = World::new();
    let slow = || Fault::status(503).header("retry-after", "2").on("GET", "/users/me/").times(1);
    for (format, shows) in [("table", true), ("csv", true), ("json", false), ("ndjson", false)] {
        world.sandbox.fault(slow()).unwrap();
        let ran = world.run(&format!("users me -o {format}")).ok();
        let expected =
            "Waiting to retry: attempt 1 failed (503 Service Unavailable); the server requests a wait of 2 s";
        assert_eq!(ran.stderr.contains(expected), shows, "{format}: {ran:#?}");
        assert_eq!(ran.stderr.lines().count(), usize::from(shows), "{format}: {ran:#?}");
        assert!(!ran.stdout.contains("Waiting"), "{format}: {ran:#?}");
    }
}

#[test]
fn missing_key_is_exit_code_3_without_a_connection() {
    let ran = Home::new().run("datasets list").code(3);
    assert!(ran.stderr.contains("avala login"), "{ran:#?}");
}

#[test]
fn wait_fails_for_a_failed_export() {
    let world = World::new();
    let project = world.uid("projects");
    let created = world.run(&format!("exports create --project {project} --name fail -o json")).ok().json();
    let uid = created["uid"].as_str().unwrap().to_owned();
    let ran = world.run(&format!("exports wait {uid} --interval 0.5 -o json")).code(9);
    assert_eq!(ran.json()["status"], "failed");
    let created = world.run(&format!("exports create --project {project} -o json")).ok().json();
    let uid = created["uid"].as_str().unwrap().to_owned();
    let ran = world.run(&format!("exports wait {uid} --interval 0.5 -o json")).ok();
    assert_eq!(ran.json()["status"], "exported");
    assert_eq!(ran.stderr, "", "no progress with json");
    world.run("exports wait nope --interval 0.5").code(4);
}

#[test]
fn waits_for_missing_resources_are_not_found() {
    let world = World::new();
    for command in ["exports", "datasets", "auto-label", "fleet recordings"] {
        // However little time there is: a timeout would suggest to wait longer.
        for timeout in ["0.3", "1", "10"] {
            let line = format!("{command} wait nope --interval 0.5 --timeout {timeout} -o json");
            assert_eq!(world.run(&line).code(4).error()["code"], "not_found", "{line}");
        }
    }
    world.run("datasets wait nope --status exported --timeout 1").code(4);
}

#[test]
fn wait_that_takes_too_long_is_exit_code_7() {
    let fake = Fake::new(|_, _| Reply::Json(200, r#"{"uid":"e1","status":"processing"}"#.to_owned()));
    let ran = fake.run("exports wait e1 --interval 0.5 --timeout 0.7").code(7);
    assert!(ran.stderr.contains("processing"), "{ran:#?}");
}

#[test]
fn checks_fail_for_bad_results() {
    for (line, body) in [
        ("agents test a", r#"{"success":false,"message":"no response"}"#),
        ("agents test a", r#"{"delivered":false,"status_code":500}"#),
        ("webhooks test w", r#"{"success":false}"#),
        ("storage-configs test s", r#"{"verified":false,"errors":{"bucket":["missing"]}}"#),
        ("inference-providers test i", r#"{"success":false,"message":"refused"}"#),
        ("fleet alert-channels test c", r#"{"success":false}"#),
        (
            "quality-targets evaluate --project p",
            r#"[{"uid":"q","name":"n","metric":"iou","threshold":1,"operator":"gt","current_value":0,"is_breached":true}]"#,
        ),
        (
            "datasets health o s",
            r#"{"dataset_uid":"d","dataset_slug":"s","issues":["2 files are missing"],"ingest_ok":true}"#,
        ),
        ("datasets health o s", r#"{"dataset_uid":"d","dataset_slug":"s","issues":[],"ingest_ok":false}"#),
    ] {
        let fake = Fake::new(move |_, _| Reply::Json(200, body.to_owned()));
        let ran = fake.run(line).code(9);
        assert!(!ran.stdout.is_empty() && ran.stderr.lines().count() == 1, "{line}: {ran:#?}");
        assert_eq!(fake.run(&format!("{line} -o json")).code(9).error()["code"], "job_failed");
    }
}

#[test]
fn checks_pass_for_good_results() {
    for (line, body) in [
        ("agents test a", r#"{"success":true}"#),
        ("storage-configs test s", r#"{"verified":true,"errors":{}}"#),
        ("quality-targets evaluate --project p", "[]"),
        ("datasets health o s", r#"{"dataset_uid":"d","dataset_slug":"s","issues":[],"ingest_ok":true}"#),
    ] {
        Fake::new(move |_, _| Reply::Json(200, body.to_owned())).run(line).ok();
    }
}

#[test]
fn status_says_what_it_could_not_read() {
    let world = World::new();
    world.sandbox.fault(Fault::status(500).on("GET", "/fleet/devices/").times(3)).unwrap();
    let ran = world.run("status -o json --max-attempts 1").code(10);
    let status = ran.json();
    assert!(status["fleet"]["error"].is_string() && status["datasets"]["showing"] == 5, "{status}");
    assert_eq!(ran.error()["code"], "partial");
    let wrong_key = Home::of(&world.sandbox.api_url(), "avk_wrong");
    wrong_key.run("status").code(3);
    let organization = world.run("organizations list --limit 1 -o json").ok().json()[0]["slug"].clone();
    let own = world.run(&format!("status --org {} -o json", organization.as_str().unwrap())).ok().json();
    assert_eq!(own["organizations"].as_array().map(Vec::len), Some(1), "{own}");
    let ran = world.run("status --org nope -o json").code(10);
    assert!(ran.stderr.contains("nope") && ran.json()["datasets"]["showing"] == 5, "{ran:#?}");
}

#[test]
fn bulk_edit_checks_before_it_sends() {
    let world = World::new();
    let good =
        r#"{"action":"delete","object_uuid":"o1","object_name":"car","object_type":"cuboid 3d","sequence_uid":"nope"}"#;
    let file = world.home.write("edits.jsonl", format!("{good}\n\n{good}\n"));
    let line = format!("annotations bulk-edit --owner acme-robotics --slug warehouse-lidar --input {}", file.display());
    let ran = world.run(&format!("{line} --dry-run -o json")).ok().json();
    assert_eq!((&ran["edits"], &ran["objects"]["car"]), (&2.into(), &2.into()));
    assert_eq!(world.requests(), Vec::<String>::new());
    let ran = world.run(&line).code(2);
    assert!(ran.stderr.contains("1 sequences are not in"), "{ran:#?}");
    assert!(world.requests().iter().all(|request| request.starts_with("GET")));
    for bad in [r#"{"action":"move"}"#, "[]", "{", r#"{"action":"upsert","object_uuid":"o"}"#] {
        let file = world.home.write("bad.jsonl", bad);
        let line = format!("annotations bulk-edit --owner o --slug s --input {} --dry-run", file.display());
        world.run(&line).code(2);
    }
}

#[test]
fn triage_reports_and_acknowledges_alerts() {
    let world = World::new();
    let before = world.run("fleet triage -o json").ok().json();
    let alerts = before["alerts"].as_array().unwrap().len();
    assert!(alerts > 0 && !before["silent_devices"].as_array().unwrap().is_empty());
    world.run("fleet triage --acknowledge").code(2);
    world.run("fleet triage --acknowledge --yes").ok();
    assert_eq!(world.run("fleet triage -o json").ok().json()["alerts"].as_array().unwrap().len(), 0);
}

#[test]
fn watch_prints_changes() {
    let world = World::new();
    let uid = world.run("fleet alerts list --status open --limit 1 -o uids").ok().stdout.trim().to_owned();
    let mut command = world.home.command();
    command.args([
        "watch",
        "alerts",
        "-o",
        "json",
        "--interval",
        "0.5",
        "--timeout",
        "600",
        "--jq",
        ".record.uid + \" \" + .previous_status",
    ]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    // The first poll is over when the sandbox has seen it.
    let started = std::time::Instant::now();
    let polls = |world: &World| world.requests().iter().filter(|request| *request == "GET /fleet/alerts/").count();
    while polls(&world) < 2 && started.elapsed().as_secs() < 30 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    world.run(&format!("fleet alerts acknowledge {uid}")).ok();
    let line = std::io::BufRead::lines(stdout).next().unwrap().unwrap();
    assert_eq!(line, format!("{uid} open"));
    let _ = child.kill();
    let _ = child.wait();
}

#[test]
fn watch_reports_every_kind_of_record() {
    let world = World::new();
    let project = world.uid("projects");
    let agent = world.uid("agents");
    world.run(&format!("exports create --project {project}")).ok();
    world.run(&format!("auto-label create --project {project} --model-type sam3")).ok();
    for what in ["alerts", "auto-label", "datasets", "devices", "exports", "tasks", &format!("executions {agent}")] {
        let ran = world.run(&format!("watch {what} --initial --interval 0.5 --timeout 0.2 -o ndjson")).ok();
        let records: Vec<serde_json::Value> =
            ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(!records.is_empty(), "{what}: {ran:#?}");
        for record in &records {
            let has_uid = record["record"]["uid"].is_string();
            assert!(record["change"] == "new" && record["previous_status"].is_null() && has_uid, "{what}: {record}");
        }
        // A filter that nothing fits, and a table.
        let none = format!("watch {what} --initial --status no-such --interval 0.5 --timeout 0.2");
        let ran = world.run(&none);
        assert!(ran.stdout.is_empty() && [0, 5].contains(&ran.code), "{what}: {ran:#?}");
        let ran = world.run(&format!("watch {what} --initial --interval 0.5 --timeout 0.2")).ok();
        assert_eq!(ran.stdout.lines().count(), records.len(), "{what}: {ran:#?}");
        assert!(ran.stdout.lines().all(|line| line.starts_with("new      ")), "{what}: {ran:#?}");
    }
    world.run("watch executions --timeout 0.2").code(2);
    world.run("watch executions nope --timeout 0.2").code(4);
}

#[test]
fn watch_follows_a_job_to_its_end() {
    let fake = Fake::new({
        let polls = std::sync::atomic::AtomicUsize::new(0);
        move |_, _| {
            let status = match polls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
                0 => "pending",
                1 => "processing",
                _ => "exported",
            };
            let record = format!(r#"{{"uid":"e1","status":"{status}"}}"#);
            let records =
                if status == "exported" { format!(r#"{record},{{"uid":"e2","status":"x"}}"#) } else { record };
            Reply::Json(200, format!(r#"{{"next":null,"previous":null,"results":[{records}]}}"#))
        }
    });
    let mut command = fake.home.command();
    command.args(["watch", "exports", "--interval", "0.5", "--timeout", "600", "-o", "ndjson"]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let changes: Vec<String> = lines
        .take(3)
        .map(|line| {
            let change: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
            format!(
                "{} {} {} {}",
                change["change"], change["previous_status"], change["record"]["uid"], change["record"]["status"]
            )
        })
        .collect();
    let _ = child.kill();
    let _ = child.wait();
    let expected = [
        r#""changed" "pending" "e1" "processing""#,
        r#""changed" "processing" "e1" "exported""#,
        r#""new" null "e2" "x""#,
    ];
    assert_eq!(changes, expected);
}

#[test]
fn quality_report_is_a_table_and_a_plot() {
    let world = World::new();
    let project = world.uid("projects");
    world.run(&format!("quality-targets evaluate --project {project}")).code(9);
    let svg = world.home.path("q.svg");
    let ran = world.run(&format!("quality report --project {project} --svg {}", svg.display())).ok();
    assert!(ran.stdout.contains("acceptance_rate"), "{ran:#?}");
    let plot = std::fs::read_to_string(&svg).unwrap();
    assert!(plot.contains("<svg") && plot.contains("Results accepted") && plot.contains("</svg>"));
    let ran = world.run(&format!("quality report --project {project} --svg /nonexistent/q.svg")).code(1);
    assert!(ran.stderr.contains("/nonexistent/q.svg"), "{ran:#?}");
}
