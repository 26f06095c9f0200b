//! Calls without async code around them.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use avala_client::ErrorKind;
use avala_client::blocking::Avala;
use avala_client::types::CreateExport;
use avala_transport::Body;
use avala_transport::testing::{ByteServer, Script, ScriptedService};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use crate::{bare, json};

#[test]
fn calls_pages_and_waits_are_waited_for() {
    let script = ScriptedService::new()
        .then(json(&json!({"uid": "t1"})))
        .then(json(&json!([{"uid": "t1"}, {"uid": "t2"}])))
        .then(json(&json!({"uid": "e1", "status": "exported"})).after(Duration::from_millis(1)));
    let avala = Avala::new(bare(&script)).unwrap();
    assert_eq!(avala.run(avala.tasks().get("t1")).unwrap().uid, "t1");
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
    assert_eq!(tasks.next().unwrap().unwrap().uid, "t1");
    assert_eq!(tasks.cursor().unwrap().as_query(), "cursor=b");
    let rest: Vec<_> = tasks.map(|task| task.unwrap().uid).collect();
    assert_eq!(rest, ["t2"]);
}

#[tokio::test]
async fn blocking_call_in_async_code_is_rejected() {
    let script = ScriptedService::always(json(&json!({"uid": "t1"})));
    let avala = Avala::new(bare(&script)).unwrap();
    assert_eq!(avala.run(avala.tasks().get("t1")).unwrap_err().kind(), ErrorKind::Configuration);
    let items: Vec<_> = avala.iter(avala.tasks().list()).take(10).collect();
    assert!(matches!(&items[..], [Err(error)] if error.kind() == ErrorKind::Configuration), "it ends after its error");
    assert!(script.requests().is_empty());
    drop(avala);
}

/// Creates a client of a server on another thread, without rate limit.
fn over_sockets(url: &str) -> Avala {
    let builder = avala_client::Avala::builder().api_key("avk_x").base_url(url).allow_insecure_base_url(true);
    Avala::new(builder.rate_limiter(avala_transport::RateLimiter::off()).build().unwrap()).unwrap()
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// Starts a server whose runtime is not that of the test.
fn byte_server(script: Script) -> (ByteServer, Runtime) {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(ByteServer::always(script)).unwrap();
    (server, runtime)
}

fn many_tasks() -> Script {
    (0..50).fold(Script::new(), |script, _| script.request().send(ok(r#"{"uid":"t1"}"#))).stall()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_work_where_blocking_is_allowed() {
    let (server, runtime) = std::thread::spawn(|| byte_server(many_tasks())).join().unwrap();
    let avala = over_sockets(&server.url());
    let get = |avala: &Avala| avala.run(avala.tasks().get("t1")).map(|task| task.uid).unwrap();
    for _ in 0..3 {
        let clone = avala.clone();
        assert_eq!(tokio::task::spawn_blocking(move || get(&clone)).await.unwrap(), "t1");
        // Its own task: after `block_in_place` the rest of a poll counts as code that may block.
        let clone = avala.clone();
        let error = tokio::spawn(async move { clone.run(clone.tasks().get("t1")).unwrap_err() }).await.unwrap();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        assert_eq!(tokio::task::block_in_place(|| get(&avala)), "t1");
        assert_eq!(std::thread::scope(|scope| scope.spawn(|| get(&avala)).join().unwrap()), "t1");
    }
    assert!(server.connections() < 5, "one runtime drives the connections for all of them");
    assert_eq!(server.requests().len(), 9);
    runtime.shutdown_background();
}

#[test]
fn checking_for_async_code_leaves_the_task_its_budget() {
    let script = ScriptedService::always(json(&json!({"uid": "t1"})));
    let avala = Avala::new(bare(&script)).unwrap();
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for _ in 0..1_000 {
            assert!(avala.run(avala.tasks().get("t1")).is_err());
            assert!(tokio::task::coop::has_budget_remaining());
        }
    });
    // Entering a runtime does not make the code async.
    let _entered = runtime.enter();
    assert!(avala.run(avala.tasks().get("t1")).is_ok());
}

#[test]
fn many_threads_share_one_client() {
    let (server, _runtime) = byte_server(many_tasks());
    let avala = over_sockets(&server.url());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(avala.run(avala.tasks().get("t1")).unwrap().uid, "t1");
                }
            });
        }
    });
    assert_eq!(server.requests().len(), 160);
    assert!(server.connections() < 80, "{} connections", server.connections());
}

