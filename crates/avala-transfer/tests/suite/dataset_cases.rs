//! Cases of dataset uploads: expiry, lost responses, existing objects, changing files.

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::time::Duration;

use avala_transfer::{DatasetUpload, Digest, ErrorKind, OnFailure};
use serde_json::json;

use crate::fake::world::{Effect, World};
use crate::support::{content, folder};

fn upload(source: &tempfile::TempDir) -> DatasetUpload {
    DatasetUpload::new("set", "set").source(source.path())
}

/// Waits until the files are old enough for their stamps to detect changes.
fn settle() {
    std::thread::sleep(Duration::from_millis(80));
}

#[tokio::test(start_paused = true)]
async fn expired_urls_are_requested_again() {
    let world = World::new();
    world.state().url_life = Duration::from_secs(2);
    world.state().put_time = Duration::from_secs(20);
    let files: Vec<(String, Vec<u8>)> = (0..40).map(|n| (format!("{n:02}.jpg"), content(100, n))).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    let source = folder(&files);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let report = transfers.upload_dataset(upload(&source)).await.unwrap();
    assert_eq!(report.files.transferred(), 40);
    let state = world.state();
    assert!(state.puts.iter().all(|put| put.status == 200), "no PUT began with an expired URL: {:?}", state.puts);
    assert_eq!(state.puts.len(), 40, "nothing was sent twice");
}

#[tokio::test(start_paused = true)]
async fn second_403_on_a_fresh_url_ends_the_file() {
    let world = World::new();
    world.fault("PUT /__u__=/u1/set/a.jpg", 9, Effect::Status(403, vec![]));
    let source = folder(&[("a.jpg", b"a"), ("b.jpg", b"b")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let error = transfers.upload_dataset(upload(&source)).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Storage, Some("a.jpg")));
    assert_eq!(error.status().map(|status| status.as_u16()), Some(403));
    // The fake's clock is more than a year behind.
    let help = error.help_text().unwrap();
    assert!(help.contains("the clock of this machine is") && help.contains("min ahead of"), "{help}");
    assert_eq!(world.state().puts.iter().filter(|put| put.key.ends_with("a.jpg")).count(), 2);
    assert_eq!(error.report().unwrap().transferred(), 1);
}

#[tokio::test(start_paused = true)]
async fn put_that_is_cut_after_expiry_gets_a_new_url() {
    let world = World::new();
    world.state().url_life = Duration::from_secs(10);
    world.fault("PUT /__u__=/u1/set/a.jpg", 1, Effect::CutAfter(900_000, Duration::from_secs(30)));
    let source = folder(&[("a.jpg", &content(1_000_000, 1))]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    transfers.upload_dataset(upload(&source)).await.unwrap();
    assert_eq!(world.count("file-upload-url"), 2);
    let puts: Vec<_> = world.state().puts.iter().map(|put| (put.status, put.bytes >= 900_000)).collect();
    assert_eq!(puts, [(0, true), (200, true)]);
}

#[tokio::test(start_paused = true)]
async fn object_of_another_sender_is_not_accepted() {
    let world = World::new();
    world.state().objects.insert("__u__=/u1/set/a.jpg".to_owned(), b"old".to_vec());
    let source = folder(&[("a.jpg", b"new"), ("b.jpg", b"b")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    for _ in 0..2 {
        let error = transfers.upload_dataset(upload(&source)).await.unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ErrorKind::ContentUnknown, Some("a.jpg")));
        assert_eq!(world.count("POST /datasets/manual-upload/ "), 0);
        assert!(world.state().datasets.is_empty());
    }
    let report = transfers.upload_dataset(upload(&source).accept_unknown_content(true)).await.unwrap();
    assert_eq!(report.dataset.unwrap().item_count, 2);
    assert!(report.files.warnings.iter().any(|warning| warning.contains("a.jpg")), "{:?}", report.files.warnings);
}

#[tokio::test(start_paused = true)]
async fn complete_session_is_accepted_only_with_own_state() {
    let world = World::new();
    let source = folder(&[("a.jpg", b"new")]);
    let state = tempfile::tempdir().unwrap();
    // The response to `complete` is lost each time, so that the next attempt finds a complete session.
    world.fault("/complete/", 1, Effect::LoseResponse);
    let transfers = world.transfers(state.path()).build().unwrap();
    transfers.upload_dataset(upload(&source)).await.unwrap();

    // Another state folder, which did not send the bytes.
    let world = World::new();
    fn is_complete(value: &mut serde_json::Value) {
        value["complete"] = json!(true);
    }
    world.fault("file-upload-url", 9, Effect::Replace(is_complete));
    world.state().objects.insert("__u__=/u1/set/a.jpg".to_owned(), b"old".to_vec());
    let state = tempfile::tempdir().unwrap();
    let error = world.transfers(state.path()).build().unwrap().upload_dataset(upload(&source)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ContentUnknown);

    // The same of a file in parts.
    let world = World::new();
    let source = folder(&[("a.mcap", &content(6 << 20, 1))]);
    world.fault("file-upload-url", 9, Effect::Replace(is_complete));
    world.state().objects.insert("__u__=/u1/set/a.mcap".to_owned(), content(6 << 20, 2));
    let state = tempfile::tempdir().unwrap();
    let error = world.transfers(state.path()).build().unwrap().upload_dataset(upload(&source)).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::ContentUnknown, Some("a.mcap")));
    assert!(world.state().puts.is_empty() && world.state().datasets.is_empty());
}

