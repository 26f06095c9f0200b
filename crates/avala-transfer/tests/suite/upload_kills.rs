//! Uploads of processes that are killed at random moments.
//!
//! The child is this test program: [`child`] runs the upload that the environment describes.
//! `AVALA_TRANSFER_KILLS` and `AVALA_TRANSFER_FILES` set the number of kills and files in long runs.

use std::path::{Path, PathBuf};

use avala_client::Avala;
use avala_client::transport::RateLimiter;
use avala_sandbox::Sandbox;
use avala_transfer::{DatasetUpload, Digest, ErrorKind, RecordingUpload, Transfers};
use tokio::process::Command;

use crate::killing::{Killer, number, peak_memory, this_program};
use crate::support::{client, content, write};

const API: &str = "AVALA_TRANSFER_UPLOAD_API";
const STATE: &str = "AVALA_TRANSFER_UPLOAD_STATE";
const SOURCE: &str = "AVALA_TRANSFER_UPLOAD_SOURCE";
/// Name of a dataset, or UID of a recording.
const DATASET: &str = "AVALA_TRANSFER_UPLOAD_DATASET";
const RECORDING: &str = "AVALA_TRANSFER_UPLOAD_RECORDING";
/// Set if the user found out that a requested dataset does not exist.
const CREATE_AGAIN: &str = "AVALA_TRANSFER_UPLOAD_CREATE_AGAIN";
const MIB: usize = 1 << 20;
/// Maximum number of uploads that a kill can repeat: ten in flight, and as many whose response has
/// arrived and is not recorded yet.
const IN_FLIGHT: u64 = 20;

/// Prints `complete` and its peak memory, or the kind of the error.
#[tokio::test]
async fn child() {
    let Ok(api) = std::env::var(API) else { return };
    let path = |name: &str| PathBuf::from(std::env::var_os(name).unwrap());
    let avala = Avala::builder().api_key("avk_test").base_url(api).allow_insecure_base_url(true);
    let avala = avala.rate_limiter(RateLimiter::off()).build().unwrap();
    let transfers = Transfers::builder(avala).state_folder(path(STATE)).build().unwrap();
    let result = match std::env::var(RECORDING) {
        Ok(recording) => {
            let upload = RecordingUpload::new(recording, path(SOURCE)).wait(None);
            transfers.upload_recording(upload).await.map(drop)
        }
        Err(_) => {
            let name = std::env::var(DATASET).unwrap();
            let upload = DatasetUpload::new(&name, name.as_str()).data_type("mcap").source(path(SOURCE)).wait(None);
            let upload = upload.create_again(std::env::var_os(CREATE_AGAIN).is_some());
            transfers.upload_dataset(upload).await.map(drop)
        }
    };
    match result {
        Ok(()) => println!("\ncomplete {}", peak_memory()),
        Err(error) => println!("\nkind {:?}: {error}", error.kind()),
    }
}

/// Creates a child that uploads a folder to a dataset or a recording.
pub(crate) fn command(sandbox: &Sandbox, state: &Path, source: &Path, to: (&str, &str)) -> Command {
    let mut command = this_program("upload_kills::child");
    command.env(API, sandbox.api_url()).env(STATE, state).env(SOURCE, source).env(to.0, to.1);
    command
}

/// Creates a child that uploads a folder to a dataset.
pub(crate) fn dataset_command(sandbox: &Sandbox, state: &Path, source: &Path, name: &str) -> Command {
    command(sandbox, state, source, (DATASET, name))
}

