//! Dataset uploads to storage hosts that are busy or do not respond.

use std::time::Duration;

use avala_transfer::{DatasetUpload, ErrorKind};

use crate::fake::world::{Effect, World};
use crate::support::{content, folder};

fn upload(source: &tempfile::TempDir) -> DatasetUpload {
    DatasetUpload::new("set", "set").source(source.path())
}

#[tokio::test(start_paused = true)]
async fn slow_down_lowers_the_uploads_at_once() {
    let world = World::new();
    world.state().put_time = Duration::from_secs(1);
    world.fault("PUT /", 3, Effect::Status(503, vec![("retry-after", "30".to_owned())]));
    let files: Vec<(String, Vec<u8>)> = (0..20).map(|n| (format!("{n:02}.jpg"), content(100, n))).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    let source = folder(&files);
    let state = tempfile::tempdir().unwrap();
    let start = tokio::time::Instant::now();
    let report = world.transfers(state.path()).build().unwrap().upload_dataset(upload(&source)).await.unwrap();
    assert_eq!((report.files.transferred(), report.files.totals.retries), (20, 3));
    assert!(start.elapsed() >= Duration::from_secs(30));
    // Ten requests are in flight, the maximum, when the host asks to slow down.
    let world = World::new();
    world.state().put_time = Duration::from_secs(1);
    let files: Vec<(String, Vec<u8>)> = (0..80).map(|n| (format!("{n:02}.jpg"), content(100, n))).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    let (source, state) = (folder(&files), tempfile::tempdir().unwrap());
    let run = tokio::spawn(world.transfers(state.path()).build().unwrap().upload_dataset(upload(&source)).start());
    while world.state().puts.len() < 40 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(world.state().puts.iter().map(|put| put.at_once).max(), Some(10));
    world.fault("PUT /", 1, Effect::Status(503, vec![]));
    run.await.unwrap().unwrap();
    let state = world.state();
    let busy = state.puts.iter().position(|put| put.status == 503).unwrap();
    // The other requests in flight, nine at most, are logged when they end, after the refused request. The next number
    // depends on how many of them succeed, but it is below the number that overloaded the host.
    let after = &state.puts[busy + 10..];
    assert!(after.len() >= 20, "{after:?}");
    assert!(after.iter().all(|put| put.at_once < 10), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn storage_that_is_busy_until_a_date_gets_no_request() {
    for is_api in [false, true] {
        let world = World::new();
        let date = world.state().date_in(Duration::from_secs(90));
        let on = if is_api { "file-upload-url" } else { "PUT /__u__=/u1/set/a.jpg" };
        world.fault(on, 1, Effect::Status(503, vec![("retry-after", date)]));
        let source = folder(&[("a.jpg", b"a")]);
        let state = tempfile::tempdir().unwrap();
        let start = tokio::time::Instant::now();
        world.transfers(state.path()).build().unwrap().upload_dataset(upload(&source)).await.unwrap();
        let seconds = start.elapsed().as_secs();
        assert!((89..=130).contains(&seconds), "{on}: {seconds} s");
    }
}

#[tokio::test(start_paused = true)]
async fn stalled_upload_fails_and_slow_one_does_not() {
    let world = World::new();
    // Slower than any fixed timeout, but moving.
    world.state().put_time = Duration::from_secs(290);
    let source = folder(&[("a.jpg", b"a")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let report = transfers.upload_dataset(upload(&source)).await.unwrap();
    assert_eq!(report.files.totals.retries, 0);

    let world = World::new();
    world.state().put_time = Duration::from_secs(100_000);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let error = transfers.upload_dataset(upload(&source)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert!(error.to_string().contains("300 s"), "{error}");
    assert!(error.is_resumable());
}
