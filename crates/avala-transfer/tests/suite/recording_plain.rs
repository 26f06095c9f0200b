//! Recordings with the plain protocol.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use avala_sandbox::Sandbox;
use avala_transfer::{ErrorKind, RecordingUpload};
use serde_json::json;

use crate::fake::world::{Effect, World};
use crate::support::{client, content, folder, transfers, write};

const RECORDING: &str = "11111111-1111-4111-8111-111111111111";

fn upload(source: &tempfile::TempDir) -> RecordingUpload {
    RecordingUpload::new(RECORDING, source.path())
}

fn many(count: u64) -> tempfile::TempDir {
    let files: Vec<(String, Vec<u8>)> = (0..count).map(|n| (format!("{n:04}.bin"), content(50, n))).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    folder(&files)
}

#[tokio::test]
async fn files_reach_the_sandbox_and_a_second_run_sends_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let recordings = client(&sandbox).fleet().recordings().list().items().next().await;
    let recording = recordings.unwrap().unwrap().uid;
    let source = folder(&[("a.mcap", &content(300_000, 1)), ("sub/empty.log", b""), ("ü.txt", b"x")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = transfers(&sandbox, state.path()).build().unwrap();
    let upload = RecordingUpload::new(&recording, source.path()).wait(None);
    let report = transfers.upload_recording(upload.clone()).await.unwrap();
    assert_eq!(report.files.transferred(), 3);
    sandbox.clear_requests();
    let again = transfers.upload_recording(upload).await.unwrap();
    assert_eq!((again.session_uid, again.files.skipped()), (report.session_uid, 3));
    assert!(sandbox.requests().iter().all(|request| request.method == http::Method::GET));
}

#[tokio::test(start_paused = true)]
async fn urls_that_expire_are_requested_again_in_batches() {
    let world = World::new();
    world.state().url_life = Duration::from_secs(2);
    world.state().put_time = Duration::from_secs(1);
    let source = many(200);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let report = transfers.upload_recording(upload(&source)).await.unwrap();
    assert_eq!(report.files.transferred(), 200);
    let calls = world.count("/upload/urls/");
    let state = world.state();
    assert!(state.puts.iter().all(|put| put.status == 200), "no PUT began with an expired URL");
    assert_eq!(state.puts.len(), 200, "nothing was sent twice");
    assert!(calls < 60, "{calls} calls for 200 URLs");
    assert_eq!(world_count(&state.calls, "/confirm/"), 2);
}

fn world_count(calls: &[String], text: &str) -> usize {
    calls.iter().filter(|call| call.contains(text)).count()
}

#[tokio::test(start_paused = true)]
async fn lost_init_is_stuck_and_names_the_recording() {
    for effect in [Effect::Lose, Effect::LoseResponse, Effect::Status(502, vec![])] {
        let world = World::new();
        world.fault("/upload/init/", 1, effect);
        let source = folder(&[("a.bin", b"a")]);
        let state = tempfile::tempdir().unwrap();
        let transfers = world.transfers(state.path()).build().unwrap();
        for _ in 0..2 {
            let error = transfers.upload_recording(upload(&source)).await.unwrap_err();
            assert_eq!((error.kind(), error.subject()), (ErrorKind::Stuck, Some(RECORDING)));
            assert!(error.help_text().unwrap().contains("another recording"));
            assert!(!error.is_resumable());
        }
        assert_eq!(world.count("/upload/init/"), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn refused_init_can_be_repeated() {
    let world = World::new();
    world.fault("/upload/init/", 1, Effect::Status(403, vec![]));
    let source = folder(&[("a.bin", b"a")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let error = transfers.upload_recording(upload(&source)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api);
    write(source.path(), "b.bin", b"b");
    let report = transfers.upload_recording(upload(&source)).await.unwrap();
    assert_eq!(report.files.transferred(), 2);
}

#[tokio::test(start_paused = true)]
async fn session_of_another_program_is_refused() {
    let world = World::new();
    let (source, other) = (folder(&[("a.bin", b"a")]), folder(&[("a.bin", b"x")]));
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    world.transfers(one.path()).build().unwrap().upload_recording(upload(&other)).await.unwrap();
    let error = world.transfers(two.path()).build().unwrap().upload_recording(upload(&source)).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Conflict, Some(RECORDING)));
    assert_eq!(world.count("/upload/init/"), 1);
}

#[tokio::test(start_paused = true)]
async fn failed_files_are_sent_by_the_next_run_only() {
    let world = World::new();
    world.fault("0007.bin", 1, Effect::Status(410, vec![]));
    let source = many(20);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let error = transfers.upload_recording(upload(&source)).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Storage, Some("0007.bin")));
    assert_eq!(error.report().unwrap().transferred(), 19);
    assert_eq!(world.count("/finalize/"), 0);
    world.state().puts.clear();
    let report = transfers.upload_recording(upload(&source)).await.unwrap();
    assert_eq!((report.files.skipped(), report.files.transferred()), (19, 1));
    assert_eq!(world.state().puts.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn lost_confirm_and_finalize_are_resolved_by_the_status() {
    let world = World::new();
    world.fault("/confirm/", 3, Effect::LoseResponse);
    world.fault("/finalize/", 1, Effect::LoseResponse);
    let source = folder(&[("a.bin", b"a")]);
    let state = tempfile::tempdir().unwrap();
    world.transfers(state.path()).build().unwrap().upload_recording(upload(&source)).await.unwrap();
    assert_eq!(world.count("/finalize/"), 1);
}

#[tokio::test(start_paused = true)]
async fn file_that_changes_after_it_was_sent_is_found_before_finalize() {
    let world = World::new();
    world.fault("/finalize/", 1, Effect::Status(503, vec![]));
    let source = folder(&[("a.bin", b"one"), ("b.bin", b"b")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    transfers.upload_recording(upload(&source)).await.unwrap_err();
    fs::write(source.path().join("a.bin"), b"two").unwrap();
    let error = transfers.upload_recording(upload(&source)).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::SourceChanged, Some("a.bin")));
    assert_eq!(world.count("/finalize/"), 1);
    fs::write(source.path().join("a.bin"), b"three").unwrap();
    let error = transfers.upload_recording(upload(&source)).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Conflict, Some("a.bin")));
    fs::write(source.path().join("a.bin"), b"one").unwrap();
    transfers.upload_recording(upload(&source)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn large_recording_is_resumed_with_a_truncated_list() {
    let world = World::new();
    let source = many(1_300);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let error = transfers.upload_recording(upload(&source).max_bytes(50 * 150)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitReached);
    let report = transfers.upload_recording(upload(&source)).await.unwrap();
    assert_eq!((report.files.skipped(), report.files.transferred()), (150, 1_150));
    assert_eq!(world.state().puts.iter().filter(|put| put.status == 200).count(), 1_300);
}

#[tokio::test(start_paused = true)]
async fn invalid_responses_are_refused() {
    type Change = fn(&mut serde_json::Value);
    let table: [(&str, Change); 8] = [
        ("/init/", |value| value["total_bytes"] = json!(7)),
        ("/init/", |value| value["s3_prefix"] = json!("fleet/other/")),
        ("/urls/", |value| value["urls"][0]["s3_key"] = json!("fleet/other")),
        ("/urls/", |value| value["urls"][0]["headers"]["x-amz-acl"] = json!("public-read")),
        ("/urls/", |value| value["urls"] = json!([])),
        ("/confirm/", |value| value["confirmed_files"] = json!(2)),
        ("/confirm/", |value| value["session_uid"] = json!("other")),
        ("/confirm/", |value| drop(value.as_object_mut().unwrap().remove("total_files"))),
    ];
    for (index, (on, change)) in table.into_iter().enumerate() {
        let world = World::new();
        world.fault(on, 99, Effect::Replace(change));
        let source = folder(&[("a.bin", b"a")]);
        let state = tempfile::tempdir().unwrap();
        let transfers = world.transfers(state.path()).build().unwrap();
        let error = transfers.upload_recording(upload(&source)).await.unwrap_err();
        assert_eq!((index, error.kind()), (index, ErrorKind::Protocol), "{error}");
        assert_eq!(world.count("/finalize/"), 0);
    }
    let world = World::new();
    world.fault(
        "/urls/",
        99,
        Effect::Replace(|value| {
            value["urls"][0]["put_url"] =
                json!("https://evil.example.com/fleet/org/11111111-1111-4111-8111-111111111111/a.bin");
        }),
    );
    let source = folder(&[("a.bin", b"a")]);
    let state = tempfile::tempdir().unwrap();
    let error = world.transfers(state.path()).build().unwrap().upload_recording(upload(&source)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageHost);
}

#[tokio::test(start_paused = true)]
async fn second_403_on_a_fresh_url_ends_the_file() {
    let world = World::new();
    world.fault("0003.bin", 9, Effect::Status(403, vec![]));
    let source = many(5);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let error = transfers.upload_recording(upload(&source)).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Storage, Some("0003.bin")));
    assert_eq!(error.status().map(|status| status.as_u16()), Some(403));
    assert_eq!(error.report().unwrap().transferred(), 4, "the others are sent");
    let refused = |world: &World| world.state().puts.iter().filter(|put| put.key.ends_with("/0003.bin")).count();
    assert_eq!((refused(&world), world.count("/upload/urls/")), (2, 2), "each PUT had a URL of its own");
    world.state().faults.clear();
    let report = transfers.upload_recording(upload(&source)).await.unwrap();
    assert_eq!((report.files.skipped(), report.files.transferred(), refused(&world)), (4, 1, 3));
}

#[tokio::test(start_paused = true)]
async fn first_403_is_followed_by_a_new_url() {
    let world = World::new();
    world.fault("0003.bin", 1, Effect::Status(403, vec![]));
    let source = many(5);
    let state = tempfile::tempdir().unwrap();
    let report = world.transfers(state.path()).build().unwrap().upload_recording(upload(&source)).await.unwrap();
    assert_eq!((report.files.transferred(), world.count("/upload/urls/")), (5, 2));
}

#[tokio::test(start_paused = true)]
async fn storage_that_is_busy_until_a_date_gets_no_request() {
    let world = World::new();
    let date = world.state().date_in(Duration::from_secs(90));
    world.fault("0003.bin", 1, Effect::Status(503, vec![("retry-after", date)]));
    let source = many(5);
    let state = tempfile::tempdir().unwrap();
    let started = tokio::time::Instant::now();
    let report = world.transfers(state.path()).build().unwrap().upload_recording(upload(&source)).await.unwrap();
    assert_eq!((report.files.transferred(), report.files.totals.retries), (5, 1));
    let seconds = started.elapsed().as_secs();
    assert!((89..=130).contains(&seconds), "{seconds} s");
}

#[tokio::test(start_paused = true)]
async fn receipt_of_the_official_client_causes_a_warning() {
    let world = World::new();
    let (source, official) = (many(1), tempfile::tempdir().unwrap());
    for (name, warnings) in [("22222222-2222-4222-8222-222222222222", 0), (RECORDING, 1)] {
        write(official.path(), &format!("{name}.json"), b"{}");
        let state = tempfile::tempdir().unwrap();
        let world = if warnings == 0 { world.clone() } else { World::new() };
        let builder = world.transfers(state.path()).official_client_state(official.path());
        let report = builder.build().unwrap().upload_recording(upload(&source)).await.unwrap();
        assert_eq!(report.files.warnings.len(), warnings, "{:?}", report.files.warnings);
        assert!(report.files.warnings.iter().all(|warning| warning.contains(RECORDING)));
    }
}

#[tokio::test(start_paused = true)]
async fn rotated_key_continues_and_another_user_does_not() {
    let world = World::new();
    world.fault("0003.bin", 1, Effect::Status(410, vec![]));
    let source = many(5);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    transfers.upload_recording(upload(&source)).await.unwrap_err();
    world.state().keys.clear();
    let client = world.client_of("avk_rotated", avala_client::transport::RateLimiter::off());
    let transfers = world.transfers_of(client, state.path()).build().unwrap();
    world.fault("/users/me/", 1, Effect::Replace(|value| value["uid"] = json!("u2")));
    let error = transfers.upload_recording(upload(&source)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    // Another folder with the same files continues the upload.
    let moved = many(5);
    let report = transfers.upload_recording(upload(&moved)).await.unwrap();
    let stored: BTreeMap<_, _> = world.state().objects.clone().into_iter().collect();
    assert_eq!((stored.len(), report.files.transferred()), (5, 1));
    assert_eq!(Vec::from_iter(world.state().keys.clone()), ["avk_rotated"]);
}

#[tokio::test(start_paused = true)]
async fn plan_has_calls_and_bytes() {
    let world = World::new();
    let source = many(250);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let plan = transfers.upload_recording(upload(&source)).plan().await.unwrap();
    assert_eq!((plan.files, plan.bytes_to_send), (250, 250 * 50));
    world.state().calls.clear();
    transfers.upload_recording(upload(&source).wait(None)).await.unwrap();
    assert_eq!(world.state().calls.len() as u64, plan.calls);
    let plan = transfers.upload_recording(upload(&source)).plan().await.unwrap();
    assert_eq!((plan.files_done, plan.bytes_to_send), (250, 0));
}
