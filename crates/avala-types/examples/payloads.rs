//! The types alone, without a client: a queue worker that reads models and writes payloads.

#![expect(clippy::print_stdout, reason = "an example prints its results")]

use avala_types::{CreateExport, CursorPage, ExportStatus, Task, TaskStatus};

/// A message from a queue: a page of tasks, from a server that is newer than this crate.
const MESSAGE: &str = r#"{
    "results": [
        {"uid": "t1", "status": "completed", "project": "p1", "reviewer": {"name": "ada", "badge": 18446744073709551616}},
        {"uid": "t2", "status": "on_hold", "project": "p1"}
    ],
    "next": null,
    "previous": null
}"#;

fn main() -> Result<(), serde_json::Error> {
    let page: CursorPage<Task> = serde_json::from_str(MESSAGE)?;
    for task in &page {
        let what = match &task.status {
            Some(TaskStatus::Completed) => "is done".to_owned(),
            Some(other) => format!("is {other}, whatever that means to a version that knows it"),
            None => "has no status".to_owned(),
        };
        println!("task {} {what}", task.uid);
        // Nothing is lost: not even a number that fits no integer.
        if let Some(reviewer) = task.extra.get("reviewer") {
            println!("  reviewer: {reviewer}");
        }
    }

    let Some(project) = page.items.iter().find_map(|task| task.project.as_ref()) else { return Ok(()) };
    println!("payload: {}", serde_json::to_string(&CreateExport::project(project).name("Nightly"))?);
    println!("`exported` is an end: {}", ExportStatus::Exported.is_terminal());
    Ok(())
}
