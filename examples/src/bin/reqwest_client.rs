//! A `reqwest` client below the layers of the SDK, for companies that have configured proxies, certificates and metrics
//! for it.
//!
//! Run it with `cargo run -p avala-examples --bin reqwest_client`.

#![expect(clippy::print_stdout, reason = "an example prints its output")]

use std::error::Error;

use avala_client::transport::Body;
use avala_client::transport::layer::classify_reqwest;
use avala_client::types::CreateExport;
use avala_examples::connect_with;
use avala_sandbox::Fault;
use http::{Request, Response};
use tower::service_fn;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // Redirects are disabled, because a client that follows them sends the API key to other hosts.
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let send = service_fn(move |request: Request<Body>| {
        let client = client.clone();
        async move {
            let request = reqwest::Request::try_from(request.map(reqwest::Body::wrap))?;
            Ok::<_, reqwest::Error>(Response::from(client.execute(request).await?))
        }
    });
    // Without the classifier, every error of reqwest would be final.
    let connection = connect_with(|builder| builder.service_with_classifier(send, classify_reqwest)).await?;
    let avala = connection.avala;

    if let Some(sandbox) = &connection.sandbox {
        sandbox.fault(Fault::status(503).header("retry-after", "0").on("GET", "/datasets/"))?;
    }
    let page = avala.datasets().list().limit(3).with_meta().await?;
    println!("{} datasets in {} attempts", page.value.items.len(), page.meta.attempts);

    let Some(dataset) = page.value.items.first() else { return Ok(()) };
    let export = avala.exports().create(&CreateExport::dataset(&dataset.uid).name("By reqwest")).await?;
    println!("export of {}: {:?}", dataset.name, export.name);
    Ok(())
}
