//! Checks of a server's description of a public dataset. It has no secret, so its identity is the only thing to
//! trust: every response has to repeat it exactly.

use std::collections::BTreeSet;
use std::fmt;

use super::{
    PublicManifest, PublicObject, PublicObjectGrant, PublicObjectPage, PublicOrigin, PublicRevision, PublicRights,
};
use crate::json::Json;

const MOST_OBJECTS: u64 = 100_000;
const MOST_ORIGINS: usize = 32;
const MOST_RESULTS: usize = 100;
/// The largest integer that every JSON reader keeps exactly.
const LARGEST_SIZE: u64 = (1 << 53) - 1;
const LONGEST_PATH: usize = 1024;

/// Response about a public dataset that contradicts the request or an earlier response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPublicDataset {
    field: String,
    reason: &'static str,
}

impl InvalidPublicDataset {
    /// Creates an error from the JSON path of a field and what is wrong with it, for your own checks.
    #[must_use]
    pub fn new(field: impl Into<String>, reason: &'static str) -> Self {
        Self { field: field.into(), reason }
    }

    /// Returns the JSON path of the field, such as `results[3].origin`.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Returns what is wrong with the field.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

/// Names the field, and does not repeat its value: a signed URL must not reach a log.
impl fmt::Display for InvalidPublicDataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

impl std::error::Error for InvalidPublicDataset {}

pub(super) type Checked = Result<(), InvalidPublicDataset>;

pub(super) fn ensure(holds: bool, field: impl Into<String>, reason: &'static str) -> Checked {
    if holds { Ok(()) } else { Err(InvalidPublicDataset::new(field, reason)) }
}

/// Reference that a caller asked to resolve.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicReference {
    /// `owner/dataset@selector`, whose selector is a digest or an alias. An alias can move to another revision.
    Friendly {
        /// Owner of the dataset.
        owner: String,
        /// Slug of the dataset.
        dataset: String,
        /// Digest or alias.
        selector: String,
    },
    /// `avala://datasets/<uid>@<digest>`, which never moves.
    Exact {
        /// Identifier of the dataset.
        dataset_uid: String,
        /// Digest of the revision.
        revision_sha256: String,
    },
}

impl PublicReference {
    /// Creates a reference by names.
    pub fn friendly(owner: impl Into<String>, dataset: impl Into<String>, selector: impl Into<String>) -> Self {
        Self::Friendly { owner: owner.into(), dataset: dataset.into(), selector: selector.into() }
    }

    /// Creates a reference by identifiers.
    pub fn exact(dataset_uid: impl Into<String>, revision_sha256: impl Into<String>) -> Self {
        Self::Exact { dataset_uid: dataset_uid.into(), revision_sha256: revision_sha256.into() }
    }
}

/// The reference as users write it.
impl fmt::Display for PublicReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Friendly { owner, dataset, selector } => write!(f, "{owner}/{dataset}@{selector}"),
            Self::Exact { dataset_uid, revision_sha256 } => {
                write!(f, "avala://datasets/{dataset_uid}@{revision_sha256}")
            }
        }
    }
}

impl PublicRevision {
    /// Decodes the manifest.
    ///
    /// # Errors
    /// If there is none, or it does not have the fields of a [`PublicManifest`].
    pub fn parse_manifest(&self) -> Result<PublicManifest, InvalidPublicDataset> {
        parse("manifest", self.manifest.as_ref())
    }

    /// Decodes the terms of use.
    ///
    /// # Errors
    /// If there are none, or they do not have the fields of [`PublicRights`].
    pub fn parse_rights(&self) -> Result<PublicRights, InvalidPublicDataset> {
        parse("rights", self.rights.as_ref())
    }

    /// Checks the response to a request for `reference`.
    ///
    /// # Errors
    /// If a field contradicts the reference or another field, or is outside its documented range.
    pub fn check(&self, reference: &PublicReference) -> Result<(), InvalidPublicDataset> {
        ensure(self.schema_version == 1, "schema_version", "is not 1")?;
        ensure(is_uuid(self.dataset_uid.as_str()), "dataset_uid", "is not a UUID in canonical form")?;
        ensure(is_sha256(&self.revision_sha256), "revision_sha256", "is not 64 lower-case hexadecimal digits")?;
        let canonical = PublicReference::exact(self.dataset_uid.as_str(), &self.revision_sha256).to_string();
        ensure(
            self.canonical_reference == canonical,
            "canonical_reference",
            "is not that of the dataset and revision",
        )?;
        ensure(self.state.as_deref() == Some("published"), "state", "is not `published`")?;
        if let Some(uid) = &self.revision_uid {
            ensure(is_uuid(uid.as_str()), "revision_uid", "is not a UUID in canonical form")?;
        }
        let echoed = self.requested_reference.as_deref() == Some(&reference.to_string());
        ensure(echoed, "requested_reference", "is not the reference that was requested")?;
        self.check_names(reference)?;
        self.parse_manifest()?.check(self)?;
        self.parse_rights()?.check()
    }

