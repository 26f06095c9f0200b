//! Calls without async code around them.

use std::time::Duration;

use avala_client::ErrorKind;
use avala_client::blocking::Avala;
use avala_transport::testing::ScriptedService;
use serde_json::json;

use crate::{bare, json};

#[test]
fn calls_pages_and_waits_are_waited_for() {
    let script = ScriptedService::new()
        .then(json(&json!({"uid": "t1"})))
        .then(json(&json!([{"uid": "t1"}, {"uid": "t2"}])))
        .then(json(&json!({"uid": "e1", "status": "exported"})).after(Duration::from_millis(1)));
    let avala = Avala::new(bare(&script)).unwrap();
    assert_eq!(avala.run(avala.tasks().get("t1")).unwrap().uid, "t1".into());
    assert_eq!(avala.run(avala.tasks().list()).unwrap().items.len(), 2);
    assert!(avala.run(avala.exports().wait("e1")).unwrap().is_terminal());
    let error = avala.run(avala.tasks().get("")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
}

#[test]
fn a_list_is_an_iterator() {
    let script = ScriptedService::new()
        .then(json(&json!({"results": [{"uid": "t1"}], "next": "?cursor=b"})))
        .then(json(&json!({"results": [{"uid": "t2"}], "next": null})));
    let avala = Avala::new(bare(&script)).unwrap();
    let mut tasks = avala.iter(avala.tasks().list());
    assert_eq!(tasks.next().unwrap().unwrap().uid, "t1".into());
    assert_eq!(tasks.cursor().unwrap().as_query(), "cursor=b");
    let rest: Vec<_> = tasks.map(|task| task.unwrap().uid).collect();
    assert_eq!(rest, ["t2".into()]);
}

#[tokio::test]
async fn async_code_is_told_to_await() {
    let script = ScriptedService::always(json(&json!({"uid": "t1"})));
    let avala = Avala::new(bare(&script)).unwrap();
    assert_eq!(avala.run(avala.tasks().get("t1")).unwrap_err().kind(), ErrorKind::Configuration);
    let items: Vec<_> = avala.iter(avala.tasks().list()).take(10).collect();
    assert!(matches!(&items[..], [Err(error)] if error.kind() == ErrorKind::Configuration), "it ends after its error");
    assert!(script.requests().is_empty());
    drop(avala);
}
