//! The hottest code paths without a network, for callgrind: `instructions <path> <times>`.
//!
//! The instructions of one iteration are the difference of two runs divided by the difference of their iterations.
#![expect(clippy::print_stdout, reason = "the checksum shows that the workload was done")]

use avala_bench::checksum::Checksum;
use avala_bench::clients::avala::add_dataset;
use avala_bench::{BoxError, data};
use avala_client::Avala;
use avala_client::transport::{Body, RateLimit};
use avala_types::{CursorPage, DatasetItem, DatasetSequence};
use bytes::Bytes;
use http::{Request, Response};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, times] = &arguments[..] else { return Err("instructions <path> <times>".into()) };
    let times = times.parse()?;
    let checksum = match path.as_str() {
        "small-call" => Box::pin(small_call(times)).await?,
        "page" => page(times)?,
        "frames" => frames(times)?,
        _ => return Err(format!("there is no path {path}").into()),
    };
    println!("{}", checksum.value());
    Ok(())
}

/// A call through every layer, to a service that responds immediately.
async fn small_call(times: u32) -> Result<Checksum, BoxError> {
    let body = Bytes::from(data::dataset());
    let response = tower::service_fn(move |_: Request<Body>| {
        std::future::ready(Ok::<_, BoxError>(Response::new(Body::from(body.clone()))))
    });
    let limit = RateLimit::per_minute(u32::MAX).burst(u32::MAX);
    let avala = Avala::builder().api_key("avk_bench").rate_limit(limit).service(response).build()?;
    let mut checksum = Checksum::default();
    for _ in 0..times {
        add_dataset(&avala.datasets().get(data::DATASET).await?, &mut checksum);
    }
    Ok(checksum)
}

/// Decodes a page of 100 items.
fn page(times: u32) -> Result<Checksum, BoxError> {
    let text = data::page(0, None);
    let mut checksum = Checksum::default();
    for _ in 0..times {
        let page: CursorPage<DatasetItem> = serde_json::from_str(&text)?;
        checksum.number(page.items.len() as u64);
    }
    Ok(checksum)
}

/// Decodes the first 100 frames of a sequence.
fn frames(times: u32) -> Result<Checksum, BoxError> {
    let sequence: DatasetSequence = serde_json::from_str(&data::sequence())?;
    let mut checksum = Checksum::default();
    for _ in 0..times {
        for frame in sequence.typed_frames().take(100) {
            checksum.number(frame?.images.len() as u64);
        }
    }
    Ok(checksum)
}
