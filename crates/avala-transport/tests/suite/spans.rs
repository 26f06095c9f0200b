//! What the spans say, and what they do not say.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{ApiKey, Sent, TransportErrorKind as Kind};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::support::{builder, post, send, with_options};

/// The name and the fields of every span, in the order in which they were made.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<(&'static str, Fields)>>>);

#[derive(Clone, Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("avala_transport")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let mut spans = self.0.lock().unwrap();
        spans.push((attributes.metadata().name(), fields));
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        values.record(&mut self.0.lock().unwrap()[id.into_u64() as usize - 1].1);
    }

    fn record_follows_from(&self, _id: &Id, _follows: &Id) {}
    fn event(&self, _event: &Event<'_>) {}
    fn enter(&self, _id: &Id) {}
    fn exit(&self, _id: &Id) {}
}

async fn spans_of(service: ScriptedService) -> Vec<(&'static str, BTreeMap<&'static str, String>)> {
    let spans = Spans::default();
    let guard = tracing::subscriber::set_default(spans.clone());
    let transport = builder().api_key(ApiKey::new("avk_hunter2").unwrap()).service(service).build().unwrap();
    let request = with_options(post("/datasets/hunter2/?q=hunter2", "hunter2"), |options| {
        options.operation = "datasets.update";
        options.route = "/datasets/{uid}/";
    });
    let _ = send(&transport, request).await;
    drop(guard);
    let spans = spans.0.lock().unwrap();
    spans.iter().map(|(name, fields)| (*name, fields.0.clone())).collect()
}

#[tokio::test(start_paused = true)]
async fn one_for_the_call_and_one_for_each_attempt() {
    let service = ScriptedService::new().then(Step::respond(429)).then(Step::respond(200).body("hunter2"));
    let spans = spans_of(service).await;
    assert_eq!(
        spans.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        ["avala.call", "avala.attempt", "avala.attempt"]
    );

    let expected = [
        ("attempts", "2"),
        ("avala.operation", "datasets.update"),
        ("http.request.method", "POST"),
        ("http.response.status_code", "200"),
        ("otel.kind", "client"),
        ("url.template", "/datasets/{uid}/"),
    ];
    let call: Vec<(&str, &str)> = spans[0].1.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(call, expected);
    let first: Vec<(&str, &str)> = spans[1].1.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(first, [("attempt", "1"), ("error.type", "429"), ("http.response.status_code", "429")]);
    assert_eq!(spans[2].1["attempt"], "2");
    assert!(!format!("{spans:?}").contains("hunter2"), "{spans:?}");
}

#[tokio::test(start_paused = true)]
async fn a_failure_names_its_kind() {
    let spans = spans_of(ScriptedService::always(Step::fail(Kind::Tls, Sent::No))).await;
    assert_eq!((spans[0].1["error.type"].as_str(), spans[0].1["attempts"].as_str()), ("tls", "1"));

    let spans = spans_of(ScriptedService::always(Step::hang())).await;
    assert_eq!(spans[1].1["error.type"], "timeout", "the span of an attempt shows its timeout");
}
