//! Simulates ten minutes of eight clients in virtual time, with a real Redis on a virtual clock.

use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, UNIX_EPOCH};

use avala_transport::{Body, RateLimit, RateLimiter, TransportBuilder, TransportError};
use http::{Request, Response};
use redis::aio::MultiplexedConnection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tower::{ServiceExt, service_fn};

use crate::counting_server::{Counts, Windows};
use crate::script::{SCRIPT, SHORT};
use crate::support::{Redis, builder, request};
use crate::windows::{busiest_minute, excess, used};

const CLIENTS: usize = 8;
const LIMIT: u32 = 600;
/// 2 % of the limit.
const BURST: u32 = 12;
const MINUTE: Duration = Duration::from_secs(60);
/// Virtual time begins here, in seconds since 1970.
const EPOCH: u64 = 1_764_000_000;
/// The first line of both scripts, and its replacement.
const REAL: &str = "local time = redis.call('TIME')\n";
const VIRTUAL: &str = "local time = redis.call('MGET', 'simulation:seconds', 'simulation:micros')\n";

/// Stops virtual time until it is dropped: tokio does not advance a paused clock while a blocking task runs.
struct Stopped(#[expect(dead_code, reason = "its end is what counts")] mpsc::Sender<()>);

impl Stopped {
    fn new() -> Self {
        let (sender, receiver) = mpsc::channel::<()>();
        // Ends when the sender is dropped.
        tokio::task::spawn_blocking(move || receiver.recv());
        Self(sender)
    }
}

/// Starts a proxy in a folder, through which both scripts read tokio's clock, and take no virtual time.
///
/// The proxy uses a Unix socket, from which written data can be read immediately. Over TCP, virtual minutes may pass
/// until the kernel delivers a packet on a busy machine.
async fn with_virtual_clock(redis: &Redis, folder: &Path, origin: Instant) -> String {
    let path = folder.join("proxy");
    let proxy = UnixListener::bind(&path).unwrap();
    let target = format!("127.0.0.1:{}", redis.port);
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
    let client = redis::Client::open(redis.url()).unwrap();
    let clock = client.get_multiplexed_async_connection_with_config(&config).await.unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = proxy.accept().await {
            let server = TcpStream::connect(&target).await.unwrap();
            tokio::spawn(forward(client, server, clock.clone(), origin));
        }
    });
    format!("unix://{}", path.display())
}

/// Forwards one request after the other. Virtual time stops from the end of a request until its whole response
/// is written.
async fn forward(mut client: UnixStream, mut server: TcpStream, mut clock: MultiplexedConnection, origin: Instant) {
    let (mut buffer, mut part) = (Vec::new(), [0; 4_096]);
    while let Ok(length @ 1..) = client.read(&mut part).await {
        buffer.extend_from_slice(&part[..length]);
        while let Some((mut words, length)) = request(&buffer) {
            let _stopped = Stopped::new();
            buffer.drain(..length);
            if words[0] == "EVALSHA" {
                let scripts = [SCRIPT, SHORT].into_iter();
                let mut same = scripts.filter(|code| redis::Script::new(code).get_hash() == words[1]);
                words[1] = same.next().unwrap().replace(REAL, VIRTUAL);
                words[0] = "EVAL".to_owned();
                let now = Duration::from_secs(EPOCH) + origin.elapsed();
                let mut set = redis::cmd("MSET");
                set.arg("simulation:seconds").arg(now.as_secs());
                set.arg("simulation:micros").arg(now.subsec_micros());
                set.exec_async(&mut clock).await.unwrap();
            }
            let mut command = redis::cmd(&words[0]);
            command.arg(&words[1..]);
            server.write_all(&command.get_packed_command()).await.unwrap();
            let mut response = Vec::new();
            // An incomplete response cannot be parsed.
            while redis::parse_redis_value(&response).is_err() {
                let Ok(length @ 1..) = server.read(&mut part).await else { return };
                response.extend_from_slice(&part[..length]);
            }
            if client.write_all(&response).await.is_err() {
                return;
            }
        }
    }
}

#[tokio::test]
async fn ten_minutes_of_eight_clients_keep_the_limit() {
    for script in [SCRIPT, SHORT] {
        assert!(script.contains(REAL), "the clock is read in a line that can be replaced");
    }
    let Some(redis) = Redis::start(&[]).await else { return };
    let origin = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let url = with_virtual_clock(&redis, folder.path(), origin).await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(builder(&url, RateLimit::per_minute(LIMIT).burst(BURST)).connect().await.unwrap());
    }
    tokio::time::pause();
    // While a request is in flight to the proxy, time advances to the next timer, so there must always be one.
    tokio::spawn(async {
        loop {
            sleep(Duration::from_millis(5)).await;
        }
    });
    let windows = Windows { length: MINUTE, limit: LIMIT as usize };
    let counts = Arc::new(Mutex::new(Counts::default()));
    let mut callers = JoinSet::new();
    let started = Instant::now();
    for limits in &clients {
        let counts = counts.clone();
        let service = service_fn(move |_: Request<Body>| {
            let now = Instant::now();
            let mut counts = counts.lock().unwrap();
            let left = counts.count(now, (now - started).as_secs_f64(), windows);
            let time = UNIX_EPOCH + Duration::from_secs(EPOCH) + origin.elapsed();
            let response = Response::builder()
                .status(if left.is_some() { 200 } else { 429 })
                .header("date", httpdate::fmt_http_date(time))
                .header("x-ratelimit-limit", LIMIT)
                .header("x-ratelimit-remaining", left.unwrap_or(0));
            let response = response.body(Body::empty()).unwrap();
            async move { Ok::<_, TransportError>(response) }
        });
        let limiter = RateLimiter::shared(limits.clone(), RateLimit::per_minute(30).burst(1));
        let builder = TransportBuilder::new().rate_limiter(limiter).timeout(Duration::MAX);
        let transport = builder.service(service).build().unwrap();
        for _ in 0..4 {
            let transport = transport.clone();
            callers.spawn(async move {
                while started.elapsed() < 10 * MINUTE {
                    let request = Request::get("/x/").body(Body::empty()).unwrap();
                    transport.clone().oneshot(request).await.unwrap();
                }
            });
        }
    }
    callers.join_all().await;
    for limits in &clients {
        assert_eq!((limits.stats().local, limits.stats().outages), (0, 0), "{:?}", limits.problem());
    }
    let counts = counts.lock().unwrap();
    let times = counts.times();
    assert_eq!(counts.refused, 0, "{} calls in the fullest window of the server", counts.fullest);
    assert!(busiest_minute(&times) <= LIMIT as usize, "{} in a minute", busiest_minute(&times));
    let over = excess(&times, f64::from(LIMIT), f64::from(BURST));
    assert!(over <= 0.0, "{over} calls over rate * T + burst");
    let used = used(&times, f64::from(LIMIT));
    assert!(used >= 0.95, "{used} of the limit used");
}