#[tokio::test]
async fn killed_dataset_upload_completes_with_one_dataset() {
    let sandbox = Sandbox::start().await.unwrap();
    let root = tempfile::tempdir().unwrap();
    let (state, source) = (root.path().join("state"), root.path().join("source"));
    let files = number("AVALA_TRANSFER_FILES", 60);
    for file in 0..files {
        write(&source, &format!("{file:05}.mcap"), &content(2_000, file));
    }
    for file in 0..3 {
        write(&source, &format!("large{file}.mcap"), &content(11 * MIB, file + 1_000_000));
    }
    // Names of the maximum length, with which the names of state files must not grow.
    for name in ["x".repeat(250), "語".repeat(83)] {
        write(&source, &format!("{name}.mcap"), &content(2_000, 77));
    }
    let files = files + 5;
    let mut killer = Killer::new(7);
    let mut uploads = 0;
    let mut sent_again = 0;
    while killer.left > 0 || uploads == 0 {
        let (name, kills) = (format!("killed{uploads}"), killer.done);
        let before = sandbox.storage().counters();
        let mut command = dataset_command(&sandbox, &state, &source, &name);
        let text = loop {
            let Some((_, text)) = killer.run(&mut command).await else { continue };
            if !text.contains("kind Undecided") {
                break text;
            }
            // Killed after it had recorded the request and before it sent it: only the user can decide.
            let datasets = client(&sandbox).datasets().list().name(&name).await.unwrap().items;
            assert!(datasets.is_empty(), "{text}");
            command.env(CREATE_AGAIN, "1");
        };
        assert!(text.contains("complete"), "{text}");
        check_dataset(&sandbox, &source, &name, files).await;
        // A PUT of an existing object is refused: its bytes were sent twice.
        let after = sandbox.storage().counters();
        let again = after.parts_again + after.refused - before.parts_again - before.refused;
        assert!(
            again <= (killer.done - kills) * IN_FLIGHT,
            "{again} were sent twice after {} kills",
            killer.done - kills
        );
        sent_again += again;
        for object in sandbox.storage().objects() {
            sandbox.storage().remove(&object.key).unwrap();
        }
        uploads += 1;
    }
    println!("{} kills, {uploads} uploads of {files} files, {sent_again} files or parts sent twice", killer.done);
}

/// Checks that the server has every byte and one dataset.
async fn check_dataset(sandbox: &Sandbox, source: &Path, name: &str, files: u64) {
    let datasets = client(sandbox).datasets().list().name(name).limit(100).await.unwrap().items;
    let counts: Vec<u64> = datasets.iter().filter(|set| set.name == name).map(|set| set.item_count).collect();
    assert_eq!(counts, [files], "one dataset of all files");
    let storage = sandbox.storage();
    let inside = format!("/{name}/");
    let mut stored = 0;
    for object in storage.objects().into_iter().filter(|object| object.key.contains(&inside)) {
        let file = object.key.rsplit('/').next().unwrap();
        let local = std::fs::read(source.join(file)).unwrap();
        assert_eq!(storage.sha256(&object.key).unwrap(), Digest::of(&local).to_string(), "{file}");
        assert!(object.puts <= 1, "{file} was stored {} times", object.puts);
        stored += 1;
    }
    assert_eq!(stored, files);
}

#[tokio::test]
async fn killed_recording_completes_or_is_stuck_in_its_init() {
    const FILES: usize = 120;
    let mut killer = Killer::new(8);
    let sandbox = Sandbox::builder().recordings(killer.left as usize + 1).start().await.unwrap();
    let root = tempfile::tempdir().unwrap();
    let (state, source) = (root.path().join("state"), root.path().join("source"));
    for file in 0..FILES {
        write(&source, &format!("{file:03}.bin"), &content(20_000, file as u64));
    }
    let (mut complete, mut stuck) = (0, 0);
    let mut recordings = client(&sandbox).fleet().recordings().list().items();
    while killer.left > 0 || complete == 0 {
        let recording = recordings.next().await.expect("a recording for each kill").unwrap().uid.to_string();
        let text = loop {
            let mut child = command(&sandbox, &state, &source, (RECORDING, &recording));
            if let Some((_, text)) = killer.run(&mut child).await {
                break text;
            }
        };
        if text.contains(&format!("kind {:?}", ErrorKind::Stuck)) {
            assert!(text.contains(&recording) && text.contains("another recording"), "{text}");
            stuck += 1;
            continue;
        }
        assert!(text.contains("complete"), "{text}");
        complete += 1;
        let storage = sandbox.storage();
        let objects = storage.objects().into_iter().filter(|object| object.key.contains(&recording));
        let objects: Vec<_> = objects.collect();
        assert_eq!(objects.len(), FILES);
        for object in objects {
            let local = std::fs::read(source.join(object.key.rsplit('/').next().unwrap())).unwrap();
            assert_eq!(storage.sha256(&object.key).unwrap(), Digest::of(&local).to_string(), "{}", object.key);
            storage.remove(&object.key).unwrap();
        }
    }
    println!("{} kills, {complete} recordings complete, {stuck} stuck in their init", killer.done);
}
