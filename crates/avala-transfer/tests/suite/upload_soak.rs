//! Many uploads with many faults: none may be lost, wrong or duplicated.
//!
//! `AVALA_TRANSFER_SOAK` sets the number of uploads in long runs.

use avala_transfer::{DatasetUpload, ErrorKind};

use crate::fake::world::World;
use crate::support::{content, folder};

/// Maximum number of runs of one upload.
const MAX_RUNS: usize = 40;

#[tokio::test(start_paused = true)]
async fn uploads_with_a_tenth_of_faults_are_complete() {
    let count = std::env::var("AVALA_TRANSFER_SOAK").ok().and_then(|text| text.parse().ok()).unwrap_or(60_u64);
    let world = World::new();
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    world.state().random_faults = Some((fastrand::Rng::with_seed(3), 10));
    for number in 0..count {
        let (small, large) = (content(700, number), content(300_000, number + count));
        let source = folder(&[("a.jpg", &small), ("b/c.jpg", &large), ("empty.jpg", b"")]);
        let name = format!("set{number}");
        let mut create_again = false;
        for run in 0.. {
            let upload = DatasetUpload::new(&name, name.as_str()).source(source.path()).create_again(create_again);
            let Err(error) = transfers.upload_dataset(upload).await else { break };
            // The response to the creation was lost, and the dataset does not exist: the caller decides.
            create_again = error.kind() == ErrorKind::Undecided;
            assert!(run < MAX_RUNS, "{name}: {error}");
            assert!(create_again || error.is_resumable(), "{name}: {error}");
        }
        let mut state = world.state();
        let created = state.datasets.iter().filter(|set| set["name"] == *name).count();
        assert_eq!(created, 1, "{name}");
        for (path, bytes) in [("a.jpg", &small), ("b/c.jpg", &large), ("empty.jpg", &Vec::new())] {
            assert!(state.objects.remove(&format!("__u__=/u1/{name}/{path}")).as_ref() == Some(bytes), "{name} {path}");
        }
        state.calls.clear();
        state.puts.clear();
        state.storage_headers.clear();
    }
}
