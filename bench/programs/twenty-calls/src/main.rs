//! Twenty different calls, with typical use of their responses.
#![expect(clippy::print_stdout, reason = "it is a program of a user")]

use avala_client::types::{CreateDataset, CreateExport, DataType};
use avala_client::{Avala, Error};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let avala = Avala::from_env()?;
    datasets(&avala).await?;
    work(&avala).await?;
    quality(&avala).await
}

async fn datasets(avala: &Avala) -> Result<(), Error> {
    let datasets = avala.datasets();
    let created = datasets.create(&CreateDataset::new("Night drives", "night-drives", DataType::Lidar)).await?;
    let dataset = datasets.wait(&created.uid).await?;
    println!("{} has {} items", dataset.name, dataset.item_count);
    println!("{} datasets", datasets.list().name("night").await?.items.len());
    println!("{:?}", datasets.get_by_slug("acme", "night-drives").with_meta().await?.meta.attempts);
    let mut items = datasets.list_items("acme", "night-drives").items();
    while let Some(item) = items.next().await {
        println!("{}", item?.uid);
    }
    println!("{:?}", datasets.get_item("acme", "night-drives", "i1").await?.url);
    println!("{}", datasets.get_sequence("acme", "night-drives", "s1").await?.frame_count());
    println!("{}", datasets.get_calibration("acme", "night-drives", "s1").await?.cameras.len());
    println!("{:?}", datasets.get_health("acme", "night-drives").await?);
    Ok(())
}

async fn work(avala: &Avala) -> Result<(), Error> {
    let projects = avala.projects().list().await?;
    println!("{} projects", projects.items.len());
    println!("{:?}", avala.projects().get("p1").await?);
    let mut tasks = avala.tasks().list().project("p1").pages();
    while let Some(page) = tasks.next().await {
        println!("{} tasks", page?.items.len());
    }
    let export = avala.exports().create(&CreateExport::project("p1").name("Nightly")).await?;
    let export = avala.exports().wait(&export.uid).await?;
    println!("{:?}", export.download_url);
    println!("{} exports", avala.exports().list().await?.items.len());
    println!("{} agents", avala.agents().list().await?.items.len());
    println!("{} jobs", avala.auto_label_jobs().list().project("p1").await?.items.len());
    Ok(())
}

async fn quality(avala: &Avala) -> Result<(), Error> {
    println!("{:?}", avala.consensus().get_summary("p1").await?);
    println!("{} targets", avala.quality_targets().list("p1").await?.items.len());
    println!("{} slices", avala.slices().list("acme").await?.items.len());
    Ok(())
}
