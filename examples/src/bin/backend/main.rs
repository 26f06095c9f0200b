//! A backend with axum that uses the API: one shared client, pages forwarded to its own callers, exports in the
//! background with progress, timeouts taken from the request, errors as responses, health, metrics, graceful shutdown.
//!
//! `LISTEN=127.0.0.1:8080 cargo run -p avala-examples --bin backend` serves until ctrl-c. Without `LISTEN` the program
//! sends itself some requests, prints the responses, and shuts down. Its tests, in `tests.rs`, use faults of a sandbox.

#![expect(clippy::print_stdout, reason = "an example prints its output")]

mod api_error;
mod app;
mod exports;
mod metrics;
mod paging;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::time::Duration;

use avala_examples::connect_with;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::metrics::Metrics;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let metrics = Metrics::default();
    let connection = connect_with(|builder| builder.layer_per_call(metrics.clone())).await?;
    let app = App::new(connection.avala.clone(), metrics);

    let listen = std::env::var("LISTEN").ok();
    let listener = TcpListener::bind(listen.as_deref().unwrap_or("127.0.0.1:0")).await?;
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let server = axum::serve(listener, app.router()).with_graceful_shutdown(stop.clone().cancelled_owned());
    let server = tokio::spawn(server.into_future());

    match listen {
        Some(_) => tokio::signal::ctrl_c().await?,
        None => demonstrate(&format!("http://{address}")).await?,
    }
    // Stop accepting requests first, then finish the followed exports.
    stop.cancel();
    server.await??;
    let unfinished = app.drain(Duration::from_secs(25)).await;
    println!("stopped; exports still followed: {unfinished}");
    Ok(())
}

/// Sends requests like a caller of this backend.
async fn demonstrate(url: &str) -> Result<(), Box<dyn Error>> {
    let client = reqwest::Client::new();
    let get = async |path: &str| -> Result<(u16, String), reqwest::Error> {
        let response = client.get(format!("{url}{path}")).send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    };
    println!("GET /ready: {}", get("/ready").await?.0);

    let (status, page) = get("/tasks?limit=2").await?;
    let page: serde_json::Value = serde_json::from_str(&page)?;
    println!("GET /tasks?limit=2: {status}, {} tasks", page["items"].as_array().map_or(0, Vec::len));
    let next = page["next"].as_str().ok_or("there is no second page")?;
    let (status, page) = get(&format!("/tasks?limit=2&cursor={next}")).await?;
    let page: serde_json::Value = serde_json::from_str(&page)?;
    println!("the next page: {status}, {} tasks", page["items"].as_array().map_or(0, Vec::len));

    let (status, error) = get("/tasks?cursor=%20").await?;
    println!("an invalid cursor: {status}, {error}");

    let export = client.post(format!("{url}/exports")).body(r#"{"project": "p404"}"#);
    let response = export.header("content-type", "application/json").send().await?;
    println!("an export of a project that does not exist: {}", response.status().as_u16());

    let (_, metrics) = get("/metrics").await?;
    println!("GET /metrics:");
    metrics.lines().filter(|line| !line.contains("seconds")).for_each(|line| println!("  {line}"));
    Ok(())
}
