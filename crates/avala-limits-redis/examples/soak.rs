//! Eight processes with one limit in Redis, for a minute each: undisturbed, and with Redis stopped, paused and emptied.
//!
//! `cargo xtask soak limits`; needs `redis-server`.
#![allow(clippy::expect_used, clippy::print_stdout, clippy::unwrap_used, reason = "a program for developers")]

use std::net::TcpListener;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use tokio::time::sleep;

#[path = "../tests/suite/counting_server.rs"]
mod counting_server;
#[path = "../tests/suite/windows.rs"]
mod windows;
#[path = "../tests/suite/worker.rs"]
mod worker;

use counting_server::{CountingServer, Windows};
use worker::Work;

const PROCESSES: usize = 8;
const LIMIT: u32 = 600;
/// 2 % of the limit.
const BURST: u32 = 12;
const SHARE: u32 = 30;
/// As on Avala: so many calls in each minute.
const WINDOWS: Windows = Windows { length: Duration::from_secs(60), limit: LIMIT as usize };
/// Timeout of Redis in milliseconds: longer than a busy machine stalls a process, so that only Redis can cause one.
const TIMEOUT: u64 = 500;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [role, work] if role == "worker" => {
            Work::from_text(work).expect("the text of a coordinator").run().await;
            ExitCode::SUCCESS
        }
        [seconds] => coordinate(seconds.parse().expect("seconds of each case")).await,
        _ => coordinate(60).await,
    }
}

async fn coordinate(seconds: u64) -> ExitCode {
    println!("{PROCESSES} processes, {LIMIT} calls per minute, bursts of {BURST}, shares of {SHARE}, {seconds} s each");
    println!(
        "| case | calls | over rate * T + burst | busiest minute | fullest window of the server | refused | used |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut holds = true;
    for case in ["undisturbed", "restart", "pause", "flush"] {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut redis = start(port);
        let server = CountingServer::start(WINDOWS).await;
        sleep(Duration::from_millis(500)).await;
        let work = Work {
            redis: format!("redis://127.0.0.1:{port}/"),
            server: server.address,
            seconds,
            per_minute: LIMIT,
            burst: BURST,
            share: SHARE,
            timeout: TIMEOUT,
        };
        let workers: Vec<tokio::process::Child> = (0..PROCESSES).map(|_| process(&work)).collect();
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
        for mut worker in workers {
            assert!(worker.wait().await.unwrap().success(), "a worker failed");
        }
        let (counts, times) = (server.counts(), server.counts().times());
        redis.kill().and_then(|()| redis.wait()).expect("redis-server ends");
        let disturbed = case != "undisturbed";
        let shares = if disturbed { PROCESSES as f64 } else { 0.0 };
        let rate = f64::from(LIMIT) + shares * f64::from(SHARE);
        let over = windows::excess(&times, rate, f64::from(BURST) + shares);
        let (busiest, used) = (windows::busiest_minute(&times), windows::used(&times, f64::from(LIMIT)));
        let (calls, fullest, refused) = (times.len(), counts.fullest, counts.refused);
        println!("| {case} | {calls} | {over:.1} | {busiest} | {fullest} | {refused} | {:.1} % |", used * 100.0);
        holds &= over <= 0.0 && (disturbed || (busiest <= LIMIT as usize && refused == 0 && used >= 0.95));
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

fn process(work: &Work) -> tokio::process::Child {
    tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["worker", &work.to_text()])
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}
