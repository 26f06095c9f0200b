//! The hottest code paths without a network, for callgrind: `instructions <path> <times>`.
//!
//! The instructions of one iteration are the difference of two runs divided by the difference of their iterations. A
//! path that ends in `-derive` does the same work with the hand-written models of a peer.
#![expect(clippy::print_stdout, reason = "the checksum shows that the workload was done")]

use avala_bench::checksum::Checksum;
use avala_bench::clients::avala::add_dataset;
use avala_bench::models::{Frame, Item, Page, Sequence};
use avala_bench::{BoxError, data};
use avala_client::Avala;
use avala_client::transport::{Body, RateLimit};
use avala_types::{DatasetItem, DatasetSequence, RawPageResponse, TypedSequence, from_json};
use bytes::Bytes;
use http::{Request, Response};
use serde_json::from_str;
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, times] = &arguments[..] else { return Err("instructions <path> <times>".into()) };
    let times: u32 = times.parse()?;
    let checksum = match path.as_str() {
        "small-call" => Box::pin(small_call(times)).await?,
        "page" => repeated(times, &data::page(0, None), |text, checksum| {
            let page: RawPageResponse<DatasetItem> = from_json(text)?;
            checksum.number(page.results.len() as u64);
            Ok(())
        })?,
        "page-derive" => repeated(times, &data::page(0, None), |text, checksum| {
            let page: Page<Box<RawValue>> = from_str(text)?;
            let items: &[Item<_>] = &page.results;
            checksum.number(items.len() as u64);
            Ok(())
        })?,
        "frames" => frames(times)?,
        "frames-derive" => repeated(times, &first_frames()?, |text, checksum| {
            let frames: Vec<Frame> = from_str(text)?;
            frames.iter().for_each(|frame| checksum.number(frame.images.len() as u64));
            Ok(())
        })?,
        "sequence-raw" => repeated(times, &data::sequence(), |text, checksum| {
            let sequence: DatasetSequence = from_json(text)?;
            checksum.number(sequence.frame_count() + sequence.calibration()?.cameras.len() as u64);
            Ok(())
        })?,
        "sequence-raw-derive" => repeated(times, &data::sequence(), |text, checksum| {
            from_str::<Sequence>(text)?.add_calibration_to(checksum)
        })?,
        "sequence-typed" => repeated(times, &data::sequence(), |text, checksum| {
            let sequence: TypedSequence = from_json(text)?;
            for image in sequence.frames.iter().flat_map(|frame| &frame.images) {
                checksum.number(image.fx.unwrap_or_default().to_bits());
            }
            Ok(())
        })?,
        "sequence-typed-derive" => repeated(times, &data::sequence(), |text, checksum| {
            from_str::<Sequence<Vec<Frame>>>(text)?.add_frames_to(checksum);
            Ok(())
        })?,
        _ => return Err(format!("there is no path {path}").into()),
    };
    println!("{}", checksum.value());
    Ok(())
}

/// Decodes `text` several times.
fn repeated(
    times: u32,
    text: &str,
    decode: impl Fn(&str, &mut Checksum) -> Result<(), BoxError>,
) -> Result<Checksum, BoxError> {
    let mut checksum = Checksum::default();
    for _ in 0..times {
        decode(text, &mut checksum)?;
    }
    Ok(checksum)
}

/// Returns a call through every layer, to a service that responds immediately.
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

/// Decodes the first 100 frames of a sequence, one at a time.
fn frames(times: u32) -> Result<Checksum, BoxError> {
    let sequence: DatasetSequence = from_str(&data::sequence())?;
    let mut checksum = Checksum::default();
    for _ in 0..times {
        for frame in sequence.typed_frames().take(100) {
            checksum.number(frame?.images.len() as u64);
        }
    }
    Ok(checksum)
}

/// Returns the text of a list of the first 100 frames.
fn first_frames() -> Result<String, BoxError> {
    let sequence: DatasetSequence = from_str(&data::sequence())?;
    let frames: Vec<&str> = sequence.raw_frames().take(100).map(RawValue::get).collect();
    Ok(format!("[{}]", frames.join(",")))
}
