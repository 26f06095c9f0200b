//! Recordings with the managed protocol, into a sandbox.

use std::fs;
use std::time::Duration;

use avala_sandbox::{Fault, Sandbox};
use avala_transfer::{ErrorKind, RecordingUpload, Transfers};
use http::Method;

use crate::support::{client, content, folder, transfers};

const MAGIC: &[u8] = b"\x89MCAP0\r\n";
const MIB: usize = 1 << 20;

/// Returns content that begins and ends like an MCAP file.
fn mcap(size: usize, seed: u64) -> Vec<u8> {
    [MAGIC, &content(size, seed), MAGIC].concat()
}

struct Setup {
    sandbox: Sandbox,
    recording: String,
    source: tempfile::TempDir,
    _state: tempfile::TempDir,
    transfers: Transfers,
}

async fn setup(files: &[(&str, &[u8])]) -> Setup {
    let sandbox = Sandbox::start().await.unwrap();
    let first = client(&sandbox).fleet().recordings().list().items().next().await;
    let recording = first.unwrap().unwrap().uid.to_string();
    let (source, state) = (folder(files), tempfile::tempdir().unwrap());
    let transfers = transfers(&sandbox, state.path()).build().unwrap();
    Setup { sandbox, recording, source, _state: state, transfers }
}

impl Setup {
    fn upload(&self) -> RecordingUpload {
        RecordingUpload::new(&self.recording, self.source.path()).managed().wait(Duration::from_secs(60))
    }

    fn path(&self, call: &str) -> String {
        format!("/fleet/recordings/{}/managed-upload/{call}/", self.recording)
    }

    fn count(&self, call: &str) -> usize {
        let path = self.path(call);
        self.sandbox.requests().iter().filter(|request| request.api_path() == path).count()
    }
}

#[tokio::test]
async fn files_are_verified_published_and_not_sent_again() {
    let large = mcap(70 * MIB, 1);
    let setup = setup(&[("a.mcap", &large), ("run 1/ü.MCAP", &mcap(100, 2))]).await;
    let report = setup.transfers.upload_recording(setup.upload()).await.unwrap();
    assert_eq!(report.files.transferred(), 2);
    let dataset = report.dataset_uid.unwrap();
    assert!(client(&setup.sandbox).datasets().get(&dataset).await.is_ok());
    assert_eq!((setup.count("multipart/init"), setup.count("multipart/parts"), setup.count("finalize")), (2, 3, 1));
    let stored = setup.sandbox.storage().objects();
    let stored: Vec<_> = stored.iter().filter(|object| object.key.contains("__cloud__")).collect();
    assert_eq!(stored.iter().map(|object| object.size).max(), Some(large.len() as u64));

    setup.sandbox.clear_requests();
    let again = setup.transfers.upload_recording(setup.upload()).await.unwrap();
    assert_eq!((again.dataset_uid, again.files.transferred()), (Some(dataset), 0));
    assert!(setup.sandbox.requests().iter().all(|request| request.method == Method::GET));
}

#[tokio::test]
async fn lost_response_of_init_finds_the_own_multipart_upload() {
    let setup = setup(&[("a.mcap", &mcap(100, 1))]).await;
    setup.sandbox.fault(Fault::drop_response().on("POST", setup.path("multipart/init"))).unwrap();
    let report = setup.transfers.upload_recording(setup.upload()).await.unwrap();
    assert_eq!((report.files.transferred(), setup.count("multipart/init")), (1, 1));
}

#[tokio::test]
async fn init_that_did_not_arrive_is_stuck_with_a_reason() {
    let setup = setup(&[("a.mcap", &mcap(100, 1)), ("b.mcap", &mcap(100, 2))]).await;
    setup.sandbox.fault(Fault::drop_connection().on("POST", setup.path("multipart/init"))).unwrap();
    for _ in 0..2 {
        let error = setup.transfers.upload_recording(setup.upload()).await.unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ErrorKind::Stuck, Some("a.mcap")), "{error}");
        assert!(error.to_string().contains("another recording"), "{error}");
    }
    assert_eq!(setup.count("multipart/init"), 1);
}

#[tokio::test]
async fn parts_that_are_stored_are_not_sent_again() {
    let large = mcap(130 * MIB, 1);
    let setup = setup(&[("a.mcap", &large)]).await;
    let upload = setup.upload().max_bytes(100 << 20);
    let error = setup.transfers.upload_recording(upload).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitReached, "{error}");
    let before = setup.sandbox.storage().counters().parts;
    setup.transfers.upload_recording(setup.upload()).await.unwrap();
    let counters = setup.sandbox.storage().counters();
    assert_eq!((counters.parts, counters.parts_again), (3, 0), "{before} parts before");
    assert_eq!((setup.count("multipart/init"), setup.count("admit")), (1, 1));
}

