//! Wrong and jumping local clocks, with Debian's `faketime`.
//!
//! The child process is the one of the kill tests. The sandbox has the right time, and refuses expired URLs.

use std::process::Command as Blocking;
use std::time::Duration;

use avala_sandbox::Sandbox;
use tokio::process::Command;

use crate::killing::output;
use crate::support::{content, write};
use crate::upload_kills::dataset_command;

/// Returns the library that moves the clock, or `None` if it is not installed.
fn library() -> Option<String> {
    let shown = Blocking::new("faketime").args(["-f", "+0", "printenv", "LD_PRELOAD"]).output();
    let text = shown.ok().filter(|shown| shown.status.success()).map(|shown| shown.stdout);
    let library = text.map(|text| String::from_utf8_lossy(&text).trim().to_owned()).filter(|text| !text.is_empty());
    if library.is_none() {
        println!("skipped: a wrong clock, because faketime is not installed (Debian: apt-get install faketime)");
    }
    library
}

/// Moves the wall clock of a child, as a user or NTP does; the monotonic clock does not change.
fn with_clock(command: &mut Command, library: &str) {
    command.env("LD_PRELOAD", library).env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1");
    command.env("FAKETIME_NO_CACHE", "1").env("NO_FAKE_STAT", "1");
}

#[tokio::test]
async fn wrong_clock_neither_stops_an_upload_nor_sends_twice() {
    let Some(library) = library() else { return };
    for offset in ["+20m", "-20m", "+3d", "-3d"] {
        let sandbox = Sandbox::start().await.unwrap();
        let root = tempfile::tempdir().unwrap();
        let (state, source) = (root.path().join("state"), root.path().join("source"));
        for file in 0..20 {
            write(&source, &format!("{file:02}.mcap"), &content(3_000, file));
        }
        write(&source, "large.mcap", &content(11 << 20, 99));
        let mut command = dataset_command(&sandbox, &state, &source, "clock");
        with_clock(&mut command, &library);
        let (_, text) = output(command.env("FAKETIME", offset).spawn().unwrap()).await;
        assert!(text.contains("complete"), "{offset}: {text}");
        let counters = sandbox.storage().counters();
        assert_eq!((counters.puts, counters.parts, counters.refused), (20, 3, 0), "{offset}");
    }
}

#[tokio::test]
async fn clock_that_jumps_during_an_upload_does_no_harm() {
    let Some(library) = library() else { return };
    // Every response is delayed, so that the clock jumps during the upload.
    let sandbox = Sandbox::builder().latency(Duration::from_millis(40)).start().await.unwrap();
    let root = tempfile::tempdir().unwrap();
    let (state, source, clock) = (root.path().join("state"), root.path().join("source"), root.path().join("clock"));
    for file in 0..150 {
        write(&source, &format!("{file:03}.mcap"), &content(3_000, file));
    }
    std::fs::write(&clock, "+0").unwrap();
    let mut command = dataset_command(&sandbox, &state, &source, "jumps");
    with_clock(&mut command, &library);
    let child = command.env("FAKETIME_TIMESTAMP_FILE", &clock).spawn().unwrap();
    let jumps = async {
        for offset in ["+20m", "-20m", "+1d", "+0"].iter().cycle() {
            tokio::time::sleep(Duration::from_millis(150)).await;
            std::fs::write(root.path().join("next"), offset).unwrap();
            std::fs::rename(root.path().join("next"), &clock).unwrap();
        }
    };
    let (_, text) = tokio::select! {
        ended = output(child) => ended,
        () = jumps => unreachable!("it continues until the child ends"),
    };
    assert!(text.contains("complete"), "{text}");
    let counters = sandbox.storage().counters();
    assert_eq!((counters.puts, counters.refused), (150, 0));
}
