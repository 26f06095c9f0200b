//! Sends the trace context of each attempt to the server, with tracing-opentelemetry.
//!
//! A layer per attempt runs inside the span of its attempt. So its `traceparent` names the attempt, and
//! the spans of the server are children of the attempt that reached it.
//!
//! Run it with `cargo run -p avala-examples --bin opentelemetry`.

#![expect(clippy::print_stdout, reason = "an example prints its output")]

use std::error::Error;

use avala_client::transport::Body;
use avala_examples::builder_of;
use avala_sandbox::{Fault, Sandbox};
use http::{HeaderValue, Request};
use opentelemetry::trace::{SpanKind, TraceContextExt, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use tower::util::MapRequestLayer;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;

/// Returns the header `traceparent` of the current span, as the W3C defines it.
fn traceparent() -> Option<HeaderValue> {
    let context = tracing::Span::current().context();
    let span = context.span().span_context().clone();
    let flags = span.trace_flags().to_u8();
    HeaderValue::try_from(format!("00-{}-{}-{flags:02x}", span.trace_id(), span.span_id())).ok()
}

fn propagate(mut request: Request<Body>) -> Request<Body> {
    if let Some(value) = traceparent() {
        request.headers_mut().insert("traceparent", value);
    }
    request
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // Instead of an exporter that sends the spans to a collector.
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer("example"));
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(spans));

    let sandbox = Sandbox::start().await?;
    sandbox.fault(Fault::status(503).header("retry-after", "0").on("GET", "/datasets/"))?;
    let avala = builder_of(&sandbox).layer_per_attempt(MapRequestLayer::new(propagate)).build()?;
    avala.datasets().list().await?;

    provider.force_flush()?;
    let spans = exporter.get_finished_spans()?;
    let attempts: Vec<_> = spans.iter().filter(|span| span.span_kind == SpanKind::Client).collect();
    for (request, attempt) in sandbox.requests().iter().zip(&attempts) {
        let sent = request.headers.get("traceparent").ok_or("no trace context was sent")?.to_str()?;
        let is_child = sent.contains(&attempt.span_context.span_id().to_string());
        println!("{}: the server received the context of this span: {is_child}", attempt.name);
    }
    println!("{} attempts in {} spans", attempts.len(), spans.len());
    Ok(())
}
