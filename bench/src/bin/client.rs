//! Runs one workload with one client and prints its figures: `client <client> <workload> <port> <count>`.
//!
//! Every client runs on a single-threaded runtime, so that CPU times are comparable; only `small-two-threads` has two
//! threads. `small-one-core` is `small-sequential`: the script that starts this program chooses its core.
#![expect(clippy::print_stdout, reason = "its figures go to standard output")]

use avala_bench::checksum::Checksum;
use avala_bench::clients::{avala, hyper::Connection, hyper_util::Pooled, reqwest::Reqwest};
use avala_bench::measure::Stopwatch;
use avala_bench::{BoxError, workloads};
use serde_json::Value;
use serde_json::value::RawValue;

/// Calls in flight in `small-concurrent`.
const IN_FLIGHT: u64 = 64;

fn main() -> Result<(), BoxError> {
    let two_threads = std::env::args().nth(2).is_some_and(|workload| workload == "small-two-threads");
    let mut runtime = match two_threads {
        true => tokio::runtime::Builder::new_multi_thread(),
        false => tokio::runtime::Builder::new_current_thread(),
    };
    runtime.worker_threads(2).enable_all().build()?.block_on(run())
}

async fn run() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [client, workload, port, count] = &arguments[..] else {
        return Err("client <client> <workload> <port> <count>".into());
    };
    let (port, count) = (port.parse()?, count.parse()?);
    if let Some(in_flight) = workload.strip_prefix("in-flight-") {
        println!("{}", in_flight_together(client, port, in_flight.parse()?, count).await?);
        return Ok(());
    }
    let stopwatch = Stopwatch::start()?;
    let checksum = match client.as_str() {
        "hyper" => Box::pin(as_hyper(workload, port, count)).await?,
        "hyper-util" => Box::pin(as_hyper_util(workload, port, count)).await?,
        "reqwest" => Box::pin(as_reqwest(workload, port, count)).await?,
        "avala" => Box::pin(as_avala(workload, port, count)).await?,
        _ => return Err(format!("there is no client {client}").into()),
    };
    println!("{}", stopwatch.stop(count, checksum)?);
    Ok(())
}

fn cannot(workload: &str) -> BoxError {
    format!("this client does not do {workload}").into()
}

async fn as_hyper(workload: &str, port: u16, count: u64) -> Result<Checksum, BoxError> {
    match workload {
        "small-sequential" | "small-one-core" => workloads::small(Connection::open(port).await?, count).await,
        "small-concurrent" | "small-two-threads" => {
            let worker =
                move || async move { workloads::small(Connection::open(port).await?, count / IN_FLIGHT).await };
            workloads::together((0..IN_FLIGHT).map(|_| worker())).await
        }
        "pages-raw" => workloads::pages::<Box<RawValue>>(Connection::open(port).await?, count).await,
        "sequence-raw" => workloads::sequence_raw(Connection::open(port).await?, count).await,
        "sequence-typed" => workloads::sequence_typed(Connection::open(port).await?, count).await,
        _ => Err(cannot(workload)),
    }
}

async fn as_hyper_util(workload: &str, port: u16, count: u64) -> Result<Checksum, BoxError> {
    let client = Pooled::new(port);
    match workload {
        "small-sequential" | "small-one-core" => workloads::small(client, count).await,
        "small-concurrent" | "small-two-threads" => {
            workloads::together((0..IN_FLIGHT).map(|_| workloads::small(client.clone(), count / IN_FLIGHT))).await
        }
        "pages-raw" => workloads::pages::<Box<RawValue>>(client, count).await,
        "sequence-raw" => workloads::sequence_raw(client, count).await,
        "sequence-typed" => workloads::sequence_typed(client, count).await,
        _ => Err(cannot(workload)),
    }
}

async fn as_reqwest(workload: &str, port: u16, count: u64) -> Result<Checksum, BoxError> {
    let client = Reqwest::new(port)?;
    match workload {
        "small-sequential" | "small-one-core" => workloads::small(client, count).await,
        "small-concurrent" | "small-two-threads" => {
            workloads::together((0..IN_FLIGHT).map(|_| workloads::small(client.clone(), count / IN_FLIGHT))).await
        }
        "pages-raw" => workloads::pages::<Box<RawValue>>(client, count).await,
        "pages-value" => workloads::pages::<Value>(client, count).await,
        "sequence-raw" => workloads::sequence_raw(client, count).await,
        "sequence-typed" => workloads::sequence_typed(client, count).await,
        _ => Err(cannot(workload)),
    }
}

async fn as_avala(workload: &str, port: u16, count: u64) -> Result<Checksum, BoxError> {
    let client = avala::client(port)?;
    match workload {
        "small-sequential" | "small-one-core" => avala::small(client, count).await,
        "small-concurrent" | "small-two-threads" => {
            workloads::together((0..IN_FLIGHT).map(|_| avala::small(client.clone(), count / IN_FLIGHT))).await
        }
        "pages-raw" => avala::pages(&client, count).await,
        "sequence-raw" => avala::sequence_raw(&client, count).await,
        "sequence-typed" => avala::sequence_typed(&client, count).await,
        "items" => avala::items(&client, count).await,
        "slow-sequential" => avala::slow_sequential(&client).await,
        "slow-pages" => avala::slow_pages(&client).await,
        "slow-items" => avala::slow_items(&client).await,
        _ => Err(cannot(workload)),
    }
}

/// Makes `count` calls with `in_flight` workers on one client. Each worker makes one call before the measurement
/// starts, so that connection setup is not measured.
async fn in_flight_together(client: &str, port: u16, in_flight: u64, count: u64) -> Result<String, BoxError> {
    let calls = count / in_flight;
    let (stopwatch, checksum) = match client {
        "hyper-util" => {
            let client = Pooled::new(port);
            workloads::together((0..in_flight).map(|_| workloads::small(client.clone(), 1))).await?;
            let stopwatch = Stopwatch::start()?;
            (stopwatch, workloads::together((0..in_flight).map(|_| workloads::small(client.clone(), calls))).await?)
        }
        "avala" => {
            let client = avala::client(port)?;
            workloads::together((0..in_flight).map(|_| avala::small(client.clone(), 1))).await?;
            let stopwatch = Stopwatch::start()?;
            (stopwatch, workloads::together((0..in_flight).map(|_| avala::small(client.clone(), calls))).await?)
        }
        _ => return Err(cannot("calls in flight")),
    };
    Ok(stopwatch.stop(calls * in_flight, checksum)?)
}
