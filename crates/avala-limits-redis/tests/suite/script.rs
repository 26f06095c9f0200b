//! The scripts: their arithmetic against an exact model, and clock jumps.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use avala_transport::{Decision, RateLimit};
use redis::aio::MultiplexedConnection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use crate::support::{Redis, builder, call, decide, free, granted, limits, millis, request};

pub(crate) const SCRIPT: &str = include_str!("../../src/scripts/reserve.lua");
pub(crate) const SHORT: &str = include_str!("../../src/scripts/reserve_short.lua");
const MINUTE: u128 = 60_000_000;

/// Runs the script for `calls` calls with this rate and burst. Returns Redis' time and its decisions.
async fn run(connection: &mut MultiplexedConnection, rate: u64, burst: u64, calls: usize) -> (u128, Vec<String>) {
    let words = reply(connection, rate, burst, calls).await;
    (words[1].parse().unwrap(), words[8..].to_vec())
}

async fn reply(connection: &mut MultiplexedConnection, rate: u64, burst: u64, calls: usize) -> Vec<String> {
    let mut command = redis::cmd("EVAL");
    command.arg(SCRIPT).arg(1).arg(format!("k:{rate}"));
    command.arg("new").arg("").arg(0).arg(0).arg(0).arg(1);
    command.arg("user").arg(rate).arg(burst).arg(0).arg(-1).arg(0).arg(0).arg(0).arg(0);
    command.arg(0).arg(0).arg("-").arg(0).arg(0);
    command.arg(vec![u64::try_from(MINUTE).unwrap(); calls]);
    let reply: String = command.query_async(connection).await.unwrap();
    reply.split(' ').map(str::to_owned).collect()
}

/// Both scripts alternately, one call at a time.
#[tokio::test]
async fn short_script_decides_like_the_full_script() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    for rate in [61, 7_001, 60_000] {
        // The next start, in fractions of a microsecond; a new store is empty.
        let mut exact: Option<u128> = None;
        for index in 0..1_000 {
            let (now, whole, closings) = run_one(&mut connection, rate, 1).await;
            let start = exact.unwrap_or((now * u128::from(rate)) + MINUTE);
            let wait: u128 = whole[1..].parse().unwrap();
            assert_eq!(wait, start.div_ceil(u128::from(rate)) - now, "{rate} per minute, reservation {index}");
            if wait > 50_000_000 {
                break;
            }
            let mut command = redis::cmd("EVAL");
            command.arg(SHORT).arg(1).arg(format!("k:{rate}"));
            let now = u64::try_from(now).unwrap();
            command.arg("new").arg(now).arg(60_000_000).arg("user").arg(format!("{rate} 1 {closings}"));
            let short: String = command.query_async(&mut connection).await.unwrap();
            assert!(short.starts_with('g') && short != "g0", "{short}");
            exact = Some(start + 2 * MINUTE);
        }
        for (generation, time, burst, closings) in [
            ("other", 0, 1, "0"),
            ("new", 5, 1, "0"),
            ("new", u64::MAX >> 12, 1, "0"),
            ("new", 0, 2, "0"),
            ("new", 0, 1, "77"),
        ] {
            let mut command = redis::cmd("EVAL");
            command.arg(SHORT).arg(1).arg(format!("k:{rate}"));
            command.arg(generation).arg(time).arg(60_000_000).arg("user").arg(format!("{rate} {burst} {closings}"));
            assert_eq!(command.query_async::<String>(&mut connection).await.unwrap(), "?");
        }
    }
}

async fn run_one(connection: &mut MultiplexedConnection, rate: u64, burst: u64) -> (u128, String, String) {
    let words = reply(connection, rate, burst, 1).await;
    (words[1].parse().unwrap(), words[8].clone(), words[2].clone())
}

