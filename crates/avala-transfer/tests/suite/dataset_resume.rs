//! Later runs of a dataset upload repeat no finished work.

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
    // The confirmation fails once: the file counts as sent.
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

/// Copies a folder, so that all files have new times and inodes.
fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::write(&target, std::fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn copy_of_state_and_files_continues_on_another_machine() {
    let world = World::new();
    let bytes = content(26 << 20, 4);
    let source = folder(&[("a.mcap", b"a"), ("b.mcap", &bytes), ("c/c.mcap", b"c")]);
    let state = tempfile::tempdir().unwrap();
    world.fault("b.mcap#4", 1, Effect::Status(410, vec![]));
    let transfers = world.transfers(state.path()).max_uploads(1).build().unwrap();
    let error = transfers.upload_dataset(upload(&source)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    let other = tempfile::tempdir().unwrap();
    copy(state.path(), &other.path().join("state"));
    copy(source.path(), &other.path().join("files"));
    drop((state, source));
    world.state().puts.clear();
    let transfers = world.transfers(&other.path().join("state")).max_uploads(1).build().unwrap();
    let again = DatasetUpload::new("set", "set").source(other.path().join("files"));
    let report = transfers.upload_dataset(again).await.unwrap();
    let mut parts: Vec<_> = world.state().puts.iter().map(|put| (put.key.clone(), put.part)).collect();
    parts.sort_unstable();
    let key = "__u__=/u1/set/b.mcap".to_owned();
    assert_eq!(parts, [4, 5, 6].map(|part| (key.clone(), Some(part))), "only what is missing is sent");
    assert_eq!(world.state().objects[&key], bytes);
    assert_eq!((report.files.skipped(), report.dataset.unwrap().item_count), (2, 3));
    // A different file is not accepted.
    let world = World::new();
    let (source, state) = (folder(&[("a.mcap", b"one"), ("b.mcap", b"b")]), tempfile::tempdir().unwrap());
    world.fault("b.mcap", 1, Effect::Status(410, vec![]));
    world.transfers(state.path()).build().unwrap().upload_dataset(upload(&source)).await.unwrap_err();
    let other = tempfile::tempdir().unwrap();
    copy(state.path(), &other.path().join("state"));
    copy(source.path(), &other.path().join("files"));
    std::fs::write(other.path().join("files/a.mcap"), b"two").unwrap();
    let transfers = world.transfers(&other.path().join("state")).build().unwrap();
    let again = DatasetUpload::new("set", "set").source(other.path().join("files"));
    let error = transfers.upload_dataset(again).await.unwrap_err();
    assert_eq!(error.subject(), Some("a.mcap"), "{error}");
    assert!(world.state().datasets.is_empty());
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
