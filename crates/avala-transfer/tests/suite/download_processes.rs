//! Several processes, processes that are killed, and full disks.
//!
//! The child is this test program: [`child`] downloads what the environment names, and does nothing without it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use avala_sandbox::{Fault, Sandbox};
use tokio::process::Command;

use crate::download_support::{Server, builder, content, export, files, origin, serve};
use crate::killing::{Killer, number, output, peak_memory, printed_peak, this_program};

const API: &str = "AVALA_TRANSFER_TEST_API";
const STATE: &str = "AVALA_TRANSFER_TEST_STATE";
const TARGET: &str = "AVALA_TRANSFER_TEST_TARGET";
const EXPORT: &str = "AVALA_TRANSFER_TEST_EXPORT";
const MIB: usize = 1 << 20;

/// The download of a child process: the export `e1` to a file, or with a folder as target a public revision.
#[tokio::test]
async fn child() {
    let Ok(api) = std::env::var(API) else { return };
    let path = |name: &str| PathBuf::from(std::env::var_os(name).unwrap());
    let transfers = builder(&api, &path(STATE)).build().unwrap();
    let target = path(TARGET);
    let report = if target.extension().is_some() {
        let export = std::env::var(EXPORT).unwrap_or_else(|_| "e1".to_owned());
        transfers.download_export(export).to_file(target).await
    } else {
        transfers.download_revision("harbor-vision/maps@main").to_folder(target).await
    };
    match report {
        Ok(report) if report.failed().count() == 0 => println!("\ncomplete {}", peak_memory()),
        Ok(report) => panic!("{:?}", report.failed().collect::<Vec<_>>()),
        Err(error) => panic!("{error}"),
    }
}

/// Creates a child that downloads to `target`.
pub(crate) fn command(api: &str, state: &Path, target: &Path) -> Command {
    let mut command = this_program("download_processes::child");
    command.env(API, api).env(STATE, state).env(TARGET, target);
    command
}

