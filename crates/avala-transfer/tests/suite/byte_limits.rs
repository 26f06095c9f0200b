//! Limits of bytes are exact: what the storage receives or sends in a run never exceeds them, and they are used up.

use std::time::Duration;

use avala_transfer::{DatasetUpload, ErrorKind, RecordingUpload};
use serde_json::json;
use tokio::time::Instant;

use crate::download_exports::server;
use crate::download_support::{Response, Server, content, origin, serve};
use crate::fake::world::{Effect, World};
use crate::support::folder;

const MIB: usize = 1 << 20;
/// Runs after which a transfer that makes no progress is given up.
const MOST_RUNS: usize = 100;

/// Returns the bytes that the storage received since the last time.
fn received(world: &World) -> usize {
    world.state().puts.drain(..).map(|put| put.bytes).sum()
}

#[tokio::test(start_paused = true)]
async fn dataset_upload_never_sends_more_than_its_limit() {
    let large = content(12 * MIB, 1);
    let small: Vec<(String, Vec<u8>)> = (0..40).map(|n| (format!("{n:02}.mcap"), content(100_000, n))).collect();
    let mut files: Vec<(&str, &[u8])> = small.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    files.push(("large.mcap", &large));
    let total = 12 * MIB + 40 * 100_000;
    // Parts of 5, 5 and 2 MiB: the largest thing that may not fit.
    for (limit, faults) in [(5 * MIB, 0), (6 * MIB + 1, 0), (total - 1, 0), (total, 0), (8 * MIB, 9)] {
        let world = World::new();
        world.fault("PUT /", faults, Effect::CutAfter(60_000, Duration::ZERO));
        let (source, state) = (folder(&files), tempfile::tempdir().unwrap());
        let transfers = world.transfers(state.path()).build().unwrap();
        let upload = DatasetUpload::new("set", "set").source(source.path()).max_bytes(limit as u64);
        let (mut sum, mut runs) = (0, 0);
        loop {
            runs += 1;
            assert!(runs < MOST_RUNS);
            let result = transfers.upload_dataset(upload.clone()).await;
            let sent = received(&world);
            assert!(sent <= limit, "{sent} bytes of {limit}");
            sum += sent;
            match result {
                Ok(_) => break,
                Err(error) => {
                    assert_eq!((error.kind(), error.is_resumable()), (ErrorKind::LimitReached, true), "{error}");
                    assert!(faults > 0 || sent + 5 * MIB > limit, "{sent} bytes of {limit} are not used up");
                }
            }
        }
        assert_eq!((sum == total, runs == 1), (faults == 0, limit == total), "nothing is sent twice without a fault");
    }
}

#[tokio::test(start_paused = true)]
async fn recording_upload_never_sends_more_than_its_limit() {
    let files: Vec<(String, Vec<u8>)> = (0..50).map(|n| (format!("{n:02}.bin"), content(10_000, n))).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    for (limit, expected) in [(105_000, vec![10; 5]), (200_000, vec![20, 20, 10]), (500_000, vec![50])] {
        let world = World::new();
        let (source, state) = (folder(&files), tempfile::tempdir().unwrap());
        let transfers = world.transfers(state.path()).build().unwrap();
        let recording = "11111111-1111-4111-8111-111111111111";
        for (run, files) in expected.iter().enumerate() {
            let upload = RecordingUpload::new(recording, source.path()).max_bytes(limit);
            let result = transfers.upload_recording(upload).await;
            assert_eq!(received(&world), files * 10_000, "run {run} with {limit} bytes");
            let kind = result.err().map(|error| error.kind());
            assert_eq!(kind, (run + 1 < expected.len()).then_some(ErrorKind::LimitReached));
        }
    }
}

#[tokio::test]
async fn download_of_ranges_never_receives_more_than_its_limit() {
    let bytes = content(20 * MIB, 2);
    let expected = bytes.clone();
    let server = server(move |request| serve(request, &bytes, Some("\"v1\""))).await;
    for limit in [1_000_003, 5 * MIB, 8 * MIB, 9 * MIB + 5, 20 * MIB - 1, 20 * MIB] {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("out.bin");
        let transfers = server.transfers(&root.path().join("state"));
        let download = transfers.download_export("e1").to_file(&target).max_bytes(limit as u64).test_archive(false);
        let mut runs = 0;
        loop {
            runs += 1;
            assert!(runs < MOST_RUNS);
            let before = server.sent();
            let result = download.clone().await;
            let sent = server.sent() - before;
            assert!(sent <= limit, "{sent} bytes of {limit}");
            let Err(error) = result else { break };
            assert_eq!((error.kind(), sent), (ErrorKind::LimitReached, limit), "{error}");
            assert_eq!(error.report().unwrap().unfinished().count(), 1, "the report says what is left");
        }
        assert_eq!(runs, (20 * MIB).div_ceil(limit), "nothing is received twice: {limit}");
        assert!(std::fs::read(&target).unwrap() == expected, "{limit}");
    }
}

/// Serves a dataset whose list says no sizes.
async fn dataset(files: Vec<Vec<u8>>) -> Server {
    Server::start(move |request| {
        if let Some(index) = request.path().strip_prefix("/files/") {
            return serve(request, &files[index.parse::<usize>().unwrap()], Some("\"v1\""));
        }
        let url = |index: usize| format!("{}/files/{index}", origin(request));
        let item = |index: usize| json!({"uid": format!("i{index}"), "key": format!("f{index:02}"), "url": url(index)});
        let items: Vec<_> = (0..files.len()).map(item).collect();
        Response::json(&json!({"results": items, "next": null, "previous": null}))
    })
    .await
}

