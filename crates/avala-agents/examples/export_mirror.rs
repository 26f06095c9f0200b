//! An agent that downloads each completed export to a folder.
//!
//! With `AVALA_API_KEY` in the environment it runs against the real API until Ctrl-C and mirrors to the folder
//! `exports`, and otherwise against a new sandbox, to a temporary folder:
//!
//! ```text
//! cargo run -p avala-agents --example export_mirror
//! ```
//!
//! A handler runs at least once: after a crash it runs again for the same export. That is harmless here, because a
//! download continues where it was interrupted, and a complete file is not downloaded again.

#![allow(clippy::print_stdout, reason = "an example prints its results")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use avala_agents::types::{CreateAgent, CreateExport, EventType, ExportUid};
use avala_agents::{Agent, Context, Decision, Event, RedbJournal};
use avala_client::Avala;
use avala_sandbox::Sandbox;
use avala_transfer::Transfers;

const NAME: &str = "export mirror";

/// How often progress is reported, because a large export takes longer than the timeout of a handler.
const PROGRESS: Duration = Duration::from_secs(60);

type Failure = Box<dyn Error + Send + Sync>;

/// Downloads the export of an event, and acknowledges the event.
async fn mirror(transfers: Transfers, folder: PathBuf, context: Context) -> Result<Decision, Failure> {
    let Event::Export(export) = context.event() else { return Ok(Decision::leave()) };
    let Some(uid) = &export.export_uid else { return Ok(Decision::flag("the event names no export")) };
    let file = folder.join(file_name(uid)?);
    let mut download = pin!(transfers.download_export(uid).to_file(&file).into_future());
    let report = loop {
        tokio::select! {
            report = &mut download => break report?,
            // Extends the timeout and the claim, and ends the download when the agent has to stop.
            () = tokio::time::sleep(PROGRESS) => context.progress()?,
            () = context.cancelled() => return Err(avala_agents::Cancelled.into()),
        }
    };
    Ok(Decision::skip().with_reason(format!("mirrored {} file(s)", report.files.len())))
}

/// Returns the name of an export's file. A UID is opaque text of the server, and must not name another folder.
fn file_name(uid: &ExportUid) -> Result<String, Failure> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    match uid.as_str().is_empty() || !uid.as_str().chars().all(is_plain) {
        true => Err(format!("the export UID {:?} cannot be a file name", uid.as_str()).into()),
        false => Ok(format!("{uid}.export")),
    }
}

fn agent(transfers: &Transfers, folder: &Path) -> Agent {
    let (transfers, folder) = (transfers.clone(), folder.to_owned());
    // Downloads share the connection of the machine, so few run at a time.
    Agent::new(NAME)
        .concurrency(2)
        .on(EventType::ExportCompleted, move |context: Context| mirror(transfers.clone(), folder.clone(), context))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    if std::env::var("AVALA_API_KEY").is_ok_and(|key| !key.is_empty()) {
        let avala = Avala::from_env()?;
        let folder = PathBuf::from("exports");
        std::fs::create_dir_all(&folder)?;
        let transfers = Transfers::builder(avala.clone()).state_folder(folder.join(".state")).build()?;
        let agent = agent(&transfers, &folder).journal(RedbJournal::open("export_mirror.journal")?);
        agent.run(&avala).await?;
        return Ok(());
    }
    let sandbox = Sandbox::start().await?;
    println!("No AVALA_API_KEY is set, so this runs against a sandbox at {}.", sandbox.url());
    let folder = std::env::temp_dir().join(format!("avala-export-mirror-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let mirrored = in_sandbox(&sandbox, &folder).await;
    std::fs::remove_dir_all(&folder)?;
    mirrored
}

/// Creates two exports, and mirrors them when they are complete.
async fn in_sandbox(sandbox: &Sandbox, folder: &Path) -> Result<(), Failure> {
    let builder = Avala::builder().api_key(sandbox.key()).base_url(sandbox.url()).allow_insecure_base_url(true);
    let avala = builder.build()?;
    // The storage of the sandbox is on this machine without TLS, which transfers allow only for configured hosts.
    let transfers = Transfers::builder(avala.clone())
        .state_folder(folder.join(".state"))
        .storage_endpoint(sandbox.url())
        .build()?;
    // Events are sent to agents that exist at the time of the event.
    avala.agents().create(&CreateAgent::new(NAME).events([EventType::ExportCompleted])).await?;
    let datasets = avala.datasets().list().limit(2).await?.items;
    for dataset in &datasets {
        let export = avala.exports().create(&CreateExport::dataset(&dataset.uid)).await?;
        avala.exports().wait(&export.uid).interval(Duration::from_millis(50)).await?;
    }
    let summary = agent(&transfers, folder).run_until_idle(&avala).await?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            println!("  {}: {} bytes", entry.file_name().to_string_lossy(), entry.metadata()?.len());
        }
    }
    if summary.decided == datasets.len() { Ok(()) } else { Err("not every export was mirrored".into()) }
}
