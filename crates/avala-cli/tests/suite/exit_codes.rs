//! Every documented exit code, as one line and as one JSON object.

use avala_sandbox::{RateLimit, Sandbox};

use crate::support::{Fake, Home, Reply, World};

/// Fails with the code, in each format.
#[track_caller]
fn fails(home: &Home, line: &str, (code, name): (i32, &str)) {
    for format in ["table", "csv", "yaml"] {
        let ran = home.run(&format!("{line} -o {format}")).code(code);
        // A transfer reports each file, too.
        let errors = ran.stderr.lines().filter(|line| line.starts_with("Error: ")).count();
        let is_last = ran.stderr.lines().last().is_some_and(|line| line.starts_with("Error: "));
        assert!(errors == 1 && is_last, "{line} {format}: {ran:#?}");
    }
    for format in ["json", "ndjson"] {
        let ran = home.run(&format!("{line} -o {format}")).code(code);
        let error = ran.error();
        assert_eq!((&error["exit_code"], &error["code"]), (&code.into(), &name.into()), "{line} {format}: {ran:#?}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{ran:#?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{line} {format}: {ran:#?}");
    }
}

#[test]
fn every_code_has_a_line_and_an_object() {
    let world = World::new();
    let status = |status: u16, body: &'static str| Fake::new(move |_, _| Reply::Json(status, body.to_owned()));
    let get = "datasets get d1 --max-attempts 1 --call-timeout 5";
    fails(&status(500, "{}").home, get, (1, "error"));
    fails(&status(409, r#"{"detail":"Taken."}"#).home, get, (1, "error"));
    fails(&world.home, "datasets list --nope", (2, "usage"));
    fails(&status(401, r#"{"detail":"No."}"#).home, get, (3, "authentication"));
    fails(&status(403, r#"{"detail":"No."}"#).home, get, (3, "authentication"));
    fails(&Home::new(), "datasets list", (3, "authentication"));
    fails(&world.home, "datasets get nope", (4, "not_found"));
    fails(&status(400, r#"{"name":["Too long."]}"#).home, get, (5, "validation"));
    fails(&status(429, r#"{"detail":"Throttled."}"#).home, get, (6, "limit"));
    fails(&status(413, r#"{"detail":"Quota exceeded.","limit":1,"used":1}"#).home, get, (6, "limit"));
    let slow = World::build(Sandbox::builder().latency(std::time::Duration::from_secs(600)));
    fails(&slow.home, "datasets list --call-timeout 0.2", (7, "timeout"));
    fails(&Home::of("http://127.0.0.1:9/api/v1", "k"), "datasets list --max-attempts 1", (8, "network"));
    fails(&status(200, r#"{"success":false}"#).home, "webhooks test w", (9, "job_failed"));
    let limited = World::build(Sandbox::builder().rate_limit(RateLimit::per_minute(1)));
    limited.run("datasets list --limit 1").ok();
    fails(&limited.home, "datasets list --limit 1 --max-attempts 1 --call-timeout 3", (6, "limit"));
    world.home.write("a.jpg", "xx");
    world.home.write("b.jpg", "xx");
    fails(&world.home, "upload a.jpg b.jpg --name n --slug s --max-time 0.000001", (10, "partial"));
}

#[test]
fn help_names_every_code() {
    let home = Home::new();
    let help = home.run("--help").ok().stdout;
    let topic = home.run("help exit-codes").ok().stdout;
    let page = home.run("man").ok().stdout;
    for code in ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "130"] {
        assert!(help.split_whitespace().any(|word| word == code), "{code}: {help}");
        assert!(topic.lines().any(|line| line.trim_start().starts_with(&format!("{code} "))), "{code}: {topic}");
        assert!(page.lines().any(|line| line.trim_start().starts_with(&format!("{code} "))), "{code}");
    }
}

#[test]
fn times_beyond_reason_are_wrong_usage() {
    let world = World::new();
    for time in ["1e18", "1e300", "inf", "nan", "0", "1000000001"] {
        for line in [
            format!("datasets list --call-timeout {time}"),
            format!("exports wait e --timeout {time}"),
            format!("exports wait e --interval {time}"),
            format!("datasets wait d --timeout {time}"),
            format!("watch alerts --timeout {time}"),
            format!("watch alerts --interval {time}"),
            format!("events tail --timeout {time}"),
            format!("status --watch {time}"),
            format!("fleet triage --silent-after {time}"),
            format!("download export:e x --max-time {time}"),
        ] {
            fails(&world.home, &line, (2, "usage"));
        }
    }
    assert_eq!(world.requests(), Vec::<String>::new());
}
