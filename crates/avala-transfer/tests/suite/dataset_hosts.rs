//! Dataset uploads to storage hosts that are busy or do not respond.

use std::time::Duration;

use avala_transfer::{DatasetUpload, ErrorKind};

use crate::fake::world::{Effect, PutLog, World};
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
    let busy = state.puts.iter().find(|put| put.status == 503).unwrap().ended;
    let after: Vec<_> = state.puts.iter().filter(|put| put.began > busy).collect();
    assert!(after.len() >= 20, "{after:?}");
    // Whatever the nine others in flight do: until a part that began afterwards is stored, half as many are in flight.
    let stored = after.iter().map(|put| put.ended).min().unwrap();
    let (first, later): (Vec<_>, Vec<_>) = after.into_iter().partition(|put| put.began < stored);
    assert!(!first.is_empty() && first.iter().all(|put| put.at_once <= 5), "{first:?}");
    // Then their number grows again, but not to what was too much.
    let most = |puts: &[&PutLog]| puts.iter().map(|put| put.at_once).max();
    assert!(most(&first) < most(&later) && most(&later) < Some(10), "{first:?}, {later:?}");
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

#[tokio::test(start_paused = true)]
async fn calls_of_the_api_hold_no_upload_slot() {
    let world = World::new();
    (world.state().put_time, world.state().call_time) = (Duration::from_secs(1), Duration::from_secs(1));
    let files: Vec<(String, Vec<u8>)> = (0..30).map(|n| (format!("{n:02}.jpg"), content(100, n))).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    let (source, state) = (folder(&files), tempfile::tempdir().unwrap());
    let transfers = world.transfers(state.path()).max_uploads(1).build().unwrap();
    let start = tokio::time::Instant::now();
    transfers.upload_dataset(upload(&source).without_creation()).await.unwrap();
    assert_eq!(world.state().puts.iter().map(|put| put.at_once).max(), Some(1));
    // With URL and `complete` inside of the slot, each file would take three seconds.
    let seconds = start.elapsed().as_secs();
    assert!((30..45).contains(&seconds), "{seconds} s");
}

#[tokio::test(start_paused = true)]
async fn redirect_of_an_upload_is_refused() {
    for status in [301, 302, 303, 307, 308] {
        let world = World::new();
        let location = ("location", "https://bucket.s3.amazonaws.com/elsewhere".to_owned());
        world.fault("PUT /", 99, Effect::Status(status, vec![location]));
        let (source, state) = (folder(&[("a.jpg", b"a")]), tempfile::tempdir().unwrap());
        let error = world.transfers(state.path()).build().unwrap().upload_dataset(upload(&source)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Storage, "{status}: {error}");
        assert_eq!(world.state().storage_headers.len(), 1, "{status}: neither followed nor repeated");
    }
}

#[tokio::test(start_paused = true)]
async fn error_in_a_successful_response_is_not_success() {
    const ERROR: &str = "<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code></Error>";
    let world = World::new();
    world.fault("PUT /", 1, Effect::Text(ERROR));
    let (source, state) = (folder(&[("a.mcap", &content(6 << 20, 1))]), tempfile::tempdir().unwrap());
    let transfers = world.transfers(state.path()).build().unwrap();
    let report = transfers.upload_dataset(upload(&source)).await.unwrap();
    assert_eq!((report.files.totals.retries, world.state().puts.len()), (1, 3), "the part is sent again");

    let world = World::new();
    world.fault("PUT /", 999, Effect::Text(ERROR));
    let (source, state) = (folder(&[("a.mcap", &content(6 << 20, 1))]), tempfile::tempdir().unwrap());
    let error = world.transfers(state.path()).build().unwrap().upload_dataset(upload(&source)).await.unwrap_err();
    assert_eq!((error.kind(), error.is_resumable()), (ErrorKind::Storage, true), "{error}");
    assert!(error.to_string().contains("InternalError"), "{error}");
    // Eight attempts of each part, and no more of the file.
    assert!(world.state().puts.len() <= 16, "{}", world.state().puts.len());
    assert!(world.state().datasets.is_empty());
}
