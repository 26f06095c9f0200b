//! Does one work as one side, and prints what it took: `client <side> <work> <port> <count>`.
//!
//! Every side runs on a runtime of one thread, so that their CPU times can be compared.
#![expect(clippy::print_stdout, reason = "its figures go to standard output")]

use avala_bench::checksum::Checksum;
use avala_bench::measure::Stopwatch;
use avala_bench::sides::{avala, hyper::Connection, hyper_util::Pooled, reqwest::Reqwest};
use avala_bench::{BoxError, works};
use serde_json::Value;
use serde_json::value::RawValue;

/// How many calls are in flight in `small-concurrent`.
const IN_FLIGHT: u64 = 64;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [side, work, port, count] = &arguments[..] else {
        return Err("client <side> <work> <port> <count>".into());
    };
    let (port, count) = (port.parse()?, count.parse()?);
    if let Some(in_flight) = work.strip_prefix("in-flight-") {
        println!("{}", in_flight_together(side, port, in_flight.parse()?, count).await?);
        return Ok(());
    }
    let stopwatch = Stopwatch::start()?;
    let checksum = match side.as_str() {
        "hyper" => Box::pin(as_hyper(work, port, count)).await?,
        "hyper-util" => Box::pin(as_hyper_util(work, port, count)).await?,
        "reqwest" => Box::pin(as_reqwest(work, port, count)).await?,
        "avala" => Box::pin(as_avala(work, port, count)).await?,
        _ => return Err(format!("there is no side {side}").into()),
    };
    println!("{}", stopwatch.stop(count, checksum)?);
    Ok(())
}

fn cannot(work: &str) -> BoxError {
    format!("this side does not do {work}").into()
}

async fn as_hyper(work: &str, port: u16, count: u64) -> Result<Checksum, BoxError> {
    match work {
        "small-sequential" => works::small(Connection::open(port).await?, count).await,
        "small-concurrent" => {
            let worker = move || async move { works::small(Connection::open(port).await?, count / IN_FLIGHT).await };
            works::together((0..IN_FLIGHT).map(|_| worker())).await
        }
        "pages-raw" => works::pages::<Box<RawValue>>(Connection::open(port).await?, count).await,
        "sequence-raw" => works::sequence_raw(Connection::open(port).await?, count).await,
        "sequence-typed" => works::sequence_typed(Connection::open(port).await?, count).await,
        _ => Err(cannot(work)),
    }
}

async fn as_hyper_util(work: &str, port: u16, count: u64) -> Result<Checksum, BoxError> {
    let client = Pooled::new(port);
    match work {
        "small-sequential" => works::small(client, count).await,
        "small-concurrent" => {
            works::together((0..IN_FLIGHT).map(|_| works::small(client.clone(), count / IN_FLIGHT))).await
        }
        "pages-raw" => works::pages::<Box<RawValue>>(client, count).await,
        "sequence-raw" => works::sequence_raw(client, count).await,
        "sequence-typed" => works::sequence_typed(client, count).await,
        _ => Err(cannot(work)),
    }
}

async fn as_reqwest(work: &str, port: u16, count: u64) -> Result<Checksum, BoxError> {
    let client = Reqwest::new(port)?;
    match work {
        "small-sequential" => works::small(client, count).await,
        "small-concurrent" => {
            works::together((0..IN_FLIGHT).map(|_| works::small(client.clone(), count / IN_FLIGHT))).await
        }
        "pages-raw" => works::pages::<Box<RawValue>>(client, count).await,
        "pages-value" => works::pages::<Value>(client, count).await,
        "sequence-raw" => works::sequence_raw(client, count).await,
        "sequence-typed" => works::sequence_typed(client, count).await,
        _ => Err(cannot(work)),
    }
}

async fn as_avala(work: &str, port: u16, count: u64) -> Result<Checksum, BoxError> {
    let client = avala::client(port)?;
    match work {
        "small-sequential" => avala::small(client, count).await,
        "small-concurrent" => {
            works::together((0..IN_FLIGHT).map(|_| avala::small(client.clone(), count / IN_FLIGHT))).await
        }
        "pages-raw" => avala::pages(&client, count).await,
        "sequence-raw" => avala::sequence_raw(&client, count).await,
        "sequence-typed" => avala::sequence_typed(&client, count).await,
        "items" => avala::items(&client, count).await,
        "slow-sequential" => avala::slow_sequential(&client).await,
        "slow-pages" => avala::slow_pages(&client).await,
        "slow-items" => avala::slow_items(&client).await,
        _ => Err(cannot(work)),
    }
}

/// So many calls in flight on one client, until there were `count` in all. Each worker makes one call before the count
/// begins, so that what is measured is calls and not the opening of connections.
async fn in_flight_together(side: &str, port: u16, in_flight: u64, count: u64) -> Result<String, BoxError> {
    let calls = count / in_flight;
    let (stopwatch, checksum) = match side {
        "hyper-util" => {
            let client = Pooled::new(port);
            works::together((0..in_flight).map(|_| works::small(client.clone(), 1))).await?;
            let stopwatch = Stopwatch::start()?;
            (stopwatch, works::together((0..in_flight).map(|_| works::small(client.clone(), calls))).await?)
        }
        "avala" => {
            let client = avala::client(port)?;
            works::together((0..in_flight).map(|_| avala::small(client.clone(), 1))).await?;
            let stopwatch = Stopwatch::start()?;
            (stopwatch, works::together((0..in_flight).map(|_| avala::small(client.clone(), calls))).await?)
        }
        _ => return Err(cannot("calls in flight")),
    };
    Ok(stopwatch.stop(calls * in_flight, checksum)?)
}