    fn check_names(&self, reference: &PublicReference) -> Checked {
        let display = self.display_reference.as_deref().unwrap_or_default();
        match reference {
            PublicReference::Friendly { owner, dataset, selector } => {
                let expected = format!("{owner}/{dataset}@{}", self.revision_sha256);
                ensure(display == expected, "display_reference", "is not the requested dataset at this revision")?;
                let same = !is_sha256(selector) || *selector == self.revision_sha256;
                ensure(same, "revision_sha256", "is not the requested revision")
            }
            PublicReference::Exact { dataset_uid, revision_sha256 } => {
                ensure(self.dataset_uid.as_str() == dataset_uid, "dataset_uid", "is not the requested dataset")?;
                ensure(self.revision_sha256 == *revision_sha256, "revision_sha256", "is not the requested revision")?;
                let at_revision = display.strip_suffix(&format!("@{}", self.revision_sha256));
                ensure(
                    at_revision.is_some_and(is_dataset_name),
                    "display_reference",
                    "is not a dataset at this revision",
                )
            }
        }
    }

    fn objects_path(&self) -> String {
        format!("/resolve/uid/{}/{}/objects/", self.dataset_uid, self.revision_sha256)
    }
}

fn parse<T: for<'a> serde::Deserialize<'a>>(field: &str, json: Option<&Json>) -> Result<T, InvalidPublicDataset> {
    let json = json.ok_or_else(|| InvalidPublicDataset::new(field, "is missing"))?;
    json.parse().map_err(|_| InvalidPublicDataset::new(field, "does not have the documented fields"))
}

impl PublicManifest {
    fn check(&self, revision: &PublicRevision) -> Checked {
        ensure(self.schema_version == 1, "manifest.schema_version", "is not 1")?;
        ensure(is_sha256(&self.sha256), "manifest.sha256", "is not 64 lower-case hexadecimal digits")?;
        ensure(self.object_count <= MOST_OBJECTS, "manifest.object_count", "is larger than 100,000")?;
        ensure(self.total_size_bytes <= LARGEST_SIZE, "manifest.total_size_bytes", "is larger than 2^53 - 1")?;
        let here = self.objects_path == revision.objects_path();
        ensure(here, "manifest.objects_path", "is not the path of this revision")?;
        let count = self.origins.len();
        ensure((1..=MOST_ORIGINS).contains(&count), "manifest.origins", "has not between 1 and 32 entries")?;
        let is_sorted = self.origins.is_sorted_by(|a: &PublicOrigin, b: &PublicOrigin| a.name < b.name);
        ensure(is_sorted, "manifest.origins", "has names that are not unique and sorted")
    }
}

impl PublicRights {
    fn check(&self) -> Checked {
        ensure(self.status == "declared", "rights.status", "is not `declared`")?;
        ensure(self.access == "open_download", "rights.access", "is not `open_download`")?;
        let length = self.name.chars().count();
        ensure((1..=1024).contains(&length), "rights.name", "does not have 1 to 1,024 characters")?;
        ensure(self.url.starts_with("https://"), "rights.url", "is not an https URL")?;
        for (field, digest) in
            [("rights.document_sha256", &self.document_sha256), ("rights.attestation_sha256", &self.attestation_sha256)]
        {
            ensure(is_sha256(digest), field, "is not 64 lower-case hexadecimal digits")?;
        }
        ensure(self.extra.is_empty(), "rights", "has a field that is not documented")
    }
}

impl PublicObjectPage {
    /// Checks one page of the objects of `revision`. [`PublicObjectWalk`](crate::PublicObjectWalk) also checks what
    /// holds across pages.
    ///
    /// # Errors
    /// If the page is of another revision, its objects are not in order, or one of them is not as documented.
    pub fn check(&self, revision: &PublicRevision) -> Result<(), InvalidPublicDataset> {
        let manifest = revision.parse_manifest()?;
        ensure(self.schema_version == 1, "schema_version", "is not 1")?;
        let same = self.canonical_reference == revision.canonical_reference;
        ensure(same, "canonical_reference", "is not that of the resolved revision")?;
        let same = self.revision_sha256 == revision.revision_sha256;
        ensure(same, "revision_sha256", "is not that of the resolved revision")?;
        ensure(self.manifest_sha256 == manifest.sha256, "manifest_sha256", "is not that of the resolved revision")?;
        ensure(self.results.len() <= MOST_RESULTS, "results", "has more than 100 objects")?;
        let (mut uids, mut positions, mut paths) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (index, object) in self.results.iter().enumerate() {
            object.check(&manifest).map_err(|invalid| invalid.inside(index))?;
            let is_new = uids.insert(object.object_uid.as_str())
                && positions.insert((object.role.as_str(), object.ordinal))
                && paths.insert(object.logical_path.as_str());
            ensure(is_new, format!("results[{index}]"), "repeats an identifier, a position or a path")?;
        }
        let is_sorted = self.results.is_sorted_by(|a, b| a.position() < b.position());
        ensure(is_sorted, "results", "are not in the order of role, ordinal and path")
    }
}

