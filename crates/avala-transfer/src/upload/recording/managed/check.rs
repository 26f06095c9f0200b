//! Checks the responses of the managed protocol against the state of the upload.

use std::collections::BTreeSet;

use crate::error::{Error, ErrorKind};
use crate::upload::recording::managed::document::{
    Finalization, Multipart, PART_SIZE, PROTOCOL, Progress, Status, is_canonical,
};
use crate::upload::recording::records::RecordingState;

const STATES: [&str; 5] = ["initializing", "active", "abandoned", "completing", "completed"];
const CODES: [&str; 11] = [
    "pending",
    "running",
    "capacity_pending",
    "worker_disabled",
    "deadline_exceeded",
    "lease_lost",
    "source_unavailable",
    "attempts_exhausted",
    "published",
    "content_mismatch",
    "invalid_mcap",
];
const STAGES: [&str; 5] = ["complete", "verify", "attach", "prepare", "publish"];
/// Maximum number of stored parts per page.
const MAX_PAGE: usize = 100;
const MAX_FAILURES: u64 = 5;

type Checked = Result<(), Error>;

pub(crate) fn ensure(holds: bool, problem: impl AsRef<str>) -> Checked {
    if holds {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Protocol, problem)
        .help("report it to Avala; the upload stops until the responses match its state"))
}

pub(crate) fn check_identity(protocol: &str, session: &str, expected: &str) -> Checked {
    ensure(protocol == PROTOCOL, "the response is of another protocol")?;
    ensure(session == expected, "the response is of another session")
}

/// Checks a status document.
pub(crate) fn check_status(status: &Status, state: &RecordingState, session: &str, recording: &str) -> Checked {
    check_identity(&status.protocol, &status.session_uid, session)?;
    ensure(status.recording_uid == recording, "the response is of another recording")?;
    let is_known = ["initiated", "uploading", "completing", "completed"].contains(&status.status.as_str());
    ensure(is_known, "the session has an unknown status")?;
    let paths: BTreeSet<&str> = status.files.iter().map(|file| file.path.as_str()).collect();
    let uids: BTreeSet<&str> = status.files.iter().map(|file| file.file_uid.as_str()).collect();
    let is_unique = paths.len() == status.files.len() && uids.len() == status.files.len();
    ensure(is_unique, "a path or file UID is listed twice")?;
    ensure(status.files.len() == state.files.len(), "the server lists another number of files")?;
    for file in &status.files {
        check_original(file, state).map_err(|error| error.about(&file.path))?;
    }
    let verified = || status.files.iter().filter(|file| file.verified);
    let sums = (
        status.files.len() as u64,
        status.files.iter().map(|file| file.size_bytes).sum::<u64>(),
        verified().count() as u64,
        verified().map(|file| file.size_bytes).sum::<u64>(),
    );
    let counters = (status.total_files, status.total_bytes, status.confirmed_files, status.confirmed_bytes);
    ensure(counters == sums, "the counters of the session are not the sums of its files")?;
    let is_complete = status.status != "completed" || status.files.iter().all(|file| file.verified);
    ensure(is_complete, "the session is completed, but a file is not verified")?;
    match (&status.finalization, &state.finalization) {
        (None, None) => Ok(()),
        (None, Some(_)) => ensure(false, "the finalization vanished"),
        (Some(finalization), known) => {
            ensure(known.is_some() || state.is_finalizing, "the server started a finalization that was not requested")?;
            check_finalization(finalization, state, status.status == "completed")
        }
    }
}

