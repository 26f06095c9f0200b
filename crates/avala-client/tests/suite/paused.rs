//! Programs that stop polling a call or a list while they do something else.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use avala_client::types::Task;
use avala_client::{Avala, AvalaBuilder};
use avala_transport::testing::Step;
use avala_transport::{Body, ConcurrencyLimits, RateLimit, RateLimiter, Transport};
use futures_util::StreamExt as _;
use futures_util::stream::{self, FuturesUnordered};
use http::Request;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// Tasks in pages of 100, each response after this time.
#[derive(Clone)]
struct Server {
    tasks: usize,
    delay: Duration,
    /// Number of requests of each path and query.
    requests: Arc<Mutex<HashMap<String, usize>>>,
}

impl Server {
    fn new(tasks: usize) -> Self {
        Self { tasks, delay: Duration::from_millis(20), requests: Arc::default() }
    }

    fn respond(&self, target: &str) -> Value {
        *self.requests.lock().unwrap().entry(target.to_owned()).or_default() += 1;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if path != "/api/v1/tasks/" {
            return json!({"uid": path.trim_end_matches('/').rsplit('/').next()});
        }
        let cursor = query.split('&').find_map(|pair| pair.strip_prefix("cursor=")).unwrap_or("0");
        let start: usize = cursor.parse().unwrap();
        let end = self.tasks.min(start + 100);
        let tasks: Vec<_> = (start..end).map(|uid| json!({"uid": format!("t{uid}")})).collect();
        let next = (end < self.tasks).then(|| format!("/api/v1/tasks/?cursor={end}"));
        json!({"results": tasks, "next": next})
    }

    fn client(&self, limiter: RateLimiter, limits: ConcurrencyLimits) -> Avala {
        self.builder(limiter, limits).build().unwrap()
    }

    fn builder(&self, limiter: RateLimiter, limits: ConcurrencyLimits) -> AvalaBuilder {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let (server, target) = (server.clone(), request.uri().path_and_query().unwrap().to_string());
            async move {
                sleep(server.delay).await;
                Ok::<_, Infallible>(http::Response::new(Body::from(server.respond(&target).to_string())))
            }
        });
        let builder = Avala::builder().api_key("avk_test").rate_limiter(limiter).service(service);
        builder.transport(|transport| transport.concurrency(limits))
    }

    fn requests(&self) -> usize {
        self.requests.lock().unwrap().values().sum()
    }

    fn assert_each_page_once(&self) {
        let requests = self.requests.lock().unwrap();
        let twice: Vec<_> =
            requests.iter().filter(|(target, count)| target.contains("/tasks/?") && **count > 1).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }
}

/// Returns the settings of the clients for the loops.
fn settings() -> Vec<(&'static str, RateLimiter, ConcurrencyLimits)> {
    let limits = ConcurrencyLimits::default;
    vec![
        ("the defaults", RateLimiter::default(), limits()),
        ("a burst of 1", RateLimiter::new(RateLimit::per_minute(100).burst(1)), limits()),
        ("no rate limit and one permit", RateLimiter::off(), limits().default_group(1)),
        ("no rate limit and two permits", RateLimiter::off(), limits().default_group(2)),
        ("both", RateLimiter::default(), limits().default_group(1)),
    ]
}

async fn run<F: Future<Output = usize>>(tasks: usize, program: impl Fn(Avala) -> F) {
    run_all(tasks, true, program).await;
}

async fn run_all<F: Future<Output = usize>>(tasks: usize, each_page_once: bool, program: impl Fn(Avala) -> F) {
    for (name, limiter, limits) in settings() {
        let server = Server::new(tasks);
        let avala = server.client(limiter, limits);
        let started = Instant::now();
        let calls = tokio::time::timeout(Duration::from_secs(36_000), program(avala)).await;
        let calls = calls.unwrap_or_else(|_| panic!("{name}: the call hangs"));
        let at_the_limit = Duration::from_millis(600) * u32::try_from(calls).unwrap();
        assert!(started.elapsed() < at_the_limit + Duration::from_secs(60), "{name}: {:?}", started.elapsed());
        assert!(server.requests() <= calls, "{name}: {} requests", server.requests());
        if each_page_once {
            server.assert_each_page_once();
        }
    }
}

