//! Eight processes with one limit in Redis, for a minute each: undisturbed, and with Redis stopped, paused and emptied.
//!
//! `cargo xtask soak limits`; needs `redis-server`.
#![allow(clippy::expect_used, clippy::print_stdout, clippy::unwrap_used, reason = "a program for developers")]

use std::io::Read;
use std::net::TcpListener;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use avala_limits_redis::RedisLimits;
use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{ApiKey, BaseUrl, Body, RateLimit, RateLimiter, TransportBuilder};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tower::ServiceExt;

#[path = "../tests/suite/windows.rs"]
mod windows;

const PROCESSES: usize = 8;
const LIMIT: u32 = 600;
/// 2 % of the limit.
const BURST: u32 = 12;
const SHARE: u32 = 30;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [role, url, seconds] if role == "worker" => {
            work(url, Duration::from_secs(seconds.parse().expect("seconds"))).await;
            ExitCode::SUCCESS
        }
        [seconds] => coordinate(seconds.parse().expect("seconds of each case")).await,
        _ => coordinate(60).await,
    }
}

/// Calls as often as the limiter allows, and prints when each request was sent, in microseconds since 1970.
async fn work(url: &str, time: Duration) {
    let base_url = BaseUrl::parse("https://api.avala.ai/api/v1").unwrap();
    let limits = RedisLimits::builder(&base_url, &ApiKey::new("avk_soak").unwrap())
        .url(url)
        .limit(RateLimit::per_minute(LIMIT).burst(BURST))
        // Longer than a busy machine stalls a process, so that only Redis can cause a timeout.
        .timeout(Duration::from_millis(500))
        .connect()
        .await
        .unwrap();
    let limiter = RateLimiter::shared(limits.clone(), RateLimit::per_minute(SHARE).burst(1));
    let service = ScriptedService::always(Step::respond(200).header("x-ratelimit-limit", "600"));
    let builder = TransportBuilder::new().rate_limiter(limiter).timeout(Duration::MAX);
    let transport = builder.service(service.clone()).build().unwrap();
    let (started, epoch) = (Instant::now(), SystemTime::now().duration_since(UNIX_EPOCH).unwrap());
    let mut callers = JoinSet::new();
    for _ in 0..4 {
        let transport = transport.clone();
        callers.spawn(async move {
            while started.elapsed() < time {
                let request = http::Request::get("/x/").body(Body::empty()).unwrap();
                transport.clone().oneshot(request).await.expect("no call is lost");
            }
        });
    }
    callers.join_all().await;
    limits.close().await;
    for request in service.requests() {
        println!("{}", (epoch + (request.at - started)).as_micros());
    }
}

async fn coordinate(seconds: u64) -> ExitCode {
    println!("{PROCESSES} processes, {LIMIT} calls per minute, bursts of {BURST}, shares of {SHARE}, {seconds} s each");
    println!("| case | calls | over rate * T + burst | busiest minute | used |\n|---|---|---|---|---|");
    let mut holds = true;
    for case in ["undisturbed", "restart", "pause", "flush"] {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut redis = start(port);
        sleep(Duration::from_millis(500)).await;
        let workers: Vec<Child> = (0..PROCESSES).map(|_| worker(port, seconds)).collect();
        sleep(Duration::from_secs(seconds / 3)).await;
        let signal = |name: &str, child: &Child| {
            Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill");
        };
        let pause = Duration::from_secs((seconds / 6).max(1));
        match case {
            "restart" => {
                redis.kill().and_then(|()| redis.wait()).expect("redis-server ends");
                sleep(pause).await;
                redis = start(port);
            }
            "pause" => {
                signal("-STOP", &redis);
                sleep(pause).await;
                signal("-CONT", &redis);
            }
            "flush" => drop(redis::cmd("FLUSHALL").exec(&mut client(port))),
            _ => {}
        }
        let mut times: Vec<f64> = workers.into_iter().flat_map(times_of).collect();
        times.sort_by(f64::total_cmp);
        redis.kill().and_then(|()| redis.wait()).expect("redis-server ends");
        let disturbed = case != "undisturbed";
        let shares = if disturbed { PROCESSES as f64 } else { 0.0 };
        let rate = f64::from(LIMIT) + shares * f64::from(SHARE);
        let over = windows::excess(&times, rate, f64::from(BURST) + shares);
        let (busiest, used) = (windows::busiest_minute(&times), windows::used(&times, f64::from(LIMIT)));
        println!("| {case} | {} | {over:.1} | {busiest} | {:.1} % |", times.len(), used * 100.0);
        holds &= over <= 0.0 && (disturbed || (busiest <= LIMIT as usize && used >= 0.95));
    }
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn client(port: u16) -> redis::Connection {
    redis::Client::open(format!("redis://127.0.0.1:{port}/")).and_then(|client| client.get_connection()).unwrap()
}

fn start(port: u16) -> Child {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is installed")
}

fn worker(port: u16, seconds: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["worker", &format!("redis://127.0.0.1:{port}/"), &seconds.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn times_of(mut worker: Child) -> Vec<f64> {
    let mut text = String::new();
    worker.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(worker.wait().unwrap().success(), "a worker failed");
    text.lines().map(|line| line.parse::<f64>().unwrap() / 1e6).collect()
}