#[tokio::test]
async fn reservations_differ_from_an_exact_model_by_under_1_us() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    for (rate, burst) in [(7, 3), (61, 1), (60_000, 5), (7_777_777, 64), (60_000_000, 1), (4_000_000_000, 100_000)] {
        let (rate_128, burst_128) = (u128::from(rate), u128::from(burst));
        // In fractions of a microsecond, of which one token is a minute.
        let mut full: Option<u128> = None;
        let mut reserved = 0;
        for _ in 0..420 {
            let (now, decisions) = run(&mut connection, rate, burst, 64).await;
            // A new store is empty, as if the whole burst had just been used.
            let mut exact = full.unwrap_or(now * rate_128 + burst_128 * MINUTE);
            for text in decisions {
                let wait: u128 = text[1..].parse().unwrap();
                let start = (now * rate_128).max(exact.saturating_sub((burst_128 - 1) * MINUTE));
                let expected = start.div_ceil(rate_128) - now;
                assert_eq!(wait, expected, "{rate} per minute, reservation {reserved}");
                assert_eq!(text.starts_with('g'), wait <= MINUTE, "{text}");
                if text.starts_with('g') {
                    exact = exact.max(start) + MINUTE;
                    reserved += 1;
                }
            }
            full = Some(exact);
        }
        assert!(reserved > if rate < 100 { 5 } else { 10_000 }, "{rate} per minute: {reserved}");
    }
}

/// Moves the clock of Redis: a proxy adds seconds to the time that the script reads. (`faketime` cannot do it:
/// it hangs with jemalloc, which Debian's Redis uses.)
async fn with_movable_clock(redis: &Redis) -> (String, Arc<AtomicI64>) {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}/", proxy.local_addr().unwrap());
    let (target, offset) = (format!("127.0.0.1:{}", redis.port), Arc::new(AtomicI64::new(0)));
    let moved = offset.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = proxy.accept().await {
            let server = TcpStream::connect(&target).await.unwrap();
            tokio::spawn(move_clock(client, server, moved.clone()));
        }
    });
    (url, offset)
}

async fn move_clock(mut client: TcpStream, mut server: TcpStream, offset: Arc<AtomicI64>) {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let forward = async {
        let (mut buffer, mut part) = (Vec::new(), [0; 4_096]);
        while let Ok(length @ 1..) = from_client.read(&mut part).await {
            buffer.extend_from_slice(&part[..length]);
            while let Some((mut words, length)) = request(&buffer) {
                buffer.drain(..length);
                if words[0] == "EVALSHA" {
                    let read = "local time = redis.call('TIME')\n";
                    let seconds = offset.load(Ordering::Relaxed);
                    words[0] = "EVAL".to_owned();
                    let is_short = redis::Script::new(SHORT).get_hash() == words[1];
                    let script = if is_short { SHORT } else { SCRIPT };
                    words[1] = script.replace(read, &format!("{read}time[1] = time[1] + {seconds}\n"));
                    assert_ne!(words[1], script);
                }
                let mut command = redis::cmd(&words[0]);
                command.arg(&words[1..]);
                to_server.write_all(&command.get_packed_command()).await.unwrap();
            }
        }
    };
    tokio::select! { () = forward => {}, _ = tokio::io::copy(&mut from_server, &mut to_client) => {} }
}

#[tokio::test]
async fn clock_that_jumps_grants_no_burst_and_delays_no_call() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let (url, offset) = with_movable_clock(&redis).await;
    let limit = RateLimit::per_minute(600).burst(100);
    let one = builder(&url, limit).connect().await.unwrap();
    let other = builder(&url, limit).connect().await.unwrap();
    sleep(millis(500)).await;
    free(&one, 100).await;
    free(&other, 100).await;
    for seconds in [3_600, -3_600, 86_400, 0, -60] {
        offset.store(seconds, Ordering::Relaxed);
        let (first, second) = (free(&one, 100).await, free(&other, 100).await);
        assert!(first + second <= 6, "{seconds}: {first} and {second} at once");
        granted(&one, call()).await;
        let late = decide(&other, call().with_max_wait(millis(2_000))).await;
        assert!(matches!(late, Decision::Granted(_)), "{seconds}: {late:?}");
    }
}

#[tokio::test]
async fn reservations_far_ahead_are_not_trusted() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let one = limits(&redis, RateLimit::per_minute(600).burst(10)).await;
    granted(&one, call()).await;
    // As after a clock that ran an hour ahead, or was set back: the end of all reservations, and the gate.
    for change in ["state[1] = now + 3600000000", "state[3] = now + 7200000000"] {
        redis.change_user_limit(change).await;
        let decision = decide(&one, call().with_max_wait(millis(2_000))).await;
        assert!(matches!(decision, Decision::Granted(_)), "{decision:?}");
    }
}
