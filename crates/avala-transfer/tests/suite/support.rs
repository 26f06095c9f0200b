//! Helpers of the tests: folders of files, and clients of a sandbox.

use std::fs;
use std::path::Path;

use avala_client::Avala;
use avala_client::transport::RateLimiter;
use avala_sandbox::Sandbox;
use avala_transfer::{Transfers, TransfersBuilder};
use tempfile::TempDir;

/// Returns bytes that differ at every place, and for every seed.
pub(crate) fn content(size: usize, seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut bytes = vec![0; size];
    random.fill(&mut bytes);
    bytes
}

/// Returns a folder of files.
pub(crate) fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        write(folder.path(), name, content);
    }
    folder
}

pub(crate) fn write(folder: &Path, name: &str, content: &[u8]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Creates a client of the sandbox without a rate limit of its own.
pub(crate) fn client(sandbox: &Sandbox) -> Avala {
    Avala::builder()
        .api_key(sandbox.key())
        .base_url(sandbox.api_url())
        .allow_insecure_base_url(true)
        .rate_limiter(RateLimiter::off())
        .build()
        .unwrap()
}

pub(crate) fn transfers(sandbox: &Sandbox, state: &Path) -> TransfersBuilder {
    Transfers::builder(client(sandbox)).state_folder(state)
}
