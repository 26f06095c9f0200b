//! Resolves public revisions, lists their objects, and requests grants.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use avala_client::Avala;
use avala_types::{PublicObject, PublicObjectUid, PublicObjectWalk, PublicReference, PublicRevision};
use tokio::time::Instant;

use crate::download::link::{Link, LinkFuture, LinkSource, Links, SHORTEST_LIFE};
use crate::download::listing::{Listed, Listing};
use crate::error::{Error, ErrorKind};
use crate::hash::Digest;
use crate::public::saved;
use crate::storage::client::Storage;
use crate::storage::clock::UrlLife;
use crate::transfers::Transfers;

/// Objects per page: the maximum of the API.
const PAGE: u32 = 100;

/// Requests a grant for each link.
#[derive(Debug)]
struct GrantLinks {
    avala: Avala,
    storage: Storage,
    revision: Arc<PublicRevision>,
    object: Granted,
}

/// Fields of an object that a grant has to repeat. A revision can have 100,000 objects.
#[derive(Debug)]
struct Granted {
    uid: PublicObjectUid,
    size: u64,
    sha256: Digest,
}

impl Granted {
    /// Returns the object with the fields that the checks of a grant compare.
    fn object(&self) -> PublicObject {
        PublicObject::new(self.uid.clone(), "", "", 0_u64, self.size, self.sha256.to_string(), "")
    }
}

impl LinkSource for GrantLinks {
    fn sign(&self) -> LinkFuture<'_> {
        Box::pin(async move {
            // A grant that is about to expire is requested again, once.
            for _ in 0..2 {
                let link = self.grant().await?;
                if link.life.left(Instant::now()) >= SHORTEST_LIFE {
                    return Ok(link);
                }
            }
            Err(Error::new(ErrorKind::Protocol, "the API granted less than 5 s for reading the object")
                .help("check the clock of the server, or try again later"))
        })
    }
}

impl GrantLinks {
    async fn grant(&self) -> Result<Link, Error> {
        let public = self.avala.public_datasets();
        let object = self.object.object();
        let granted = match public.access_object(&self.revision, &object).with_meta().await {
            Err(error) if error.status().is_some_and(|status| status.as_u16() == 405) => {
                public.access_object_with_get(&self.revision, &object).with_meta().await
            }
            granted => granted,
        };
        let response = granted.map_err(|error| public_error(error, &self.revision.canonical_reference))?;
        let (grant, received) = (response.value, Instant::now());
        // The client has checked the grant against the revision and the date of the response.
        let sent =
            response.meta.date.and_then(|date| date.duration_since(UNIX_EPOCH).ok()).map_or(0, |date| date.as_secs());
        let end = u64::try_from(grant.expires_at.unix_seconds()).unwrap_or_default();
        let left = Duration::from_secs(end.saturating_sub(sent));
        let url = self.storage.granted(&grant.url, self.avala.base_url())?;
        let mut link = Link { life: UrlLife::lasting(left, received), ranges: true, accept_encoding: "identity", url };
        link.ranges = grant.range_supported == Some(true);
        if grant.provider == avala_types::PublicProvider::Gcs {
            link.accept_encoding = "gzip";
        }
        Ok(link)
    }
}

/// Explains a 410: the revision was withdrawn, if the request named exactly this revision.
fn public_error(error: avala_client::Error, reference: &str) -> Error {
    let is_withdrawn = error.status().is_some_and(|status| status.as_u16() == 410)
        && error.code() == Some("dataset_revision_withdrawn");
    let converted = Error::api(error).about(reference);
    if is_withdrawn { converted.help("the revision was withdrawn by its owner; choose another one") } else { converted }
}

/// A resolved revision and all its objects.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) revision: PublicRevision,
    pub(crate) objects: Vec<PublicObject>,
    pub(crate) calls: u64,
    pub(crate) warnings: Vec<String>,
}

