//! Counts allocations: `allocations call <side> <port>`, `allocations kept`, `allocations streamed <port>`.
#![expect(clippy::print_stdout, reason = "its figures go to standard output")]

use avala_bench::checksum::Checksum;
use avala_bench::sides::{avala, hyper::Connection, hyper_util::Pooled, reqwest::Reqwest};
use avala_bench::{BoxError, data, works};
use avala_types::{CursorPage, DatasetItem};
use dhat::HeapStats;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// How many calls are counted.
const CALLS: u64 = 200;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let _profiler = dhat::Profiler::builder().testing().build();
    match arguments[..] {
        ["call", side, port] => println!("{}", Box::pin(of_a_call(side, port.parse()?)).await?),
        ["kept"] => println!("{}", kept()?),
        ["streamed", port] => println!("{}", Box::pin(streamed(port.parse()?)).await?),
        _ => return Err("allocations call <side> <port> | kept | streamed <port>".into()),
    }
    Ok(())
}

/// Allocations for one small call on a connection that is open.
async fn of_a_call(side: &str, port: u16) -> Result<String, BoxError> {
    let allocations = match side {
        "hyper" => hand_written(Connection::open(port).await?).await?,
        "hyper-util" => hand_written(Pooled::new(port)).await?,
        "reqwest" => hand_written(Reqwest::new(port)?).await?,
        "avala" => {
            let client = avala::client(port)?;
            avala::small(client.clone(), CALLS).await?;
            let before = HeapStats::get().total_blocks;
            avala::small(client, CALLS).await?;
            HeapStats::get().total_blocks - before
        }
        _ => return Err(format!("there is no side {side}").into()),
    };
    Ok(format!(r#"{{"allocations_per_call":{:.1}}}"#, allocations as f64 / CALLS as f64))
}

async fn hand_written(client: impl avala_bench::fetch::Fetch) -> Result<u64, BoxError> {
    let mut client = client;
    let mut checksum = Checksum::default();
    for _ in 0..CALLS {
        works::small_call(&mut client, &mut checksum).await?;
    }
    let before = HeapStats::get().total_blocks;
    for _ in 0..CALLS {
        works::small_call(&mut client, &mut checksum).await?;
    }
    Ok(HeapStats::get().total_blocks - before)
}

/// What an item takes that is kept, beside the length of its text.
fn kept() -> Result<String, BoxError> {
    let text = data::page(0, None);
    let before = HeapStats::get().curr_bytes;
    let page: CursorPage<DatasetItem> = serde_json::from_str(&text)?;
    let memory = (HeapStats::get().curr_bytes - before) / page.items.len();
    let text = text.len() / page.items.len();
    Ok(format!(r#"{{"item_bytes":{memory},"text_bytes":{text}}}"#))
}

/// The most memory that is alive while 1,000 items are streamed.
async fn streamed(port: u16) -> Result<String, BoxError> {
    let client = avala::client(port)?;
    let before = HeapStats::get().curr_bytes;
    avala::items(&client, 1_000).await?;
    Ok(format!(r#"{{"most_bytes":{}}}"#, HeapStats::get().max_bytes.saturating_sub(before)))
}
