//! Checks the responses of the API in the plain protocol.

use std::collections::{BTreeMap, BTreeSet};

use avala_types::{UploadConfirmResponse, UploadSession, UploadSessionStatus, UploadStatusResponse, UploadUrlEntry};
use http::Uri;

use crate::error::{Error, ErrorKind};
use crate::upload::recording::opened::stuck;
use crate::upload::recording::records::RecordingState;

/// The server lists this many pending paths at most.
const MAX_PENDING: usize = 1_000;
/// Maximum length of a prefix, in characters.
const MAX_PREFIX: usize = 1_024;
const CACHE_CONTROL: [&str; 2] = ["no-cache", "private, immutable, max-age=31536000"];

/// Checks a new session; returns its UID and the prefix of its keys.
pub(crate) fn check_new(
    session: &UploadSession,
    state: &RecordingState,
    recording: &str,
) -> Result<(String, String), Error> {
    let uid = session.uid.as_str();
    let is_uid = (1..=128).contains(&uid.len())
        && uid.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !is_uid {
        return Err(invalid("the UID of the session has other characters than letters, digits, `-` and `_`"));
    }
    let expected = (state.files.len() as u64, state.total_bytes());
    let (files, bytes) = (count(session.total_files)?, count(session.total_bytes)?);
    if (files, bytes) != expected {
        return Err(invalid(&format!(
            "the session has {files} files of {bytes} bytes; {} files of {} bytes were announced",
            expected.0, expected.1
        )));
    }
    if session.status != Some(UploadSessionStatus::Initiated) {
        return Err(invalid("the new session is not `initiated`"));
    }
    let prefix = session.s3_prefix.clone().unwrap_or_default();
    let is_prefix = prefix.starts_with("fleet/")
        && prefix.ends_with(&format!("/{recording}/"))
        && prefix.chars().count() <= MAX_PREFIX
        && !prefix.contains('\\')
        && !prefix.chars().any(char::is_control)
        && prefix.split('/').all(|segment| segment != "..");
    if !is_prefix {
        return Err(invalid("the prefix of the session does not belong to this recording"));
    }
    Ok((uid.to_owned(), prefix))
}

/// Returns a required count of a session.
fn count(count: Option<u64>) -> Result<u64, Error> {
    count.ok_or_else(|| invalid("the upload session lacks a count of its files or bytes"))
}

/// Checks the state of the session; returns the confirmed paths.
pub(crate) fn check_status(
    status: &UploadStatusResponse,
    state: &RecordingState,
    session: &str,
) -> Result<BTreeSet<String>, Error> {
    if status.session_uid != *session {
        return Err(invalid("the recording has another upload session now"));
    }
    if status.status == UploadSessionStatus::Abandoned {
        return Err(stuck("the server has abandoned the upload session"));
    }
    let pending: BTreeSet<&String> = status.pending_paths.iter().collect();
    if pending.len() != status.pending_paths.len() {
        return Err(invalid("a pending path is listed twice"));
    }
    if let Some(path) = pending.iter().find(|path| !state.files.contains_key(**path)) {
        return Err(invalid("a pending path is not a file of this upload").about(path));
    }
    let confirmed: BTreeSet<String> = if pending.len() >= MAX_PENDING {
        // The list may be truncated, so only files that this state folder confirmed are certain.
        let own = state.confirmed.iter().filter(|path| !pending.contains(path));
        own.cloned().collect()
    } else {
        state.files.keys().filter(|path| !pending.contains(path)).cloned().collect()
    };
    let bytes: u64 = confirmed.iter().filter_map(|path| state.files.get(path)).map(|file| file.size).sum();
    let expected = (state.files.len() as u64, state.total_bytes(), confirmed.len() as u64, bytes);
    let (files, bytes) = (count(status.total_files)?, count(status.total_bytes)?);
    let (confirmed_files, confirmed_bytes) = (count(status.confirmed_files)?, count(status.confirmed_bytes)?);
    if (files, bytes, confirmed_files, confirmed_bytes) != expected {
        return Err(invalid(&format!(
            "the server counts {confirmed_files} of {files} files and {confirmed_bytes} of {bytes} bytes as confirmed; \
             by its list it is {} of {} and {} of {}",
            expected.2, expected.0, expected.3, expected.1
        )));
    }
    Ok(confirmed)
}

