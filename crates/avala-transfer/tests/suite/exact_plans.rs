//! Plans of downloads: calls and bytes are exact, for every source, for the first run and for a sync.

use avala_sandbox::Sandbox;
use avala_transfer::{BandwidthLimit, Download, DownloadPlan};
use serde_json::json;
use std::time::Duration;

use crate::download_support::{Response, Server, builder, files, origin, serve};

/// Runs the download and compares its calls and bytes with its plan.
async fn compare(download: &Download, calls: impl Fn() -> usize) -> DownloadPlan {
    let plan = download.plan().await.unwrap();
    let before = calls();
    let run = download.clone().start();
    let control = run.control();
    let report = run.await.unwrap();
    assert!(!control.is_cancelled());
    assert_eq!(plan.api_calls, (calls() - before) as u64, "{plan:?}");
    if plan.unknown_sizes == 0 {
        assert_eq!(plan.bytes, report.totals.bytes_transferred, "{plan:?}");
    }
    assert_eq!((plan.files.len(), plan.skipped.len()), (report.transferred(), report.skipped()), "{plan:?}");
    plan
}

#[tokio::test]
async fn plan_of_a_public_revision_is_exact_with_and_without_a_store() {
    let sandbox = Sandbox::builder().public_dataset("maps", 25).limits(false).start().await.unwrap();
    let root = tempfile::tempdir().unwrap();
    let limit = BandwidthLimit::unlimited();
    let transfers =
        builder(&sandbox.api_url(), &root.path().join("state")).bandwidth_limit(limit.clone()).build().unwrap();
    let calls = || {
        let requests = sandbox.requests();
        requests.iter().filter(|request| !request.path.contains("/resolve/download/")).count()
    };
    let (store, revision) = (root.path().join("store"), transfers.download_revision("harbor-vision/maps@main"));
    let plan = revision.clone().to_folder(root.path().join("one")).plan().await.unwrap();
    assert_eq!(plan.files.len(), 25);
    // The list is saved from here on: resolving the alias takes one call.
    let plan = compare(&revision.clone().to_folder(root.path().join("one")), calls).await;
    assert_eq!(plan.api_calls, 26);
    // 6 calls at 30 per minute, after the burst of 20.
    assert_eq!(plan.calls_time, Duration::from_secs(12));
    let stored = revision.clone().content_store(&store);
    assert_eq!(compare(&stored.clone().to_folder(root.path().join("two")), calls).await.api_calls, 26);
    let before = files(&store);
    let plan = compare(&stored.clone().to_folder(root.path().join("three")), calls).await;
    assert_eq!((plan.api_calls, plan.bytes, plan.files.len()), (1, 0, 25));
    assert_eq!(files(&store), before);
    std::fs::remove_file(store.join(&before[0])).unwrap();
    let missing = compare(&stored.clone().to_folder(root.path().join("four")), calls).await;
    assert_eq!(missing.api_calls, 2);

    // A sync transfers missing files.
    std::fs::remove_file(root.path().join("one").join(&files(&root.path().join("one"))[0])).unwrap();
    limit.set(1_000);
    let download = revision.clone().to_folder(root.path().join("one"));
    let plan = download.plan().await.unwrap();
    assert_eq!((plan.files.len(), plan.api_calls), (1, 2));
    let expected = plan.bytes as f64 / 1_000.0;
    assert!((plan.time.as_secs_f64() - expected).abs() <= expected * 0.05, "{plan:?}");
    limit.set(None);
    compare(&download, calls).await;
    assert_eq!(compare(&download, calls).await.api_calls, 1);

    // Offline no call is made, and missing content is an error.
    let reference = revision.canonical_reference().await.unwrap();
    let offline = transfers.download_revision(&reference).content_store(&store).offline(true);
    let plan = compare(&offline.clone().to_folder(root.path().join("five")), calls).await;
    assert_eq!((plan.api_calls, plan.files.len()), (0, 25));
    std::fs::remove_file(store.join(&files(&store)[0])).unwrap();
    let plan = offline.to_folder(root.path().join("six")).plan().await.unwrap();
    assert_eq!((plan.rejected.len(), plan.files.len(), plan.api_calls), (1, 24, 0));
    let without = transfers.download_revision(&reference).offline(true).to_folder(root.path().join("seven"));
    assert!(without.plan().await.unwrap_err().to_string().contains("content store"));
}

#[tokio::test]
async fn plan_of_a_sequence_is_exact() {
    let server = Server::start(move |request| {
        let url = |name: &str| format!("{}/files/{name}", origin(request));
        if request.path().starts_with("/api/") {
            let frames = json!([
                {"key": "lidar/0.pcd", "asset_url": url("0"), "image_urls": [url("a.jpg"), url("b.jpg")]},
                {"key": "lidar/1.pcd", "asset_url": url("1")},
            ]);
            return Response::json(&json!({"uid": "q", "frames": frames}));
        }
        serve(request, request.path().as_bytes(), Some("\"v1\""))
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let transfers = server.transfers(&root.path().join("state"));
    let download = transfers.download_sequence("o", "s", "q").to_folder(root.path().join("out"));
    let plan = compare(&download, || server.requests("/api/").len()).await;
    assert_eq!((plan.api_calls, plan.files.len(), plan.unknown_sizes), (1, 4, 4));
    let plan = compare(&download, || server.requests("/api/").len()).await;
    assert_eq!((plan.api_calls, plan.skipped.len()), (1, 4));
}

#[tokio::test]
async fn plan_of_an_export_is_exact_and_changes_nothing() {
    let server = Server::start(move |request| {
        crate::download_support::export(request, &origin(request))
            .unwrap_or_else(|| serve(request, b"{}", Some("\"v1\"")))
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let (state, target) = (root.path().join("state"), root.path().join("out"));
    std::fs::create_dir(&target).unwrap();
    let transfers = server.transfers(&state);
    let download = transfers.download_export("e1").to_folder(&target);
    download.plan().await.unwrap();
    assert!(!state.exists() && files(&target).is_empty(), "neither state nor target is touched");
    let plan = compare(&download, || server.requests("/api/").len()).await;
    assert_eq!(plan.api_calls, 1);
}
