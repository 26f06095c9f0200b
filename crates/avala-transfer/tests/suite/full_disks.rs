//! Full disks: small file systems in memory, each in its own mount namespace.
//!
//! The child is this test program in such a namespace: [`child`] mounts and runs the case that the environment names.

use std::path::Path;
use std::process::{Command as Blocking, Stdio};

use avala_sandbox::Sandbox;
use avala_transfer::{DatasetUpload, ErrorKind};
use tokio::process::Command;

use crate::download_support::{Server, content, export, files, origin, serve};
use crate::killing::{output, this_program};
use crate::support::{transfers, write};

const CASE: &str = "AVALA_TRANSFER_DISK_CASE";
const MIB: usize = 1 << 20;

/// Runs one case in its own namespace, or prints why it is skipped.
async fn in_namespace(case: &str) {
    let can_mount = Blocking::new("unshare")
        .args(["--mount", "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", "/mnt"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !can_mount.is_ok_and(|status| status.success()) {
        println!("skipped: a full disk ({case}), because this user cannot mount one (`unshare --mount` as root can)");
        return;
    }
    let inner = this_program("full_disks::child");
    let mut child = Command::new("unshare");
    child.args(["--mount"]).arg(inner.as_std().get_program()).args(inner.as_std().get_args()).env(CASE, case);
    child.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let (is_right, text) = output(child.spawn().unwrap()).await;
    assert!(is_right && text.contains("case passed"), "{text}");
}

#[tokio::test]
async fn child() {
    let Ok(case) = std::env::var(CASE) else { return };
    match case.as_str() {
        "target" => target_fills_up().await,
        "reserved" => target_is_too_small().await,
        "state" => state_fills_up().await,
        "read-only" => disk_is_read_only().await,
        other => panic!("unknown case {other}"),
    }
    println!("\ncase passed");
}

/// Mounts a file system in memory of this size, such as `8m`. Mounting it again changes its size.
fn mount(folder: &Path, size: &str) {
    let is_new = !folder.exists();
    std::fs::create_dir_all(folder).unwrap();
    let options = if is_new { format!("size={size}") } else { format!("remount,size={size}") };
    let status = Blocking::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder).status();
    assert!(status.unwrap().success());
}

#[tokio::test]
async fn download_continues_after_the_disk_filled_up() {
    in_namespace("target").await;
}

/// Fills the disk while an object of unknown length is written, for which no space can be reserved.
async fn target_fills_up() {
    let bytes = content(12 * MIB + 1, 1);
    let expected = bytes.clone();
    let server = Server::start(move |request| {
        let response = export(request, &origin(request));
        response.unwrap_or_else(|| crate::download_support::Response::new(200).body(bytes.clone()).without_length())
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let disk = root.path().join("disk");
    mount(&disk, "8m");
    let transfers = server.transfers(&root.path().join("state"));
    let download = || transfers.download_export("e1").to_file(disk.join("out.bin")).test_archive(false);
    let error = download().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Target, "{error}");
    assert!(error.to_string().contains("space"), "{error}");
    assert!(!disk.join("out.bin").exists());
    mount(&disk, "32m");
    download().await.unwrap();
    assert!(std::fs::read(disk.join("out.bin")).unwrap() == expected);
    assert_eq!(files(&disk), ["out.bin"]);
}

#[tokio::test]
async fn download_into_a_small_disk_fails_before_its_bytes() {
    in_namespace("reserved").await;
}

async fn target_is_too_small() {
    let bytes = content(24 * MIB, 2);
    let expected = bytes.clone();
    let server = Server::start(move |request| {
        let response = export(request, &origin(request));
        response.unwrap_or_else(|| serve(request, &bytes, Some("\"v1\"")))
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let disk = root.path().join("disk");
    mount(&disk, "16m");
    let transfers = server.transfers(&root.path().join("state"));
    let download = || transfers.download_export("e1").to_file(disk.join("out.bin")).test_archive(false);
    let error = download().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Target, "{error}");
    assert!(error.to_string().contains("space"), "{error}");
    assert!(server.requests("/files/").len() <= 1, "the size was in the first response");
    mount(&disk, "64m");
    download().await.unwrap();
    assert!(std::fs::read(disk.join("out.bin")).unwrap() == expected);
}

#[tokio::test]
async fn upload_continues_after_the_disk_of_its_state_filled_up() {
    in_namespace("state").await;
}

async fn state_fills_up() {
    const FILES: u64 = 600;
    let sandbox = Sandbox::start().await.unwrap();
    let root = tempfile::tempdir().unwrap();
    let (disk, source) = (root.path().join("disk"), root.path().join("source"));
    for file in 0..FILES {
        write(&source, &format!("{file:04}.mcap"), &content(500, file));
    }
    mount(&disk, "64k");
    let transfers = transfers(&sandbox, &disk.join("state")).build().unwrap();
    let upload = || DatasetUpload::new("full", "full").data_type("mcap").source(&source).wait(None);
    let error = transfers.upload_dataset(upload()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    let text = error.to_string();
    assert!(text.contains("space") && text.contains("state file"), "{text}");
    let sent = sandbox.storage().counters().puts;
    assert!((1..FILES).contains(&sent), "{sent}");
    mount(&disk, "8m");
    let report = transfers.upload_dataset(upload()).await.unwrap();
    assert_eq!(report.dataset.unwrap().item_count, FILES);
    assert!(sandbox.storage().objects().iter().filter(|object| object.key.contains("/full/")).all(|o| o.puts == 1));
}

#[tokio::test]
async fn read_only_disk_is_an_error_that_says_so() {
    in_namespace("read-only").await;
}

async fn disk_is_read_only() {
    let server = Server::start(move |request| {
        let response = export(request, &origin(request));
        response.unwrap_or_else(|| serve(request, b"{}", Some("\"v1\"")))
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let (disk, state) = (root.path().join("disk"), root.path().join("state"));
    mount(&disk, "8m");
    std::fs::create_dir(disk.join("folder")).unwrap();
    assert!(Blocking::new("mount").args(["-o", "remount,ro"]).arg(&disk).status().unwrap().success());
    let transfers = server.transfers(&state);
    for target in [disk.join("out.json"), disk.join("folder/out.json"), disk.join("new/out.json")] {
        let error = transfers.download_export("e1").to_file(&target).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Target, "{error}");
        assert!(error.to_string().contains("the file system is read-only"), "{error}");
        assert_eq!(error.help_text(), Some("choose another target"), "{error}");
    }
    let transfers = server.transfers(&disk.join("state"));
    let error = transfers.download_export("e1").to_file(root.path().join("out.json")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    assert!(error.to_string().contains("the file system is read-only"), "{error}");
}
