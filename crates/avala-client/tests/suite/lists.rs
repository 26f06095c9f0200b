//! Lists: pages, items, cursors, and links that cannot be followed.

use std::time::Duration;

use avala_client::{ErrorKind, Items};
use avala_transport::testing::{ScriptedService, Step};
use avala_types::{Cursor, Task};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{bare, json, layered, targets};

/// Returns a page of tasks with these numbers, and a link to the next one.
fn page(uids: std::ops::Range<usize>, next: Option<&str>) -> Step {
    json(&page_value(uids, next))
}

fn page_value(uids: std::ops::Range<usize>, next: Option<&str>) -> Value {
    let tasks: Vec<_> = uids.map(|uid| json!({"uid": format!("t{uid}")})).collect();
    json!({"results": tasks, "next": next.map(|query| format!("https://api.avala.ai/api/v1/tasks/?{query}")), "previous": null})
}

/// Serves three pages, of which the second one is empty.
fn three_pages() -> ScriptedService {
    ScriptedService::new()
        .then(page(0..3, Some("cursor=b&status=pending")))
        .then(page(3..3, Some("cursor=c&status=pending")))
        .then(page(3..5, None))
}

async fn uids(mut items: Items<Task>) -> Vec<String> {
    let mut uids = Vec::new();
    for _ in 0..1000 {
        match items.next().await {
            Some(task) => uids.push(task.unwrap().uid.to_string()),
            None => return uids,
        }
    }
    panic!("the stream does not end");
}

#[tokio::test]
async fn one_page_has_the_cursor_of_the_next() {
    let script = three_pages();
    let page = layered(&script).tasks().list().limit(3).await.unwrap();
    assert_eq!((page.items.len(), page.has_more()), (3, true));
    assert_eq!(page.next_cursor.unwrap().as_query(), "cursor=b&status=pending");
    assert_eq!(script.requests().len(), 1, "awaiting one page requests no other");
}

#[tokio::test]
async fn stream_returns_every_item_once_and_follows_links() {
    let script = three_pages();
    let items = bare(&script).tasks().list().status("pending").limit(3).items();
    assert_eq!(uids(items).await, ["t0", "t1", "t2", "t3", "t4"]);
    assert_eq!(
        targets(&script),
        ["/tasks/?status=pending&limit=3", "/tasks/?cursor=b&status=pending", "/tasks/?cursor=c&status=pending",]
    );
}

#[tokio::test]
async fn numbered_pages_and_bare_lists_stream_alike() {
    let numbered = |uids, next| {
        let mut value = page_value(uids, next);
        value["count"] = json!(4);
        json(&value)
    };
    let script = ScriptedService::new().then(numbered(0..2, Some("page=2"))).then(numbered(2..4, None));
    assert_eq!(uids(layered(&script).tasks().list().items()).await.len(), 4);
    assert_eq!(targets(&script)[1], "/api/v1/tasks/?page=2");
    let script = ScriptedService::new().then(json(&json!([{"uid": "t0"}, {"uid": "t1"}])));
    assert_eq!(uids(layered(&script).tasks().list().items()).await.len(), 2);
}

