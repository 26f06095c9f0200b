//! Downloads that end early and are continued by the next run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use avala_transfer::{BandwidthLimit, ErrorKind};

use crate::download_exports::server;
use crate::download_support::{content, files, serve};

const MIB: usize = 1 << 20;

#[tokio::test]
async fn cancelled_download_continues_where_it_was() {
    let bytes = content(16 * MIB, 8);
    let expected = bytes.clone();
    let hang = Arc::new(AtomicUsize::new(1));
    let hanging = Arc::clone(&hang);
    let server = server(move |request| {
        let response = serve(request, &bytes, Some("\"v1\""));
        let is_later = request.range().is_some_and(|(start, _)| start > 0);
        if is_later && hanging.load(SeqCst) == 1 { response.cut_at(MIB).then_hang() } else { response }
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("out.bin");
    let transfers = server.transfers(&root.path().join("state"));
    let run = transfers.download_export("e1").to_file(&target).start();
    let control = run.control();
    // The first range and one MiB of each of the two others have arrived.
    let arrived = async {
        while run.totals().bytes_transferred < 10 * MIB as u64 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), arrived).await.unwrap();
    control.cancel();
    assert_eq!(run.await.unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(!target.exists());

    hang.store(0, SeqCst);
    let before = server.requests("/files/").len();
    transfers.download_export("e1").to_file(&target).await.unwrap();
    assert!(std::fs::read(&target).unwrap() == expected);
    let again = server.requests("/files/").split_off(before);
    assert!(
        again.iter().all(|request| request.range().unwrap().0 >= 8 * MIB),
        "the first range is not requested again"
    );
    assert!(again.iter().all(|request| request.header("if-range") == Some("\"v1\"")));
    assert_eq!(files(root.path()).iter().filter(|name| name.ends_with(".journal")).count(), 0);
}

#[tokio::test]
async fn record_without_its_temporary_file_is_not_trusted() {
    let bytes = content(16 * MIB, 18);
    let expected = bytes.clone();
    let hangs = Arc::new(AtomicUsize::new(0));
    let hanging = Arc::clone(&hangs);
    let server = server(move |request| {
        let response = serve(request, &bytes, Some("\"v1\""));
        if hanging.load(SeqCst) == 1 { response.cut_at(MIB).then_hang() } else { response }
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("out.bin");
    let transfers = server.transfers(&root.path().join("state"));
    transfers.download_export("e1").to_file(&target).max_bytes(10 << 20).await.unwrap_err();
    // The temporary file disappears. The next run reserves space for another one and is dropped, as if it were killed.
    let temporary = files(root.path()).into_iter().find(|name| name.ends_with(".part")).unwrap();
    std::fs::remove_file(root.path().join(&temporary)).unwrap();
    hangs.store(1, SeqCst);
    let run = transfers.download_export("e1").to_file(&target).start();
    let arrived = async {
        while run.totals().bytes_transferred < MIB as u64 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), arrived).await.unwrap();
    drop(run);
    assert_eq!(std::fs::metadata(root.path().join(&temporary)).unwrap().len(), 16 << 20);
    hangs.store(0, SeqCst);
    transfers.download_export("e1").to_file(&target).await.unwrap();
    assert!(std::fs::read(&target).unwrap() == expected);
}

#[tokio::test]
async fn object_replaced_between_runs_is_downloaded_again() {
    let (old, new) = (content(16 * MIB, 9), content(16 * MIB, 10));
    let expected = new.clone();
    let is_new = Arc::new(AtomicUsize::new(0));
    let switch = Arc::clone(&is_new);
    let server = server(move |request| match switch.load(SeqCst) {
        0 => serve(request, &old, Some("\"old\"")),
        _ => serve(request, &new, Some("\"new\"")),
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("out.bin");
    let transfers = server.transfers(&root.path().join("state"));
    let limited = transfers.download_export("e1").to_file(&target).max_bytes(10 * MIB as u64);
    let error = limited.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitReached);
    assert!(error.is_resumable());
    is_new.store(1, SeqCst);
    transfers.download_export("e1").to_file(&target).await.unwrap();
    assert!(std::fs::read(&target).unwrap() == expected);
}

#[tokio::test]
async fn byte_limit_stops_and_the_next_run_continues() {
    let bytes = content(24 * MIB, 11);
    let expected = bytes.clone();
    let server = server(move |request| serve(request, &bytes, Some("\"v1\""))).await;
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("out.bin");
    let transfers = server.transfers(&root.path().join("state"));
    let mut runs = 0;
    loop {
        runs += 1;
        match transfers.download_export("e1").to_file(&target).max_bytes(7 * MIB as u64).await {
            Ok(_) => break,
            Err(error) => assert_eq!(error.kind(), ErrorKind::LimitReached),
        }
        assert!(runs < 20);
    }
    assert!(std::fs::read(&target).unwrap() == expected);
    assert!((4..=6).contains(&runs), "{runs} runs");
}

#[tokio::test]
async fn paused_download_receives_nothing_until_it_is_resumed() {
    let bytes = content(16 * MIB, 17);
    let expected = bytes.clone();
    let server = server(move |request| serve(request, &bytes, Some("\"v1\""))).await;
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("out.bin");
    let limit = BandwidthLimit::new(4 << 20);
    let builder = server.builder(&root.path().join("state")).bandwidth_limit(limit.clone());
    let run = builder.build().unwrap().download_export("e1").to_file(&target).start();
    let control = run.control();
    while run.totals().bytes_transferred == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    control.pause();
    limit.set(None);
    // Pieces that had arrived before the pause may still be counted.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = run.totals().bytes_transferred;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(run.totals().bytes_transferred, before);
    assert!(before < 16 << 20);
    control.resume();
    run.await.unwrap();
    assert!(std::fs::read(&target).unwrap() == expected);
}
