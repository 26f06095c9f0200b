//! The links from one page of a list to the next, and cursors from outside.

use avala_client::{Avala, ErrorKind, Sent};
use avala_transport::TransportBuilder;
use avala_transport::testing::{ScriptedService, Step};
use avala_types::Cursor;
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::{bare, json, layered, targets};

fn page(uid: &str, next: &Value) -> Step {
    json(&json!({"results": [{"uid": uid}], "next": next}))
}

/// Serves two pages, with this link from the first one to the second one.
fn linked(next: &Value) -> ScriptedService {
    ScriptedService::new().then(page("a", next)).then(page("b", &Value::Null))
}

/// Returns the UIDs and the errors of a list of tasks.
async fn results(avala: &Avala) -> Vec<Result<String, ErrorKind>> {
    let items = avala.tasks().list().items().take(100);
    items.map(|task| task.map(|task| task.uid.to_string()).map_err(|error| error.kind())).collect().await
}

/// Returns each kind of client that can be made without a socket, and the path in front of its calls.
fn clients(script: &ScriptedService) -> [(Avala, &'static str); 3] {
    let transport = TransportBuilder::new().service(script.clone()).build().unwrap();
    [(layered(script), "/api/v1"), (bare(script), ""), (Avala::from_service(transport), "/api/v1")]
}

#[tokio::test]
async fn only_the_query_of_a_link_is_followed() {
    for next in [
        "https://api.avala.ai/api/v1/tasks/?cursor=b&status=%70ending",
        "http://10.0.0.7:8000/api/v1/tasks/?cursor=b&status=%70ending",
        "https://example.com/api/v1/tasks/?cursor=b&status=%70ending",
        "//example.com/gateway/tasks?cursor=b&status=%70ending",
        "/api/v1/tasks/?cursor=b&status=%70ending",
        "?cursor=b&status=%70ending",
        "https://ada:hunter2@api.avala.ai:8443/api/v1/tasks/?cursor=b&status=%70ending#top",
        "http://[2001:db8::1]:8000/api/v1/tasks/?cursor=b&status=%70ending",
        "//[::1]/tasks?cursor=b&status=%70ending",
        "HTTPS://API.AVALA.AI/a%2Fb/%74%61sks//?cursor=b&status=%70ending",
        "https:/api/v1/tasks/?cursor=b&status=%70ending",
        "./?cursor=b&status=%70ending#?cursor=c",
    ] {
        for (index, prefix) in ["/api/v1", "", "/api/v1"].into_iter().enumerate() {
            let script = linked(&json!(next));
            let (avala, _) = clients(&script)[index].clone();
            assert_eq!(results(&avala).await, [Ok("a".to_owned()), Ok("b".to_owned())], "{next}");
            assert_eq!(targets(&script)[1], format!("{prefix}/tasks/?cursor=b&status=%70ending"), "{next}");
            let hosts: Vec<_> = script.requests().iter().map(|request| request.uri.host().map(str::to_owned)).collect();
            assert_eq!(hosts[0], hosts[1], "{next}");
        }
    }
}

#[tokio::test]
async fn a_broken_link_is_reported_after_the_items() {
    for next in [
        json!("https://api.avala.ai/api/v1/datasets/?cursor=b"),
        json!("https://api.avala.ai/?cursor=b"),
        json!("/api/v1/tasks/../datasets/?cursor=b"),
        json!("/api/v1%2Ftasks/?cursor=b"),
        json!("<string>"),
        json!("https://api avala.ai/api/v1/tasks/?cursor=b"),
        json!("https://[/api/v1/tasks/?cursor=b"),
        json!("/api/v1/tasks/?limit=5"),
        json!("/api/v1/tasks/%2e%2e/datasets/?cursor=b"),
        json!("/api/v1/tasks%00/?cursor=b"),
        json!("/api/v1/tasks/%?cursor=b"),
        json!("/api/v1\\tasks/?cursor=b"),
        json!("https://[::1/api/v1/tasks/?cursor=b"),
        json!("https://api.avala.ai:80:80/api/v1/tasks/?cursor=b"),
        json!("javascript:alert(1)?cursor=b"),
        json!("/api/v1/tasks/?cursor=b\r\nx-injected: 1"),
        json!("/api/v1/tasks/#?cursor=b"),
        json!("/api/v1/tasks/?cursor=b\u{0}"),
        json!("/api/v1/tasks/?cursor=größe"),
        json!(" "),
        json!("?"),
        json!(7),
        json!(true),
        json!({"cursor": "b"}),
    ] {
        for index in 0..3 {
            let script = linked(&next);
            let (avala, _) = clients(&script)[index].clone();
            assert_eq!(results(&avala).await, [Ok("a".to_owned()), Err(ErrorKind::Pagination)], "{next}");
            assert_eq!(script.requests().len(), 1, "{next}");

            let script = linked(&next);
            let (avala, _) = clients(&script)[index].clone();
            let page = avala.tasks().list().await.unwrap();
            assert_eq!((page.items.len(), page.has_more()), (1, true), "{next}");
            let list = avala.tasks().list().cursor(page.next_cursor.unwrap());
            assert_eq!(list.to_http().unwrap_err().kind(), ErrorKind::Pagination, "{next}");
            assert_eq!(list.clone().items().next().await.unwrap().unwrap_err().kind(), ErrorKind::Pagination);
            let error = list.await.unwrap_err();
            assert_eq!((error.kind(), error.sent()), (ErrorKind::Pagination, Sent::No), "{next}");
            assert_eq!(script.requests().len(), 1, "{next}");
        }
    }
}

#[tokio::test]
async fn page_is_returned_before_its_broken_link() {
    let script = linked(&json!("/api/v1/datasets/?cursor=b"));
    let mut pages = bare(&script).tasks().list().pages();
    assert_eq!(pages.next().await.unwrap().unwrap().items.len(), 1);
    let error = pages.next().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Pagination, Sent::Yes));
    assert!(pages.next().await.is_none());
    assert_eq!(pages.cursor(), None, "the page with the broken link can be requested again");
}