#[tokio::test]
async fn faults_of_the_storage_are_retried_with_a_fresh_grant() {
    let setup = setup(&[("a.mcap", &mcap(100, 1))]).await;
    setup.sandbox.fault(Fault::slow_down().on_storage("PUT", "/*")).unwrap();
    setup.sandbox.fault(Fault::expired_url().on_storage("PUT", "/*")).unwrap();
    let report = setup.transfers.upload_recording(setup.upload()).await.unwrap();
    assert_eq!((report.files.totals.retries, setup.count("multipart/parts")), (1, 3));
}

#[tokio::test]
async fn content_that_differs_from_the_announced_one_is_refused() {
    let setup = setup(&[("a.mcap", &mcap(100, 1))]).await;
    setup.sandbox.fault(Fault::drop_connection().on("POST", setup.path("finalize")).times(9)).unwrap();
    setup.transfers.upload_recording(setup.upload()).await.unwrap_err();
    setup.sandbox.clear_faults();
    fs::write(setup.source.path().join("a.mcap"), mcap(100, 2)).unwrap();
    let error = setup.transfers.upload_recording(setup.upload()).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Conflict, Some("a.mcap")));
    fs::write(setup.source.path().join("a.mcap"), mcap(100, 1)).unwrap();
    setup.transfers.upload_recording(setup.upload()).await.unwrap();
}

#[tokio::test]
async fn byte_overwritten_while_parts_are_sent_is_found() {
    use std::io::{Seek as _, SeekFrom, Write as _};

    let setup = setup(&[("a.mcap", &mcap(70 * MIB, 1))]).await;
    let path = setup.source.path().join("a.mcap");
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let state = tempfile::tempdir().unwrap();
    let changed = std::sync::Arc::new(std::sync::Once::new());
    let builder = transfers(&setup.sandbox, state.path()).max_uploads(1).storage_layers(move |builder| {
        let (changed, path) = (changed.clone(), path.clone());
        // A byte of the first part, when its request begins, and the old time.
        builder.layer_per_attempt(tower::util::MapRequestLayer::new(
            move |request: http::Request<avala_client::transport::Body>| {
                changed.call_once(|| {
                    let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
                    file.seek(SeekFrom::Start(1_000)).unwrap();
                    file.write_all(b"!").unwrap();
                    file.set_modified(modified).unwrap();
                });
                request
            },
        ))
    });
    let transfers = builder.build().unwrap();
    let error = transfers.upload_recording(setup.upload()).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::SourceChanged, Some("a.mcap")), "{error}");
    // The hash of the first bytes was announced: others are not added to them.
    let error = transfers.upload_recording(setup.upload()).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Conflict, Some("a.mcap")), "{error}");
    assert_eq!(setup.count("finalize"), 0);
}

#[tokio::test]
async fn failed_finalization_names_stage_and_code() {
    let setup = setup(&[("a.mcap", b"no mcap at all")]).await;
    let error = setup.transfers.upload_recording(setup.upload()).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Processing, Some(setup.recording.as_str())));
    assert!(error.to_string().contains("invalid_mcap"), "{error}");
}

#[tokio::test]
async fn recording_cannot_change_its_protocol() {
    let setup = setup(&[("a.mcap", &mcap(100, 1))]).await;
    setup.transfers.upload_recording(setup.upload()).await.unwrap();
    let plain = RecordingUpload::new(&setup.recording, setup.source.path());
    let error = setup.transfers.upload_recording(plain).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let config = setup.upload().storage_config("s1");
    let error = setup.transfers.upload_recording(config).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let error = setup.transfers.upload_recording(RecordingUpload::new("R1", setup.source.path()).managed()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Configuration);
}

#[tokio::test]
async fn stuck_states_of_the_server_are_reported() {
    let setup = setup(&[("a.mcap", &mcap(100, 1))]).await;
    setup.sandbox.fault(Fault::status(403).on("POST", setup.path("multipart/parts")).times(9)).unwrap();
    setup.transfers.upload_recording(setup.upload()).await.unwrap_err();
    setup.sandbox.clear_faults();
    setup.sandbox.set_generation_state(&setup.recording, "abandoned").unwrap();
    let error = setup.transfers.upload_recording(setup.upload()).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Stuck, Some("a.mcap")));
    assert!(error.to_string().contains("abandoned"), "{error}");
}
