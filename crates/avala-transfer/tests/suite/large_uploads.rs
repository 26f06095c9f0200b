//! Very large and very many files in little memory.
//!
//! `AVALA_TRANSFER_SPARSE_MIB` and `AVALA_TRANSFER_MANY` set the size and the number in long runs.

use std::fs::File;

use avala_sandbox::{Bodies, Sandbox};
use tokio::process::Command;

use crate::killing::{number, output, printed_peak};
use crate::support::{client, write};
use crate::upload_kills::dataset_command;

/// Maximum memory for one file, in KiB: the goal of 32 MiB, and more in builds without optimization.
const FILE_KIB: u64 = if cfg!(debug_assertions) { 56 << 10 } else { 32 << 10 };
/// Maximum memory for many files, in KiB: the budget of 64 MiB, and 16 MiB.
const FILES_KIB: u64 = 80 << 10;

async fn peak(mut command: Command) -> u64 {
    let (_, text) = output(command.spawn().unwrap()).await;
    assert!(text.contains("complete"), "{text}");
    printed_peak(&text)
}

#[tokio::test]
async fn memory_does_not_grow_with_the_size_of_an_upload() {
    let mib = number("AVALA_TRANSFER_SPARSE_MIB", 512);
    let sandbox = Sandbox::builder().storage_bodies(Bodies::Count).start().await.unwrap();
    let root = tempfile::tempdir().unwrap();
    let (state, source) = (root.path().join("state"), root.path().join("source"));
    write(&source, "sparse.mcap", b"");
    File::options().write(true).open(source.join("sparse.mcap")).unwrap().set_len(mib << 20).unwrap();
    let peak = peak(dataset_command(&sandbox, &state, &source, "sparse")).await;
    assert_eq!(sandbox.storage().counters().bytes, mib << 20);
    println!("a file of {mib} MiB: peak memory {peak} KiB");
    assert!((1..FILE_KIB).contains(&peak), "{peak} KiB");
}

#[tokio::test]
async fn memory_hardly_grows_with_the_number_of_files() {
    let files = number("AVALA_TRANSFER_MANY", 1_500);
    let sandbox = Sandbox::builder().storage_bodies(Bodies::Count).start().await.unwrap();
    let root = tempfile::tempdir().unwrap();
    let (state, source) = (root.path().join("state"), root.path().join("source"));
    for file in 0..files {
        write(&source, &format!("{:03}/{file:06}.mcap", file / 1_000), &file.to_be_bytes());
    }
    let peak = peak(dataset_command(&sandbox, &state, &source, "many")).await;
    let dataset = client(&sandbox).datasets().list().name("many").await.unwrap().items.remove(0);
    assert_eq!((dataset.item_count, sandbox.storage().counters().puts), (files, files));
    println!("{files} files: peak memory {peak} KiB");
    assert!((1..FILES_KIB).contains(&peak), "{peak} KiB");
}
