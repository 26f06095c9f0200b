//! A program outside the workspace that uses each package once, as their front pages show.

use avala_agents::Decision;
use avala_client::Avala;
use avala_limits_redis::RedisLimits;
use avala_sandbox::Sandbox;
use avala_transfer::{DatasetUpload, Transfers};
use avala_transport::{ApiKey, BaseUrl, RetryPolicy};
use avala_types::{CreateExport, Dataset};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start().await?;
    let avala = Avala::builder()
        .api_key(sandbox.key())
        .base_url(sandbox.url())
        .allow_insecure_base_url(true)
        .retry(RetryPolicy::default().max_attempts(2))
        .build()?;
    let mut datasets = avala.datasets().list().items();
    let first: Dataset = datasets.next().await.ok_or("the sandbox has no dataset")??;
    let export = avala.exports().create(&CreateExport::dataset(first.uid.clone())).await?;
    let done = avala.exports().wait(&export.uid).await?;
    println!("{}: export {}", first.name, done.status.map(|status| status.to_string()).unwrap_or_default());

    let folder = std::env::temp_dir().join(format!("avala-package-check-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("data"))?;
    std::fs::write(folder.join("data/a.jpg"), "bytes")?;
    let transfers = Transfers::builder(avala).state_folder(folder.join("state")).build()?;
    let upload = DatasetUpload::new("Drive", "drive").source(folder.join("data"));
    println!("an upload would send {} file", transfers.upload_dataset(upload).plan().await?.files);
    std::fs::remove_dir_all(&folder)?;

    // Nothing is connected: the scripts are in the package, and the URL is read.
    let (url, key) = (BaseUrl::parse("https://api.avala.ai/api/v1")?, ApiKey::new("avk_example")?);
    let limits = RedisLimits::builder(&url, &key).url("redis://127.0.0.1/").build()?;
    println!("Redis is not asked yet: {}", limits.problem().is_none());
    println!("{:?}", Decision::approve());
    println!("a signature: {}", avala_webhook::sign("whsec_1f9a", b"{}").len() > 32);
    Ok(())
}
