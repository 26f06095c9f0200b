//! A state folder or a content store inside the target: objects do not touch it, and a sync does not delete it.

use avala_sandbox::Sandbox;
use avala_transfer::ErrorKind;

use crate::download_folders::dataset;
use crate::download_support::{builder, files};

#[tokio::test]
async fn objects_do_not_reach_the_state_inside_the_target() {
    let names = ["a.bin", ".state/evil.journal", ".state", ".statement"];
    let server = dataset(&names).await;
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("out");
    let state = target.join(".state");
    let transfers = server.transfers(&state);
    let download = transfers.download_dataset("o", "s").to_folder(&target);
    for _ in 0..2 {
        let report = download.clone().await.unwrap();
        let failed: Vec<_> = report.failed().map(|(name, error)| (name, error.kind())).collect();
        let expected = [(".state/evil.journal", ErrorKind::Target), (".state", ErrorKind::Target)];
        assert_eq!(failed, expected);
        let error = report.failed().next().unwrap().1;
        assert!(error.help_text().unwrap().contains("state folder"), "{error}");
    }
    assert!(state.is_dir() && !state.join("evil.journal").exists());
    let plan = download.plan().await.unwrap();
    assert_eq!((plan.rejected.len(), plan.skipped.len()), (2, 2));
}

#[tokio::test]
async fn sync_deletes_neither_state_nor_content() {
    let sandbox = Sandbox::builder().public_dataset("maps", 3).limits(false).start().await.unwrap();
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("maps");
    let (state, store) = (target.join("own/state"), target.join("own/store"));
    let transfers = builder(&sandbox.api_url(), &state).build().unwrap();
    let revision = transfers.download_revision("harbor-vision/maps@main").content_store(&store);
    let download = revision.to_folder(&target).delete_extra(1);
    download.clone().await.unwrap();
    let kept = files(&target);
    assert!(kept.iter().any(|name| name.ends_with(".journal")), "{kept:?}");
    std::fs::write(target.join("extra"), "x").unwrap();
    let plan = download.plan().await.unwrap();
    assert_eq!((plan.deleted, plan.skipped.len()), (vec!["extra".to_owned()], 3));
    assert_eq!(download.verify().await.unwrap().extra, ["extra"]);
    download.clone().await.unwrap();
    assert_eq!(files(&target), kept);
}

#[tokio::test]
async fn target_inside_the_state_folder_is_refused() {
    let server = dataset(&["a.bin"]).await;
    let root = tempfile::tempdir().unwrap();
    let state = root.path().join("state");
    let transfers = server.transfers(&state);
    for target in [state.clone(), state.join("below")] {
        let error = transfers.download_dataset("o", "s").to_folder(&target).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        assert!(error.help_text().is_some() && !target.join("a.bin").exists(), "{error}");
    }
}
