use std::time::Duration;

use avala_agents::types::{CreateAgent, EventType};
use avala_agents::{Agent, Context, Decision, PushReceiver};
use avala_client::Avala;
use avala_sandbox::{Sandbox, Seed};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::server::{Server, approving};

const SECRET: &str = "agsec_1f9a";

fn delivery(body: &'static str, signature: Option<String>) -> Request<Full<Bytes>> {
    let mut request = Request::post("/agent").header("x-avala-webhook-event", "result.submitted");
    request = request.header("x-avala-webhook-delivery", "d1");
    if let Some(signature) = signature {
        request = request.header("x-avala-webhook-signature", signature);
    }
    request.body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap()
}

async fn status(receiver: &PushReceiver, request: Request<Full<Bytes>>) -> StatusCode {
    receiver.clone().oneshot(request).await.unwrap().status()
}

#[tokio::test(start_paused = true)]
async fn unverifiable_deliveries_are_rejected_and_cause_no_poll() {
    let server = Server::new();
    let agent = approving();
    let receiver = PushReceiver::new(agent.handle(), [SECRET]);
    let stop = CancellationToken::new();
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(600)).await;
    let polls = server.requests("status=pending");
    let body = r#"{"uid":"r1"}"#;
    let forged = avala_webhook::sign("agsec_other", body.as_bytes());
    assert_eq!(status(&receiver, delivery(body, Some(forged))).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&receiver, delivery(body, None)).await, StatusCode::BAD_REQUEST);
    let get = Request::get("/agent").body(Full::new(Bytes::new())).unwrap();
    assert_eq!(status(&receiver, get).await, StatusCode::METHOD_NOT_ALLOWED);
    let large = Request::post("/agent").body(Full::new(Bytes::from(vec![b'x'; 2 << 20]))).unwrap();
    assert_eq!(status(&receiver, large).await, StatusCode::PAYLOAD_TOO_LARGE);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(server.requests("status=pending"), polls);
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn signed_deliveries_of_any_form_poll_and_handle_once() {
    for body in [r#"{"uid":"r1"}"#, r#"{"uid":"x0","event_type":"result.submitted"}"#, "[]", "not json", ""] {
        let server = Server::new();
        let agent = approving();
        let receiver = PushReceiver::new(agent.handle(), [SECRET]);
        let stop = CancellationToken::new();
        let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
        tokio::time::sleep(Duration::from_secs(600)).await;
        server.add("x0", "result.submitted", serde_json::json!({}));
        for _ in 0..20 {
            let signature = Some(avala_webhook::sign(SECRET, body.as_bytes()));
            assert_eq!(status(&receiver, delivery(body, signature)).await, StatusCode::OK, "{body}");
        }
        let polls = server.requests("status=pending");
        tokio::time::sleep(Duration::from_secs(2)).await;
        server.assert_each_decided_once(1);
        assert!(
            server.requests("status=pending") <= polls + 3,
            "a burst of deliveries does not cause a burst of polls"
        );
        stop.cancel();
        running.await.unwrap().unwrap();
    }
}

/// A body that ends after its first bytes.
struct Broken(bool);

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
        let is_first = !std::mem::replace(&mut self.0, true);
        let frame = http_body::Frame::data(Bytes::from_static(b"{"));
        std::task::Poll::Ready(Some(if is_first { Ok(frame) } else { Err(std::io::ErrorKind::BrokenPipe.into()) }))
    }
}

#[tokio::test(start_paused = true)]
async fn broken_bodies_and_empty_secrets_are_rejected() {
    let agent = approving();
    let receiver = PushReceiver::new(agent.handle(), [SECRET]);
    let broken = Request::post("/agent").body(Broken(false)).unwrap();
    assert_eq!(receiver.clone().oneshot(broken).await.unwrap().status(), StatusCode::BAD_REQUEST);
    let get = Request::get("/agent").body(Full::new(Bytes::new())).unwrap();
    assert_eq!(receiver.oneshot(get).await.unwrap().headers()["allow"], "POST");
    for secrets in [vec![], vec![""], vec![" "], vec!["", SECRET]] {
        let receiver = PushReceiver::new(agent.handle(), secrets.clone());
        for key in ["", " "] {
            let forged = Some(avala_webhook::sign(key, b"{}"));
            let status = status(&receiver, delivery("{}", forged)).await;
            assert!(!status.is_success(), "{secrets:?} {key:?}: {status}");
        }
    }
}