/// Checks the response to a confirmation against the confirmed files.
pub(crate) fn check_confirmed(
    response: &UploadConfirmResponse,
    state: &RecordingState,
    session: &str,
    confirmed: &BTreeSet<String>,
) -> Result<(), Error> {
    let bytes: u64 = confirmed.iter().filter_map(|path| state.files.get(path)).map(|file| file.size).sum();
    let is_right = response.session_uid.as_ref().is_some_and(|uid| uid == session)
        && response.total_files == Some(state.files.len() as u64)
        && response.total_bytes == Some(state.total_bytes())
        && response.confirmed_files == Some(confirmed.len() as u64)
        && response.confirmed_bytes == Some(bytes);
    if is_right { Ok(()) } else { Err(invalid("the server confirmed other files or bytes than those sent")) }
}

/// Checks the URL entries of a batch: exactly one for each path.
pub(crate) fn check_urls<'a>(
    urls: &'a [UploadUrlEntry],
    paths: &[String],
    prefix: &str,
) -> Result<BTreeMap<&'a str, &'a UploadUrlEntry>, Error> {
    let by_path: BTreeMap<&str, &UploadUrlEntry> = urls.iter().map(|entry| (entry.path.as_str(), entry)).collect();
    if by_path.len() != urls.len() || by_path.len() != paths.len() {
        return Err(invalid("the API did not return exactly one URL for each file"));
    }
    for path in paths {
        let entry =
            by_path.get(path.as_str()).ok_or_else(|| invalid("the API returned no URL for a file").about(path))?;
        check_url(entry, &format!("{prefix}{path}")).map_err(|problem| invalid(problem).about(path))?;
    }
    Ok(by_path)
}

fn check_url(entry: &UploadUrlEntry, key: &str) -> Result<(), &'static str> {
    if entry.s3_key != key {
        return Err("the key of the URL is not the key of the file");
    }
    let uri: Uri = entry.put_url.parse().map_err(|_| "the API returned an invalid URL")?;
    let path = decode(uri.path()).ok_or("the path of the URL is not percent-encoded UTF-8")?;
    // `/<key>`, or with the bucket before it.
    let whole = path.strip_prefix('/').unwrap_or_default();
    let is_key = whole == key || whole.split_once('/').is_some_and(|(bucket, rest)| !bucket.is_empty() && rest == key);
    if !is_key {
        return Err("the URL points to an object other than the file's");
    }
    for (name, value) in &entry.headers {
        let is_allowed = match name.to_ascii_lowercase().as_str() {
            "content-type" => value == "application/octet-stream",
            "content-encoding" => value == "gzip",
            "cache-control" => CACHE_CONTROL.contains(&value.as_str()),
            "content-length" => true,
            _ => false,
        };
        if !is_allowed {
            return Err("the API requests a header that the protocol does not have");
        }
    }
    Ok(())
}

fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

