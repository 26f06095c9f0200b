//! The event of a response with fields of an unexpected form.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use avala_transport::testing::{ScriptedService, Step};
use futures_util::StreamExt as _;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::bare;

/// The level and the fields of an event.
type Seen = (Level, BTreeMap<&'static str, String>);

/// Keeps the events of the client.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<Seen>>>);

#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl Subscriber for Events {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("avala_client")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.0.lock().unwrap().push((*event.metadata().level(), fields.0));
    }

    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Returns the events of a call that decodes a response.
async fn events_of<F: Future<Output = ()>>(
    body: &'static str,
    call: impl FnOnce(avala_client::Avala) -> F,
) -> Vec<Seen> {
    let events = Events::default();
    let guard = tracing::subscriber::set_default(events.clone());
    call(bare(&ScriptedService::always(Step::respond(200).body(body)))).await;
    drop(guard);
    let seen = events.0.lock().unwrap();
    seen.clone()
}

/// Checks that there is one event, for this type and path, and that no value is in it.
#[track_caller]
fn check(events: &[Seen], ty: &str, path: &str, count: &str) {
    let [(level, fields)] = events else { panic!("one event: {events:?}") };
    assert_eq!(*level, Level::WARN);
    assert_eq!((fields["type"].as_str(), fields["path"].as_str(), fields["fields"].as_str()), (ty, path, count));
    assert!(!format!("{fields:?}").contains("hunter2"), "{fields:?}");
}

const TASK: &str = r#"{"uid":"t1","name":["hunter2"],"created_at":"","status":12}"#;
const PAGE: &str = r#"{"results":[{"uid":"a"},{"uid":"b","name":7},{"uid":"c","status":"new"}],"next":null}"#;
const SEQUENCE: &str =
    r#"{"uid":"s1","status":7,"frames":[{"key":"0"},{"key":"1","images":[{"fx":1},{"fx":"hunter2"}]}]}"#;

#[tokio::test]
async fn response_with_unexpected_fields_emits_one_event() {
    let events = events_of(TASK, async |avala| drop(avala.tasks().get("t1").await.unwrap())).await;
    check(&events, "Task", "name", "3");
}

#[tokio::test]
async fn page_with_an_unexpected_field_emits_one_event() {
    let page = "CursorPage<Task>";
    let events = events_of(PAGE, async |avala| drop(avala.tasks().list().await.unwrap())).await;
    check(&events, page, "results[1].name", "1");
    let events = events_of(PAGE, async |avala| {
        let items: Vec<_> = avala.tasks().list().items().collect().await;
        assert!(items.len() == 3 && items.iter().all(Result::is_ok), "{items:?}");
    });
    check(&events.await, page, "results[1].name", "1");
}

#[tokio::test]
async fn sequence_with_an_unexpected_field_emits_one_event() {
    let events = events_of(SEQUENCE, async |avala| {
        drop(avala.datasets().get_sequence("o", "d", "s1").await.unwrap());
    });
    check(&events.await, "DatasetSequence", "status", "1");
    let events = events_of(SEQUENCE, async |avala| {
        drop(avala.datasets().get_sequence("o", "d", "s1").typed_frames().await.unwrap());
    });
    let ty = "TypedSequence";
    check(&events.await, ty, "status", "2");
}

#[tokio::test]
async fn expected_and_strict_responses_emit_no_event() {
    let events = events_of(r#"{"uid":"t1","name":"n","new":[1]}"#, async |avala| {
        drop(avala.tasks().get("t1").await.unwrap());
        drop(avala.tasks().get("t1").strict().await.unwrap());
    });
    assert_eq!(events.await, []);
    let events = events_of(TASK, async |avala| drop(avala.tasks().get("t1").strict().await.unwrap_err()));
    assert_eq!(events.await, []);
}