/// A body of 100 MB in pieces of 64 KiB, which counts those that are read.
struct Huge {
    left: usize,
    read: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

impl http_body::Body for Huge {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
        let piece = Bytes::from_static(&[b'x'; 64 << 10]);
        let Some(left) = self.left.checked_sub(piece.len()) else { return std::task::Poll::Ready(None) };
        self.left = left;
        self.read.fetch_add(piece.len(), std::sync::atomic::Ordering::Relaxed);
        std::task::Poll::Ready(Some(Ok(http_body::Frame::data(piece))))
    }
}

#[tokio::test(start_paused = true)]
async fn huge_body_is_rejected_without_being_read() {
    let receiver = PushReceiver::new(approving().handle(), [SECRET]);
    let read = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let body = Huge { left: 100_000_000, read: std::sync::Arc::clone(&read) };
    let response = receiver.oneshot(Request::post("/agent").body(body).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let read = read.load(std::sync::atomic::Ordering::Relaxed);
    assert!(read <= 2 << 20, "{read} bytes");
}

#[tokio::test(start_paused = true)]
async fn flood_of_deliveries_is_no_flood_of_polls() {
    let server = Server::new().with_executions(1);
    let agent = approving();
    let receiver = PushReceiver::new(agent.handle(), [SECRET]);
    let stop = CancellationToken::new();
    let running = tokio::spawn(agent.run_until(&server.client(), stop.clone()));
    let body = r#"{"uid":"r1"}"#;
    for _ in 0..600 {
        for _ in 0..10 {
            let signature = Some(avala_webhook::sign(SECRET, body.as_bytes()));
            assert_eq!(status(&receiver, delivery(body, signature)).await, StatusCode::OK);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let polls = server.requests("status=pending");
    assert!((30..=62).contains(&polls), "{polls} polls in a minute with 6,000 deliveries");
    server.assert_each_decided_once(1);
    stop.cancel();
    running.await.unwrap().unwrap();
}

/// Over sockets, and with the real clock: the sandbox sends the execution to the router.
#[tokio::test]
async fn a_pushed_execution_is_decided_without_waiting_for_a_poll() {
    const GUARD: Duration = Duration::from_secs(60);
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    let builder = Avala::builder().api_key(sandbox.key()).base_url(sandbox.url()).allow_insecure_base_url(true);
    let avala = builder.build().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let callback = format!("http://{}/agent", listener.local_addr().unwrap());
    let registered = CreateAgent::new("qa").events([EventType::ResultSubmitted]).callback_url(callback.as_str());
    let registered = avala.agents().create(&registered).await.unwrap();
    let secret = registered.secret.as_ref().unwrap().expose().to_owned();

    let (handled, mut is_handled) = tokio::sync::mpsc::unbounded_channel();
    let day = Duration::from_secs(86_400);
    let agent = Agent::new("qa").poll_interval(day, day).on(EventType::ResultSubmitted, move |context: Context| {
        let _ = handled.send(context.uid().clone());
        async { Decision::flag("seen") }
    });
    let router = PushReceiver::new(agent.handle(), [secret]).into_router("/agent");
    tokio::spawn(async move { axum::serve(listener, router).await });
    let (monitor, stop) = (agent.monitor(), CancellationToken::new());
    let running = tokio::spawn(agent.run_until(&avala, stop.clone()));
    let wait_for = async |is_there: &dyn Fn() -> bool| {
        let wait = async {
            while !is_there() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(GUARD, wait).await.unwrap();
    };
    wait_for(&|| monitor.health().ready).await;
    // The next poll is a day later.
    sandbox.announce("result.submitted", serde_json::json!({"task_uid": "t", "result_uid": "r"})).unwrap();
    let uid = tokio::time::timeout(GUARD, is_handled.recv()).await.unwrap().unwrap();
    wait_for(&|| monitor.counters().flagged == 1).await;
    stop.cancel();
    assert_eq!(running.await.unwrap().unwrap().decided, 1);
    assert!(is_handled.recv().await.is_none(), "pushed and polled, and handled once");
    let executions = avala.agents().list_executions(&registered.uid).await.unwrap().items;
    assert_eq!((executions.len(), &executions[0].uid), (1, &uid));

    // The same router rejects requests other than signed deliveries.
    let forged = Request::post("/agent").header("x-avala-webhook-signature", "00");
    let router = PushReceiver::new(approving().handle(), [SECRET]).into_router("/agent");
    let response = router.clone().oneshot(forged.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let elsewhere = Request::post("/other").body(axum::body::Body::empty()).unwrap();
    assert_eq!(router.oneshot(elsewhere).await.unwrap().status(), StatusCode::NOT_FOUND);
}
