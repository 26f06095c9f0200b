//! A paused run holds nothing that other runs of the same `Transfers` need, and ends nothing that it began.

use std::time::Duration;

use avala_transfer::{Control, DatasetUpload, ErrorKind, MemoryBudget, RecordingUpload, Run};

use crate::download_support::{Server, content, export, origin, serve};
use crate::fake::world::World;
use crate::support::folder;

const MIB: usize = 1 << 20;
/// Guard against a hang.
const HANG: Duration = Duration::from_secs(120);

/// Pauses a run once it has transferred something.
async fn pause_in_the_middle<T>(run: &Run<T>) -> Control
where
    T: Send + 'static,
{
    let begun = async {
        while run.totals().bytes_transferred == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(HANG, begun).await.unwrap();
    let control = run.control();
    control.pause();
    control
}

#[tokio::test]
async fn paused_upload_holds_no_slot_and_no_memory() {
    let world = World::new();
    let large = content(24 * MIB, 1);
    let (first, second) = (folder(&[("large.mcap", &large)]), folder(&[("small.mcap", &large[..3 * MIB])]));
    let state = tempfile::tempdir().unwrap();
    let memory = MemoryBudget::new(MemoryBudget::MIN);
    let transfers = world.transfers(state.path()).max_uploads(1).memory_budget(memory.clone()).build().unwrap();
    let upload = |name: &str, source: &tempfile::TempDir| DatasetUpload::new(name, name).source(source.path());
    let paused = transfers.upload_dataset(upload("paused", &first)).start();
    let control = pause_in_the_middle(&paused).await;
    let other = transfers.upload_dataset(upload("other", &second));
    let report = tokio::time::timeout(HANG, async { other.await }).await.unwrap().unwrap();
    assert_eq!(report.files.transferred(), 1);
    assert_eq!(memory.free(), MemoryBudget::MIN);

    control.resume();
    let report = tokio::time::timeout(HANG, paused).await.unwrap().unwrap();
    assert_eq!((report.files.transferred(), report.files.totals.retries), (1, 0), "it continues where it was");
    assert!(world.state().objects["__u__=/u1/paused/large.mcap"] == large);
}

#[tokio::test]
async fn paused_download_holds_no_slot_and_no_memory() {
    let bytes = content(24 * MIB, 2);
    let expected = bytes.clone();
    let server = Server::start(move |request| {
        let response = export(request, &origin(request));
        response.unwrap_or_else(|| serve(request, &bytes, Some("\"v1\"")))
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let memory = MemoryBudget::new(MemoryBudget::MIN);
    let builder = server.builder(&root.path().join("state")).max_uploads(1).memory_budget(memory.clone());
    let transfers = builder.build().unwrap();
    let target = |name: &str| root.path().join(name);
    let download = |name: &str| transfers.download_export("e1").to_file(target(name)).test_archive(false);
    let paused = download("paused.bin").start();
    let control = pause_in_the_middle(&paused).await;
    let other = download("other.bin");
    tokio::time::timeout(HANG, async { other.await }).await.unwrap().unwrap();
    assert!(std::fs::read(target("other.bin")).unwrap() == expected);
    assert_eq!(memory.free(), MemoryBudget::MIN);
    control.resume();
    tokio::time::timeout(HANG, paused).await.unwrap().unwrap();
    assert!(std::fs::read(target("paused.bin")).unwrap() == expected);
}

#[tokio::test(start_paused = true)]
async fn paused_run_neither_creates_nor_finalizes() {
    for cancels in [false, true] {
        let world = World::new();
        world.state().put_time = Duration::from_secs(10);
        let (source, state) = (folder(&[("a.mcap", b"a")]), tempfile::tempdir().unwrap());
        let transfers = world.transfers(state.path()).build().unwrap();
        let recording = RecordingUpload::new("11111111-1111-4111-8111-111111111111", source.path());
        let dataset = DatasetUpload::new("set", "set").source(source.path());
        let (recording, dataset) =
            (transfers.upload_recording(recording).start(), transfers.upload_dataset(dataset).start());
        let controls = [recording.control(), dataset.control()];
        // Both have sent their only file, and the storage stores it meanwhile.
        tokio::time::sleep(Duration::from_secs(5)).await;
        controls.iter().for_each(Control::pause);
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        assert_eq!(world.state().puts.len(), 2);
        assert_eq!((world.count("/finalize/"), world.state().datasets.len()), (0, 0), "cancels: {cancels}");
        if cancels {
            controls.iter().for_each(Control::cancel);
            assert_eq!(recording.await.unwrap_err().kind(), ErrorKind::Cancelled);
            assert_eq!(dataset.await.unwrap_err().kind(), ErrorKind::Cancelled);
            assert_eq!((world.count("/finalize/"), world.state().datasets.len()), (0, 0));
        } else {
            controls.iter().for_each(Control::resume);
            recording.await.unwrap();
            dataset.await.unwrap();
            assert_eq!((world.count("/finalize/"), world.state().datasets.len()), (1, 1));
        }
    }
}
