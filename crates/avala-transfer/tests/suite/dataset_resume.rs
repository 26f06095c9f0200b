//! What a later run of a dataset upload need not do again.

use std::time::Duration;

use avala_transfer::{DatasetUpload, ErrorKind};

use crate::fake::world::{Effect, World};
use crate::support::{content, folder};

fn upload(source: &tempfile::TempDir) -> DatasetUpload {
    DatasetUpload::new("set", "set").source(source.path())
}

#[tokio::test(start_paused = true)]
async fn stored_file_is_confirmed_later_and_not_sent_again() {
    for is_gone in [false, true] {
        let world = World::new();
        world.fault("/complete/", 99, Effect::Status(503, vec![]));
        let source = folder(&[("a.jpg", b"one")]);
        let state = tempfile::tempdir().unwrap();
        let transfers = world.transfers(state.path()).build().unwrap();
        transfers.upload_dataset(upload(&source)).await.unwrap_err();
        assert_eq!(world.state().puts.len(), 1, "no attempt sends it again");
        world.state().faults.clear();
        if is_gone {
            world.state().objects.clear();
        }
        let report = transfers.upload_dataset(upload(&source)).await.unwrap();
        assert_eq!(world.state().puts.len(), 1 + usize::from(is_gone));
        assert_eq!(report.files.transferred(), usize::from(is_gone));
        assert_eq!(report.dataset.unwrap().item_count, 1);
    }
    // A confirmation that fails once: the file counts as sent.
    let world = World::new();
    world.fault("/complete/", 1, Effect::Status(503, vec![]));
    let source = folder(&[("a.jpg", b"one")]);
    let state = tempfile::tempdir().unwrap();
    let report = world.transfers(state.path()).build().unwrap().upload_dataset(upload(&source)).await.unwrap();
    assert_eq!((world.state().puts.len(), report.files.transferred()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn parts_that_are_stored_are_not_sent_again() {
    let world = World::new();
    let bytes = content(26 << 20, 4);
    let source = folder(&[("a.mcap", &bytes)]);
    let state = tempfile::tempdir().unwrap();
    world.fault("a.mcap#4", 1, Effect::Status(410, vec![]));
    let transfers = world.transfers(state.path()).max_uploads(1).build().unwrap();
    let error = transfers.upload_dataset(upload(&source)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    world.state().puts.clear();
    let report = transfers.upload_dataset(upload(&source)).await.unwrap();
    let mut parts: Vec<_> = world.state().puts.iter().filter_map(|put| put.part).collect();
    parts.sort_unstable();
    assert_eq!(parts, [4, 5, 6]);
    assert_eq!(world.state().objects["__u__=/u1/set/a.mcap"], bytes);
    assert_eq!(report.files.totals.bytes_done, 26 << 20);
}

#[tokio::test(start_paused = true)]
async fn cancelled_run_is_continued_by_the_next() {
    let world = World::new();
    world.state().put_time = Duration::from_secs(10);
    let source = folder(&[("a.jpg", b"a"), ("b.jpg", b"b"), ("c.jpg", b"c")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).max_uploads(1).build().unwrap();
    let run = transfers.upload_dataset(upload(&source)).start();
    let control = run.control();
    let run = tokio::spawn(run);
    tokio::time::sleep(Duration::from_secs(15)).await;
    control.cancel();
    let error = run.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert!(error.is_resumable());
    let report = transfers.upload_dataset(upload(&source)).await.unwrap();
    assert_eq!((report.files.skipped(), report.files.transferred()), (1, 2));
}
