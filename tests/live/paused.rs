//! Loops that pause a list or a call, over real sockets. The rate limit is 100 calls per second.

use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use avala_client::transport::{ConcurrencyLimits, RateLimit, RateLimiter};
use avala_client::types::Dataset;
use avala_client::{Avala, Items};
use avala_sandbox::Sandbox;
use avala_transport::testing::{ByteServer, Script};
use futures_util::StreamExt as _;
use futures_util::stream;

use crate::builder;

/// Runs a program with the default concurrency limit and with a limit of one. The timeout of a minute is a
/// guard against calls that wait for each other until they time out.
async fn run<F: Future<Output = ()>>(program: impl Fn(Avala) -> F) {
    let sandbox = Sandbox::start().await.unwrap();
    for ordinary in [256, 1] {
        let avala = builder(&sandbox).rate_limiter(RateLimiter::new(RateLimit::per_minute(6_000)));
        let limits = ConcurrencyLimits::default().default_group(ordinary);
        let avala = avala.transport(|transport| transport.concurrency(limits)).build().unwrap();
        tokio::time::timeout(Duration::from_secs(28), program(avala)).await.unwrap();
    }
}

/// Lists more than 200 items in pages of 50.
fn datasets(avala: &Avala) -> Items<Dataset> {
    avala.datasets().list().limit(50).items()
}

async fn get(avala: &Avala, dataset: &Dataset) {
    avala.datasets().get(&dataset.uid).await.unwrap();
}

#[tokio::test]
async fn a_call_for_each_item_finishes() {
    run(|avala| async move {
        let mut items = datasets(&avala);
        while let Some(item) = items.next().await {
            get(&avala, &item.unwrap()).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_call_for_each_item_of_a_page_finishes() {
    run(|avala| async move {
        let mut pages = avala.datasets().list().limit(50).pages();
        while let Some(page) = pages.next().await {
            for item in page.unwrap() {
                get(&avala, &item).await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn nested_lists_finish() {
    run(|avala| async move {
        let mut outer = datasets(&avala);
        for _ in 0..3 {
            outer.next().await.unwrap().unwrap();
            let mut inner = datasets(&avala);
            while let Some(item) = inner.next().await {
                item.unwrap();
            }
            while let Some(item) = inner.next().await {
                get(&avala, &item.unwrap()).await;
            }
        }
        let mut both = stream::select(datasets(&avala), datasets(&avala));
        while let Some(item) = both.next().await {
            item.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn paused_lists_and_calls_block_no_other_call() {
    run(|avala| async move {
        let mut lists = Vec::new();
        for _ in 0..256 {
            let mut items = datasets(&avala);
            items.next().await.unwrap().unwrap();
            lists.push(items);
        }
        // With short leases, so that a limit of one is not held for the 30 s of an attempt.
        let call = avala.projects().list().attempt_timeout(Duration::from_millis(500));
        let mut left_alone = call.into_future();
        assert!(Pin::new(&mut left_alone).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        for _ in 0..100 {
            avala.projects().list().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_call_in_the_loop_over_buffered_calls_finishes() {
    run(|avala| async move {
        let buffered = datasets(&avala).map(|item| {
            let avala = avala.clone();
            async move {
                let get = avala.datasets().get(&item.unwrap().uid);
                get.attempt_timeout(Duration::from_millis(50)).await
            }
        });
        let mut buffered = std::pin::pin!(buffered.buffer_unordered(8));
        while let Some(dataset) = buffered.next().await {
            if let Ok(dataset) = dataset {
                get(&avala, &dataset).await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_slow_consumer_gets_every_item() {
    let pad = "x".repeat(3_000_000);
    let respond = |uids: [&str; 2], next: &str| {
        let items = uids.map(|uid| format!(r#"{{"uid":"{uid}","note":"{pad}"}}"#)).join(",");
        let body = format!(r#"{{"results":[{items}],"next":{next}}}"#);
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    };
    let first = respond(["t1", "t2"], r#""/api/v1/tasks/?cursor=b""#);
    let script = Script::new().request().send(first).request().send(respond(["t3", "t4"], "null")).stall();
    let server = ByteServer::always(script).await.unwrap();
    let avala = Avala::builder().api_key("avk_test").base_url(server.url()).allow_insecure_base_url(true);
    let avala = avala.rate_limiter(RateLimiter::off()).build().unwrap();
    let mut items = avala.tasks().list().deadline(Duration::from_millis(800)).items();
    let mut uids = Vec::new();
    while let Some(item) = items.next().await {
        uids.push(item.unwrap().uid.to_string());
        // With and without a runtime that continues meanwhile.
        match uids.len() % 2 {
            0 => tokio::time::sleep(Duration::from_millis(1_000)).await,
            _ => std::thread::sleep(Duration::from_millis(1_000)),
        }
    }
    assert_eq!(uids, ["t1", "t2", "t3", "t4"]);
    assert_eq!(server.requests().len(), 2, "each page once");
}