#[tokio::test(start_paused = true)]
async fn lost_response_of_a_put_is_resolved_by_own_state() {
    let world = World::new();
    world.fault("PUT /__u__=/u1/set/a.jpg", 1, Effect::LoseResponse);
    let source = folder(&[("a.jpg", b"new")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let report = transfers.upload_dataset(upload(&source)).await.unwrap();
    let statuses: Vec<_> = world.state().puts.iter().map(|put| put.status).collect();
    assert_eq!((statuses, report.files.totals.retries), (vec![200, 412], 1));
    assert_eq!(report.dataset.unwrap().item_count, 1);
}

#[tokio::test(start_paused = true)]
async fn changed_file_is_not_accepted_by_an_old_record() {
    let world = World::new();
    world.fault("/complete/", 99, Effect::Status(503, vec![]));
    let source = folder(&[("a.jpg", b"one")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    transfers.upload_dataset(upload(&source)).await.unwrap_err();
    world.state().faults.clear();
    fs::write(source.path().join("a.jpg"), b"two").unwrap();
    let error = transfers.upload_dataset(upload(&source)).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::ContentUnknown, Some("a.jpg")));
    assert!(world.state().datasets.is_empty());
    fs::write(source.path().join("a.jpg"), b"one").unwrap();
    transfers.upload_dataset(upload(&source)).await.unwrap();
}

#[tokio::test]
async fn byte_overwritten_during_the_upload_is_found() {
    for place in [100, 19 << 20] {
        let world = World::new();
        let bytes = content(20 << 20, 3);
        let source = folder(&[("a.mcap", &bytes)]);
        settle();
        let path = source.path().join("a.mcap");
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        let state = tempfile::tempdir().unwrap();
        let transfers = world.transfers(state.path()).max_uploads(1).build().unwrap();
        let run = transfers.upload_dataset(upload(&source)).start();
        let control = run.control();
        let waiting = tokio::spawn(run);
        while world.state().puts.len() < 2 {
            tokio::task::yield_now().await;
        }
        control.pause();
        let mut file = OpenOptions::new().write(true).open(&path).unwrap();
        file.seek(SeekFrom::Start(place)).unwrap();
        file.write_all(&[!bytes[usize::try_from(place).unwrap()]]).unwrap();
        file.set_modified(modified).unwrap();
        drop(file);
        control.resume();
        let error = waiting.await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ErrorKind::SourceChanged, Some("a.mcap")), "{error}");
        assert_eq!(world.count("/complete/"), 0);
        let error = transfers.upload_dataset(upload(&source)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SourceChanged, "the session is not continued");
        assert!(error.help_text().unwrap().contains("new_batch"));
        let report = transfers.upload_dataset(upload(&source).new_batch(true)).await.unwrap();
        assert_eq!(report.dataset.unwrap().item_count, 1);
        let stored = Digest::of(&world.state().objects["__u__=/u1/set/a.mcap"]);
        assert_eq!(stored, Digest::of(&fs::read(&path).unwrap()));
    }
}

