//! Dataset uploads into a sandbox.

use avala_sandbox::{Fault, Sandbox};
use avala_transfer::{DatasetUpload, ErrorKind, Event};
use http::Method;

use crate::support::{content, folder, transfers, write};

#[tokio::test]
async fn folder_becomes_a_dataset_and_a_second_run_sends_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let large = content(12 << 20, 1);
    let source = folder(&[("a/1.jpg", b"one"), ("a/2.jpg", b""), ("large.jpg", &large), ("日本 ü.jpg", b"x")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = transfers(&sandbox, state.path()).build().unwrap();
    let upload = DatasetUpload::new("Night drives", "night-drives").source(source.path()).wait(None);

    let report = transfers.upload_dataset(upload.clone()).await.unwrap();
    let dataset = report.dataset.unwrap();
    assert_eq!((dataset.name.as_str(), dataset.item_count), ("Night drives", 4));
    assert_eq!((report.files.transferred(), report.files.totals.files_done), (4, 4));
    assert_eq!(report.files.totals.bytes_done, report.files.totals.bytes_total);
    assert_eq!(sandbox.storage().counters().bytes, (12 << 20) + 4);

    sandbox.clear_requests();
    let report = transfers.upload_dataset(upload).await.unwrap();
    assert!(report.was_created_before);
    assert_eq!(report.dataset.unwrap().uid, dataset.uid);
    assert_eq!(report.files.skipped(), 4);
    assert!(sandbox.requests().iter().all(|request| request.method == Method::GET));
}

#[tokio::test]
async fn failed_files_are_sent_by_the_next_run_only() {
    let sandbox = Sandbox::start().await.unwrap();
    let files: Vec<(String, Vec<u8>)> = (0..30).map(|n| (format!("{n:02}.jpg"), content(2_000, n))).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    let source = folder(&files);
    let state = tempfile::tempdir().unwrap();
    let transfers = transfers(&sandbox, state.path()).build().unwrap();
    let upload = DatasetUpload::new("set", "set").source(source.path()).wait(None);
    sandbox.fault(Fault::status(405).on_storage("PUT", "/*").times(2)).unwrap();

    let error = transfers.upload_dataset(upload.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
    let report = error.report().unwrap();
    assert_eq!((report.unfinished().count(), report.transferred()), (2, 28));

    let puts = || sandbox.requests().iter().filter(|request| request.method == Method::PUT).count();
    assert_eq!(puts(), 30);
    let report = transfers.upload_dataset(upload).await.unwrap();
    assert_eq!((report.files.transferred(), report.files.skipped(), puts()), (2, 28, 32));
    assert_eq!(report.dataset.unwrap().item_count, 30);
}

#[tokio::test]
async fn events_have_totals_and_files() {
    let sandbox = Sandbox::start().await.unwrap();
    let source = folder(&[("a.jpg", &content(300_000, 1)), ("b.jpg", b"b")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = transfers(&sandbox, state.path()).build().unwrap();
    let run = transfers.upload_dataset(DatasetUpload::new("set", "set").source(source.path()).wait(None)).start();
    let mut events = run.events();
    let report = run.await.unwrap();
    let (mut done, mut last) = (Vec::new(), None);
    while let Some(event) = events.next().await {
        match event {
            Event::FileDone { path, .. } => done.push(path),
            Event::Progress(totals) => last = Some(totals),
            _ => {}
        }
    }
    done.sort();
    assert_eq!(done, ["a.jpg", "b.jpg"]);
    assert_eq!(last.unwrap().bytes_done, 300_001);
    assert_eq!(report.files.totals.bytes_transferred, 300_001);
}

#[tokio::test]
async fn version_1_sends_forms() {
    let sandbox = Sandbox::start().await.unwrap();
    let source = folder(&[("a.jpg", b"one"), ("b \"2\".jpg", b"two")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = transfers(&sandbox, state.path()).build().unwrap();
    let upload = DatasetUpload::new("set", "set").source(source.path()).wait(None).protocol_version_1();
    let report = transfers.upload_dataset(upload).await.unwrap();
    assert_eq!((report.dataset.unwrap().item_count, report.batch), (2, None));
}

#[tokio::test]
async fn plan_counts_calls_and_bytes_and_sends_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    // The large file is sent in nine parts, whose URLs take two calls.
    let large = content((41 << 20) + 1, 1);
    let source = folder(&[("a.jpg", b"one"), ("b.jpg", b""), ("large.jpg", &large)]);
    let bytes = large.len() as u64 + 3;
    let state = tempfile::tempdir().unwrap();
    let transfers = transfers(&sandbox, &state.path().join("new")).build().unwrap();
    let upload = DatasetUpload::new("set", "set").source(source.path()).wait(None);
    let plan = transfers.upload_dataset(upload.clone()).plan().await.unwrap();
    assert_eq!((plan.files, plan.bytes, plan.bytes_to_send, plan.files_done), (3, bytes, bytes, 0));
    assert!(sandbox.requests().iter().all(|request| request.method == Method::GET));
    assert!(!state.path().join("new").exists());

    sandbox.clear_requests();
    let calls = || sandbox.requests().iter().filter(|request| request.path.starts_with("/api/v1")).count() as u64;
    let counted = |before: u64| calls() - before;
    let report = transfers.upload_dataset(upload.clone().without_creation()).await.unwrap();
    assert_eq!(counted(0), plan.calls - 3);
    assert_eq!(report.files.totals.bytes_transferred, plan.bytes_to_send);

    // Another file, and the creation.
    write(source.path(), "c.jpg", b"new");
    let before = calls();
    let plan = transfers.upload_dataset(upload.clone()).plan().await.unwrap();
    assert_eq!((plan.files_done, plan.bytes_to_send, plan.calls), (3, 3, 7));
    let before = before + counted(before);
    transfers.upload_dataset(upload.clone()).await.unwrap();
    assert_eq!(counted(before), plan.calls);

    let plan = transfers.upload_dataset(upload.clone()).plan().await.unwrap();
    let before = calls();
    transfers.upload_dataset(upload).await.unwrap();
    assert_eq!((counted(before), plan.bytes_to_send), (plan.calls, 0));
}

#[tokio::test]
async fn plan_fails_where_the_upload_would() {
    let sandbox = Sandbox::builder().storage_quota(10).start().await.unwrap();
    let source = folder(&[("a.jpg", &content(11, 1))]);
    let state = tempfile::tempdir().unwrap();
    let transfers = transfers(&sandbox, state.path()).build().unwrap();
    let upload = |slug: &str| DatasetUpload::new("set", slug).source(source.path()).wait(None);
    let error = transfers.upload_dataset(upload("set")).plan().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QuotaExceeded);
    let taken = crate::support::client(&sandbox).datasets().list().await.unwrap().items.remove(0);
    let error = transfers.upload_dataset(upload(taken.slug.as_str())).plan().await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Conflict, Some(taken.slug.as_str())));
}

#[tokio::test]
async fn state_holds_no_key_and_no_url() {
    let sandbox = Sandbox::start().await.unwrap();
    let source = folder(&[("a.jpg", b"one")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = transfers(&sandbox, state.path()).build().unwrap();
    let upload = DatasetUpload::new("set", "set").source(source.path()).wait(None);
    transfers.upload_dataset(upload).await.unwrap();
    for entry in std::fs::read_dir(state.path()).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for secret in [sandbox.key(), "http", "X-Amz", "If-None-Match"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(path.file_name().unwrap().len() < 80);
    }
}