/// Resolves a reference and reads all pages of its objects. Saved pages are used for a revision that was read before.
///
/// Without `is_online`, only saved pages are used, and the reference has to be canonical.
pub(crate) async fn resolve(
    transfers: &Transfers,
    reference: &PublicReference,
    is_online: bool,
) -> Result<Resolved, Error> {
    let folder = transfers.state().path().join("revisions");
    if let PublicReference::Exact { dataset_uid, revision_sha256 } = reference
        && let Some(saved) = saved::load(&folder, dataset_uid, revision_sha256).await?
    {
        return collect(saved.revision, saved.objects, 0, Vec::new());
    }
    if !is_online {
        let (message, help) = match reference {
            PublicReference::Exact { .. } => {
                ("no earlier download has saved the list of this revision", "download it once while online")
            }
            _ => (
                "offline, a name cannot be resolved to a revision",
                "use the canonical reference `avala://datasets/<uuid>@<digest>` of an earlier download",
            ),
        };
        return Err(Error::new(ErrorKind::Configuration, message).about(reference.to_string()).help(help));
    }
    let public = transfers.avala().public_datasets();
    let mut warnings = Vec::new();
    let revision = match reference {
        PublicReference::Exact { dataset_uid, revision_sha256 } => {
            public.resolve_exact(dataset_uid.as_str(), revision_sha256).await
        }
        PublicReference::Friendly { owner, dataset, selector } => {
            public.resolve(owner.as_str(), dataset.as_str(), selector).await
        }
        other => {
            let message = "this kind of reference is newer than this program";
            return Err(Error::new(ErrorKind::Configuration, message).about(other.to_string()));
        }
    };
    let revision = revision.map_err(|error| public_error(error, &reference.to_string()))?;
    if let PublicReference::Friendly { selector, .. } = reference
        && *selector != revision.revision_sha256
    {
        let canonical = &revision.canonical_reference;
        warnings.push(format!("the alias `{selector}` can move to another revision; {canonical} cannot"));
    }
    if let Some(saved) = saved::load(&folder, revision.dataset_uid.as_str(), &revision.revision_sha256).await? {
        return collect(saved.revision, saved.objects, 1, warnings);
    }
    let (objects, pages) = walk(transfers.avala(), &revision).await?;
    saved::save(&folder, &revision, &objects).await?;
    collect(revision, objects, 1 + pages, warnings)
}

fn collect(
    revision: PublicRevision,
    objects: Vec<PublicObject>,
    calls: u64,
    warnings: Vec<String>,
) -> Result<Resolved, Error> {
    Ok(Resolved { revision, objects, calls, warnings })
}

async fn walk(avala: &Avala, revision: &PublicRevision) -> Result<(Vec<PublicObject>, u64), Error> {
    let reference = revision.canonical_reference.as_str();
    let invalid = |error: avala_types::InvalidPublicDataset| {
        Error::new(ErrorKind::Protocol, format!("the list of objects is invalid: {error}"))
            .about(reference)
            .help("report it to the owner of the dataset")
    };
    let public = avala.public_datasets();
    let mut walk = PublicObjectWalk::new(revision).map_err(invalid)?;
    let (mut objects, mut pages) = (Vec::new(), 0);
    let mut call = public.list_objects(revision).limit(PAGE);
    loop {
        let page = call.await.map_err(|error| public_error(error, reference))?;
        pages += 1;
        walk.page(&page).map_err(invalid)?;
        objects.extend(page.results);
        let Some(cursor) = page.next_cursor else { break };
        call = public.list_objects(revision).limit(PAGE).cursor(cursor);
    }
    walk.finish().map_err(invalid)?;
    Ok((objects, pages))
}

/// Lists the objects of a revision for a download.
pub(crate) fn list(transfers: &Transfers, resolved: Resolved) -> Result<Listing, Error> {
    let revision = Arc::new(resolved.revision);
    let mut objects = Vec::with_capacity(resolved.objects.len());
    for object in resolved.objects {
        let sha256 = Digest::parse(&object.sha256).ok_or_else(|| {
            Error::new(ErrorKind::Protocol, "the hash of the object is not a SHA-256").about(&object.logical_path)
        })?;
        let (name, size) = (object.logical_path.clone(), object.size_bytes);
        let source = GrantLinks {
            avala: transfers.avala().clone(),
            storage: transfers.storage().clone(),
            revision: Arc::clone(&revision),
            object: Granted { uid: object.object_uid, size, sha256 },
        };
        let links = Links::new(source, None);
        objects.push(Listed {
            name,
            size: Some(size),
            sha256: Some(sha256),
            version: sha256.to_string(),
            read_again: None,
            links,
        });
    }
    Ok(Listing {
        // The dataset, not the revision: files that two revisions share are not transferred again.
        id: format!("public:{}", revision.dataset_uid),
        objects,
        calls: resolved.calls,
        calls_per_object: 1,
        is_anonymous: true,
        warnings: resolved.warnings,
    })
}
