//! Public datasets, for anyone without an account: published revisions, their objects, and grants to read them.

mod grant;

use std::sync::Arc;

use avala_types::{
    DatasetSlug, DatasetUid, Decode, InvalidPublicDataset, OwnerName, PublicObject, PublicObjectGrant,
    PublicObjectPage, PublicReference, PublicRevision,
};

use crate::avala::Avala;
use crate::call::Call;
use crate::decode;
use crate::decode::{Decoder, Source};
use crate::endpoint::Endpoint;
use crate::error::{ErrorKind, Failure};
use crate::filters::filters;
use crate::request::Request;

/// Name of the protocol by which this client reads the bytes of objects.
const TRANSPORT: &str = "avala-edge-v1";

/// Calls for public datasets. Created by [`Avala::public_datasets`].
///
/// The calls carry no credentials, also if the client has some, ignore the proxy of the environment, follow no
/// redirect, and have their own rate limit: 30 calls per minute. A client [without
/// credentials](crate::AvalaBuilder::without_credentials) can make them too.
///
/// Every response is checked against the request and earlier responses; one that contradicts them fails with
/// [`ErrorKind::Decode`], its [`json_path`](crate::Error::json_path) and an [`InvalidPublicDataset`] as its source.
/// Not checked are the Unicode form NFC of paths, and the digests of the manifest and the revision, whose
/// computation is not published.
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use avala_client::Avala;
/// use avala_client::types::PublicObjectWalk;
///
/// let avala = Avala::builder().without_credentials().build()?;
/// let public = avala.public_datasets();
/// let revision = public.resolve("acme", "drives", "main").await?;
/// println!("an alias can move; this reference cannot: {}", revision.canonical_reference);
///
/// let mut walk = PublicObjectWalk::new(&revision)?;
/// let mut call = public.list_objects(&revision);
/// loop {
///     let page = call.await?;
///     walk.page(&page)?;
///     let Some(cursor) = &page.next_cursor else { break };
///     call = public.list_objects(&revision).cursor(cursor);
/// }
/// walk.finish()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PublicDatasets {
    avala: Avala,
}

impl PublicDatasets {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Resolves a dataset by its names (`GET /resolve/{owner}/{dataset}@{selector}/`).
    ///
    /// The selector is the digest of a revision or an alias, usually `main`. An alias can move: keep the revision's
    /// `canonical_reference`.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let revision = avala.public_datasets().resolve("acme", "night-drives", "main").await?;
    /// println!("{}", revision.canonical_reference);
    /// # Ok(())
    /// # }
    /// ```
    pub fn resolve(
        &self,
        owner: impl Into<OwnerName>,
        dataset: impl Into<DatasetSlug>,
        selector: impl Into<String>,
    ) -> Call<PublicRevision> {
        let (owner, dataset, selector) = (owner.into(), dataset.into(), selector.into());
        let endpoint = Endpoint::get("public_datasets.resolve", "/resolve/{owner}/{dataset}@{selector}/");
        let reference = PublicReference::friendly(owner.as_str(), dataset.as_str(), selector.as_str());
        self.call(endpoint, &[owner.as_str(), dataset.as_str(), &selector], move |revision: &PublicRevision, _| {
            revision.check(&reference)
        })
    }

    /// Resolves a revision by its identifiers (`GET /resolve/uid/{dataset_uid}/{revision_sha256}/`).
    ///
    /// Fails with [`ErrorKind::UnexpectedStatus`] and the status 410 if the revision was withdrawn.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let digest = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
    /// let revision = avala.public_datasets().resolve_exact("d1", digest).await?;
    /// println!("{}", revision.canonical_reference);
    /// # Ok(())
    /// # }
    /// ```
    pub fn resolve_exact(
        &self,
        dataset: impl Into<DatasetUid>,
        revision_sha256: impl Into<String>,
    ) -> Call<PublicRevision> {
        let (dataset, revision_sha256) = (dataset.into(), revision_sha256.into());
        let route = "/resolve/uid/{dataset_uid}/{revision_sha256}/";
        let endpoint = Endpoint::get("public_datasets.resolve_exact", route);
        let reference = PublicReference::exact(dataset.as_str(), revision_sha256.as_str());
        self.call(endpoint, &[dataset.as_str(), &revision_sha256], move |revision: &PublicRevision, _| {
            revision.check(&reference)
        })
    }

