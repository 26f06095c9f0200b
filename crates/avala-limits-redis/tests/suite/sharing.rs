//! Eight processes, and eight clients of one process, share one limit.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{Body, RateLimit, RateLimiter, TransportBuilder};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tower::ServiceExt;

use crate::counting_server::{CountingServer, Windows};
use crate::support::{GUARD, Redis, builder, call, granted, millis};
use crate::windows::{excess, used};
use crate::worker::Work;

const CLIENTS: usize = 8;
const PER_MINUTE: u32 = 1_800;
const BURST: u32 = 36;
const SHARE: u32 = 60;

/// Runs eight clients with four callers each for this long. Returns the times of all requests in seconds, and how many
/// calls failed.
async fn run(url: &str, time: Duration) -> (Vec<f64>, usize) {
    let service = ScriptedService::always(Step::respond(200).header("x-ratelimit-limit", "1800"));
    let started = Instant::now();
    let failed = Arc::new(AtomicUsize::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..CLIENTS {
        let limit = RateLimit::per_minute(PER_MINUTE).burst(BURST);
        let limits = builder(url, limit).timeout(millis(300)).connect().await.unwrap();
        let limiter = RateLimiter::shared(limits, RateLimit::per_minute(SHARE).burst(1));
        let transport = TransportBuilder::new()
            .rate_limiter(limiter)
            .timeout(Duration::MAX)
            .service(service.clone())
            .build()
            .unwrap();
        for _ in 0..4 {
            let (transport, failed) = (transport.clone(), failed.clone());
            callers.spawn(async move {
                while started.elapsed() < time {
                    let request = http::Request::get("/x/").body(Body::empty()).unwrap();
                    if transport.clone().oneshot(request).await.is_err() {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    }
    timeout(GUARD, callers.join_all()).await.expect("no call is lost");
    let times = service.requests().iter().map(|request| (request.at - started).as_secs_f64()).collect();
    (times, failed.load(Ordering::Relaxed))
}

/// Name and text of the variable that makes this program one of the processes.
const WORK: &str = "AVALA_TEST_WORK";

/// `cargo xtask soak limits` is the long form.
#[tokio::test]
async fn eight_processes_keep_the_limit_and_use_it() {
    let Some(redis) = Redis::start(&[]).await else { return };
    // Shorter windows than Avala's, with the calls that the limit allows in that time.
    let length = Duration::from_secs(4);
    let allowed = PER_MINUTE * 4 / 60 + BURST;
    let server = CountingServer::start(Windows { length, limit: allowed as usize }).await;
    let work = Work {
        redis: redis.url(),
        server: server.address,
        seconds: 12,
        per_minute: PER_MINUTE,
        burst: BURST,
        share: SHARE,
        timeout: 10_000,
    };
    let mut processes = Vec::new();
    for _ in 0..CLIENTS {
        let mut process = tokio::process::Command::new(std::env::current_exe().unwrap());
        process.args(["--exact", "sharing::process", "--ignored"]).env(WORK, work.to_text()).kill_on_drop(true);
        processes.push(process.stdout(std::process::Stdio::piped()).spawn().unwrap());
    }
    for process in processes {
        let output = timeout(GUARD, process.wait_with_output()).await.expect("no call is lost").unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }
    let counts = server.counts();
    assert_eq!(counts.refused, 0, "{} calls in a window of the server, at most {allowed}", counts.fullest);
    let times = counts.times();
    let over = excess(&times, f64::from(PER_MINUTE), f64::from(BURST));
    assert!(over <= 0.0, "{over} calls over rate * T + burst");
    let used = used(&times, f64::from(PER_MINUTE));
    assert!(used >= 0.95, "{used} of the limit used");
}

#[tokio::test]
#[ignore = "runs inside eight_processes_keep_the_limit_and_use_it"]
async fn process() {
    let Ok(text) = std::env::var(WORK) else { return };
    Work::from_text(&text).unwrap().run().await;
}

/// Waits are much longer than round trips, so that each reservation is checked again before its call is sent.
#[tokio::test]
async fn slow_limit_is_kept_by_waiting_calls() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let mut callers = JoinSet::new();
    let (times, started) = (Arc::new(Mutex::new(Vec::new())), Instant::now());
    for _ in 0..8 {
        let limits = builder(redis.url(), RateLimit::per_minute(300).burst(6)).connect().await.unwrap();
        for _ in 0..4 {
            let (limits, times) = (limits.clone(), times.clone());
            callers.spawn(async move {
                while started.elapsed() < Duration::from_secs(10) {
                    drop(granted(&limits, call()).await);
                    times.lock().unwrap().push(started.elapsed().as_secs_f64());
                }
            });
        }
    }
    timeout(GUARD, callers.join_all()).await.unwrap();
    let mut times = times.lock().unwrap().clone();
    times.sort_by(f64::total_cmp);
    let over = excess(&times, 300.0, 6.0);
    assert!(over <= 0.0, "{over} calls over rate * T + burst");
    let used = used(&times, 300.0);
    assert!(used >= 0.9, "{used} of the limit used");
}

#[tokio::test]
async fn outages_cost_no_call_and_add_the_shares_at_most() {
    for outage in ["restart", "pause", "flush"] {
        let Some(mut redis) = Redis::start(&[]).await else { return };
        let url = redis.url();
        let running = tokio::spawn(async move { run(&url, Duration::from_secs(8)).await });
        sleep(Duration::from_secs(2)).await;
        match outage {
            "restart" => {
                redis.stop();
                sleep(Duration::from_secs(2)).await;
                redis.restart(None).await;
            }
            "pause" => {
                redis.signal("-STOP");
                sleep(Duration::from_secs(2)).await;
                redis.signal("-CONT");
            }
            _ => drop(redis.run(&["FLUSHALL"]).await),
        }
        let (times, failed) = timeout(GUARD, running).await.unwrap().unwrap();
        assert_eq!(failed, 0, "{outage}");
        let shares = CLIENTS as f64;
        let over = excess(&times, f64::from(PER_MINUTE + SHARE * 8), f64::from(BURST) + shares);
        assert!(over <= 0.0, "{outage}: {over} calls over the limit and the shares");
        let after = times.iter().filter(|time| **time > 6.0).count();
        assert!(after >= 40, "{outage}: {after} calls in the last two seconds");
    }
}
