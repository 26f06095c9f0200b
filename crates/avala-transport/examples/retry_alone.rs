//! Two layers of this crate in another tower stack, over a service that is not this crate's HTTP client.
//!
//! Run it with `cargo run -p avala-transport --example retry_alone`.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use avala_transport::layer::{AdaptLayer, CallTimeoutLayer, RetryLayer};
use avala_transport::{Body, CallReport, RetryPolicy};
use http::{Request, Response};
use tower::{ServiceBuilder, ServiceExt, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Responds 503 twice and then 200. The error type is a plain `http::Error`.
    let calls = Arc::new(AtomicU32::new(0));
    let busy_twice = service_fn(move |_request: Request<Body>| {
        let status = if calls.fetch_add(1, Ordering::Relaxed) < 2 { 503 } else { 200 };
        async move { Response::builder().status(status).body(Body::from("hello")) }
    });

    let service = ServiceBuilder::new()
        .layer(CallTimeoutLayer::new(Duration::from_secs(10)))
        .layer(RetryLayer::new(RetryPolicy::default()))
        .layer(AdaptLayer::new())
        .service(busy_twice);

    let response = service.oneshot(Request::get("/hello").body(Body::empty())?).await?;
    let attempts = response.extensions().get::<CallReport>().map_or(0, CallReport::attempts);
    println!("{} after {attempts} attempts", response.status());
    Ok(())
}
