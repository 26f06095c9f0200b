//! Uploads into a real S3 server, and uploads that the official client continues.
//!
//! `cargo xtask interop` runs it. `two_uploaders s3 <python> <script>` uploads to and downloads from the S3 server that
//! the script starts. `two_uploaders upload <folder> <dataset> <state folder>` uploads through the proxy of the
//! environment, creates no dataset, and prints the UUID of the batch.

#![expect(clippy::print_stdout, reason = "the program prints a report")]

mod s3;

use std::error::Error;
use std::path::Path;

use avala_client::Avala;
use avala_client::transport::{Proxy, RateLimiter};
use avala_transfer::{DatasetUpload, Transfers};

/// Error of the program.
type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["s3", python, script] => s3::run(python, script).await,
        ["upload", folder, dataset, state] => {
            println!("{}", upload(folder.as_ref(), dataset, state.as_ref()).await?);
            Ok(())
        }
        _ => Err("two_uploaders s3 <python> <script> | upload <folder> <dataset> <state folder>".into()),
    }
}

/// Uploads a folder to a batch, and returns its UUID.
async fn upload(folder: &Path, dataset: &str, state: &Path) -> Result<String, Failure> {
    let (proxy, ca) = (Proxy::from_env()?, std::fs::read(std::env::var("SSL_CERT_FILE")?)?);
    let (api_proxy, api_ca) = (proxy.clone(), ca.clone());
    let avala = Avala::builder().api_key(std::env::var("AVALA_API_KEY")?).base_url(std::env::var("AVALA_BASE_URL")?);
    let avala = avala.rate_limiter(RateLimiter::off());
    let avala = avala.transport(|transport| transport.proxy(api_proxy).root_certificate_pem(api_ca)).build()?;
    let transfers = Transfers::builder(avala).state_folder(state);
    let transfers = transfers
        .storage_connections(move |connections| connections.proxy(proxy.clone()).root_certificate_pem(ca.clone()));
    let upload = DatasetUpload::new(dataset, dataset).source(folder).data_type("image").without_creation();
    let report = transfers.build()?.upload_dataset(upload).await?;
    Ok(report.batch.ok_or("the upload has no batch")?)
}