fn check_original(file: &crate::upload::recording::managed::document::Original, state: &RecordingState) -> Checked {
    let Some(known) = state.files.get(&file.path) else { return ensure(false, "the server lists an unknown file") };
    let hash = known.sha256.map(|sha256| sha256.to_string());
    ensure(file.size_bytes == known.size, "the size differs from the announced size")?;
    ensure(Some(&file.content_sha256) == hash.as_ref(), "the SHA-256 differs from the announced SHA-256")?;
    ensure(is_canonical(&file.file_uid), "the file UID is not a canonical UUID")?;
    ensure(known.original.as_ref().is_none_or(|uid| *uid == file.file_uid), "the file has another UID than before")?;
    let is_plain = file.content_type == "application/octet-stream" && file.content_encoding.is_empty();
    ensure(is_plain, "the content type or encoding is not that of an uncompressed file")?;
    let is_divided = file.part_size == PART_SIZE && file.part_count == file.size_bytes.div_ceil(PART_SIZE);
    ensure(is_divided, "the part size or part count is wrong")?;
    ensure(file.verified || !known.is_verified, "the file is no longer verified")?;
    let Some(generation) = &file.generation else {
        ensure(known.generation.is_none(), "the multipart upload of the file vanished")?;
        return ensure(!file.verified, "the file is verified without a multipart upload");
    };
    ensure(is_canonical(&generation.generation_uid), "the generation UID is not a canonical UUID")?;
    ensure(generation.number == 1, "a later generation of the file exists, which this upload did not request")?;
    ensure(STATES.contains(&generation.state.as_str()), "the generation has an unknown state")?;
    ensure(!file.verified || generation.state == "completed", "the file is verified before it is completed")?;
    match &known.generation {
        Some(uid) => ensure(*uid == generation.generation_uid, "the file has another multipart upload than before"),
        None => ensure(known.is_initializing, "the file has a multipart upload that was not requested"),
    }
}

/// Checks the finalization of a session.
pub(crate) fn check_finalization(finalization: &Finalization, state: &RecordingState, is_completed: bool) -> Checked {
    ensure(is_canonical(&finalization.uid), "the finalization UID is not a canonical UUID")?;
    let is_same = state.finalization.as_ref().is_none_or(|uid| *uid == finalization.uid);
    ensure(is_same, "the session has another finalization than before")?;
    ensure(STAGES.contains(&finalization.stage.as_str()), "the finalization has an unknown stage")?;
    ensure(CODES.contains(&finalization.code.as_str()), "the finalization has an unknown code")?;
    ensure(finalization.failures <= MAX_FAILURES, "the finalization counts more than 5 failures")?;
    let published = (&finalization.publication_uid, &finalization.dataset_uid);
    match finalization.state.as_str() {
        "succeeded" => {
            let is_end = is_completed
                && finalization.stage == "publish"
                && finalization.code == "published"
                && finalization.failures == 0;
            ensure(is_end, "the finalization succeeded, but its session, stage, code or failures contradict that")?;
            let (Some(publication), Some(dataset)) = published else {
                return ensure(false, "the finalization succeeded without a publication");
            };
            ensure(is_canonical(publication) && is_canonical(dataset), "the publication has no canonical UUIDs")?;
            let own = state.published.as_ref();
            ensure(
                own.is_none_or(|(known, set)| known == publication && set == dataset),
                "the publication differs from the earlier one",
            )
        }
        "pending" | "running" | "retry_wait" | "failed" => {
            ensure(published == (&None, &None), "the finalization has a publication before it succeeded")?;
            ensure(state.published.is_none(), "the publication vanished")
        }
        _ => ensure(false, "the finalization has an unknown state"),
    }
}

/// Checks a new multipart upload.
pub(crate) fn check_multipart(multipart: &Multipart, session: &str, file: &str, size: u64) -> Checked {
    check_identity(&multipart.protocol, &multipart.session_uid, session)?;
    ensure(multipart.file_uid == file, "the response is of another file")?;
    ensure(is_canonical(&multipart.generation_uid), "the generation UID is not a canonical UUID")?;
    ensure(multipart.number == 1, "the multipart upload is not the first of the file")?;
    ensure(multipart.state == "active", "the new multipart upload is not active")?;
    let is_divided = multipart.part_size == PART_SIZE && multipart.part_count == size.div_ceil(PART_SIZE);
    ensure(is_divided, "the part size or part count is wrong")
}

