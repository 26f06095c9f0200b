//! Programs that use runs in unusual ways.

use std::time::Duration;

use avala_transfer::{DatasetUpload, ErrorKind, Event, RecordingUpload};
use futures_util::StreamExt as _;

use crate::download_support::{Server, content, export, origin, serve};
use crate::fake::world::World;
use crate::support::folder;

const MIB: usize = 1 << 20;
/// Guard against a hang.
const HANG: Duration = Duration::from_secs(120);

fn upload(source: &tempfile::TempDir) -> DatasetUpload {
    DatasetUpload::new("set", "set").source(source.path())
}

async fn large_export(bytes: Vec<u8>) -> Server {
    Server::start(move |request| {
        let response = export(request, &origin(request));
        response.unwrap_or_else(|| serve(request, &bytes, Some("\"v1\"")))
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn run_that_is_paused_immediately_sends_nothing() {
    let world = World::new();
    let source = folder(&[("a.jpg", b"a")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let run = transfers.upload_dataset(upload(&source)).start();
    let control = run.control();
    control.pause();
    control.pause();
    tokio::time::sleep(Duration::from_secs(86_400)).await;
    assert!(world.state().puts.is_empty());
    control.resume();
    control.resume();
    run.await.unwrap();
    assert_eq!(world.state().puts.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn run_that_is_cancelled_twice_or_while_paused_ends() {
    let world = World::new();
    let source = folder(&[("a.jpg", b"a")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    for pauses in [false, true] {
        let run = transfers.upload_dataset(upload(&source)).start();
        let (control, clone) = (run.control(), run.control());
        if pauses {
            control.pause();
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        control.cancel();
        clone.cancel();
        control.resume();
        let error = run.await.unwrap_err();
        assert_eq!((error.kind(), error.is_resumable()), (ErrorKind::Cancelled, true));
        control.cancel();
    }
    let run = transfers.upload_dataset(upload(&source)).start();
    let control = run.control();
    run.await.unwrap();
    assert!(!control.is_cancelled(), "a run that ended was not cancelled");
    control.cancel();
    control.pause();
}

#[tokio::test]
async fn dropped_upload_can_be_started_again_immediately() {
    let world = World::new();
    let source = folder(&[("a.mcap", &content(30 * MIB, 1)), ("b.mcap", &content(MIB, 2))]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    for round in 0..20_u64 {
        let run = transfers.upload_dataset(upload(&source)).start();
        for _ in 0..round * 40 {
            tokio::task::yield_now().await;
        }
        drop(run);
    }
    let report = tokio::time::timeout(HANG, async { transfers.upload_dataset(upload(&source)).await }).await.unwrap();
    assert_eq!(report.unwrap().files.files.len(), 2);
    assert!(world.state().objects["__u__=/u1/set/b.mcap"] == content(MIB, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_download_can_be_started_again_immediately() {
    let bytes = content(40 * MIB, 3);
    let expected = bytes.clone();
    let server = large_export(bytes).await;
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("out.bin");
    let transfers = server.transfers(&root.path().join("state"));
    let download = || transfers.download_export("e1").to_file(&target).test_archive(false);
    for round in 0..20_u64 {
        let run = download().start();
        for _ in 0..round * 40 {
            tokio::task::yield_now().await;
        }
        drop(run);
    }
    tokio::time::timeout(HANG, download()).await.unwrap().unwrap();
    assert!(std::fs::read(&target).unwrap() == expected);
}

#[tokio::test]
async fn second_run_is_refused_while_the_first_is_active() {
    let server = large_export(content(8 * MIB, 4)).await;
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("out.bin");
    let transfers = server.transfers(&root.path().join("state"));
    let download = || transfers.download_export("e1").to_file(&target).test_archive(false);
    let first = download().start();
    let control = first.control();
    control.pause();
    while server.requests("/api/").is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // A plan and a comparison need no lock.
    download().plan().await.unwrap();
    let lock = async {
        loop {
            match download().await {
                Err(error) => return error,
                // The first run has not locked the target yet.
                Ok(_) => tokio::task::yield_now().await,
            }
        }
    };
    let error = tokio::time::timeout(HANG, lock).await.unwrap();
    assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    control.resume();
    first.await.unwrap();
}

#[tokio::test]
async fn listener_that_never_polls_blocks_nothing() {
    let names: Vec<String> = (0..700).map(|number| format!("{number:03}.jpg")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), name.as_bytes())).collect();
    let world = World::new();
    let source = folder(&files);
    let state = tempfile::tempdir().unwrap();
    let run = world.transfers(state.path()).build().unwrap().upload_dataset(upload(&source)).start();
    let (silent, gone) = (run.events(), run.events());
    drop(gone);
    let report = tokio::time::timeout(HANG, run).await.unwrap().unwrap();
    assert_eq!(report.files.transferred(), 700);
    // The kept events are in order, and the stream ends.
    let kept: Vec<Event> = silent.collect().await;
    assert!(kept.len() <= 1024 && matches!(kept[0], Event::Phase(_)), "{}", kept.len());
}

#[tokio::test(start_paused = true)]
async fn listener_after_the_end_gets_no_event() {
    let world = World::new();
    let source = folder(&[("a.jpg", b"a")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let mut run = transfers.upload_dataset(upload(&source)).start();
    (&mut run).await.unwrap();
    assert_eq!(run.totals().files_done, 1);
    assert!(run.events().next().await.is_none());
    // A dropped run ends the streams of its listeners too.
    let run = transfers.upload_dataset(upload(&source).new_batch(true)).start();
    let mut events = run.events();
    drop(run);
    let ended = async { while events.next().await.is_some() {} };
    tokio::time::timeout(HANG, ended).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_listener_delays_no_transfer() {
    let bytes = content(16 * MIB, 5);
    let expected = bytes.clone();
    let server = large_export(bytes).await;
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("out.bin");
    let transfers = server.transfers(&root.path().join("state"));
    let run = transfers.download_export("e1").to_file(&target).test_archive(false).start();
    let mut events = run.events();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let listener = tokio::spawn(async move {
        // It reads the first event, and the others after the run.
        let first = events.next().await;
        ended.await.unwrap();
        let mut last = None;
        while let Some(event) = events.next().await {
            if let Event::Progress(totals) = event {
                last = Some(totals);
            }
        }
        (first.is_some(), last)
    });
    tokio::time::timeout(HANG, run).await.unwrap().unwrap();
    end.send(()).unwrap();
    let (has_first, last) = listener.await.unwrap();
    assert!(has_first);
    assert_eq!(last.map(|totals| totals.bytes_done), Some(16 << 20), "the last event has all bytes");
    assert!(std::fs::read(&target).unwrap() == expected);
}

#[test]
fn run_without_a_runtime_is_an_error() {
    let world =
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async { World::new() });
    let state = tempfile::tempdir().unwrap();
    let source = folder(&[("a.jpg", b"a")]);
    let transfers = world.transfers(state.path()).build().unwrap();
    let run = transfers.upload_dataset(upload(&source)).start();
    let error = futures_util::FutureExt::now_or_never(run).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
}

#[tokio::test(start_paused = true)]
async fn request_that_is_sent_once_outlives_its_run() {
    for is_dropped in [false, true] {
        let world = World::new();
        world.state().call_time = Duration::from_secs(10);
        let (source, state) = (folder(&[("a.mcap", b"a")]), tempfile::tempdir().unwrap());
        let transfers = world.transfers(state.path()).build().unwrap();
        let recording = || RecordingUpload::new("11111111-1111-4111-8111-111111111111", source.path());
        // The user, the status, and `init`, from second 20 on.
        let run = transfers.upload_recording(recording()).start();
        tokio::time::sleep(Duration::from_secs(25)).await;
        assert_eq!(world.count("/upload/init/"), 1);
        if is_dropped {
            drop(run);
        } else {
            run.control().cancel();
            assert_eq!(run.await.unwrap_err().kind(), ErrorKind::Cancelled);
        }
        tokio::time::sleep(Duration::from_secs(30)).await;
        transfers.upload_recording(recording()).await.unwrap();
        assert_eq!(world.count("/upload/init/"), 1);

        let creations = || world.state().calls.iter().filter(|call| *call == "POST /datasets/manual-upload/").count();
        let run = transfers.upload_dataset(upload(&source)).start();
        let begun = async {
            while creations() == 0 {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(600), begun).await.unwrap();
        drop(run);
        tokio::time::sleep(Duration::from_secs(30)).await;
        let report = transfers.upload_dataset(upload(&source)).await.unwrap();
        assert!(report.was_created_before);
        assert_eq!((creations(), world.state().datasets.len()), (1, 1));
    }
}