#[tokio::test]
async fn sync_of_a_folder_never_receives_more_than_its_limit() {
    let files: Vec<_> = (0..30).map(|n| content(if n == 20 { 10 * MIB } else { 40_000 }, n)).collect();
    let total: usize = files.iter().map(Vec::len).sum();
    let server = dataset(files.clone()).await;
    for limit in [300_000, 3 * MIB, total] {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("out");
        let transfers = server.transfers(&root.path().join("state"));
        let download = transfers.download_dataset("o", "s").to_folder(&target).max_bytes(limit as u64);
        let mut runs = 0;
        loop {
            runs += 1;
            assert!(runs < MOST_RUNS);
            let before = server.sent();
            let result = download.clone().await;
            let sent = server.sent() - before;
            assert!(sent <= limit, "{sent} bytes of {limit}");
            let Err(error) = result else { break };
            assert_eq!((error.kind(), sent), (ErrorKind::LimitReached, limit), "{error}");
        }
        assert_eq!(runs, total.div_ceil(limit), "nothing is received twice: {limit}");
        for (index, bytes) in files.iter().enumerate() {
            assert!(std::fs::read(target.join(format!("f{index:02}"))).unwrap() == *bytes, "{index}");
        }
    }
}

#[tokio::test]
async fn object_that_only_comes_whole_is_not_begun_without_its_bytes() {
    for etag in [None, Some("\"v1\"")] {
        let bytes = content(3 * MIB, 4);
        let expected = bytes.clone();
        // The host ignores ranges.
        let server = server(move |_| {
            let response = Response::new(200).body(bytes.clone());
            if let Some(etag) = etag { response.header("etag", etag) } else { response }
        })
        .await;
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("out.bin");
        let transfers = server.transfers(&root.path().join("state"));
        let download = |limit: usize| transfers.download_export("e1").to_file(&target).max_bytes(limit as u64);
        let error = download(2 * MIB).test_archive(false).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitReached, "{error}");
        assert!(error.help_text().unwrap().contains(&(3 * MIB).to_string()), "{error}");
        assert_eq!(error.report().unwrap().totals.bytes_transferred, 0);
        download(3 * MIB).test_archive(false).await.unwrap();
        assert!(std::fs::read(&target).unwrap() == expected);

        let written = transfers.download_export("e1").to_writer(Vec::new()).max_bytes(2 << 20).await;
        assert_eq!(written.unwrap_err().kind(), ErrorKind::LimitReached);
        let (written, _) = transfers.download_export("e1").to_writer(Vec::new()).max_bytes(3 << 20).await.unwrap();
        assert!(written == expected);
    }
}

#[tokio::test]
async fn whole_objects_wait_for_what_others_return() {
    // The first request of each file may get up to 8 MiB; its response says that there are 3 MiB.
    let files: Vec<_> = (0..6).map(|n| content(3 * MIB, n)).collect();
    let served = files.clone();
    let server = Server::start(move |request| {
        if let Some(index) = request.path().strip_prefix("/files/") {
            return Response::new(200).body(served[index.parse::<usize>().unwrap()].clone());
        }
        let url = |index: usize| format!("{}/files/{index}", origin(request));
        let item = |index: usize| json!({"uid": format!("i{index}"), "key": format!("f{index}"), "url": url(index)});
        Response::json(&json!({"results": (0..6).map(item).collect::<Vec<_>>(), "next": null, "previous": null}))
    })
    .await;
    for uploads in [1, 10] {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("out");
        let transfers = server.builder(&root.path().join("state")).max_uploads(uploads).build().unwrap();
        let download = transfers.download_dataset("o", "s").to_folder(&target).max_bytes(9 << 20);
        let error =
            tokio::time::timeout(Duration::from_secs(120), download.clone().start()).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitReached, "{error}");
        let report = error.report().unwrap();
        assert_eq!((report.transferred(), report.totals.bytes_transferred), (3, 9 << 20), "the limit is used up");
        let report = download.await.unwrap();
        assert_eq!((report.transferred(), report.skipped()), (3, 3));
    }
}

#[tokio::test(start_paused = true)]
async fn time_limit_ends_the_wait_for_calls_of_the_api() {
    let world = World::new();
    world.state().call_time = Duration::from_secs(20);
    let (source, state) = (folder(&[("a.jpg", b"a")]), tempfile::tempdir().unwrap());
    let transfers = world.transfers(state.path()).build().unwrap();
    let upload = DatasetUpload::new("set", "set").source(source.path()).max_time(Duration::from_secs(30));
    let started = Instant::now();
    let error = transfers.upload_dataset(upload).await.unwrap_err();
    assert_eq!((error.kind(), error.is_resumable()), (ErrorKind::LimitReached, true), "{error}");
    assert!(started.elapsed() <= Duration::from_secs(31), "{:?}", started.elapsed());
}

#[tokio::test]
async fn time_limit_ends_the_wait_for_an_export() {
    let server = Server::start(|_| Response::json(&json!({"uid": "e1", "status": "processing"}))).await;
    let root = tempfile::tempdir().unwrap();
    let transfers = server.transfers(&root.path().join("state"));
    let download =
        transfers.download_export("e1").to_file(root.path().join("out.bin")).max_time(Duration::from_secs(1));
    let error = tokio::time::timeout(Duration::from_secs(60), download.start()).await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.is_resumable()), (ErrorKind::LimitReached, true), "{error}");
}