impl InvalidPublicDataset {
    fn inside(self, index: usize) -> Self {
        Self { field: format!("results[{index}].{}", self.field), ..self }
    }
}

impl PublicObject {
    pub(super) fn position(&self) -> (&str, u64, &str) {
        (&self.role, self.ordinal, &self.logical_path)
    }

    fn check(&self, manifest: &PublicManifest) -> Checked {
        ensure(is_uuid(self.object_uid.as_str()), "object_uid", "is not a UUID in canonical form")?;
        ensure(is_role(&self.role), "role", "is not a role name")?;
        ensure(is_logical_path(&self.logical_path), "logical_path", "is not a plain relative path")?;
        ensure(is_sha256(&self.sha256), "sha256", "is not 64 lower-case hexadecimal digits")?;
        ensure(self.size_bytes <= LARGEST_SIZE, "size_bytes", "is larger than 2^53 - 1")?;
        let known = manifest.origins.iter().any(|origin| Some(&origin.name) == self.origin.as_ref());
        ensure(known, "origin", "is not an origin of the manifest")?;
        let is_whole = self.role != "episode" || self.episode_ordinal.is_none();
        ensure(is_whole, "episode_ordinal", "is set for an episode")?;
        let access_path = format!("{}{}/access/", manifest.objects_path, self.object_uid);
        ensure(self.access_path == access_path, "access_path", "is not the path of this object")
    }
}

impl PublicObjectGrant {
    /// Checks that the grant is for `object` of `revision`. Where its URL leads and how long it is valid depends on
    /// the client.
    ///
    /// # Errors
    /// If a field is not that of the object or the revision.
    pub fn check(&self, revision: &PublicRevision, object: &PublicObject) -> Result<(), InvalidPublicDataset> {
        let manifest = revision.parse_manifest()?;
        ensure(self.schema_version == 1, "schema_version", "is not 1")?;
        ensure(self.method == "GET", "method", "is not `GET`")?;
        for (field, granted, resolved) in [
            ("object_uid", self.object_uid.as_str(), object.object_uid.as_str()),
            ("sha256", &*self.sha256, &*object.sha256),
            ("canonical_reference", &*self.canonical_reference, &*revision.canonical_reference),
            ("dataset_uid", self.dataset_uid.as_str(), revision.dataset_uid.as_str()),
            ("revision_sha256", &*self.revision_sha256, &*revision.revision_sha256),
            ("manifest_sha256", &*self.manifest_sha256, &*manifest.sha256),
        ] {
            ensure(granted == resolved, field, "is not that of the resolved object")?;
        }
        ensure(self.size_bytes == object.size_bytes, "size_bytes", "is not that of the resolved object")?;
        ensure(self.range_supported.is_some(), "range_supported", "is missing")
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(is_lower_hex)
}

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(is_lower_hex))
}

/// Returns whether a text is a role: `[a-z][a-z0-9_]{0,31}`.
fn is_role(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && text.len() <= 32
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Returns whether a text is the name of a dataset: `owner/dataset`.
fn is_dataset_name(text: &str) -> bool {
    let is_name = |text: &str, longest: usize, others: &[u8]| {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        text.len() <= longest
            && text.bytes().next().is_some_and(is_plain)
            && text.bytes().all(|byte| is_plain(byte) || others.contains(&byte))
    };
    text.split_once('/').is_some_and(|(owner, dataset)| is_name(owner, 255, b"_-") && is_name(dataset, 100, b"._-"))
}

/// Returns whether a path is safe to create below a folder on every system.
fn is_logical_path(path: &str) -> bool {
    (1..=LONGEST_PATH).contains(&path.len())
        && !path.contains('\\')
        && !path.to_ascii_lowercase().contains("%2f")
        && !path.contains(char::is_control)
        && path.split('/').all(|segment| !matches!(segment, "" | "." | ".."))
}