#[test]
fn runtime_stops_with_the_last_clone() {
    let (server, runtime) = byte_server(many_tasks());
    let first = over_sockets(&server.url());
    let second = first.clone();
    first.run(first.tasks().get("t1")).unwrap();
    drop(first);
    second.run(second.tasks().get("t1")).unwrap();
    assert!(server.open_connections() > 0);
    // Dropped in async code, which must neither panic nor wait.
    runtime.block_on(async { drop(second) });
    let closed = (0..5_000).any(|_| {
        std::thread::sleep(Duration::from_millis(1));
        server.open_connections() == 0
    });
    assert!(closed, "the connection ends with the runtime that drives it");
}

#[cfg(target_os = "linux")]
#[test]
fn a_thousand_clients_leave_no_threads() {
    let script = ScriptedService::always(json(&json!({"uid": "t1"})));
    for _ in 0..1_000 {
        let avala = Avala::new(bare(&script)).unwrap();
        avala.run(avala.tasks().get("t1")).unwrap();
    }
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
    let left = names.filter(|name| name.starts_with("avala-blocking")).count();
    assert!(left < 50, "{left} threads; other tests have a few");
}

#[test]
fn next_page_is_fetched_while_the_consumer_works() {
    let fetched = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&fetched);
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let flag = Arc::clone(&flag);
        async move {
            let body = match request.uri().query() {
                None => r#"{"results":[{"uid":"t1"},{"uid":"t2"}],"next":"?cursor=b"}"#,
                // Nothing happens unless it is polled again.
                Some(_) => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    flag.store(true, Ordering::SeqCst);
                    r#"{"results":[{"uid":"t3"}],"next":null}"#
                }
            };
            Ok::<_, std::convert::Infallible>(http::Response::new(Body::from(body)))
        }
    });
    let avala = Avala::new(avala_client::Avala::from_service(service)).unwrap();
    let mut tasks = avala.iter(avala.tasks().list());
    assert_eq!(tasks.next().unwrap().unwrap().uid, "t1");
    let arrived = (0..5_000).any(|_| {
        std::thread::sleep(Duration::from_millis(1));
        fetched.load(Ordering::SeqCst)
    });
    assert!(arrived, "the page was not fetched in the background");
    assert_eq!(tasks.map(|task| task.unwrap().uid).collect::<Vec<_>>(), ["t2", "t3"]);
}

#[test]
fn idle_connection_closed_by_the_server_is_replaced() {
    // Each connection responds to one request, announces that it stays open, and is closed.
    let (server, _runtime) = byte_server(Script::new().request().send(ok(r#"{"uid":"t1"}"#)));
    for _ in 0..20 {
        let avala = over_sockets(&server.url());
        avala.run(avala.tasks().get("t1")).unwrap();
        let closed = (0..5_000).any(|_| {
            std::thread::sleep(Duration::from_millis(1));
            server.open_connections() == 0
        });
        assert!(closed);
        avala.run(avala.exports().create(&CreateExport::project("p1"))).unwrap();
    }
}

/// Sends `stray` on the idle first connection, and returns the result of a POST after that.
fn after_a_stray_response(stray: &'static str) -> Result<String, String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sent, wait_until_sent) = mpsc::channel();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for (index, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(ok(r#"{"uid":"t1"}"#).as_bytes());
            if index == 0 {
                std::thread::sleep(Duration::from_millis(50));
                stream.write_all(stray.as_bytes()).unwrap();
                sent.send(()).unwrap();
            }
            open.push(stream);
        }
    });
    let avala = over_sockets(&format!("http://{address}"));
    avala.run(avala.tasks().get("t1")).unwrap();
    wait_until_sent.recv().unwrap();
    let export = avala.run(avala.exports().create(&CreateExport::project("p1")));
    export.map(|export| export.uid.to_string()).map_err(|error| error.to_string())
}

/// openshift/release#378, derailed/k9s#234: a load balancer sends 408 on an idle connection.
#[test]
fn stray_response_is_not_that_of_the_next_call() {
    for stray in [
        "HTTP/1.0 408 Request Time-out\r\nConnection: close\r\n\r\n<html>408</html>\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n{\"uid\":\"ghst\"}",
    ] {
        assert_eq!(after_a_stray_response(stray), Ok("t1".to_owned()), "{stray}");
    }
}

#[test]
fn calls_in_a_row_share_one_connection() {
    let (server, _runtime) = byte_server(many_tasks());
    let avala = over_sockets(&server.url());
    for _ in 0..40 {
        avala.run(avala.tasks().get("t1")).unwrap();
    }
    // Sometimes the next call starts before the connection is back in the pool.
    assert!(server.connections() < 8, "{} connections", server.connections());
}