/// Checks a page of stored parts; returns their numbers.
pub(crate) fn check_progress(
    progress: &Progress,
    session: &str,
    file: &str,
    generation: &str,
    size: u64,
    after: u64,
) -> Result<Vec<u64>, Error> {
    check_identity(&progress.protocol, &progress.session_uid, session)?;
    let is_same = progress.file_uid == file && progress.generation_uid == generation;
    ensure(is_same, "the response is of another file or multipart upload")?;
    ensure(progress.parts.len() <= MAX_PAGE, "a page lists more than 100 parts")?;
    let count = size.div_ceil(PART_SIZE);
    let mut last = after;
    for part in &progress.parts {
        let number = part.part_number;
        ensure(
            number > last && number <= count,
            "the listed parts are not in ascending order, or not parts of the file",
        )?;
        let length = PART_SIZE.min(size - (number - 1) * PART_SIZE);
        ensure(part.size == length, "a stored part has another size")?;
        last = number;
    }
    let is_cursor = progress.next_cursor.is_none_or(|cursor| cursor == last && cursor > after && cursor < count);
    ensure(is_cursor, "the cursor is not the last listed part")?;
    Ok(progress.parts.iter().map(|part| part.part_number).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::hash::Digest;
    use crate::upload::recording::records::{Protocol, Record};

    const SESSION: &str = "00000000-0000-4000-8000-000000000001";
    const RECORDING: &str = "00000000-0000-4000-8000-000000000002";
    const FILE: &str = "00000000-0000-4000-8000-000000000003";
    const GENERATION: &str = "00000000-0000-4000-8000-000000000004";
    const END: &str = "00000000-0000-4000-8000-000000000005";

    fn state() -> RecordingState {
        let path = || "a.mcap".to_owned();
        RecordingState::replay(vec![
            Record::Begin {
                protocol: Protocol::Managed,
                user: "u".to_owned(),
                storage_config: None,
                source: String::new(),
            },
            Record::File { path: path(), size: 100 << 20, sha256: Some(Digest::of(b"a")) },
            Record::Manifest { files: 1 },
            Record::Session { uid: SESSION.to_owned() },
            Record::Original { path: path(), uid: FILE.to_owned() },
            Record::InitializingFile { path: path() },
            Record::Generation { path: path(), uid: GENERATION.to_owned() },
            Record::Finalizing,
        ])
    }

    fn document() -> Value {
        json!({
            "protocol": PROTOCOL, "session_uid": SESSION, "recording_uid": RECORDING, "status": "completed",
            "total_files": 1, "total_bytes": 100 << 20, "confirmed_files": 1, "confirmed_bytes": 100 << 20,
            "files": [{
                "file_uid": FILE, "path": "a.mcap", "size_bytes": 100 << 20,
                "content_sha256": Digest::of(b"a").to_string(), "content_type": "application/octet-stream",
                "content_encoding": "", "part_size": PART_SIZE, "part_count": 2, "verified": true,
                "generation": { "generation_uid": GENERATION, "number": 1, "state": "completed" },
            }],
            "finalization": {
                "uid": END, "state": "succeeded", "stage": "publish", "attempts": 1, "failures": 0,
                "code": "published", "available_at": "2025-01-15T09:30:00+00:00",
                "publication_uid": SESSION, "dataset_uid": FILE,
            },
        })
    }

    fn check(document: Value, state: &RecordingState) -> Result<(), String> {
        let status: Status = serde_json::from_value(document).map_err(|error| error.to_string())?;
        check_status(&status, state, SESSION, RECORDING).map_err(|error| error.to_string())
    }

    #[test]
    fn every_deviation_of_a_status_is_refused() {
        check(document(), &state()).unwrap();
        let paths: [(&str, Value); 36] = [
            ("/protocol", json!("fleet-managed-mcap-v2")),
            ("/session_uid", json!(FILE)),
            ("/recording_uid", json!(FILE)),
            ("/status", json!("uploading")),
            ("/status", json!("newer")),
            ("/total_files", json!(2)),
            ("/total_files", json!("1")),
            ("/total_bytes", json!(1)),
            ("/confirmed_files", json!(0)),
            ("/confirmed_bytes", json!(1)),
            ("/files", json!([])),
            ("/files/0/file_uid", json!(SESSION)),
            ("/files/0/path", json!("b.mcap")),
            ("/files/0/size_bytes", json!(1)),
            ("/files/0/content_sha256", json!("00")),
            ("/files/0/content_type", json!("text/plain")),
            ("/files/0/content_encoding", json!("gzip")),
            ("/files/0/part_size", json!(5 << 20)),
            ("/files/0/part_count", json!(3)),
            ("/files/0/verified", json!(1)),
            ("/files/0/generation", Value::Null),
            ("/files/0/generation/generation_uid", json!(END)),
            ("/files/0/generation/generation_uid", json!(GENERATION.replace("-8000-", "-A000-"))),
            ("/files/0/generation/number", json!(2)),
            ("/files/0/generation/state", json!("active")),
            ("/files/0/generation/state", json!("newer")),
            ("/finalization/uid", json!("x")),
            ("/finalization/state", json!("running")),
            ("/finalization/state", json!("newer")),
            ("/finalization/stage", json!("verify")),
            ("/finalization/code", json!("running")),
            ("/finalization/failures", json!(1)),
            ("/finalization/failures", json!(6)),
            ("/finalization/publication_uid", Value::Null),
            ("/finalization/dataset_uid", json!("x")),
            ("/finalization/available_at", json!("yesterday")),
        ];
        for (pointer, value) in paths {
            let mut document = document();
            *document.pointer_mut(pointer).unwrap() = value.clone();
            check(document, &state()).expect_err(&format!("{pointer} {value}"));
        }
    }

    #[test]
    fn every_field_is_required_and_others_are_ignored() {
        let mut more = document();
        more["newer"] = json!({ "a": 1 });
        check(more, &state()).unwrap();
        for object in ["", "/files/0", "/files/0/generation", "/finalization"] {
            let keys: Vec<String> = document().pointer(object).unwrap().as_object().unwrap().keys().cloned().collect();
            for key in keys {
                let mut document = document();
                document.pointer_mut(object).unwrap().as_object_mut().unwrap().remove(&key);
                check(document, &state()).expect_err(&format!("{object}/{key}"));
            }
        }
    }

    #[test]
    fn known_facts_must_not_change_or_vanish() {
        let with = |record: Record| {
            let mut state = state();
            state.apply(record);
            state
        };
        check(document(), &with(Record::Finalization { uid: SESSION.to_owned() })).unwrap_err();
        let published = Record::Published { publication: END.to_owned(), dataset: FILE.to_owned() };
        check(document(), &with(published)).unwrap_err();
        let mut vanished = document();
        vanished["finalization"] = Value::Null;
        check(vanished.clone(), &with(Record::Finalization { uid: END.to_owned() })).unwrap_err();
        vanished["status"] = json!("completing");
        check(vanished.clone(), &state()).unwrap();
        vanished["files"][0]["verified"] = json!(false);
        (vanished["confirmed_files"], vanished["confirmed_bytes"]) = (json!(0), json!(0));
        check(vanished.clone(), &state()).unwrap();
        check(vanished, &with(Record::Verified { path: "a.mcap".to_owned() })).unwrap_err();
        let mut unasked = state();
        unasked.is_finalizing = false;
        check(document(), &unasked).unwrap_err();
    }

    #[test]
    fn pages_of_parts_are_checked() {
        let page = |parts: Value, next: Value| -> Result<Vec<u64>, Error> {
            let progress: Progress = serde_json::from_value(json!({
                "protocol": PROTOCOL, "session_uid": SESSION, "file_uid": FILE, "generation_uid": GENERATION,
                "parts": parts, "next_cursor": next,
            }))
            .unwrap();
            check_progress(&progress, SESSION, FILE, GENERATION, 3 * PART_SIZE + 5, 1)
        };
        let part = |number: u64, size: u64| json!({ "part_number": number, "size": size });
        assert_eq!(page(json!([part(2, PART_SIZE), part(4, 5)]), Value::Null).unwrap(), [2, 4]);
        assert_eq!(page(json!([part(2, PART_SIZE)]), json!(2)).unwrap(), [2]);
        for (parts, next) in [
            (json!([part(1, PART_SIZE)]), Value::Null),
            (json!([part(3, PART_SIZE), part(2, PART_SIZE)]), Value::Null),
            (json!([part(2, 5)]), Value::Null),
            (json!([part(5, 5)]), Value::Null),
            (json!([part(2, PART_SIZE)]), json!(3)),
            (json!([]), json!(1)),
            (json!([part(4, 5)]), json!(4)),
        ] {
            page(parts.clone(), next).expect_err(&parts.to_string());
        }
    }
}
