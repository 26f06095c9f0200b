//! The official agent runtime and this one on one sandbox: both see the same executions and payloads, and each other's
//! decisions.
//!
//! `cargo xtask interop` runs it, with a Python that has `avala` and `avala-agents` as its only argument.

#![expect(clippy::print_stdout, reason = "the program prints a report")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use avala_agents::types::{AgentUid, EventType};
use avala_agents::{Agent, Context, Decision, Event};
use avala_client::Avala;
use avala_sandbox::{Sandbox, Seed};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Returns an event of each kind that both handle, with its payload.
fn events() -> Vec<(&'static str, Value)> {
    let result = json!({
        "task_uid": "t1", "result_uid": "r1", "task_name": "Night, rain", "task_type": "box", "project_uid": null,
        "result_data": [{"label": "car", "x": 12.25, "n": 18_446_744_073_709_551_615_u64}], "result_metadata": {"é": [1]},
    });
    let task = json!({"task_uid": "t2", "task_name": "Day", "task_type": "box", "task_status": "completed", "project_uid": null});
    let (dataset, export) =
        (json!({"dataset_uid": "d1", "project_uid": null}), json!({"export_uid": "e1", "project_uid": null}));
    vec![
        ("result.submitted", result.clone()),
        ("result.accepted", result.clone()),
        ("result.rejected", result),
        ("task.completed", task),
        ("dataset.created", dataset.clone()),
        ("dataset.updated", dataset.clone()),
        ("dataset.deleted", dataset),
        ("export.completed", export.clone()),
        ("export.failed", export),
    ]
}

// A runtime with two threads: the sandbox responds while this waits for the other process.
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<ExitCode, Failure> {
    let python = std::env::args_os().nth(1).ok_or("the argument is missing: a Python that has avala-agents")?;
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await?;
    let builder = Avala::builder().api_key(sandbox.key()).base_url(sandbox.url()).allow_insecure_base_url(true);
    let avala = builder.build()?;
    let seen = Seen::default();

    let mut theirs = Official::start(&python, &sandbox)?;
    theirs.line()?;
    ours(&seen).run_once(&avala).await?;
    for (event, payload) in events() {
        sandbox.announce(event, payload)?;
    }
    theirs.send("handle")?;
    let theirs_saw: Vec<Value> = serde_json::from_str(&theirs.line()?)?;
    ours(&seen).run_until_idle(&avala).await?;

    let mut is_good = same("executions and payloads", theirs_saw, seen.take());
    theirs.send(uid(&avala, "our runtime").await?.as_str())?;
    let read_by_them: Vec<Value> = serde_json::from_str(&theirs.line()?)?;
    let expected = |action: fn(&str) -> &'static str| -> Vec<Value> {
        events().iter().map(|(event, _)| json!([event, action(event), "completed"])).collect()
    };
    let our_action = |event: &str| if event.starts_with("result.") { "skip" } else { "approve" };
    let their_action = |event: &str| if event.starts_with("result.") { "flag" } else { "reject" };
    is_good &= same("our decisions, as they see them", read_by_them, expected(our_action));
    let read_by_us = decisions(&avala, &uid(&avala, "the official runtime").await?).await?;
    is_good &= same("their decisions, as we see them", read_by_us, expected(their_action));
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Events that the handlers of this runtime received.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Value>>>);

impl Seen {
    fn add(&self, context: &Context) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fields(context));
    }

    fn take(&self) -> Vec<Value> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn ours(seen: &Seen) -> Agent {
    let mut agent = Agent::new("our runtime");
    for (event, _) in events() {
        let seen = seen.clone();
        agent = agent.on(EventType::from(event), move |context: Context| {
            seen.add(&context);
            let is_result = matches!(context.event(), Event::Result(_));
            // Not approve or reject for results, which cause further events.
            async move { if is_result { Decision::skip() } else { Decision::approve() } }
        });
    }
    agent
}

/// Converts a context to the form of the official runtime.
fn fields(context: &Context) -> Value {
    let event = context.event_type().as_str();
    match context.event() {
        Event::Result(result) => json!({
            "event_type": event, "task_uid": result.task_uid, "result_uid": result.result_uid,
            "result_data": result.raw_result_data, "result_metadata": result.result_metadata,
            "task_name": result.task_name, "task_type": result.task_type, "project_uid": result.project_uid,
        }),
        Event::Task(task) => json!({
            "event_type": event, "task_uid": task.task_uid, "task_name": task.task_name, "task_type": task.task_type,
            "task_status": task.task_status, "project_uid": task.project_uid,
        }),
        Event::Dataset(dataset) => {
            json!({"event_type": event, "resource_uid": dataset.dataset_uid, "project_uid": dataset.project_uid})
        }
        Event::Export(export) => {
            json!({"event_type": event, "resource_uid": export.export_uid, "project_uid": export.project_uid})
        }
        _ => json!({"event_type": event}),
    }
}

async fn uid(avala: &Avala, name: &str) -> Result<AgentUid, Failure> {
    let agents = avala.agents().list().await?;
    let named = agents.items.into_iter().find(|agent| agent.name == name);
    Ok(named.ok_or_else(|| format!("no agent is named {name}"))?.uid)
}

async fn decisions(avala: &Avala, agent: &AgentUid) -> Result<Vec<Value>, Failure> {
    let executions = avala.agents().list_executions(agent).await?.items;
    Ok(executions.iter().map(|execution| json!([execution.event_type, execution.action, execution.status])).collect())
}

/// Prints whether two lists have the same values, in any order.
fn same(what: &str, mut one: Vec<Value>, mut other: Vec<Value>) -> bool {
    // Null and empty text are both "none", and the runtimes differ in which they use.
    let clean = |value: &mut Value| {
        for (_, value) in value.as_object_mut().into_iter().flatten() {
            if *value == json!("") {
                *value = Value::Null;
            }
        }
    };
    one.iter_mut().chain(&mut other).for_each(clean);
    one.sort_by_key(ToString::to_string);
    other.sort_by_key(ToString::to_string);
    let is_same = one == other && one.len() == events().len();
    println!("  {} {what}: {}", if is_same { "ok" } else { "DIFFERS" }, one.len());
    if !is_same {
        println!("    {}\n    {}", json!(one), json!(other));
    }
    is_same
}

/// The other process.
struct Official {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Official {
    fn start(python: &std::ffi::OsStr, sandbox: &Sandbox) -> Result<Self, Failure> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/interop/two_agents.py");
        let mut process = Command::new(python)
            .args(["-B", script])
            .envs([("AVALA_BASE_URL", sandbox.api_url()), ("AVALA_API_KEY", sandbox.key().to_owned())])
            .envs([("AVALA_ALLOW_INSECURE_BASE_URL", "true"), ("NO_PROXY", "127.0.0.1")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = process.stdin.take().ok_or("no input")?;
        let output = BufReader::new(process.stdout.take().ok_or("no output")?);
        Ok(Self { process, input, output })
    }

    fn send(&mut self, line: &str) -> Result<(), Failure> {
        Ok(writeln!(self.input, "{line}")?)
    }

    /// Returns its next line. The sandbox responds on another thread meanwhile.
    fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        tokio::task::block_in_place(|| self.output.read_line(&mut line))?;
        if line.is_empty() { Err("the official runtime ended early".into()) } else { Ok(line) }
    }
}

impl Drop for Official {
    fn drop(&mut self) {
        // Both calls fail only if the process has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
