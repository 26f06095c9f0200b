//! A queue worker that needs only the types: the models are part of its own message enum.
//!
//! Run it with `cargo run -p avala-types --example queue_worker`.

#![expect(clippy::print_stdout, reason = "an example prints its output")]

use std::error::Error;

use avala_types::{CreateExport, Export, ExportStatus, Task, TaskStatus};
use serde::{Deserialize, Serialize};

/// The messages of the queue. Another team owns the format; the models are the payloads.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Message {
    TaskChanged(Task),
    ExportChanged {
        tenant: String,
        export: Export,
    },
    /// A message of a newer producer: acknowledged and skipped, so that it does not block the queue.
    #[serde(other)]
    Unknown,
}

/// What the worker sends to the next queue.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Command {
    CreateExport(CreateExport),
    Download { tenant: String, url: String },
}

/// In place of a queue such as SQS, NATS or Kafka.
const QUEUE: &[&str] = &[
    r#"{"kind": "task_changed", "uid": "t1", "status": "completed", "project": "p1", "reviewer": {"badge": 18446744073709551616}}"#,
    r#"{"kind": "task_changed", "uid": "t2", "status": "on_hold", "project": "p1"}"#,
    r#"{"kind": "export_changed", "tenant": "acme", "export": {"uid": "e1", "status": "exported", "download_url": "https://files.example/e1.zip"}}"#,
    r#"{"kind": "invoice_sent", "number": 7}"#,
    r#"{"kind": "task_changed", "status": "completed"}"#,
];

fn main() -> Result<(), Box<dyn Error>> {
    for text in QUEUE {
        // A message that cannot be decoded goes to the dead letters, with the reason.
        let message = match serde_json::from_str::<Message>(text) {
            Ok(message) => message,
            Err(error) => {
                println!("dead letter: {error}");
                continue;
            }
        };
        match handle(message) {
            Some(command) => println!("send {}", serde_json::to_string(&command)?),
            None => println!("acknowledge"),
        }
    }
    Ok(())
}

fn handle(message: Message) -> Option<Command> {
    match message {
        Message::TaskChanged(task) => match task.status {
            Some(TaskStatus::Completed) => Some(Command::CreateExport(CreateExport::project(task.project?))),
            // `Other` has the text of a status that is newer than this program.
            _ => None,
        },
        Message::ExportChanged { tenant, export } => match (export.status, export.download_url) {
            (Some(ExportStatus::Exported | ExportStatus::Completed), Some(url)) => {
                Some(Command::Download { tenant, url })
            }
            _ => None,
        },
        Message::Unknown => None,
    }
}
