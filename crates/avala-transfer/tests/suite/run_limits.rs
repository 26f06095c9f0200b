//! Limits of bytes and time of a run.

use std::time::Duration;

use avala_transfer::{DatasetUpload, ErrorKind, RecordingUpload};
use tokio::time::Instant;

use crate::download_support::{Server, content, export, origin, serve};
use crate::fake::world::World;
use crate::support::folder;

const MIB: usize = 1 << 20;

fn upload(source: &tempfile::TempDir) -> DatasetUpload {
    DatasetUpload::new("set", "set").source(source.path())
}

#[tokio::test(start_paused = true)]
async fn time_limit_ends_an_upload_whose_storage_stalls() {
    let world = World::new();
    world.state().put_time = Duration::from_secs(3600);
    let source = folder(&[("a.jpg", b"a"), ("b.jpg", b"b")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let started = Instant::now();
    let error = transfers.upload_dataset(upload(&source).max_time(Duration::from_secs(60))).await.unwrap_err();
    assert_eq!((error.kind(), error.is_resumable()), (ErrorKind::LimitReached, true), "{error}");
    let elapsed = started.elapsed();
    assert!((Duration::from_secs(60)..Duration::from_secs(70)).contains(&elapsed), "{elapsed:?}");
    assert_eq!(error.report().unwrap().unfinished().count(), 2, "the report says what is left");
    world.state().put_time = Duration::ZERO;
    transfers.upload_dataset(upload(&source)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn time_limit_ends_a_recording_whose_storage_stalls() {
    let world = World::new();
    world.state().put_time = Duration::from_secs(3600);
    let source = folder(&[("a.mcap", b"a"), ("b.mcap", b"b")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let upload = || RecordingUpload::new("11111111-1111-4111-8111-111111111111", source.path());
    let started = Instant::now();
    let error = transfers.upload_recording(upload().max_time(Duration::from_secs(60))).await.unwrap_err();
    assert_eq!((error.kind(), error.is_resumable()), (ErrorKind::LimitReached, true), "{error}");
    let elapsed = started.elapsed();
    assert!((Duration::from_secs(60)..Duration::from_secs(70)).contains(&elapsed), "{elapsed:?}");
    world.state().put_time = Duration::ZERO;
    transfers.upload_recording(upload()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn time_limit_ends_the_wait_between_attempts() {
    let world = World::new();
    world.fault("PUT /", 99, crate::fake::world::Effect::Status(503, vec![("retry-after", "250".to_owned())]));
    let source = folder(&[("a.jpg", b"a")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let started = Instant::now();
    let error = transfers.upload_dataset(upload(&source).max_time(Duration::from_secs(30))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitReached, "{error}");
    assert!(started.elapsed() < Duration::from_secs(40), "{:?}", started.elapsed());
}

#[tokio::test]
async fn time_limit_ends_a_download_whose_storage_stalls() {
    let bytes = content(16 * MIB, 1);
    let expected = bytes.clone();
    let hangs = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let switch = std::sync::Arc::clone(&hangs);
    let server = Server::start(move |request| {
        export(request, &origin(request)).unwrap_or_else(|| {
            let response = serve(request, &bytes, Some("\"v1\""));
            let is_hanging = switch.load(std::sync::atomic::Ordering::SeqCst);
            if is_hanging { response.cut_at(2 * MIB).then_hang() } else { response }
        })
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("out.bin");
    let transfers = server.transfers(&root.path().join("state"));
    let download = || transfers.download_export("e1").to_file(&target).test_archive(false);
    let run = download().max_time(Duration::from_secs(2)).start();
    // Far less than the timeout of a stalled connection.
    let error = tokio::time::timeout(Duration::from_secs(50), run).await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.is_resumable()), (ErrorKind::LimitReached, true), "{error}");
    hangs.store(false, std::sync::atomic::Ordering::SeqCst);
    download().await.unwrap();
    assert!(std::fs::read(&target).unwrap() == expected);
}

#[tokio::test(start_paused = true)]
async fn part_beyond_the_limit_is_not_started() {
    let world = World::new();
    let source = folder(&[("a.mcap", &content(12 * MIB, 2))]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let run = |limit: usize| transfers.upload_dataset(upload(&source).max_bytes(limit as u64));
    // Parts of 5, 5 and 2 MiB.
    let error = run(MIB).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitReached);
    let help = error.help_text().unwrap();
    assert!(help.contains(&format!("{}", 2 * MIB)) || help.contains(&format!("{}", 5 * MIB)), "{error}");
    assert!(world.state().puts.is_empty(), "no byte is wasted");
    for (limit, puts) in [(6, 1), (6, 2), (6, 3)] {
        let result = run(limit * MIB).await;
        assert_eq!(result.is_ok(), puts == 3, "{result:?}");
        let sent: Vec<_> = world.state().puts.iter().map(|put| put.bytes).collect();
        assert!(sent.len() >= puts, "every run makes progress: {sent:?}");
        if puts == 3 {
            assert_eq!(sent.iter().sum::<usize>(), 12 * MIB, "nothing is sent twice");
        }
        if result.is_ok() {
            return;
        }
    }
    panic!("three runs of 6 MiB suffice");
}

#[tokio::test(start_paused = true)]
async fn failed_attempts_count_as_sent() {
    let world = World::new();
    world.fault("PUT /__u__=/u1/set/a.jpg", 1, crate::fake::world::Effect::CutAfter(600, Duration::ZERO));
    let source = folder(&[("a.jpg", &content(1000, 3))]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let error = transfers.upload_dataset(upload(&source).max_bytes(1500)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitReached, "{error}");
    assert_eq!(world.state().puts.len(), 1);
    transfers.upload_dataset(upload(&source).max_bytes(1500)).await.unwrap();
}
