//! A program outside of the workspace: lists the datasets of a sandbox, and builds a payload.

use avala_client::Avala;
use avala_sandbox::Sandbox;
use avala_types::{CreateExport, Dataset};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start().await?;
    let avala =
        Avala::builder().api_key(sandbox.key()).base_url(sandbox.url()).allow_insecure_base_url(true).build()?;
    let mut datasets = avala.datasets().list().items();
    let first: Dataset = datasets.next().await.ok_or("the sandbox has no dataset")??;
    let export = avala.exports().create(&CreateExport::dataset(first.uid.clone())).await?;
    let done = avala.exports().wait(&export.uid).await?;
    println!("{}: export {}", first.name, done.status.map(|status| status.to_string()).unwrap_or_default());
    Ok(())
}