#[tokio::test]
async fn an_empty_link_ends_the_list() {
    let script = linked(&json!(""));
    assert_eq!(results(&layered(&script)).await, [Ok("a".to_owned())]);
    let script = linked(&json!(""));
    assert!(!layered(&script).tasks().list().await.unwrap().has_more());
}

#[tokio::test]
async fn a_link_of_a_nested_list_has_its_whole_path() {
    let list = |avala: &Avala| avala.datasets().list_items("acme", "night/drives").items();
    for (next, expected) in [
        ("/api/v1/datasets/acme/night%2fdrives/items/?cursor=b", 2),
        ("/v2/datasets/acme/night%2Fdrives/items?cursor=b", 2),
        ("/api/v1/datasets/acme/night/drives/items/?cursor=b", 1),
        ("/api/v1/datasets/acme/other/items/?cursor=b", 1),
        ("/api/v1/items/?cursor=b", 1),
    ] {
        let script = linked(&json!(next));
        let got: Vec<_> = list(&layered(&script)).take(100).collect().await;
        assert_eq!(got.iter().filter(|item| item.is_ok()).count(), expected, "{next}");
        assert_eq!(script.requests().len(), expected, "{next}");
    }
}

#[tokio::test]
async fn repeated_cursor_ends_the_list() {
    let step = |uids: &[&str], next: &str| {
        let tasks: Vec<_> = uids.iter().map(|uid| json!({"uid": uid})).collect();
        json(&json!({"results": tasks, "next": format!("/api/v1/tasks/?{next}")}))
    };
    let ends = |links: [&'static str; 3]| async move {
        let [first, second, third] = links;
        let script = ScriptedService::new().then(step(&["a"], first)).then(step(&["b"], second));
        let script = script.then(step(&[], third)).then(page("never", &Value::Null));
        results(&bare(&script)).await
    };
    let expected = [Ok("a".to_owned()), Ok("b".to_owned()), Err(ErrorKind::Pagination)];
    assert_eq!(ends(["cursor=3", "cursor=7", "cursor=7"]).await, expected, "an empty page that leads to itself");
    assert_eq!(ends(["cursor=3", "cursor=7", "cursor=3"]).await, expected);
    assert_eq!(ends(["cursor=3", "cursor=7&t=1", "t=2&cursor=%37"]).await, expected, "in other words");
    assert_eq!(ends(["page=2", "page=3", "page=1"]).await, expected, "the first page has a number too");
}

#[tokio::test]
async fn filters_of_the_call_win_over_those_of_a_cursor() {
    let cursor = |text: &str| text.parse::<Cursor>().unwrap();
    let script = ScriptedService::always(page("a", &Value::Null));
    let avala = bare(&script);

    let tampered = avala.tasks().list().project("A").cursor(cursor("cursor=b&project=B"));
    assert_eq!(tampered.clone().pages().next().await.unwrap().unwrap_err().kind(), ErrorKind::Request);
    let error = tampered.await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Request, Sent::No));
    assert!(error.to_string().contains("project"), "{error}");
    let from_json = serde_json::from_str::<Cursor>(r#""project=B&cursor=b""#).unwrap();
    avala.tasks().list().cursor(from_json.clone()).project("A").await.unwrap_err();
    assert_eq!(script.requests().len(), 0);

    avala.tasks().list().project("A").cursor(cursor("cursor=b&project=A")).await.unwrap();
    avala.tasks().list().project("A").status("pending").cursor(Cursor::new("b")).await.unwrap();
    avala.tasks().list().cursor(from_json).await.unwrap();
    avala.tasks().list().limit(5).cursor(cursor("cursor=b&limit=100&project=A")).await.unwrap();
    assert_eq!(
        targets(&script),
        [
            "/tasks/?cursor=b&project=A",
            "/tasks/?cursor=b&project=A&status=pending",
            "/tasks/?project=B&cursor=b",
            "/tasks/?cursor=b&project=A&limit=5",
        ]
    );
}

#[tokio::test]
async fn value_of_a_cursor_is_sent_as_it_came() {
    for value in
        ["cD0y%2BMDI1%3D%3D", "cD0y+MDI1==", "a%20b+c", "%E2%82%AC", "%zz", "a/b?c:d@e", "{}|^`", "%00", "\'*()"]
    {
        let script = linked(&json!(format!("/api/v1/tasks/?limit=1&cursor={value}")));
        assert_eq!(results(&bare(&script)).await.len(), 2, "{value}");
        assert_eq!(targets(&script)[1], format!("/tasks/?limit=1&cursor={value}"), "{value}");
        let stored: Cursor = serde_json::from_value(json!(format!("cursor={value}"))).unwrap();
        assert_eq!(stored.to_string().parse::<Cursor>().unwrap(), stored);
    }
    // A bare value is data, and is encoded whatever is in it.
    for value in ["a&project=B", "a#b", "a b", "größe", "\u{0}\r\n", "%2B"] {
        let script = ScriptedService::always(page("a", &Value::Null));
        bare(&script).tasks().list().project("A").cursor(Cursor::new(value)).await.unwrap();
        let target = targets(&script).remove(0);
        let pairs: Vec<_> = target.split_once('?').unwrap().1.split('&').collect();
        assert_eq!((pairs.len(), pairs[1]), (2, "project=A"), "{target}");
    }
}
