//! Audit log in a user layer: one line for each call, also for dropped ones.
//!
//! Run it with `cargo run -p avala-transport --example audit`.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{Body, Transport, TransportBuilder, TransportError};
use http::{Request, Response};
use tower::{Layer, Service, ServiceExt};

#[derive(Debug, Clone, Copy)]
struct Audit;

impl Layer<Transport> for Audit {
    type Service = Audited;

    fn layer(&self, inner: Transport) -> Audited {
        Audited { inner }
    }
}

#[derive(Debug, Clone)]
struct Audited {
    inner: Transport,
}

/// Entry of one call, written on drop: the layer cannot await the end of a call that its caller drops.
struct Entry {
    call: String,
    end: Option<String>,
}

impl Entry {
    fn close(mut self, end: String) {
        self.end = Some(end);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        println!("{}: {}", self.call, self.end.as_deref().unwrap_or("cancelled by its caller"));
    }
}

impl Service<Request<Body>> for Audited {
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, TransportError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let entry = Entry { call: format!("{} {}", request.method(), request.uri().path()), end: None };
        let call = self.inner.call(request);
        Box::pin(async move {
            let result = call.await;
            entry.close(match &result {
                Ok(response) => response.status().to_string(),
                // Includes timeouts of the whole call.
                Err(error) => format!("{:?}, sent: {:?}, {} attempts", error.kind(), error.sent(), error.attempts()),
            });
            result
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = ScriptedService::new().then(Step::respond(201)).then(Step::hang()).then(Step::hang());
    let transport =
        TransportBuilder::new().timeout(Duration::from_millis(50)).layer_per_call(Audit).service(server).build()?;

    let post = |path: &str| Request::post(path).body(Body::from("{}"));
    transport.clone().oneshot(post("/exports/")?).await?;
    let timed_out = transport.clone().oneshot(post("/slow/")?).await;
    assert!(timed_out.is_err(), "the server never responds");
    let cancelled = transport.oneshot(post("/dropped/")?);
    assert!(tokio::time::timeout(Duration::from_millis(10), cancelled).await.is_err(), "dropped after 10 ms");
    Ok(())
}