#[tokio::test]
async fn killed_download_of_one_file_completes_with_the_right_bytes() {
    let bytes = content(96 * MIB, 1);
    let expected = bytes.clone();
    let server = Server::start(move |request| {
        let response = export(request, &origin(request));
        response.unwrap_or_else(|| serve(request, &bytes, Some("\"v1\"")))
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let (state, target) = (root.path().join("state"), root.path().join("out.bin"));
    let api = format!("{}/api/v1", server.url);
    let mut killer = Killer::new(1);
    let mut downloads = 0;
    while killer.left > 0 || downloads == 0 {
        let (is_complete, text) = loop {
            if let Some(ended) = killer.run(&mut command(&api, &state, &target)).await {
                break ended;
            }
            assert!(!target.exists() || std::fs::read(&target).unwrap() == expected);
        };
        assert!(is_complete, "{text}");
        assert!(std::fs::read(&target).unwrap() == expected);
        assert_eq!(files(root.path()).into_iter().filter(|name| name.ends_with(".part")).count(), 0);
        std::fs::remove_file(&target).unwrap();
        downloads += 1;
    }
    println!("{} kills, {downloads} downloads", killer.done);
}

#[tokio::test]
async fn killed_download_of_many_files_completes_with_the_right_bytes() {
    let sandbox =
        Sandbox::builder().public_dataset("maps", 150).item_size(100_000).rate_limits(false).start().await.unwrap();
    let root = tempfile::tempdir().unwrap();
    let (state, target) = (root.path().join("state"), root.path().join("maps"));
    let mut killer = Killer::new(2);
    let mut downloads = 0;
    while killer.left > 0 || downloads == 0 {
        let (is_complete, text) = loop {
            if let Some(ended) = killer.run(&mut command(&sandbox.api_url(), &state, &target)).await {
                break ended;
            }
        };
        assert!(is_complete, "{text}");
        let transfers = builder(&sandbox.api_url(), &state).build().unwrap();
        let download = transfers.download_revision("harbor-vision/maps@main").to_folder(&target);
        let comparison = download.compare(avala_transfer::CompareBy::Hash).verify().await.unwrap();
        assert_eq!((comparison.is_equal(), comparison.same.len()), (true, 150));
        assert_eq!(files(&target).len(), 150);
        std::fs::remove_dir_all(&target).unwrap();
        downloads += 1;
    }
    println!("{} kills, {downloads} downloads of 150 files", killer.done);
}

#[tokio::test]
async fn processes_that_start_together_never_mix_a_file() {
    let bytes = content(4 * MIB, 3);
    let expected = bytes.clone();
    let server = Server::start(move |request| {
        let response = export(request, &origin(request));
        response.unwrap_or_else(|| serve(request, &bytes, Some("\"v1\"")))
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let api = format!("{}/api/v1", server.url);
    std::fs::create_dir(root.path().join("folder")).unwrap();
    std::os::unix::fs::symlink("folder", root.path().join("link")).unwrap();
    for round in 0..number("AVALA_TRANSFER_KILLS", 8) {
        let name = format!("{round}.bin");
        // One folder, spelled differently, and in every other round with separate state folders.
        let spellings = ["folder", "link/../folder/.", "link"].map(|folder| root.path().join(folder).join(&name));
        let state = |index: u64| root.path().join(format!("state{}", index * (round % 2)));
        let children: Vec<_> = (0..)
            .zip(&spellings)
            .map(|(index, target)| command(&api, &state(index), target).spawn().unwrap())
            .collect();
        let mut complete = 0;
        for child in children {
            let (is_complete, text) = output(child).await;
            complete += usize::from(is_complete);
            let names_holder = text.contains("process ") || text.contains("another process");
            assert!(is_complete || names_holder, "{text}");
        }
        assert!(complete >= 1);
        assert!(std::fs::read(root.path().join("folder").join(&name)).unwrap() == expected);
    }
}

#[tokio::test]
async fn full_disk_keeps_only_synced_bytes() {
    let bytes = content(32 * MIB, 4);
    let expected = bytes.clone();
    let server = Server::start(move |request| {
        let response = export(request, &origin(request));
        response.unwrap_or_else(|| serve(request, &bytes, Some("\"v1\"")))
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let (state, target) = (root.path().join("state"), root.path().join("out.bin"));
    let api = format!("{}/api/v1", server.url);
    let child = command(&api, &state, &target);
    // The largest size of a file stands for a full disk; without the trap the signal would end the process.
    let mut limited = Command::new("bash");
    let program = std::env::current_exe().unwrap();
    limited.args(["-c", "trap '' XFSZ; ulimit -f 16389; exec \"$0\" \"$@\""]).arg(program);
    limited.args(child.as_std().get_args());
    limited.envs(child.as_std().get_envs().filter_map(|(name, value)| Some((name, value?))));
    limited.stdout(Stdio::piped()).stderr(Stdio::piped());
    let (is_complete, text) = output(limited.spawn().unwrap()).await;
    assert!(!is_complete && text.contains("space"), "{text}");
    assert!(!target.exists());
    let (is_complete, text) = output(command(&api, &state, &target).spawn().unwrap()).await;
    assert!(is_complete, "{text}");
    assert!(std::fs::read(&target).unwrap() == expected);
}

#[tokio::test]
async fn faults_in_every_tenth_request_lose_nothing() {
    let count = number("AVALA_TRANSFER_SOAK", 60) as usize;
    let setup = Sandbox::builder().public_dataset("maps", count).item_size(50_000).rate_limits(false);
    let sandbox = setup.start().await.unwrap();
    let faults = [Fault::cut_body(20_000), Fault::drop_connection(), Fault::corrupt_body(7), Fault::expired_url()];
    for fault in faults {
        sandbox.fault(fault.on("GET", "/resolve/download/*").times(usize::MAX).one_in(40)).unwrap();
    }
    let root = tempfile::tempdir().unwrap();
    let (state, target) = (root.path().join("state"), root.path().join("maps"));
    let transfers = builder(&sandbox.api_url(), &state).build().unwrap();
    let download = transfers.download_revision("harbor-vision/maps@main").to_folder(&target);
    // A file may meet two refused URLs in a row, which ends it; the next run continues.
    let mut runs = 0;
    while download.clone().files_at_once(16).await.unwrap().failed().count() > 0 {
        runs += 1;
        assert!(runs < 20);
    }
    let comparison = download.compare(avala_transfer::CompareBy::Hash).verify().await.unwrap();
    assert_eq!(comparison.same.len(), count);
}

#[tokio::test]
async fn memory_does_not_grow_with_the_size_of_a_file() {
    let sandbox = Sandbox::builder().export_size(128 << 20).rate_limits(false).start().await.unwrap();
    let avala = avala_client::Avala::builder().api_key(sandbox.key()).base_url(sandbox.api_url());
    let avala = avala.allow_insecure_base_url(true).build().unwrap();
    let project = avala.projects().list().await.unwrap().items.remove(0);
    let export = avala.exports().create(&avala_client::types::CreateExport::project(&project.uid)).await.unwrap();
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("out.bin");
    let mut command = command(&sandbox.api_url(), &root.path().join("state"), &target);
    let (is_complete, text) = output(command.env(EXPORT, export.uid.as_str()).spawn().unwrap()).await;
    assert!(is_complete, "{text}");
    assert_eq!(std::fs::metadata(&target).unwrap().len(), 128 << 20);
    let peak = printed_peak(&text);
    println!("peak memory {peak} KiB");
    // The test program itself takes a part of it.
    assert!((1..64 << 10).contains(&peak), "{peak} KiB");
}

#[tokio::test]
async fn memory_does_not_grow_with_the_number_of_files() {
    let files = number("AVALA_TRANSFER_FILES", 1_000) as usize;
    let builder = Sandbox::builder().public_dataset("maps", files).item_size(100).rate_limits(false);
    let sandbox = builder.start().await.unwrap();
    let root = tempfile::tempdir().unwrap();
    let (state, target) = (root.path().join("state"), root.path().join("maps"));
    let (is_complete, text) = output(command(&sandbox.api_url(), &state, &target).spawn().unwrap()).await;
    assert!(is_complete, "{text}");
    let peak = printed_peak(&text);
    println!("peak memory {peak} KiB");
    assert!((1..80 << 10).contains(&peak), "{peak} KiB");
}