#[tokio::test]
async fn next_page_is_requested_while_one_is_consumed() {
    let script = three_pages();
    let mut items = bare(&script).tasks().list().items();
    assert_eq!(script.requests().len(), 0, "nothing is sent before the first poll");
    items.next().await.unwrap().unwrap();
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn fetching_and_consuming_overlap() {
    let wait = Duration::from_millis(20);
    let mut script = ScriptedService::new();
    for number in 0..9 {
        script = script.then(page(number..number + 1, Some(&format!("cursor={number}"))).after(wait));
    }
    let mut pages = bare(&script.then(page(9..10, None).after(wait))).tasks().list().pages();
    let started = Instant::now();
    for _ in 0..10 {
        pages.next().await.unwrap().unwrap();
        sleep(wait).await;
    }
    assert!(pages.next().await.is_none());
    assert_eq!(started.elapsed(), 11 * wait, "sequential calls would take 20");
}

#[tokio::test]
async fn a_stream_resumes_at_its_cursor() {
    let script = three_pages();
    let mut items = bare(&script).tasks().list().items();
    assert_eq!(items.cursor(), None);
    for _ in 0..2 {
        items.next().await.unwrap().unwrap();
        assert_eq!(items.cursor(), None, "the next item is on the first page");
    }
    items.next().await.unwrap().unwrap();
    let noted = items.cursor().unwrap().to_string();
    assert_eq!(noted, "cursor=b&status=pending", "the first page is used up");

    let script = ScriptedService::new().then(page(3..5, None));
    let resumed = bare(&script).tasks().list().cursor(noted.parse::<Cursor>().unwrap()).items();
    assert_eq!(uids(resumed).await, ["t3", "t4"]);
    assert_eq!(targets(&script), ["/tasks/?cursor=b&status=pending"]);
}

#[tokio::test]
async fn stream_ends_after_an_error_and_keeps_its_cursor() {
    let script = ScriptedService::new().then(page(0..2, Some("cursor=b"))).then(Step::respond(500));
    let mut items = bare(&script).tasks().list().items();
    assert!(items.next().await.unwrap().is_ok() && items.next().await.unwrap().is_ok());
    assert_eq!(items.next().await.unwrap().unwrap_err().kind(), ErrorKind::Server);
    assert!(items.next().await.is_none());
    assert_eq!(items.cursor().unwrap().as_query(), "cursor=b");
}

#[tokio::test]
async fn list_with_repeated_pages_ends_with_an_error() {
    for circle in [vec!["cursor=a", "cursor=a"], vec!["cursor=a", "cursor=b", "cursor=c", "cursor=a"]] {
        let mut script = ScriptedService::new();
        for (number, next) in circle.iter().enumerate() {
            script = script.then(page(number..number + 1, Some(next)));
        }
        let items: Vec<_> = bare(&script).tasks().list().items().take(1000).collect().await;
        let (last, good) = items.split_last().unwrap();
        assert_eq!(good.len(), circle.len(), "every page before the circle closes is returned");
        assert_eq!(last.as_ref().unwrap_err().kind(), ErrorKind::Pagination);
        assert_eq!(script.requests().len(), circle.len());
    }
    let script = ScriptedService::always(page(0..1, Some("cursor=a")));
    let items = bare(&script).tasks().list().cursor(Cursor::new("a")).items();
    let items: Vec<_> = items.take(1000).collect().await;
    assert_eq!((items.len(), script.requests().len()), (2, 1), "the page that it started at counts too");
}

#[tokio::test]
async fn list_decodes_into_a_user_type() {
    #[derive(serde::Deserialize)]
    struct Mine {
        uid: String,
    }
    let script = three_pages();
    let mut items = bare(&script).tasks().list().status("pending").decode_as::<Mine>().items();
    assert_eq!(items.next().await.unwrap().unwrap().uid, "t0");
}

#[tokio::test]
async fn dropped_stream_cancels_its_call() {
    let script = ScriptedService::new().then(page(0..1, Some("cursor=b"))).then(Step::hang());
    let mut items = layered(&script).tasks().list().items();
    items.next().await.unwrap().unwrap();
    drop(items);
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test]
async fn endless_empty_pages_yield_to_other_tasks() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let sent = std::sync::Arc::new(AtomicUsize::new(0));
    let counter = std::sync::Arc::clone(&sent);
    let avala = avala_client::Avala::from_service(tower::service_fn(move |_: http::Request<avala_transport::Body>| {
        let number = counter.fetch_add(1, Ordering::SeqCst);
        let body = json!({"results": [], "next": format!("/api/v1/tasks/?cursor=c{number}")}).to_string();
        async move { Ok::<_, std::convert::Infallible>(http::Response::new(avala_transport::Body::from(body))) }
    }));
    let mut items = avala.tasks().list().items();
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..10 {
        let before = sent.load(Ordering::SeqCst);
        assert!(items.poll_next_unpin(&mut cx).is_pending());
        let pages = sent.load(Ordering::SeqCst) - before;
        assert!(pages <= 17, "{pages} pages in one poll");
    }
}
