//! How often the bytes of a source are read: counted by the kernel, in a process of its own.

use std::path::PathBuf;
use std::time::Duration;

use avala_client::Avala;
use avala_client::transport::RateLimiter;
use avala_sandbox::{Bodies, Sandbox};
use avala_transfer::{DatasetUpload, RecordingUpload, Transfers};

use crate::killing::{output, this_program};
use crate::support::{client, content, folder};

const API: &str = "AVALA_TRANSFER_PASSES_API";
const KIND: &str = "AVALA_TRANSFER_PASSES_KIND";
const RECORDING: &str = "AVALA_TRANSFER_PASSES_RECORDING";
const SOURCE: &str = "AVALA_TRANSFER_PASSES_SOURCE";
const MIB: usize = 1 << 20;
const SIZE: usize = 24 * MIB;

/// Returns how many bytes this process read with `read` and `pread`, which sockets do not use here.
fn bytes_read() -> u64 {
    let counters = std::fs::read_to_string("/proc/self/io").unwrap();
    let line = counters.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap();
    line.parse().unwrap()
}

/// Uploads what the environment names, and prints how many bytes were read meanwhile.
#[tokio::test]
async fn child() {
    let Ok(api) = std::env::var(API) else { return };
    let (kind, source) = (std::env::var(KIND).unwrap(), PathBuf::from(std::env::var_os(SOURCE).unwrap()));
    let recording = std::env::var(RECORDING).unwrap();
    let avala = Avala::builder().api_key("avk_test").base_url(api).allow_insecure_base_url(true);
    let avala = avala.rate_limiter(RateLimiter::off()).build().unwrap();
    let state = tempfile::tempdir().unwrap();
    let transfers = Transfers::builder(avala).state_folder(state.path()).build().unwrap();
    let before = bytes_read();
    match kind.as_str() {
        "dataset" => {
            let upload = DatasetUpload::new("passes", "passes").data_type("mcap").source(source).wait(None);
            transfers.upload_dataset(upload).await.map(drop).unwrap();
        }
        kind => {
            let upload = RecordingUpload::new(recording, source).wait(None);
            let upload = if kind == "managed" { upload.managed() } else { upload };
            transfers.upload_recording(upload).await.map(drop).unwrap();
        }
    }
    println!("\nread {}", bytes_read() - before);
}

async fn passes(kind: &str, settle: Duration) -> u64 {
    let sandbox = Sandbox::builder().storage_bodies(Bodies::Count).start().await.unwrap();
    let recording = client(&sandbox).fleet().recordings().list().await.unwrap().items.remove(0).uid;
    let source = folder(&[("a.mcap", &content(SIZE, 1))]);
    // Nothing proves that a file which was written just now is not written again.
    tokio::time::sleep(settle).await;
    let mut child = this_program("source_passes::child");
    child.env(API, sandbox.api_url()).env(KIND, kind).env(RECORDING, recording.as_str()).env(SOURCE, source.path());
    let (is_complete, text) = output(child.spawn().unwrap()).await;
    assert!(is_complete, "{kind}: {text}");
    let (_, rest) = text.split_once("read ").unwrap();
    let bytes: u64 = rest.split_whitespace().next().unwrap().parse().unwrap();
    assert!(bytes >= SIZE as u64, "{kind}: the counter is of no use: {bytes}");
    (bytes + (SIZE / 2) as u64) / SIZE as u64
}

#[tokio::test]
async fn datasets_are_read_once_and_recordings_twice() {
    let settled = Duration::from_millis(2_500);
    for (kind, expected) in [("dataset", 1), ("plain", 2), ("managed", 2)] {
        assert_eq!(passes(kind, settled).await, expected, "{kind}");
    }
}
