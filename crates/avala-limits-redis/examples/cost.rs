//! What a reservation costs, relative to a bare round trip of the driver. `cargo xtask bench limits`.
#![allow(clippy::expect_used, clippy::print_stdout, clippy::unwrap_used, reason = "a program for developers")]

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use avala_limits_redis::RedisLimits;
use avala_transport::{ApiKey, BaseUrl, ConcurrencyGroup, Decision, LimitStore, RateLimit, StoreCall};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

const CALLS: u32 = 2_000;
const ROUNDS: usize = 15;

async fn acquire(limits: &RedisLimits, call: StoreCall) {
    match limits.acquire(call).await {
        Decision::Granted(mut grant) => grant.used(),
        other => println!("not granted: {other:?} {:?}", limits.problem()),
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

#[tokio::main]
async fn main() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is installed");
    sleep(Duration::from_millis(500)).await;
    let url = format!("redis://127.0.0.1:{port}/");
    let base_url = BaseUrl::parse("https://api.avala.ai/api/v1").unwrap();
    let builder = RedisLimits::builder(&base_url, &ApiKey::new("avk_bench").unwrap())
        .url(&url)
        .timeout(Duration::from_secs(5))
        .concurrency_limit("exports", 100_000)
        .limit(RateLimit::per_minute(1_000_000_000).burst(100_000));
    // Without tokens in advance, each call is one round trip.
    let single = builder.clone().batch(0).connect().await.unwrap();
    let batching = builder.connect().await.unwrap();
    sleep(Duration::from_secs(4)).await;
    let mut bare = redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap();

    let plain = StoreCall::new(ConcurrencyGroup::DEFAULT);
    let scoped = plain.with_scope(Some("narrow"));
    let permit = StoreCall::new("exports").with_scope(Some("narrow"));
    // What no script can be faster than, with as many keys and arguments.
    let empty = redis::Script::new("return 'g0'");
    let empty_script = |keys: usize, arguments: usize| {
        let mut invocation = empty.prepare_invoke();
        for key in 0..keys {
            invocation.key(format!("avala:{{0123456789abcdef0123456789abcdef}}:{key}"));
        }
        for argument in 0..arguments {
            invocation.arg(10_000_000 + argument);
        }
        invocation
    };
    let (few, many) = (empty_script(1, 5), empty_script(2, 12));
    let [mut base, mut least, mut one, mut two, mut most, mut all] = [const { Vec::new() }; 6];
    for _ in 0..ROUNDS {
        let started = Instant::now();
        for _ in 0..CALLS {
            redis::cmd("PING").query_async::<String>(&mut bare).await.unwrap();
        }
        base.push(started.elapsed().as_secs_f64());
        for (script, times) in [(&few, &mut least), (&many, &mut most)] {
            let started = Instant::now();
            for _ in 0..CALLS {
                script.invoke_async::<String>(&mut bare).await.unwrap();
            }
            times.push(started.elapsed().as_secs_f64());
        }
        for (call, times) in [(plain, &mut one), (scoped, &mut two), (permit, &mut all)] {
            let started = Instant::now();
            for _ in 0..CALLS {
                acquire(&single, call).await;
            }
            times.push(started.elapsed().as_secs_f64());
        }
    }
    let base = median(base);
    println!("| round trip on loopback | µs | relative |\n|---|---|---|");
    for (name, times) in [
        ("bare PING", vec![base]),
        ("script that returns at once, 1 key and 5 arguments", least),
        ("user limit", one),
        ("user limit and scope", two),
        ("script that returns at once, 2 keys and 12 arguments", most),
        ("user limit, scope, gate and permit, with its release", all),
    ] {
        let time = median(times);
        println!("| {name} | {:.1} | {:.2} |", time / f64::from(CALLS) * 1e6, time / base);
    }

    let before = batching.stats();
    let started = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..64 {
        let limits = batching.clone();
        callers.spawn(async move {
            for _ in 0..CALLS / 4 {
                acquire(&limits, plain).await;
            }
        });
    }
    callers.join_all().await;
    let after = batching.stats();
    let (calls, trips) = (after.granted - before.granted, after.round_trips - before.round_trips);
    println!(
        "64 callers: {:.3} round trips per call, {:.0} calls/s",
        trips as f64 / calls as f64,
        calls as f64 / started.elapsed().as_secs_f64()
    );
    server.kill().and_then(|()| server.wait()).expect("redis-server ends");
}
