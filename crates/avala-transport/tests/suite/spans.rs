//! Fields of the spans, and what they must not contain.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use avala_transport::layer::TraceLayer;
use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{ApiKey, BaseUrl, Sent, TransportErrorKind as Kind};
use tower::Layer;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::support::{builder, post, send, with_options};

/// The name and the fields of every span, in the order of their creation, and the spans that are entered.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<(&'static str, Fields)>>>, Arc<Mutex<Vec<u64>>>);

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
    fn enter(&self, id: &Id) {
        self.1.lock().unwrap().push(id.into_u64());
    }

    fn exit(&self, _id: &Id) {
        self.1.lock().unwrap().pop();
    }
}

/// Returns the spans of a call whose path, query, header, body and key are all secret.
async fn spans_of(service: ScriptedService) -> Vec<(&'static str, BTreeMap<&'static str, String>)> {
    let spans = Spans::default();
    let guard = tracing::subscriber::set_default(spans.clone());
    let url = BaseUrl::parse("https://eu.avala.ai:8443/hunter2").unwrap();
    let key = ApiKey::new("avk_hunter2").unwrap();
    let transport = builder().base_url(url).api_key(key).service(service).build().unwrap();
    let mut request = with_options(post("/datasets/hunter2/?q=hunter2", "hunter2"), |options| {
        options.operation = Some("datasets.update");
        options.route = Some("/datasets/{uid}/");
    });
    request.headers_mut().insert("x-mine", "hunter2".parse().unwrap());
    let _ = send(&transport, request).await;
    drop(guard);
    let spans = spans.0.lock().unwrap();
    spans.iter().map(|(name, fields)| (*name, fields.0.clone())).collect()
}

fn fields(pairs: &[(&'static str, &str)]) -> BTreeMap<&'static str, String> {
    pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

/// Returns the fields that every span of these tests has.
fn common(kind: &str) -> BTreeMap<&'static str, String> {
    fields(&[
        ("http.request.method", "POST"),
        ("otel.kind", kind),
        ("otel.name", "POST /datasets/{uid}/"),
        ("server.address", "eu.avala.ai"),
        ("server.port", "8443"),
        ("url.template", "/datasets/{uid}/"),
    ])
}

#[tokio::test(start_paused = true)]
async fn call_and_each_attempt_have_a_span() {
    let secret = Step::respond(200).header("x-theirs", "hunter2").body("hunter2");
    let spans = spans_of(ScriptedService::new().then(Step::respond(429)).then(secret)).await;

    let mut call = common("internal");
    let result = [("attempts", "2"), ("avala.operation", "datasets.update"), ("http.response.status_code", "200")];
    call.extend(fields(&result));
    let mut first = common("client");
    first.extend(fields(&[("error.type", "429"), ("http.response.status_code", "429")]));
    let mut second = common("client");
    second.extend(fields(&[("http.request.resend_count", "1"), ("http.response.status_code", "200")]));
    // These are all fields, so none of them has a secret.
    assert_eq!(spans, [("avala.call", call), ("avala.attempt", first), ("avala.attempt", second)]);
}

#[tokio::test(start_paused = true)]
async fn span_of_a_failure_names_its_kind_only() {
    let spans = spans_of(ScriptedService::always(Step::fail(Kind::Tls, Sent::No))).await;
    assert_eq!((spans[0].1["error.type"].as_str(), spans[0].1["attempts"].as_str()), ("tls", "1"));
    assert!(!format!("{spans:?}").contains("hunter2"), "{spans:?}");

    let spans = spans_of(ScriptedService::always(Step::hang())).await;
    assert_eq!(spans[1].1["error.type"], "timeout", "the span of an attempt shows its timeout");

    let redirect = Step::respond(302).header("location", "https://evil.example/hunter2/?key=hunter2");
    let spans = spans_of(ScriptedService::always(redirect)).await;
    assert_eq!(
        (spans[1].1["error.type"].as_str(), spans[1].1["http.response.status_code"].as_str()),
        ("redirect", "302")
    );
    assert!(!format!("{spans:?}").contains("hunter2"), "{spans:?}");
}

#[tokio::test(start_paused = true)]
async fn trace_layer_alone_records_what_it_can() {
    let spans = Spans::default();
    let guard = tracing::subscriber::set_default(spans.clone());
    let service = TraceLayer::attempt().layer(ScriptedService::always(Step::respond(200)));
    send(&service, post("/datasets/hunter2/", "hunter2")).await.unwrap();
    drop(guard);
    let expected = [
        ("http.request.method", "POST"),
        ("http.response.status_code", "200"),
        ("otel.kind", "client"),
        ("otel.name", "POST"),
        ("url.template", ""),
    ];
    assert_eq!(spans.0.lock().unwrap()[0].1.0, fields(&expected));
}

#[tokio::test(start_paused = true)]
async fn layers_of_an_attempt_run_inside_its_span() {
    let spans = Spans::default();
    let guard = tracing::subscriber::set_default(spans.clone());
    let current = Arc::new(Mutex::new(Vec::new()));
    let propagate = tower::util::MapRequestLayer::new({
        let current = Arc::clone(&current);
        move |request: http::Request<avala_transport::Body>| {
            current.lock().unwrap().push(spans.1.lock().unwrap().last().copied());
            request
        }
    });
    let service = ScriptedService::new().then(Step::respond(429)).then(Step::respond(200));
    let transport = builder().layer_per_attempt(propagate).service(service).build().unwrap();
    send(&transport, post("/x/", "a")).await.unwrap();
    drop(guard);
    assert_eq!(*current.lock().unwrap(), [Some(2), Some(3)], "the attempts, and not the call, which is the first span");
}
