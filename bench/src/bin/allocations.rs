//! Counts allocations: `allocations call <client> <port>`, `allocations kept`, `allocations streamed <port>`.
#![expect(clippy::print_stdout, reason = "its figures go to standard output")]

use avala_bench::checksum::Checksum;
use avala_bench::clients::{avala, hyper::Connection, hyper_util::Pooled, reqwest::Reqwest};
use avala_bench::{BoxError, data, workloads};
use avala_types::{CursorPage, DatasetItem};
use dhat::HeapStats;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Number of counted calls.
const CALLS: u64 = 200;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let _profiler = dhat::Profiler::builder().testing().build();
    match arguments[..] {
        ["call", client, port] => println!("{}", Box::pin(of_a_call(client, port.parse()?)).await?),
        ["kept"] => println!("{}", kept()?),
        ["streamed", port] => println!("{}", Box::pin(streamed(port.parse()?)).await?),
        _ => return Err("allocations call <client> <port> | kept | streamed <port>".into()),
    }
    Ok(())
}

/// Allocations of one small call on an open connection.
async fn of_a_call(client: &str, port: u16) -> Result<String, BoxError> {
    let allocations = match client {
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
        _ => return Err(format!("there is no client {client}").into()),
    };
    Ok(format!(r#"{{"allocations_per_call":{:.1}}}"#, allocations as f64 / CALLS as f64))
}

async fn hand_written(client: impl avala_bench::fetch::Fetch) -> Result<u64, BoxError> {
    let mut client = client;
    let mut checksum = Checksum::default();
    for _ in 0..CALLS {
        workloads::small_call(&mut client, &mut checksum).await?;
    }
    let before = HeapStats::get().total_blocks;
    for _ in 0..CALLS {
        workloads::small_call(&mut client, &mut checksum).await?;
    }
    Ok(HeapStats::get().total_blocks - before)
}

/// Measures the heap size of an item in memory, and the length of its JSON.
fn kept() -> Result<String, BoxError> {
    let text = data::page(0, None);
    let before = HeapStats::get().curr_bytes;
    let page: CursorPage<DatasetItem> = serde_json::from_str(&text)?;
    let memory = (HeapStats::get().curr_bytes - before) / page.items.len();
    let text = text.len() / page.items.len();
    Ok(format!(r#"{{"item_bytes":{memory},"text_bytes":{text}}}"#))
}

/// Measures the peak heap size while 1,000 items are streamed.
async fn streamed(port: u16) -> Result<String, BoxError> {
    let client = avala::client(port)?;
    let before = HeapStats::get().curr_bytes;
    avala::items(&client, 1_000).await?;
    Ok(format!(r#"{{"most_bytes":{}}}"#, HeapStats::get().max_bytes.saturating_sub(before)))
}