async fn get(avala: &Avala, task: &Task) {
    avala.tasks().get(&task.uid).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_for_each_item_finishes() {
    run(250, |avala| async move {
        let mut items = avala.tasks().list().items();
        while let Some(item) = items.next().await {
            get(&avala, &item.unwrap()).await;
        }
        253
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_call_for_each_item_of_a_page_finishes() {
    run(250, |avala| async move {
        let mut pages = avala.tasks().list().pages();
        while let Some(page) = pages.next().await {
            for item in page.unwrap() {
                get(&avala, &item).await;
            }
        }
        253
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn calls_in_the_loop_over_buffered_calls_finish() {
    run(110, |avala| async move {
        let items = avala.tasks().list().items();
        let buffered = items.map(|item| {
            let avala = avala.clone();
            async move { avala.tasks().get(&item.unwrap().uid).await.unwrap() }
        });
        let mut buffered = pin!(buffered.buffer_unordered(8));
        while let Some(task) = buffered.next().await {
            get(&avala, &task).await;
        }
        222
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nested_lists_finish() {
    run_all(150, false, |avala| async move {
        let mut outer = avala.tasks().list().items();
        let mut count = 0;
        while let Some(item) = outer.next().await {
            item.unwrap();
            count += 1;
            if count % 50 == 0 {
                let mut inner = avala.tasks().list().items();
                while let Some(item) = inner.next().await {
                    get(&avala, &item.unwrap()).await;
                }
            }
        }
        2 + 3 * 152
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_left_in_scope_blocks_nobody() {
    run_all(250, false, |avala| async move {
        let mut lists = Vec::new();
        for _ in 0..300 {
            let mut items = avala.tasks().list().items();
            items.next().await.unwrap().unwrap();
            lists.push(items);
        }
        for uid in 0..100 {
            get(&avala, &Task::new(format!("t{uid}"))).await;
        }
        1000
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn two_lists_in_one_task_finish() {
    run_all(150, false, |avala| async move {
        let (left, right) = (avala.tasks().list().items(), avala.tasks().list().status("pending").items());
        let mut both = stream::select(left, right);
        while let Some(item) = both.next().await {
            get(&avala, &item.unwrap()).await;
        }
        let all = || async {
            let mut items = avala.tasks().list().items();
            while let Some(item) = items.next().await {
                get(&avala, &item.unwrap()).await;
            }
        };
        tokio::join!(all(), all());
        4 * 152
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn concurrent_loop_bodies_finish() {
    run(150, |avala| async move {
        let items = avala.tasks().list().items();
        items.for_each_concurrent(8, |item| async { get(&avala, &item.unwrap()).await }).await;
        152
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_never_polled_again_block_nobody() {
    run_all(10, false, |avala| async move {
        let mut left_alone = FuturesUnordered::new();
        for uid in 0..40 {
            left_alone.push(avala.tasks().get(format!("left{uid}")).into_future());
        }
        poll_fn(|cx| {
            let _ = left_alone.poll_next_unpin(cx);
            Poll::Ready(())
        })
        .await;
        for uid in 0..40 {
            get(&avala, &Task::new(format!("t{uid}"))).await;
            // Dropped, with or without its response.
            tokio::select! {
                biased;
                () = std::future::ready(()) => {}
                task = avala.tasks().get("dropped") => drop(task),
            }
        }
        drop(left_alone);
        100
    })
    .await;
}

#[test]
fn an_idle_runtime_blocks_nobody() {
    for (name, limiter, limits) in settings() {
        let server = Server::new(250);
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let (idle, other) = (runtime(), runtime());
        let avala = server.client(limiter, limits);
        let mut items = avala.tasks().list().items();
        idle.block_on(async { items.next().await.unwrap().unwrap() });
        let mut call = avala.tasks().get("left").into_future();
        idle.block_on(poll_fn(|cx| {
            assert!(std::pin::Pin::new(&mut call).poll(cx).is_pending());
            Poll::Ready(())
        }));
        for runtime in [&other, &idle] {
            runtime.block_on(async {
                let started = Instant::now();
                for uid in 0..50 {
                    get(&avala, &Task::new(format!("t{uid}"))).await;
                }
                // 50 calls at the limit, after at most 30 s for the permit of the call that was left unpolled.
                assert!(started.elapsed() < Duration::from_secs(91), "{name}: {:?}", started.elapsed());
            });
        }
        idle.block_on(async {
            // It may have timed out, because it was not polled.
            drop(call.await);
            assert_eq!(items.map(|item| item.unwrap()).count().await, 249, "{name}");
        });
    }
}

#[test]
fn a_list_that_moves_to_another_runtime_continues() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    for (name, limiter, limits) in settings() {
        for is_dropped in [false, true] {
            let server = Server::new(250);
            let mut items = server.client(limiter.clone(), limits.clone()).tasks().list().items();
            let mut former = Vec::new();
            let mut count = 0;
            for taken in [1, 100, 149] {
                let runtime = runtime();
                runtime.block_on(async {
                    for _ in 0..taken {
                        let item = tokio::time::timeout(Duration::from_secs(600), items.next()).await;
                        let item = item.unwrap_or_else(|_| panic!("{name}, {is_dropped}: the call hangs"));
                        assert_eq!(item.unwrap().unwrap().uid, format!("t{count}"), "{name}");
                        count += 1;
                    }
                });
                // A runtime that still exists makes no progress, because no thread runs it.
                former.extend((!is_dropped).then_some(runtime));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_gets_every_item_once() {
    for delay in [Duration::ZERO, Duration::from_secs(5), Duration::from_secs(25)] {
        for (name, limiter, limits) in settings() {
            let mut server = Server::new(203);
            server.delay = delay;
            let mut items = server.client(limiter, limits).tasks().list().items();
            let mut count = 0;
            while let Some(item) = items.next().await {
                item.unwrap_or_else(|error| panic!("{name}, {delay:?}: {error}"));
                count += 1;
                sleep(Duration::from_secs(65)).await;
            }
            assert_eq!((count, server.requests()), (203, 3), "{name}, {delay:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_below_layers_gets_every_item_once() {
    let layer = || tower::layer::layer_fn(|inner: Transport| inner);
    let same = |builder: AvalaBuilder| builder;
    let wrap: [(&str, &dyn Fn(AvalaBuilder) -> AvalaBuilder); 4] = [
        ("none", &same),
        ("per call", &|builder| builder.layer_per_call(layer())),
        ("per attempt", &|builder| builder.layer_per_attempt(layer())),
        ("both", &|builder| builder.layer_per_call(layer()).layer_per_attempt(layer())),
    ];
    for (position, wrap) in wrap {
        for delay in [5, 25, 50].map(Duration::from_secs) {
            let mut server = Server::new(203);
            server.delay = delay;
            // A prefetch that has no free token is sent when it is awaited.
            for limiter in [RateLimiter::off(), RateLimiter::new(RateLimit::per_minute(100).burst(1))] {
                server.requests = Arc::default();
                let builder = server.builder(limiter, ConcurrencyLimits::default());
                let avala = wrap(builder).transport(|transport| transport.attempt_timeout(Duration::MAX));
                let mut items = avala.build().unwrap().tasks().list().items();
                let mut count = 0;
                while let Some(item) = items.next().await {
                    item.unwrap_or_else(|error| panic!("{position}, {delay:?}: {error}"));
                    count += 1;
                    sleep(Duration::from_secs(65)).await;
                }
                assert_eq!((count, server.requests()), (203, 3), "{position}, {delay:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_awaited_by_turns_does_not_time_out() {
    let mut server = Server::new(203);
    server.delay = Duration::from_secs(20);
    let avala = server.client(RateLimiter::off(), ConcurrencyLimits::default());
    // The future of `next` is dropped repeatedly before the page has arrived.
    let mut items = avala.tasks().list().items();
    let mut count = 0;
    loop {
        tokio::select! {
            item = items.next() => match item {
                Some(item) => drop(item.unwrap()),
                None => break,
            },
            () = sleep(Duration::from_secs(3)) => {
                sleep(Duration::from_secs(70)).await;
                continue;
            }
        }
        count += 1;
    }
    assert_eq!((count, server.requests()), (203, 3));

    // One of two lists has its page, and is not polled while the other's item is worked on.
    let mut both = stream::select(
        avala.tasks().list().items(),
        avala.tasks().list().status("pending").pages().map(|page| page.map(|page| page.items[0].clone())),
    );
    let mut count = 0;
    while let Some(item) = both.next().await {
        item.unwrap();
        count += 1;
        sleep(Duration::from_secs(65)).await;
    }
    assert_eq!(count, 203 + 3);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_never_comes_still_times_out() {
    let first = json!({"results": [{"uid": "a"}, {"uid": "b"}], "next": "?cursor=b"});
    let script = avala_transport::testing::ScriptedService::new().then(crate::json(&first));
    let script = script.then(Step::hang()).then(Step::hang()).then(Step::hang());
    let mut items = crate::layered(&script).tasks().list().items();
    for _ in 0..2 {
        items.next().await.unwrap().unwrap();
        sleep(Duration::from_secs(100)).await;
    }
    let started = Instant::now();
    let error = items.next().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), started.elapsed()), (avala_client::ErrorKind::Timeout, Duration::from_secs(60)));
}

/// Wakes a task, and counts who holds its waker.
struct Held(Waker);

impl Wake for Held {
    fn wake(self: Arc<Self>) {
        self.0.wake_by_ref();
    }
}

#[tokio::test(start_paused = true)]
async fn stream_that_was_dropped_holds_no_waker() {
    for (name, limiter, limits) in settings() {
        let avala = Server::new(250).client(limiter, limits);
        for most in [1, 150, 250, 300] {
            let held = Arc::new(Held(poll_fn(|cx| Poll::Ready(cx.waker().clone())).await));
            let waker = Waker::from(Arc::clone(&held));
            let mut items = avala.tasks().list().items();
            for read in 0..most {
                let item = poll_fn(|_| items.poll_next_unpin(&mut Context::from_waker(&waker))).await;
                assert_eq!(item.map(Result::unwrap).is_some(), read < 250, "{name}: item {read}");
            }
            drop((items, waker));
            assert_eq!(Arc::strong_count(&held), 1, "{name}: after {most} items");
        }
    }
}
