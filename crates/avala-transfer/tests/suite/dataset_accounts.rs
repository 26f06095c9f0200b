//! Dataset uploads with another key, by another user, and beside other programs.

use std::time::Duration;

use avala_transfer::{DatasetUpload, ErrorKind};
use serde_json::json;

use crate::fake::world::{Effect, World};
use crate::support::{folder, write};

fn upload(source: &tempfile::TempDir) -> DatasetUpload {
    DatasetUpload::new("set", "set").source(source.path())
}

#[tokio::test(start_paused = true)]
async fn unfinished_upload_of_the_official_client_causes_a_warning() {
    let official = tempfile::tempdir().unwrap();
    let source = folder(&[("a.jpg", b"a")]);
    for (batch, warnings) in [("set two-70e67cb65483.batch", 0), ("set-70e67cb65483.batch", 1)] {
        write(official.path(), &format!("datasets/{batch}"), b"uid");
        let (world, state) = (World::new(), tempfile::tempdir().unwrap());
        let builder = world.transfers(state.path()).official_client_state(official.path());
        let report = builder.build().unwrap().upload_dataset(upload(&source)).await.unwrap();
        assert_eq!(report.files.warnings.len(), warnings, "{:?}", report.files.warnings);
        assert!(report.files.warnings.iter().all(|warning| warning.contains(batch)), "{:?}", report.files.warnings);
    }
}

#[tokio::test(start_paused = true)]
async fn rotated_key_continues_and_another_user_starts_again() {
    let world = World::new();
    world.fault("PUT /__u__=/u1/set/b.jpg", 1, Effect::Status(410, vec![]));
    let source = folder(&[("a.jpg", b"a"), ("b.jpg", b"b")]);
    let state = tempfile::tempdir().unwrap();
    world.transfers(state.path()).build().unwrap().upload_dataset(upload(&source)).await.unwrap_err();
    world.state().keys.clear();
    let client = world.client_of("avk_rotated", avala_client::transport::RateLimiter::off());
    let transfers = world.transfers_of(client, state.path()).build().unwrap();
    // Another user of the same state folder has another destination.
    world.fault("/users/me/", 1, Effect::Replace(|value| value["uid"] = json!("u2")));
    let plan = transfers.upload_dataset(upload(&source)).plan().await.unwrap();
    assert_eq!(plan.files_done, 0);
    let plan = transfers.upload_dataset(upload(&source)).plan().await.unwrap();
    assert_eq!(plan.files_done, 1);
    let report = transfers.upload_dataset(upload(&source)).await.unwrap();
    assert_eq!((report.files.skipped(), report.files.transferred()), (1, 1));
    assert_eq!(Vec::from_iter(world.state().keys.clone()), ["avk_rotated"]);
}

#[tokio::test(start_paused = true)]
async fn second_run_of_one_destination_is_refused() {
    let world = World::new();
    world.state().put_time = Duration::from_secs(10);
    let source = folder(&[("a.jpg", b"a")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let first = tokio::spawn(transfers.upload_dataset(upload(&source)).start());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let error = transfers.upload_dataset(upload(&source)).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Locked, Some("set")));
    first.await.unwrap().unwrap();
}