    /// Gets one page of the objects of a revision
    /// (`GET /resolve/uid/{dataset_uid}/{revision_sha256}/objects/`).
    ///
    /// [`PublicObjectWalk`](avala_types::PublicObjectWalk) checks the rules across pages.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let revision = avala.public_datasets().resolve("acme", "night-drives", "main").await?;
    /// for object in avala.public_datasets().list_objects(&revision).await?.results {
    ///     println!("{}: {} bytes", object.logical_path, object.size_bytes);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_objects(&self, revision: &PublicRevision) -> Call<PublicObjectPage, PublicObjectFilters> {
        let route = "/resolve/uid/{dataset_uid}/{revision_sha256}/objects/";
        let endpoint = Endpoint::get("public_datasets.list_objects", route);
        let resolved = revision.clone();
        let segments = [revision.dataset_uid.as_str(), &revision.revision_sha256];
        self.call(endpoint, &segments, move |page: &PublicObjectPage, _| page.check(&resolved))
    }

    /// Requests a grant to read the bytes of an object
    /// (`POST /resolve/uid/{dataset_uid}/{revision_sha256}/objects/{object_uid}/access/`).
    ///
    /// Its URL is valid for at most 300 seconds, on a host that is known for its provider. Read it with a
    /// client that sends no credentials and follows no redirect, and compare size and SHA-256.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let public = avala.public_datasets();
    /// let revision = public.resolve("acme", "night-drives", "main").await?;
    /// if let Some(object) = public.list_objects(&revision).limit(1).await?.results.first() {
    ///     let grant = public.access_object(&revision, object).await?;
    ///     println!("{} bytes until {}", grant.size_bytes, grant.expires_at);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn access_object(&self, revision: &PublicRevision, object: &PublicObject) -> Call<PublicObjectGrant> {
        let route = "/resolve/uid/{dataset_uid}/{revision_sha256}/objects/{object_uid}/access/";
        let endpoint = Endpoint::post("public_datasets.access_object", route);
        self.access(endpoint, revision, object)
    }

    /// Requests the same grant with `GET`, for a server that rejects [`access_object`](Self::access_object) with 405.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let public = avala.public_datasets();
    /// let revision = public.resolve("acme", "night-drives", "main").await?;
    /// if let Some(object) = public.list_objects(&revision).limit(1).await?.results.first() {
    ///     let grant = public.access_object_with_get(&revision, object).await?;
    ///     println!("{} bytes until {}", grant.size_bytes, grant.expires_at);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn access_object_with_get(&self, revision: &PublicRevision, object: &PublicObject) -> Call<PublicObjectGrant> {
        let route = "/resolve/uid/{dataset_uid}/{revision_sha256}/objects/{object_uid}/access/";
        self.access(Endpoint::get("public_datasets.access_object", route), revision, object)
    }

    fn access(&self, endpoint: Endpoint, revision: &PublicRevision, object: &PublicObject) -> Call<PublicObjectGrant> {
        let segments = [revision.dataset_uid.as_str(), &revision.revision_sha256, object.object_uid.as_str()];
        let (resolved, wanted, avala) = (revision.clone(), object.clone(), self.avala.clone());
        let call = self.call(endpoint, &segments, move |grant: &PublicObjectGrant, source| {
            grant.check(&resolved, &wanted)?;
            grant::check_lifetime(grant, &source.parts.headers)?;
            // A client on a service may learn its base URL only now.
            grant::check_url(grant, avala.base_url())
        });
        call.param("transport", TRANSPORT).options(|options| options.repeatable = Some(true))
    }

    /// Creates a call without credentials whose response has to pass a check.
    fn call<T: Decode, F>(
        &self,
        endpoint: Endpoint,
        segments: &[&str],
        check: impl Fn(&T, &Source<'_>) -> Result<(), InvalidPublicDataset> + Send + Sync + 'static,
    ) -> Call<T, F> {
        let decode = move |source: Source<'_>| {
            let value = decode::model::<T>(Source { is_strict: true, ..source })?;
            check(&value, &source).map_err(contradiction)?;
            Ok(value)
        };
        let call = Call::new(&self.avala, Request::new(endpoint, segments), Decoder::Derived(Arc::new(decode)));
        call.options(|options| {
            options.anonymous = true;
            options.public = true;
        })
    }
}

fn contradiction(invalid: InvalidPublicDataset) -> Failure {
    let mut failure = Failure::new(ErrorKind::Decode, invalid.reason());
    failure.json_path = Some(invalid.field().to_owned());
    failure.source = Some(invalid.into());
    failure
}

filters! {
    /// Filters of [`PublicDatasets::list_objects`].
    pub enum PublicObjectFilters for Call {
        /// Lists only objects of this role.
        ///
        /// ```
        /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
        /// let revision = avala.public_datasets().resolve("acme", "night-drives", "main").await?;
        /// let page = avala.public_datasets().list_objects(&revision).role("episode").await?;
        /// println!("{} episodes", page.results.len());
        /// # Ok(())
        /// # }
        /// ```
        fn role(self, role: impl Into<String>) {
            self.param("role", role)
        }

        /// Gets only the object with this ordinal; needs a `role`.
        ///
        /// ```
        /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
        /// let revision = avala.public_datasets().resolve("acme", "night-drives", "main").await?;
        /// let page = avala.public_datasets().list_objects(&revision).role("episode").ordinal(3).await?;
        /// println!("{:?}", page.results.first().map(|object| &object.logical_path));
        /// # Ok(())
        /// # }
        /// ```
        fn ordinal(self, ordinal: u64) {
            self.param("ordinal", ordinal.to_string())
        }

        /// Gets only the objects with these ordinals, at most 100; needs a `role`.
        ///
        /// ```
        /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
        /// let revision = avala.public_datasets().resolve("acme", "night-drives", "main").await?;
        /// let page = avala.public_datasets().list_objects(&revision).role("episode").ordinals([3, 5]).await?;
        /// println!("{} objects", page.results.len());
        /// # Ok(())
        /// # }
        /// ```
        fn ordinals(self, ordinals: impl IntoIterator<Item = u64>) {
            self.params("ordinals", ordinals.into_iter().map(|ordinal| ordinal.to_string()))
        }

        /// Continues at the `next_cursor` of a page.
        ///
        /// ```
        /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
        /// let revision = avala.public_datasets().resolve("acme", "night-drives", "main").await?;
        /// let page = avala.public_datasets().list_objects(&revision).cursor("c2").await?;
        /// println!("{} more objects", page.results.len());
        /// # Ok(())
        /// # }
        /// ```
        fn cursor(self, cursor: impl Into<String>) {
            self.param("cursor", cursor)
        }

        /// Requests at most this many objects; at most 100.
        ///
        /// ```
        /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
        /// let revision = avala.public_datasets().resolve("acme", "night-drives", "main").await?;
        /// let page = avala.public_datasets().list_objects(&revision).limit(20).await?;
        /// println!("{} objects at most, {} received", 20, page.results.len());
        /// # Ok(())
        /// # }
        /// ```
        fn limit(self, objects: u32) {
            self.param("limit", objects.to_string())
        }
    }
}
