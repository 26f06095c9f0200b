//! Counts calls by route and result, in a layer around each call.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use avala_client::transport::{Body, CallOptions, Transport, TransportError};
use http::{Request, Response};
use tower::{Layer, Service};

/// Counters of all calls, in the text format of Prometheus.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metrics {
    calls: Arc<Mutex<BTreeMap<(&'static str, String), Counter>>>,
}

#[derive(Debug, Default)]
struct Counter {
    calls: u64,
    seconds: f64,
}

impl Metrics {
    fn count(&self, route: &'static str, result: String, seconds: f64) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let counter = calls.entry((route, result)).or_default();
        counter.calls += 1;
        counter.seconds += seconds;
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((route, result), counter) in &*self.calls.lock().unwrap_or_else(PoisonError::into_inner) {
            writeln!(f, "avala_calls_total{{route=\"{route}\",result=\"{result}\"}} {}", counter.calls)?;
            writeln!(f, "avala_calls_seconds_sum{{route=\"{route}\",result=\"{result}\"}} {:.3}", counter.seconds)?;
        }
        Ok(())
    }
}

impl Layer<Transport> for Metrics {
    type Service = Counted;

    fn layer(&self, inner: Transport) -> Counted {
        Counted { inner, metrics: self.clone() }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Counted {
    inner: Transport,
    metrics: Metrics,
}

impl Service<Request<Body>> for Counted {
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, TransportError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The route has placeholders in place of IDs, so that there are few labels.
        let route = request.extensions().get::<CallOptions>().and_then(|options| options.route).unwrap_or("unknown");
        let (metrics, started) = (self.metrics.clone(), Instant::now());
        let call = self.inner.call(request);
        Box::pin(async move {
            let result = call.await;
            let name = match &result {
                Ok(response) => response.status().as_str().to_owned(),
                Err(error) => format!("{:?}", error.kind()),
            };
            metrics.count(route, name, started.elapsed().as_secs_f64());
            result
        })
    }
}
