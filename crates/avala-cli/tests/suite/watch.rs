//! `avala watch` for every kind of record.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Fake, Reply};

/// Kinds, and a part of the path of the list that each reads.
const KINDS: [(&str, &str); 8] = [
    ("alerts", "/fleet/alerts/"),
    ("auto-label", "/auto-label-jobs/"),
    ("datasets", "/datasets/"),
    ("devices", "/fleet/devices/"),
    ("executions a1", "/agents/a1/executions/"),
    ("exports", "/exports/"),
    ("recordings", "/fleet/recordings/"),
    ("tasks", "/tasks/"),
];

/// Serves a list that changes from poll to poll: a status, a progress, a new record, and one that is gone.
fn changing(path: &'static str) -> Fake {
    let polls = AtomicUsize::new(0);
    Fake::new(move |target, _| {
        assert!(target.contains(path), "{target} for {path}");
        let results = match polls.fetch_add(1, Ordering::SeqCst) {
            0 => r#"{"uid":"a","status":"one"},{"uid":"b","status":"run","progress_pct":10}"#,
            1 => r#"{"uid":"a","status":"two"},{"uid":"b","status":"run","progress_pct":10}"#,
            // A poll that fails is repeated, and nothing is reported as gone.
            2 => return Reply::Json(503, "{}".to_owned()),
            3 => r#"{"uid":"a","status":"two"},{"uid":"b","status":"run","progress_pct":60}"#,
            _ => r#"{"uid":"a","status":"two"},{"uid":"c","status":"new"}"#,
        };
        Reply::Json(200, format!(r#"{{"next":null,"previous":null,"results":[{results}]}}"#))
    })
}

#[test]
fn changes_of_every_kind_are_printed_once() {
    std::thread::scope(|scope| {
        for (kind, path) in KINDS {
            scope.spawn(move || {
                let fake = changing(path);
                let mut command = fake.home.command();
                let line = format!("watch {kind} --interval 0.5 --timeout 600 --max-attempts 1 -o ndjson");
                let mut child = command.args(line.split(' ')).stdout(Stdio::piped()).spawn().unwrap();
                let lines = BufReader::new(child.stdout.take().unwrap()).lines();
                let changes: Vec<String> = lines
                    .take(4)
                    .map(|line| {
                        let change: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
                        let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
                        let record = &change["record"];
                        format!(
                            "{} {} {}",
                            text(&change["change"]),
                            text(&change["previous_status"]),
                            text(&record["uid"])
                        )
                    })
                    .collect();
                let _ = child.kill();
                let _ = child.wait();
                let expected = ["changed one a", "changed run 10% b", "new - c", "gone run 60% b"];
                assert_eq!(changes, expected, "{kind}");
            });
        }
    });
}
