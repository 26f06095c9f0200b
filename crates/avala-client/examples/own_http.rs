//! Your own HTTP in place of the client of this SDK: under its layers, or instead of all of them.

#![expect(clippy::print_stdout, reason = "an example prints its results")]

use std::convert::Infallible;
use std::error::Error;

use avala_client::Avala;
use avala_client::transport::Body;
use http::{Request, Response};
use tower::service_fn;

/// Stands for the HTTP client that your company has already: reqwest, hyper, or a proxy in the same process.
async fn send(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let has_key = request.headers().contains_key("x-avala-api-key");
    println!("  {} {} (with a key: {has_key})", request.method(), request.uri());
    Ok(Response::new(Body::from(r#"{"results": [{"uid": "t1", "status": "pending"}], "next": null}"#)))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    println!("Under the layers, it gets complete requests:");
    let avala = Avala::builder().api_key("avk_example").service(service_fn(send)).build()?;
    let page = avala.tasks().list().await?;
    println!("  {} task", page.items.len());

    println!("Instead of everything, it gets what the calls say and no more:");
    let avala = Avala::from_service(service_fn(send));
    let page = avala.tasks().list().status("pending").await?;
    println!("  {} task", page.items.len());
    Ok(())
}
