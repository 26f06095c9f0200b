//! Metrics in a user layer: number and duration of attempts by route and outcome, in the Prometheus text format.
//!
//! Run it with `cargo run -p avala-transport --example metrics`.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{Body, CallOptions, Transport, TransportBuilder, TransportError};
use http::{Method, Request, Response};
use tower::{Layer, Service, ServiceExt};

/// Method, route and outcome. A route has placeholders instead of IDs, so the number of labels is small.
type Labels = (String, &'static str, String);

/// Count and total time of one kind of attempt.
#[derive(Debug, Default)]
struct Series {
    count: u64,
    total: Duration,
}

/// Counts attempts. Clones share the counts.
#[derive(Debug, Clone, Default)]
struct Metrics {
    series: Arc<Mutex<BTreeMap<Labels, Series>>>,
}

impl Metrics {
    fn record(&self, method: &Method, route: &'static str, outcome: String, took: Duration) {
        let mut all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let series = all.entry((method.to_string(), route, outcome)).or_default();
        series.count += 1;
        series.total += took;
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        for ((method, route, outcome), Series { count, total }) in &*all {
            let labels = format!(r#"{{method="{method}",route="{route}",outcome="{outcome}"}}"#);
            writeln!(f, "avala_attempt_seconds_count{labels} {count}")?;
            writeln!(f, "avala_attempt_seconds_sum{labels} {:.3}", total.as_secs_f64())?;
        }
        Ok(())
    }
}

impl Layer<Transport> for Metrics {
    type Service = Counting;

    fn layer(&self, inner: Transport) -> Counting {
        Counting { inner, metrics: self.clone() }
    }
}

#[derive(Debug, Clone)]
struct Counting {
    inner: Transport,
    metrics: Metrics,
}

impl Service<Request<Body>> for Counting {
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, TransportError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let method = request.method().clone();
        let route = request.extensions().get::<CallOptions>().and_then(|options| options.route).unwrap_or_default();
        let metrics = self.metrics.clone();
        let attempt = self.inner.call(request);
        Box::pin(async move {
            let started = Instant::now();
            let result = attempt.await;
            let outcome = match &result {
                Ok(response) => response.status().as_str().to_owned(),
                Err(error) => format!("{:?}", error.kind()),
            };
            metrics.record(&method, route, outcome, started.elapsed());
            result
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = ScriptedService::new()
        .then(Step::respond(200))
        .then(Step::respond(503).after(Duration::from_millis(20)))
        .then(Step::respond(200).pieces(["cut"]).cut())
        .then(Step::respond(200));

    let metrics = Metrics::default();
    let transport = TransportBuilder::new()
        // Sees each attempt. With `layer_per_call` it would see calls, including retries and waits.
        .layer_per_attempt(metrics.clone())
        .service(server)
        .build()?;

    for id in ["first", "second"] {
        let mut options = CallOptions::default();
        options.route = Some("/datasets/{uid}/");
        let mut request = Request::get(format!("/datasets/{id}/")).body(Body::empty())?;
        request.extensions_mut().insert(options);
        transport.clone().oneshot(request).await?;
    }
    print!("{metrics}");
    Ok(())
}