pub(crate) fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::Protocol, message)
        .help("report it to Avala; the upload can be continued when it is corrected")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upload::recording::records::{Protocol, Record};

    fn state(paths: &[&str]) -> RecordingState {
        let begin = Record::Begin {
            protocol: Protocol::Plain,
            user: "u".to_owned(),
            storage_config: None,
            source: String::new(),
        };
        let files = paths.iter().map(|path| Record::File { path: (*path).to_owned(), size: 10, sha256: None });
        RecordingState::replay(std::iter::once(begin).chain(files).collect())
    }

    fn session() -> UploadSession {
        let mut session = UploadSession::new("s-1_x");
        (session.total_files, session.total_bytes) = (Some(2), Some(20));
        session.status = Some(UploadSessionStatus::Initiated);
        session.s3_prefix = Some("fleet/x/r1/".to_owned());
        session
    }

    #[test]
    fn session_has_to_fit_the_manifest() {
        let state = state(&["a", "b"]);
        assert_eq!(check_new(&session(), &state, "r1").unwrap(), ("s-1_x".to_owned(), "fleet/x/r1/".to_owned()));
        let changes: [fn(&mut UploadSession); 9] = [
            |session| session.uid = "s/1".into(),
            |session| session.uid = "".into(),
            |session| session.total_files = Some(3),
            |session| session.total_bytes = Some(21),
            |session| session.total_bytes = None,
            |session| session.status = Some(UploadSessionStatus::Uploading),
            |session| session.s3_prefix = Some("fleet/x/r2/".to_owned()),
            |session| session.s3_prefix = Some("fleet/../r1/".to_owned()),
            |session| session.s3_prefix = None,
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut session = session();
            change(&mut session);
            let error = check_new(&session, &state, "r1").expect_err(&index.to_string());
            assert_eq!(error.kind(), ErrorKind::Protocol);
        }
    }

    #[test]
    fn status_has_to_add_up() {
        let state = state(&["a", "b"]);
        let status = |pending: &[&str], confirmed: u64| {
            let mut status = UploadStatusResponse::new("s", UploadSessionStatus::Uploading);
            (status.total_files, status.total_bytes) = (Some(2), Some(20));
            (status.confirmed_files, status.confirmed_bytes) = (Some(confirmed), Some(confirmed * 10));
            status.pending_paths = pending.iter().map(|path| (*path).to_owned()).collect();
            status
        };
        let confirmed = check_status(&status(&["b"], 1), &state, "s").unwrap();
        assert_eq!(confirmed.into_iter().collect::<Vec<_>>(), ["a"]);
        for (pending, confirmed) in [(&["b", "b"][..], 1), (&["c"][..], 1), (&["b"][..], 2), (&[][..], 1)] {
            check_status(&status(pending, confirmed), &state, "s").unwrap_err();
        }
        check_status(&status(&["b"], 1), &state, "other").unwrap_err();
        let mut abandoned = status(&["b"], 1);
        abandoned.status = UploadSessionStatus::Abandoned;
        assert_eq!(check_status(&abandoned, &state, "s").unwrap_err().kind(), ErrorKind::Stuck);
    }

    #[test]
    fn url_has_to_lead_to_the_file() {
        let entry = |url: &str, key: &str, header: Option<(&str, &str)>| {
            let mut entry = UploadUrlEntry::new("a b.bin", url, key);
            entry.headers.extend(header.map(|(name, value)| (name.to_owned(), value.to_owned())));
            entry
        };
        let (prefix, key) = ("fleet/x/r1/", "fleet/x/r1/a b.bin");
        let check = |entry: UploadUrlEntry| check_urls(&[entry], &["a b.bin".to_owned()], prefix).map(drop);
        for url in ["https://h/fleet/x/r1/a%20b.bin?q", "https://h/bucket/fleet/x/r1/a%20b.bin"] {
            check(entry(url, key, Some(("Content-Type", "application/octet-stream")))).unwrap();
        }
        for (url, key, header) in [
            ("https://h/fleet/x/r1/a%20b.bin", "fleet/x/r1/other", None),
            ("https://h/fleet/x/r1/other", key, None),
            ("https://h/x/y/fleet/x/r1/a%20b.bin", key, None),
            ("https://h/fleet/x/r1/a%20b.bin", key, Some(("x-amz-acl", "public-read"))),
            ("https://h/fleet/x/r1/a%20b.bin", key, Some(("content-type", "text/html"))),
        ] {
            check(entry(url, key, header)).expect_err(url);
        }
        check_urls(&[], &["a".to_owned()], prefix).unwrap_err();
    }
}
