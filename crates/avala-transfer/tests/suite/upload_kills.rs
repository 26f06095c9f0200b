//! Uploads by processes that are killed at random moments.
//!
//! The child is this test program: [`child`] uploads what the environment names, and does nothing without it.
//! `AVALA_TRANSFER_KILLS` and `AVALA_TRANSFER_FILES` set the number of kills and files in long runs.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use avala_client::Avala;
use avala_client::transport::RateLimiter;
use avala_sandbox::Sandbox;
use avala_transfer::{DatasetUpload, Digest, ErrorKind, RecordingUpload, Transfers};
use tokio::process::{Child, Command};

use crate::support::{client, content, write};

const API: &str = "AVALA_TRANSFER_UPLOAD_API";
const STATE: &str = "AVALA_TRANSFER_UPLOAD_STATE";
const SOURCE: &str = "AVALA_TRANSFER_UPLOAD_SOURCE";
/// UID of a recording; a dataset if it is unset.
const RECORDING: &str = "AVALA_TRANSFER_UPLOAD_RECORDING";
const MIB: usize = 1 << 20;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Prints `complete`, or the kind of the error.
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
            let upload = DatasetUpload::new("killed", "killed").data_type("mcap").source(path(SOURCE)).wait(None);
            transfers.upload_dataset(upload).await.map(drop)
        }
    };
    match result {
        Ok(()) => println!("complete"),
        Err(error) => println!("kind {:?}: {error}", error.kind()),
    }
}

fn command(sandbox: &Sandbox, state: &Path, source: &Path, recording: Option<&str>) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "upload_kills::child", "--nocapture", "--test-threads", "1"]);
    command.env(API, sandbox.api_url()).env(STATE, state).env(SOURCE, source).env_remove("RUST_BACKTRACE");
    if let Some(recording) = recording {
        command.env(RECORDING, recording);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn output(child: Child) -> String {
    let output = tokio::time::timeout(Duration::from_secs(300), child.wait_with_output()).await.unwrap().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

/// Starts a child and kills it after a random time; returns what it printed if it ended before.
async fn run_and_kill(command: &mut Command, random: &mut fastrand::Rng, longest: u64) -> Option<String> {
    let mut child = command.spawn().unwrap();
    let time = Duration::from_millis(random.u64(10..longest));
    if tokio::time::timeout(time, child.wait()).await.is_ok() {
        return Some(output(child).await);
    }
    child.kill().await.unwrap();
    None
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
    let kills = number("AVALA_TRANSFER_KILLS", 10);
    let mut random = fastrand::Rng::with_seed(7);
    let mut ended = None;
    for _ in 0..kills {
        ended = run_and_kill(&mut command(&sandbox, &state, &source, None), &mut random, 900).await;
        if ended.is_some() {
            break;
        }
    }
    let text = match ended {
        Some(text) => text,
        None => output(command(&sandbox, &state, &source, None).spawn().unwrap()).await,
    };
    assert!(text.contains("complete"), "{text}");

    let mut datasets = client(&sandbox).datasets().list().name("killed").items();
    let dataset = datasets.next().await.unwrap().unwrap();
    assert_eq!(dataset.item_count, files + 3);
    assert!(datasets.next().await.is_none(), "one dataset");
    let storage = sandbox.storage();
    let mut stored = 0;
    for object in storage.objects().into_iter().filter(|object| object.key.contains("/killed/")) {
        let name = object.key.rsplit('/').next().unwrap();
        let local = std::fs::read(source.join(name)).unwrap();
        assert_eq!(storage.sha256(&object.key).unwrap(), Digest::of(&local).to_string(), "{name}");
        assert!(object.puts <= 1, "{name} was stored {} times", object.puts);
        stored += 1;
    }
    assert_eq!(stored, files + 3);
    assert!(storage.counters().parts_again <= kills * 10, "{:?}", storage.counters());
}

#[tokio::test]
async fn killed_recording_completes_or_is_stuck_in_its_init() {
    let sandbox = Sandbox::start().await.unwrap();
    let root = tempfile::tempdir().unwrap();
    let (state, source) = (root.path().join("state"), root.path().join("source"));
    for file in 0..120 {
        write(&source, &format!("{file:03}.bin"), &content(20_000, file));
    }
    let mut recordings = client(&sandbox).fleet().recordings().list().items();
    let mut recording = recordings.next().await.unwrap().unwrap().uid.to_string();
    let mut random = fastrand::Rng::with_seed(8);
    let mut kills = number("AVALA_TRANSFER_KILLS", 10);
    let stuck = format!("kind {:?}", ErrorKind::Stuck);
    loop {
        let mut child = command(&sandbox, &state, &source, Some(&recording));
        let text = if kills > 0 {
            kills -= 1;
            match run_and_kill(&mut child, &mut random, 500).await {
                Some(text) => text,
                None => continue,
            }
        } else {
            output(child.spawn().unwrap()).await
        };
        if text.contains(&stuck) {
            assert!(text.contains(&recording) && text.contains("another recording"), "{text}");
            recording = recordings.next().await.expect("enough recordings").unwrap().uid.to_string();
            continue;
        }
        assert!(text.contains("complete"), "{text}");
        break;
    }
    let storage = sandbox.storage();
    let objects = storage.objects().into_iter().filter(|object| object.key.contains(&recording)).collect::<Vec<_>>();
    assert_eq!(objects.len(), 120);
    for object in objects {
        let local = std::fs::read(source.join(object.key.rsplit('/').next().unwrap())).unwrap();
        assert_eq!(storage.sha256(&object.key).unwrap(), Digest::of(&local).to_string(), "{}", object.key);
    }
}
