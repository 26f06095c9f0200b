//! Downloads by several processes, by killed processes, and to full disks.
//!
//! The child is this test program: [`child`] runs the download that the environment describes.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use avala_sandbox::{Fault, Sandbox};
use tokio::process::Command;
use tokio::sync::Semaphore;

use crate::download_support::{Server, builder, content, export, files, origin, serve};
use crate::killing::{Killer, number, output, peak_memory, printed_peak, this_program};

const API: &str = "AVALA_TRANSFER_TEST_API";
const STATE: &str = "AVALA_TRANSFER_TEST_STATE";
const TARGET: &str = "AVALA_TRANSFER_TEST_TARGET";
const EXPORT: &str = "AVALA_TRANSFER_TEST_EXPORT";
const MIB: usize = 1 << 20;

/// The download of a child process: the export `e1` to a file, or a public revision to a folder.
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
    let state = root.path().join("state");
    let api = format!("{}/api/v1", server.url);
    // Also with names of the maximum length, with which names of temporary, lock and state files must not grow.
    let names = ["out.bin".to_owned(), format!("{}.bin", "x".repeat(251)), format!("{}xx.bin", "語".repeat(83))];
    let mut killer = Killer::new(1);
    let mut downloads = 0;
    while killer.left > 0 || downloads < names.len() {
        let target = root.path().join(&names[downloads % names.len()]);
        let (is_complete, text) = loop {
            if let Some(ended) = killer.run(&mut command(&api, &state, &target)).await {
                break ended;
            }
            assert!(!target.exists() || std::fs::read(&target).unwrap() == expected);
        };
        assert!(is_complete, "{text}");
        assert!(std::fs::read(&target).unwrap() == expected);
        let own = |name: &String| name.starts_with(".avala-");
        assert_eq!(files(root.path()).into_iter().filter(own).count(), 0, "no temporary file and no lock stays");
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
        // The same folder with another spelling, and with separate state folders in every other round.
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
            assert!(is_complete || text.contains("process ") && text.contains(" on host "), "{text}");
        }
        assert!(complete >= 1);
        assert!(std::fs::read(root.path().join("folder").join(&name)).unwrap() == expected);
    }
}

#[tokio::test]
async fn separate_state_folders_share_the_lock_of_a_target() {
    let bytes = content(MIB, 5);
    let expected = bytes.clone();
    let hangs = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let hanging = Arc::clone(&hangs);
    let server = Server::start(move |request| {
        let response = export(request, &origin(request));
        response.unwrap_or_else(|| match serve(request, &bytes, Some("\"v1\"")) {
            response if hanging.load(std::sync::atomic::Ordering::SeqCst) => response.cut_at(1000).then_hang(),
            response => response,
        })
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("out.bin");
    let transfers = |state: &str| server.transfers(&root.path().join(state));
    let first = transfers("state1").download_export("e1").to_file(&target).start();
    let begun = async {
        while first.totals().bytes_transferred == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), begun).await.unwrap();
    let second = transfers("state2").download_export("e1").to_file(&target).start();
    let error = tokio::time::timeout(Duration::from_secs(60), second).await.expect("it does not wait").unwrap_err();
    assert_eq!(error.kind(), avala_transfer::ErrorKind::Locked);
    let text = error.to_string();
    assert!(text.contains(&format!("process {} on host ", std::process::id())) && text.contains("ago"), "{text}");
    // Another file of the same folder is another target.
    hangs.store(false, std::sync::atomic::Ordering::SeqCst);
    transfers("state2").download_export("e1").to_file(root.path().join("other.bin")).await.unwrap();
    first.control().cancel();
    first.await.unwrap_err();
    transfers("state2").download_export("e1").to_file(&target).await.unwrap();
    assert!(std::fs::read(&target).unwrap() == expected);
    assert!(files(root.path()).iter().all(|name| !name.ends_with(".lock") || name.starts_with("state")));
}

/// Largest size of a file once the space is gone: the write that meets it is cut short at an odd place.
const SPACE: usize = 18 * MIB + 5;

#[tokio::test]
async fn full_disk_keeps_only_synced_bytes() {
    let bytes = content(32 * MIB, 4);
    let expected = bytes.clone();
    let gate = Arc::new(Semaphore::new(0));
    let gated = Arc::clone(&gate);
    let server = Server::start(move |request| {
        if let Some(response) = export(request, &origin(request)) {
            return response;
        }
        let response = serve(request, &bytes, Some("\"v1\""));
        // The first half arrives immediately, the second half when there is too little space for it.
        let (start, end) = request.range().unwrap_or((0, bytes.len()));
        if end <= 16 * MIB { response } else { response.rest_after((16 * MIB).saturating_sub(start), &gated) }
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let (state, target) = (root.path().join("state"), root.path().join("out.bin"));
    let api = format!("{}/api/v1", server.url);
    let child = command(&api, &state, &target);
    // Without the trap, the signal would end the process.
    let mut trapped = Command::new("bash");
    trapped.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(std::env::current_exe().unwrap());
    trapped.args(child.as_std().get_args());
    trapped.envs(child.as_std().get_envs().filter_map(|(name, value)| Some((name, value?))));
    let child = trapped.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let part = || files(root.path()).into_iter().find(|name| name.ends_with(".part"));
    let half_arrived = async {
        loop {
            let written = part().and_then(|name| std::fs::read(root.path().join(name)).ok()).unwrap_or_default();
            if written.len() == 32 * MIB && written[..16 * MIB] == expected[..16 * MIB] {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), half_arrived).await.unwrap();
    let limit = format!("--fsize={SPACE}");
    let mut limited = std::process::Command::new("prlimit");
    limited.args(["--pid", &child.id().unwrap().to_string(), &limit]);
    assert!(limited.status().unwrap().success());
    gate.add_permits(1000);
    let (is_complete, text) = output(child).await;
    assert!(!is_complete && text.contains("the disk is full"), "{text}");
    assert!(!target.exists());
    let begun = std::fs::read(root.path().join(part().unwrap())).unwrap();

    let before = server.requests("/files/").len();
    let (is_complete, text) = output(command(&api, &state, &target).spawn().unwrap()).await;
    assert!(is_complete, "{text}");
    assert!(std::fs::read(&target).unwrap() == expected);
    let again: Vec<_> = server.requests("/files/").split_off(before).iter().map(|r| r.range().unwrap()).collect();
    assert!(again.iter().all(|(start, _)| *start >= 16 * MIB), "what was written is not sent again: {again:?}");
    let is_kept = |position: usize| !again.iter().any(|(start, end)| (*start..*end).contains(&position));
    for position in (16 * MIB..32 * MIB).step_by(4096).filter(|position| is_kept(*position)) {
        assert!(position < SPACE && begun[position] == expected[position], "kept without space: {position}");
    }
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
    // Two consecutive refused URLs fail a file; the next run continues.
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
    // This includes the memory of the test program.
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
