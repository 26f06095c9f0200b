//! Files of the storage host, and the presigned URLs that were handed out for them.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use avala_types::{DatasetUid, ExportUid, GenerationUid, Timestamp, UploadSessionUid, UploadUid};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;

use crate::state::clock;
use crate::state::hex::hex;

/// What stands for itself in a path.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What stands for itself in the value of a query parameter.
const IN_QUERY: &AsciiSet = &IN_PATH.add(b'/');

/// Field of a form, and parameter of a URL, that proves that the upload is allowed.
pub(crate) const SIGNATURE: &str = "X-Amz-Signature";

/// Presigned URLs, and files that can be fetched.
#[derive(Default)]
pub(crate) struct Storage {
    /// By their signatures.
    grants: HashMap<String, Grant>,
    /// By their paths.
    files: HashMap<String, Bytes>,
}

struct Grant {
    path: String,
    /// The whole query; `None` for a form, whose fields are not part of a URL.
    query: Option<String>,
    expires_at: SystemTime,
    place: Place,
}

/// Whose file a URL is for.
#[derive(Clone)]
pub(crate) enum Place {
    /// A file of a recording.
    Recording { session: UploadSessionUid, path: String },
    /// A file of a dataset.
    Upload(UploadUid),
    /// A part of a file of a dataset; the first one is 1.
    Part(UploadUid, u64),
    /// A part of a generation of a managed upload; the first one is 1.
    ManagedPart(GenerationUid, u64),
    /// An object of a published revision, to be fetched.
    PublicObject(DatasetUid, String),
    /// The file of an export, to be fetched.
    Export(ExportUid),
}

/// What is known of an uploaded file.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) size: u64,
    /// Without quotes.
    pub(crate) etag: String,
}

/// Why a URL is refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Refused {
    SignatureDoesNotMatch,
    Expired,
}

/// A URL to sign.
pub(crate) struct Presign<'a> {
    /// Origin, and the bucket of path-style URLs.
    pub(crate) base: &'a str,
    pub(crate) key: &'a str,
    /// Parameters that come before those of the signature.
    pub(crate) parameters: &'a [(&'a str, String)],
    pub(crate) signed_headers: &'a str,
    pub(crate) lifetime: Duration,
}

impl Storage {
    /// Returns a presigned URL, which is good for this place until it expires.
    pub(crate) fn presign(&mut self, url: &Presign<'_>, place: Place) -> String {
        let now = clock::now();
        let date = amz_date(now);
        let day = date.split('T').next().unwrap_or_default();
        let own = [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256".to_owned()),
            ("X-Amz-Credential", format!("AKIASANDBOX/{day}/auto/s3/aws4_request")),
            ("X-Amz-Date", date.clone()),
            ("X-Amz-Expires", url.lifetime.as_secs().to_string()),
            ("X-Amz-SignedHeaders", url.signed_headers.to_owned()),
        ];
        let pairs = url.parameters.iter().chain(&own);
        let pairs = pairs.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, IN_QUERY)));
        let query = pairs.collect::<Vec<_>>().join("&");
        let address = address(url.base, url.key);
        let signature = sign(&format!("{address}?{query}"));
        let query = format!("{query}&{SIGNATURE}={signature}");
        let path = origin_and_path(&address).1.to_owned();
        self.insert(signature, Grant { path, query: Some(query.clone()), expires_at: after(now, url.lifetime), place });
        format!("{address}?{query}")
    }

    /// Returns the signature of a form that sends a file to the place of a key.
    pub(crate) fn sign_form(&mut self, key: &str, lifetime: Duration, place: Place) -> String {
        let signature = sign(&format!("form {} {key}", amz_date(clock::now())));
        let grant = Grant { path: path(key), query: None, expires_at: after(clock::now(), lifetime), place };
        self.insert(signature.clone(), grant);
        signature
    }

    /// Returns the place that a presigned URL is for.
    pub(crate) fn granted(&self, path: &str, query: &str) -> Result<Place, Refused> {
        let signature = query.rsplit_once(&format!("&{SIGNATURE}=")).map(|(_, signature)| signature);
        self.check(signature, |grant| grant.path == path && grant.query.as_deref() == Some(query))
    }

    /// Returns the place that a form is for.
    pub(crate) fn granted_form(&self, signature: Option<&str>, path: &str) -> Result<Place, Refused> {
        self.check(signature, |grant| grant.path == path && grant.query.is_none())
    }

    fn check(&self, signature: Option<&str>, fits: impl Fn(&Grant) -> bool) -> Result<Place, Refused> {
        let grant = signature.and_then(|signature| self.grants.get(signature)).filter(|grant| fits(grant));
        let grant = grant.ok_or(Refused::SignatureDoesNotMatch)?;
        if grant.expires_at <= SystemTime::now() { Err(Refused::Expired) } else { Ok(grant.place.clone()) }
    }

    /// Keeps the grant, and drops expired ones when there are many: a soak test asks for URLs by the million.
    fn insert(&mut self, signature: String, grant: Grant) {
        const MANY: usize = 100_000;
        if self.grants.len() >= MANY {
            let now = SystemTime::now();
            self.grants.retain(|_, grant| grant.expires_at > now);
        }
        self.grants.insert(signature, grant);
    }

    pub(crate) fn file(&self, path: &str) -> Option<Bytes> {
        self.files.get(path).cloned()
    }

    pub(crate) fn keep_file(&mut self, path: &str, file: Bytes) {
        self.files.insert(path.to_owned(), file);
    }
}

/// Returns the URL of a key, unsigned.
pub(crate) fn address(base: &str, key: &str) -> String {
    format!("{base}{}", path(key))
}

/// Returns the path of a key.
pub(crate) fn path(key: &str) -> String {
    format!("/{}", utf8_percent_encode(key, IN_PATH))
}

/// Splits an absolute URL before its path.
fn origin_and_path(url: &str) -> (&str, &str) {
    let start = url.find("://").map_or(0, |index| index + 3);
    let slash = url.get(start..).and_then(|rest| rest.find('/')).map_or(url.len(), |index| index + start);
    url.split_at(slash)
}

/// Signs with a key that the sandbox alone uses; it proves nothing to anybody else.
fn sign(text: &str) -> String {
    // HMAC takes keys of every length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(b"avala-sandbox") else { return String::new() };
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}

fn after(now: Option<Timestamp>, lifetime: Duration) -> SystemTime {
    // Expiry counts from the whole second that the URL names.
    let seconds = now.and_then(|now| u64::try_from(now.unix_seconds()).ok()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_secs(lifetime.as_secs())
}

/// `20250115T093000Z`.
fn amz_date(time: Option<Timestamp>) -> String {
    let text = time.map(|time| time.to_string()).unwrap_or_default();
    let seconds = text.split(['.', 'Z', '+']).next().unwrap_or_default();
    format!("{}Z", seconds.replace(['-', ':'], ""))
}
