//! Names in many scripts, of the maximum length, and with special characters.

use std::collections::BTreeMap;

use avala_sandbox::Sandbox;
use avala_transfer::{DatasetUpload, ErrorKind, RecordingUpload};

use crate::support::{client, folder, transfers};

/// Names without their folder and extension.
const NAMES: &[&str] = &[
    "日本語の写真",
    "简体中文",
    "한국어",
    "\u{1112}\u{1161}\u{11ab}글 decomposed",
    "Ελληνικά",
    "кириллица",
    "العربية",
    "עברית",
    "हिन्दी",
    "ไทย",
    "ქართული",
    "አማርኛ",
    "Tiếng Việt",
    "caf\u{e9}",
    "cafe\u{301}",
    "\u{fb01}ligature",
    "𝔊𝔬𝔱𝔥𝔦𝔠",
    "🚗🏁 👩\u{200d}🚀",
    "percent%2Fslash %25 %",
    "plus+and  two spaces",
    "'quotes' \"&<>`",
    "semi;colon,comma=a&b",
    "#hash?question*star|pipe:colon",
    "~tilde$dollar{brace}[bracket]^",
    "-dash",
    ".hidden",
    "trailing dot.",
    "CON",
];

fn files() -> BTreeMap<String, Vec<u8>> {
    let long = ["x".repeat(251), "語".repeat(83)];
    let names = NAMES.iter().copied().chain(long.iter().map(String::as_str));
    let mut files = BTreeMap::new();
    for (index, name) in names.enumerate() {
        let folder = if name.len() < 200 { format!("{name}/") } else { String::new() };
        files.insert(format!("{folder}{name}.jpg"), format!("content {index}").into_bytes());
    }
    files
}

#[tokio::test]
async fn names_in_many_scripts_survive_upload_and_download() {
    let sandbox = Sandbox::start().await.unwrap();
    let files = files();
    let listed: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    let source = folder(&listed);
    let root = tempfile::tempdir().unwrap();
    let transfers = transfers(&sandbox, &root.path().join("state")).build().unwrap();
    let upload = DatasetUpload::new("Scripts", "scripts").source(source.path()).wait(None);
    let report = transfers.upload_dataset(upload).await.unwrap();
    let dataset = report.dataset.unwrap();
    assert_eq!(dataset.item_count, files.len() as u64);

    let target = root.path().join("target");
    let download = transfers.download_dataset(dataset.owner_name.unwrap(), &dataset.slug).to_folder(&target);
    let report = download.clone().await.unwrap();
    assert_eq!(report.transferred(), files.len(), "{:?}", report.failed().collect::<Vec<_>>());
    let mut arrived = BTreeMap::new();
    for name in files.keys() {
        arrived.insert(name.clone(), std::fs::read(target.join(name)).unwrap());
    }
    assert!(arrived == files);
    assert_eq!(download.await.unwrap().skipped(), files.len(), "the state finds all names again");
}

#[tokio::test]
async fn names_in_many_scripts_reach_a_recording() {
    let sandbox = Sandbox::builder().recordings(1).start().await.unwrap();
    let files = files();
    let listed: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    let source = folder(&listed);
    let state = tempfile::tempdir().unwrap();
    let transfers = transfers(&sandbox, state.path()).build().unwrap();
    let recording = client(&sandbox).fleet().recordings().list().await.unwrap().items.remove(0).uid;
    let upload = || RecordingUpload::new(recording.clone(), source.path()).wait(None);
    transfers.upload_recording(upload()).await.unwrap();
    let keys: Vec<String> = sandbox.storage().objects().into_iter().map(|object| object.key).collect();
    for name in files.keys() {
        assert!(keys.iter().any(|key| key.ends_with(&format!("/{name}"))), "{name}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn names_with_invalid_or_control_characters_are_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let sandbox = Sandbox::start().await.unwrap();
    for name in [&b"caf\xe9.jpg"[..], b"line\nbreak.jpg", b"back\\slash.jpg", b"bell\x07.jpg", b"delete\x7f.jpg"] {
        let source = folder(&[("good.jpg", b"good")]);
        std::fs::write(source.path().join(OsStr::from_bytes(name)), "bad").unwrap();
        let state = tempfile::tempdir().unwrap();
        let transfers = transfers(&sandbox, state.path()).build().unwrap();
        let upload = DatasetUpload::new("Names", "names").source(source.path()).wait(None);
        let error = transfers.upload_dataset(upload).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Source, "{error}");
        let text = error.to_string();
        assert!(text.contains(".jpg") && !text.contains(['\n', '\u{7}', '\u{7f}']), "{text:?}");
        assert!(sandbox.storage().objects().iter().all(|object| !object.key.contains("/Names/")));
    }
}
