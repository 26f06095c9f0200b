//! Concurrency groups over real sockets: those of the API, and groups that a program names.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use avala_client::concurrency_groups::{EXPORTS, UPLOADS};
use avala_client::transport::{BaseUrl, ConcurrencyGroup, ConcurrencyLimits, Priority, RateLimiter, TransportBuilder};
use avala_client::types::CreateExport;
use avala_client::{Avala, AvalaBuilder, Method, RawCall};
use axum::Router;
use axum::extract::State;
use axum::http::Uri;
use axum::routing::any;
use futures_util::future::join_all;
use tokio::net::TcpListener;
use tokio::sync::{Barrier, Semaphore};

const GUARD: Duration = Duration::from_secs(60);

/// Counts concurrent requests. A request ends when the barrier has enough of them.
struct Server {
    url: String,
    most: Arc<AtomicUsize>,
}

#[derive(Clone)]
struct Work {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    barrier: Arc<Barrier>,
}

impl Server {
    /// Starts a server whose requests wait for `at_once - 1` others, except for `/api/v1/free/`.
    async fn start(at_once: usize) -> Self {
        let work = Work { now: Arc::default(), most: Arc::default(), barrier: Arc::new(Barrier::new(at_once)) };
        let most = Arc::clone(&work.most);
        let router = Router::new().route("/api/v1/free/", any(|| async { "{}" })).fallback(meet).with_state(work);
        Self { url: serve(router).await, most }
    }

    fn builder(&self) -> AvalaBuilder {
        let builder = Avala::builder().api_key("avk_test").base_url(&self.url).allow_insecure_base_url(true);
        builder.rate_limiter(RateLimiter::off())
    }

    /// Returns the maximum number of concurrent requests.
    fn most(&self) -> usize {
        self.most.swap(0, Ordering::Relaxed)
    }
}

/// Records the paths of its requests. The first one waits until the server is released.
struct PathServer {
    server: Server,
    released: Arc<Semaphore>,
}

