//! The most common calls on one page: find a dataset, read its data, export it.
//!
//! With `AVALA_API_KEY` in the environment it runs against the real API, and otherwise against its own sandbox:
//!
//! ```text
//! cargo run -p avala-client --example quickstart
//! ```

#![expect(clippy::print_stdout, reason = "an example prints its results")]

use std::error::Error;
use std::time::Duration;

use avala_client::Avala;
use avala_client::types::{CreateExport, Dataset};
use avala_sandbox::Sandbox;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let has_key = std::env::var("AVALA_API_KEY").is_ok_and(|key| !key.is_empty());
    if has_key {
        return run(Avala::from_env()?, Duration::from_secs(2)).await;
    }
    let sandbox = Sandbox::start().await?;
    println!("No AVALA_API_KEY is set, so this runs against a sandbox at {}.\n", sandbox.url());
    let builder = Avala::builder().api_key(sandbox.key()).base_url(sandbox.url()).allow_insecure_base_url(true);
    run(builder.build()?, Duration::from_millis(500)).await
}

async fn run(avala: Avala, interval: Duration) -> Result<(), Box<dyn Error>> {
    let page = avala.datasets().list().limit(20).await?;
    println!("Datasets{}:", if page.has_more() { " (the first ones)" } else { "" });
    for dataset in &page {
        let data_type = dataset.data_type.as_ref().map_or("unknown", |data_type| data_type.as_str());
        println!("  {:<28} {data_type:<11} {:>5} items", dataset.slug, dataset.item_count);
    }

    let is_sequence = |dataset: &&Dataset| dataset.is_sequence == Some(true);
    let has_items = |dataset: &&Dataset| dataset.item_count > 0;
    if let Some(dataset) = page.items.iter().find(|dataset| has_items(dataset) && !is_sequence(dataset)) {
        count_annotations(&avala, dataset).await?;
        export(&avala, dataset, interval).await?;
    }
    if let Some(dataset) = page.items.iter().find(is_sequence) {
        show_calibration(&avala, dataset).await?;
    }
    Ok(())
}

/// Streams all items of a dataset; the next page is fetched while this one is counted.
async fn count_annotations(avala: &Avala, dataset: &Dataset) -> Result<(), Box<dyn Error>> {
    let owner = dataset.owner_name.as_ref().ok_or("the dataset does not name its owner")?;
    let mut items = avala.datasets().list_items(owner, &dataset.slug).items();
    let (mut count, mut annotated) = (0, 0);
    while let Some(item) = items.next().await {
        count += 1;
        annotated += usize::from(item?.annotations.is_some());
    }
    println!("\n{}: {count} items, {annotated} of them annotated", dataset.name);
    Ok(())
}

async fn show_calibration(avala: &Avala, dataset: &Dataset) -> Result<(), Box<dyn Error>> {
    let owner = dataset.owner_name.as_ref().ok_or("the dataset does not name its owner")?;
    let sequences = avala.datasets().list_sequences(owner, &dataset.slug).limit(1).await?;
    let Some(listed) = sequences.items.first() else { return Ok(()) };
    let sequence = avala.datasets().get_sequence(owner, &dataset.slug, &listed.uid).await?;
    println!("\n{}, sequence {}: {} frames", dataset.name, sequence.uid, sequence.frame_count());
    for camera in sequence.calibration()?.cameras {
        let name = camera.camera_id.as_deref().unwrap_or("unnamed");
        let size =
            camera.width.zip(camera.height).map_or(String::new(), |(width, height)| format!("{width} x {height}"));
        println!("  {name:<12} {:<10} {size}", camera.model.as_deref().unwrap_or("unknown"));
    }
    Ok(())
}

async fn export(avala: &Avala, dataset: &Dataset, interval: Duration) -> Result<(), Box<dyn Error>> {
    let export = avala.exports().create(&CreateExport::dataset(&dataset.uid)).await?;
    println!(
        "\nExport {} of {} is {}",
        export.uid,
        dataset.name,
        export.status.as_ref().map_or("requested", |s| s.as_str())
    );
    let export = avala.exports().wait(&export.uid).interval(interval).await?;
    println!("It is ready: {}", export.download_url.as_deref().unwrap_or("the server does not say where"));
    Ok(())
}