#[tokio::test(start_paused = true)]
async fn parts_are_signed_in_batches_or_one_by_one() {
    for (signs_many, expected) in [(true, 2), (false, 17)] {
        let world = World::new();
        world.state().signs_many = signs_many;
        let source = folder(&[("a.mcap", &content(80 << 20, 5))]);
        let state = tempfile::tempdir().unwrap();
        let transfers = world.transfers(state.path()).build().unwrap();
        transfers.upload_dataset(upload(&source)).await.unwrap();
        assert_eq!(world.count("/parts/"), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn lost_response_of_creation_finds_the_dataset() {
    let world = World::new();
    let source = folder(&[("a.jpg", b"a")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let run = transfers.upload_dataset(upload(&source).without_creation());
    run.await.unwrap();
    world.fault("POST /datasets/manual-upload/", 1, Effect::LoseResponse);
    let report = transfers.upload_dataset(upload(&source)).await.unwrap();
    assert_eq!(world.state().datasets.len(), 1);
    assert_eq!(report.dataset.unwrap().uid.as_str(), world.state().datasets[0]["uid"]);
}

#[tokio::test(start_paused = true)]
async fn unknown_outcome_of_creation_is_for_the_caller_to_decide() {
    let world = World::new();
    let source = folder(&[("a.jpg", b"a")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    transfers.upload_dataset(upload(&source).without_creation()).await.unwrap();
    world.fault("POST /datasets/manual-upload/", 1, Effect::Lose);
    for _ in 0..2 {
        let error = transfers.upload_dataset(upload(&source)).await.unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ErrorKind::Undecided, Some("set")));
        assert!(error.help_text().unwrap().contains("create_again"));
    }
    assert_eq!(world.count("POST /datasets/manual-upload/"), 3, "URL, complete, and one creation");
    // Another client takes the slug.
    world.state().datasets.push(json!({ "uid": "d9", "name": "other", "slug": "set", "owner_name": "ada" }));
    let error = transfers.upload_dataset(upload(&source).create_again(true)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undecided);
    assert!(error.to_string().contains("d9"), "{error}");
    world.state().datasets.clear();
    let report = transfers.upload_dataset(upload(&source).create_again(true)).await.unwrap();
    assert_eq!(report.files.skipped(), 1);
    assert_eq!(world.state().datasets.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn taken_slug_ends_the_run_before_the_first_byte() {
    let world = World::new();
    world.state().datasets.push(json!({ "uid": "d9", "name": "set", "slug": "set", "owner_name": "ada" }));
    let source = folder(&[("a.jpg", b"a")]);
    let state = tempfile::tempdir().unwrap();
    let error = world.transfers(state.path()).build().unwrap().upload_dataset(upload(&source)).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Conflict, Some("set")));
    assert_eq!(world.count("file-upload-url"), 0);
}

#[tokio::test(start_paused = true)]
async fn missing_file_of_an_earlier_run_is_an_error() {
    let world = World::new();
    let source = folder(&[("a.jpg", b"a"), ("b.jpg", b"b")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    transfers.upload_dataset(upload(&source).without_creation()).await.unwrap();
    fs::remove_file(source.path().join("a.jpg")).unwrap();
    let error = transfers.upload_dataset(upload(&source)).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Conflict, Some("a.jpg")));
    let report = transfers.upload_dataset(upload(&source).allow_leftovers(true)).await.unwrap();
    assert_eq!(report.dataset.unwrap().item_count, 2);
}

#[tokio::test(start_paused = true)]
async fn credentials_never_reach_the_storage() {
    let world = World::new();
    let source = folder(&[("a.jpg", b"a"), ("b.mcap", &content(6 << 20, 1))]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).storage_layers(|builder| {
        builder.layer_per_attempt(tower::util::MapRequestLayer::new(
            |mut request: http::Request<avala_client::transport::Body>| {
                for name in ["authorization", "cookie", "x-avala-api-key", "x-tenant"] {
                    request.headers_mut().insert(name, "secret".parse().unwrap());
                }
                request
            },
        ))
    });
    let transfers = transfers.build().unwrap();
    transfers.upload_dataset(upload(&source).data_type("image")).await.unwrap();
    let state = world.state();
    assert_eq!(state.storage_headers.len(), 3);
    for headers in &state.storage_headers {
        assert_eq!(headers["x-tenant"], "secret");
        assert!(!headers.contains_key("authorization") && !headers.contains_key("cookie"), "{headers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn paused_run_neither_sends_nor_times_out() {
    let world = World::new();
    let source = folder(&[("a.jpg", &content(3_000_000, 1))]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let run = transfers.upload_dataset(upload(&source)).start();
    let control = run.control();
    control.pause();
    let run = tokio::spawn(run);
    tokio::time::sleep(Duration::from_secs(7_200)).await;
    assert!(world.state().puts.is_empty());
    assert!(!run.is_finished());
    control.resume();
    let report = run.await.unwrap().unwrap();
    assert_eq!(report.files.totals.retries, 0);
}

#[tokio::test(start_paused = true)]
async fn limit_of_bytes_ends_the_run_resumably() {
    let world = World::new();
    let source = folder(&[("a.jpg", &content(600, 1)), ("b.jpg", &content(600, 2)), ("c.jpg", &content(600, 3))]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).max_uploads(1).build().unwrap();
    let error = transfers.upload_dataset(upload(&source).max_bytes(1_500)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitReached);
    assert!(error.is_resumable());
    assert_eq!(error.report().unwrap().transferred(), 2);
    transfers.upload_dataset(upload(&source)).await.unwrap();
    assert_eq!(world.state().puts.iter().filter(|put| put.status == 200).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn invalid_responses_are_refused() {
    fn set(value: &mut serde_json::Value, name: &str, to: serde_json::Value) {
        value[name] = to;
    }
    let large = content(6 << 20, 1);
    type Change = fn(&mut serde_json::Value);
    let table: [(&[u8], Change, ErrorKind); 9] = [
        (b"a", |v| set(v, "upload_uid", json!("u1")), ErrorKind::Protocol),
        (b"a", |v| set(v, "method", json!("PATCH")), ErrorKind::Protocol),
        (b"a", |v| set(v, "url", json!("https://evil.example.com/k")), ErrorKind::StorageHost),
        (b"a", |v| set(v, "url", json!("http://bucket.s3.amazonaws.com/k")), ErrorKind::StorageHost),
        (b"a", |v| set(v, "headers", json!({ "Authorization": "x" })), ErrorKind::Protocol),
        (&large, |v| set(v, "part_size", json!(1024)), ErrorKind::Protocol),
        (&large, |v| set(v, "part_count", json!(3)), ErrorKind::Protocol),
        (&large, |v| set(v, "part_size", json!(200 << 20)), ErrorKind::Protocol),
        (&large, |v| set(v, "uploaded_parts", json!([{ "part_number": 7, "size": 1 }])), ErrorKind::Protocol),
    ];
    for (index, (bytes, change, expected)) in table.into_iter().enumerate() {
        let world = World::new();
        world.fault("file-upload-url", 99, Effect::Replace(change));
        let source = folder(&[("a.mcap", bytes)]);
        let state = tempfile::tempdir().unwrap();
        let error = world.transfers(state.path()).build().unwrap().upload_dataset(upload(&source)).await.unwrap_err();
        assert_eq!((index, error.kind()), (index, expected), "{error}");
        assert_eq!(error.subject(), Some("a.mcap"));
        assert!(world.state().puts.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn quota_ends_the_run_with_its_numbers() {
    let world = World::new();
    world.state().quota = 10;
    let source = folder(&[("a.jpg", &content(11, 1))]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let error = transfers.upload_dataset(upload(&source)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QuotaExceeded);
    assert!(error.to_string().contains("10 bytes"), "{error}");
    assert_eq!(world.count("file-upload-url"), 0);
    // If the quota cannot be read, the server checks it.
    world.fault("quota", 9, Effect::Status(403, vec![]));
    let error = transfers.upload_dataset(upload(&source)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QuotaExceeded);
    assert_eq!(world.count("file-upload-url"), 1);
}

#[tokio::test(start_paused = true)]
async fn stop_policy_ends_at_the_first_failure() {
    let world = World::new();
    world.fault("a.jpg", 99, Effect::Status(410, vec![]));
    let files: Vec<(String, Vec<u8>)> =
        (0..50).map(|n| (format!("b{n:02}.jpg"), content(10, n))).chain([("a.jpg".to_owned(), vec![1])]).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    let source = folder(&files);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).max_uploads(1).build().unwrap();
    let error = transfers.upload_dataset(upload(&source).on_failure(OnFailure::Stop)).await.unwrap_err();
    assert!(world.state().puts.len() < 20);
    let unfinished: Vec<String> = error.report().unwrap().unfinished().map(str::to_owned).collect();
    assert!(unfinished.contains(&"a.jpg".to_owned()) && unfinished.len() > 30);
    let again = upload(&source).only(unfinished.clone()).without_creation();
    world.state().faults.clear();
    let report = transfers.upload_dataset(again).await.unwrap();
    assert_eq!(report.files.files.len(), unfinished.len());
}

#[tokio::test(start_paused = true)]
async fn plan_has_exact_calls_and_time_within_five_percent() {
    let world = World::new();
    let files: Vec<(String, Vec<u8>)> = (0..150).map(|n| (format!("{n:03}.jpg"), content(10, n))).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    let source = folder(&files);
    let state = tempfile::tempdir().unwrap();
    let limiter = || avala_client::transport::RateLimiter::new(avala_client::transport::RateLimit::per_minute(100));
    let planner = world.transfers_of(world.client_with(limiter()), state.path()).build().unwrap();
    let plan = planner.upload_dataset(upload(&source)).plan().await.unwrap();
    world.state().calls.clear();
    // The plan's own calls must not count.
    let transfers = world.transfers_of(world.client_with(limiter()), state.path()).build().unwrap();
    let start = tokio::time::Instant::now();
    transfers.upload_dataset(upload(&source).wait(None)).await.unwrap();
    assert_eq!(world.state().calls.len() as u64, plan.calls);
    let ratio = start.elapsed().as_secs_f64() / plan.time.as_secs_f64();
    assert!((0.95..=1.05).contains(&ratio), "{:?} planned, {:?} needed", plan.time, start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn bandwidth_limit_holds_and_can_be_raised() {
    let world = World::new();
    let source = folder(&[("a.jpg", &content(1_000_000, 1)), ("b.jpg", &content(1_000_000, 2))]);
    let state = tempfile::tempdir().unwrap();
    let limit = avala_transfer::BandwidthLimit::new(100_000);
    let transfers = world.transfers(state.path()).bandwidth_limit(limit.clone()).build().unwrap();
    let start = tokio::time::Instant::now();
    let run = tokio::spawn(transfers.upload_dataset(upload(&source)).start());
    tokio::time::sleep(Duration::from_secs(10)).await;
    limit.set(1_000_000);
    run.await.unwrap().unwrap();
    assert!((10.5..12.5).contains(&start.elapsed().as_secs_f64()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn small_memory_budget_is_enough_and_is_returned() {
    let world = World::new();
    let files: Vec<(String, Vec<u8>)> = (0..30).map(|n| (format!("{n:02}.jpg"), content(900_000, n))).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    let source = folder(&files);
    let state = tempfile::tempdir().unwrap();
    let budget = avala_transfer::MemoryBudget::new(1 << 20);
    let transfers = world.transfers(state.path()).memory_budget(budget.clone()).build().unwrap();
    transfers.upload_dataset(upload(&source)).await.unwrap();
    assert_eq!(budget.free(), budget.total());
}