impl PathServer {
    async fn start() -> (Self, Arc<Mutex<Vec<String>>>) {
        let (released, paths) = (Arc::new(Semaphore::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (gate, seen) = (Arc::clone(&released), Arc::clone(&paths));
        let record = move |uri: Uri| async move {
            seen.lock().unwrap().push(uri.path().to_owned());
            drop(gate.acquire().await);
            "{}"
        };
        let url = serve(Router::new().fallback(record)).await;
        (Self { server: Server { url, most: Arc::default() }, released }, paths)
    }

    fn builder(&self) -> AvalaBuilder {
        self.server.builder()
    }

    fn release(&self) {
        self.released.add_permits(1);
    }
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn meet(State(work): State<Work>) -> &'static str {
    work.most.fetch_max(work.now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
    work.barrier.wait().await;
    work.now.fetch_sub(1, Ordering::Relaxed);
    r#"{"uid": "e1"}"#
}

/// Sends calls concurrently. The server ends none of them before all permits of the group are used.
async fn send(avala: &Avala, count: usize, call: impl Fn(RawCall) -> RawCall) {
    let calls = (0..count).map(|_| call(avala.request(Method::POST, "/beta/thumbnails/")).into_future());
    for result in tokio::time::timeout(GUARD, join_all(calls)).await.unwrap() {
        result.unwrap();
    }
}

#[tokio::test]
async fn group_of_a_program_has_its_own_limit() {
    let server = Server::start(3).await;
    let avala = server.builder().concurrency_limit("thumbnails", 3).build().unwrap();
    send(&avala, 9, |call| call.concurrency_group("thumbnails")).await;
    assert_eq!(server.most(), 3);
    // Another client, which sets the limit in the transport, and every kind of call.
    let limits = ConcurrencyLimits::default().group("thumbnails", 3).default_group(1);
    let avala = server.builder().transport(|transport| transport.concurrency(limits)).build().unwrap();
    let group = ConcurrencyGroup::new("thumbnails");
    let list = avala.tasks().list().concurrency_group(group).into_future();
    let call = avala.tasks().get("e1").concurrency_group(group).into_future();
    let wait = avala.exports().get("e1").wait_until(|_| true).concurrency_group(group).into_future();
    let (list, call, wait) = tokio::time::timeout(GUARD, futures_util::future::join3(list, call, wait)).await.unwrap();
    assert!(call.is_ok() && wait.is_ok());
    drop(list);
    assert_eq!(server.most(), 3);
}

#[tokio::test]
async fn group_without_a_limit_counts_with_the_others() {
    let server = Server::start(2).await;
    let avala = server.builder().concurrency_limit(ConcurrencyGroup::DEFAULT, 2).build().unwrap();
    tokio::join!(send(&avala, 4, |call| call.concurrency_group("unknown")), send(&avala, 4, |call| call));
    assert_eq!(server.most(), 2);
}

#[tokio::test]
async fn full_group_does_not_delay_other_calls() {
    let server = Server::start(2).await;
    let avala = server.builder().concurrency_limit("thumbnails", 1).build().unwrap();
    // The first call waits in the server for another call, and the calls of its group wait for its permit.
    let held = tokio::spawn({
        let avala = avala.clone();
        async move { send(&avala, 2, |call| call.concurrency_group("thumbnails")).await }
    });
    let free = avala.request(Method::GET, "/free/").into_future();
    tokio::time::timeout(GUARD, free).await.unwrap().unwrap();
    // Calls of another group end the calls of the full group, one by one.
    send(&avala, 1, |call| call.concurrency_group("reports")).await;
    send(&avala, 1, |call| call.concurrency_group("reports")).await;
    tokio::time::timeout(GUARD, held).await.unwrap().unwrap();
    assert_eq!(server.most(), 2);
}

#[tokio::test]
async fn urgent_call_is_sent_first_when_the_permit_is_free() {
    let (server, paths) = PathServer::start().await;
    let avala = server.builder().concurrency_limit(ConcurrencyGroup::DEFAULT, 1).build().unwrap();
    let call = |path: &'static str| avala.request(Method::GET, path);
    // All calls are polled in this order before the first one ends, so the others are queued.
    let calls = futures_util::future::join4(
        call("/held/").into_future(),
        call("/ordinary/").into_future(),
        call("/urgent/").priority(Priority::High).into_future(),
        async { server.release() },
    );
    let (held, ordinary, urgent, ()) = tokio::time::timeout(GUARD, calls).await.unwrap();
    assert!(held.is_ok() && ordinary.is_ok() && urgent.is_ok());
    assert_eq!(*paths.lock().unwrap(), ["/api/v1/held/", "/api/v1/urgent/", "/api/v1/ordinary/"]);
}

#[tokio::test]
async fn documented_limits_hold_for_every_client() {
    let server = Server::start(5).await;
    let base_url = BaseUrl::parse_insecure_loopback(&server.url).unwrap();
    let transport = TransportBuilder::new().base_url(base_url).rate_limiter(RateLimiter::off()).build().unwrap();
    for avala in [server.builder().build().unwrap(), Avala::from_service(transport)] {
        let export = CreateExport::project("p1");
        let exports = (0..20).map(|_| avala.exports().create(&export).into_future());
        for result in tokio::time::timeout(GUARD, join_all(exports)).await.unwrap() {
            result.unwrap();
        }
        assert_eq!(server.most(), 5);
        send(&avala, 20, |call| call.concurrency_group(EXPORTS)).await;
        assert_eq!(server.most(), 5);
    }
    let server = Server::start(10).await;
    send(&server.builder().build().unwrap(), 40, |call| call.concurrency_group(UPLOADS)).await;
    assert_eq!(server.most(), 10);

    let server = Server::start(2).await;
    let avala = server.builder().concurrency_limit(EXPORTS, 2).build().unwrap();
    let export = CreateExport::project("p1");
    let exports = (0..8).map(|_| avala.exports().create(&export).into_future());
    assert!(tokio::time::timeout(GUARD, join_all(exports)).await.unwrap().iter().all(Result::is_ok));
    assert_eq!(server.most(), 2, "the setting of the client replaces the documented limit");
}
