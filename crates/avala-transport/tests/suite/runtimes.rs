//! A transport belongs to no runtime.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;

use avala_transport::BaseUrl;
use tokio::runtime::Builder;

use crate::support::{builder, get, report, send, text};

/// Responds to one request on each of two connections, and keeps both open until both responses are sent.
fn two_connections() -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let mut open = Vec::new();
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && head.len() < 10_000 {
                stream.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
            open.push(stream);
        }
    });
    (address, server)
}

#[test]
fn transport_needs_no_runtime_and_outlives_one() {
    let (address, server) = two_connections();
    let url = BaseUrl::parse_insecure_loopback(&format!("http://{address}")).unwrap();
    let transport = builder().base_url(url).build().unwrap();
    for _ in 0..2 {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let response = runtime.block_on(send(&transport, get("/x/"))).unwrap();
        assert_eq!(text(&response), "ok");
        // The task that drives the pooled connection ends with its runtime.
        drop(runtime);
    }
    server.join().unwrap();
}

#[test]
fn connection_of_an_idle_runtime_is_left_to_it() {
    let (address, server) = two_connections();
    let url = BaseUrl::parse_insecure_loopback(&format!("http://{address}")).unwrap();
    let transport = builder().base_url(url).build().unwrap();
    let runtime = || Builder::new_current_thread().enable_all().build().unwrap();
    // Both still exist, and drive their connections only while they run.
    for runtime in [runtime(), runtime()] {
        let response = runtime.block_on(send(&transport, get("/x/"))).unwrap();
        assert_eq!((text(&response), report(&response).attempts()), ("ok", 1));
        std::mem::forget(runtime);
    }
    server.join().unwrap();
}

#[test]
fn two_runtimes_share_a_limiter() {
    let limiter = avala_transport::RateLimiter::default();
    for _ in 0..2 {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let service = avala_transport::testing::ScriptedService::always(avala_transport::testing::Step::respond(200));
        let transport = avala_transport::TransportBuilder::new()
            .rate_limiter(limiter.clone())
            .service(service.clone())
            .build()
            .unwrap();
        runtime.block_on(async {
            for _ in 0..30 {
                send(&transport, get("/x/")).await.unwrap();
            }
        });
        assert_eq!(service.requests().len(), 30);
    }
}
