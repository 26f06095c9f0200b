//! Mirrors a public dataset into a folder, repairs a damaged file, and verifies the result.
//!
//! It runs against a sandbox in this process, without an account and a network.
#![expect(clippy::print_stdout, reason = "an example prints its results")]

use avala_client::Avala;
use avala_sandbox::Sandbox;
use avala_transfer::{CompareBy, Event, Transfers};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::builder().public_dataset("maps", 25).start().await?;
    let avala =
        Avala::builder().without_credentials().base_url(sandbox.api_url()).allow_insecure_base_url(true).build()?;
    let folder = tempfile::tempdir()?;
    let transfers = Transfers::builder(avala).state_folder(folder.path().join("state")).build()?;

    let revision = transfers.download_revision("harbor-vision/maps");
    println!("this reference never moves: {}", revision.canonical_reference().await?);
    let mirror = revision.to_folder(folder.path().join("maps")).compare(CompareBy::Hash);

    let run = mirror.clone().start();
    let mut events = run.events();
    let report = run.await?;
    while let Some(event) = events.next().await {
        if let Event::Warning(warning) = event {
            println!("warning: {warning}");
        }
    }
    println!("{} files, {} bytes", report.transferred(), report.totals.bytes_transferred);

    let damaged = report.files.first().map(|file| folder.path().join("maps").join(&file.path));
    std::fs::write(damaged.ok_or("no files")?, "damaged")?;
    let report = mirror.clone().await?;
    println!("{} file repaired, {} untouched", report.transferred(), report.skipped());
    assert!(mirror.verify().await?.is_equal());
    Ok(())
}
