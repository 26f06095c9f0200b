//! Your own layers in both places: one sees each call, the other each attempt.
//!
//! The first counts calls and their durations, like an exporter of metrics. The second signs
//! requests, as a company's gateway may require.

#![expect(clippy::print_stdout, reason = "an example prints its results")]

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use avala_client::Avala;
use avala_client::transport::{Body, CallOptions, Transport, TransportError};
use avala_sandbox::{Fault, Sandbox};
use http::{HeaderValue, Request, Response};
use tower::{Layer, Service};

/// Measures every call that passes.
#[derive(Clone, Default)]
struct Metrics {
    calls: Arc<AtomicU64>,
    microseconds: Arc<AtomicU64>,
}

impl Layer<Transport> for Metrics {
    type Service = Measured;

    fn layer(&self, inner: Transport) -> Measured {
        Measured { inner, metrics: self.clone() }
    }
}

#[derive(Clone)]
struct Measured {
    inner: Transport,
    metrics: Metrics,
}

impl Service<Request<Body>> for Measured {
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, TransportError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The route has placeholders instead of IDs, so it is safe as a label.
        let route = request.extensions().get::<CallOptions>().and_then(|options| options.route).unwrap_or_default();
        let metrics = self.metrics.clone();
        let started = Instant::now();
        let call = self.inner.call(request);
        Box::pin(async move {
            let result = call.await;
            let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
            metrics.calls.fetch_add(1, Ordering::Relaxed);
            metrics.microseconds.fetch_add(micros, Ordering::Relaxed);
            println!(
                "  {route}: {}",
                result.as_ref().map_or("failed".to_owned(), |response| response.status().to_string())
            );
            result
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start().await?;
    let metrics = Metrics::default();
    // To change only the request, use a layer of tower that takes a function.
    let sign = tower::util::MapRequestLayer::new(|mut request: Request<Body>| {
        request.headers_mut().insert("x-gateway-signature", HeaderValue::from_static("signed"));
        request
    });
    let avala = Avala::builder()
        .api_key(sandbox.key())
        .base_url(sandbox.url())
        .allow_insecure_base_url(true)
        .layer_per_call(metrics.clone())
        .layer_per_attempt(sign)
        .build()?;

    sandbox.fault(Fault::status(503).on("GET", "/users/me/projects/"))?;
    println!("Three calls, one with two attempts:");
    avala.datasets().list().limit(5).await?;
    avala.projects().list().await?;
    avala.tasks().list().limit(5).await?;

    let signed =
        sandbox.requests().iter().filter(|request| request.headers.contains_key("x-gateway-signature")).count();
    println!("{} calls were measured, {signed} attempts were signed.", metrics.calls.load(Ordering::Relaxed));
    Ok(())
}
